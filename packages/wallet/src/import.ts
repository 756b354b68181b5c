/**
 * Bringing keys in: descriptors with or without secrets, and single private keys. New scripts adopt
 * what the wallet already has of them; older blocks are searched by the caller.
 */
import {
  type Descriptor,
  DescriptorError,
  expandDescriptor,
  hasAllPrivateKeys,
  hasPrivateKeys,
  isRanged,
  keysOf,
  parseDescriptor,
  parseMultipath,
  warningsOf,
} from '@coind/descriptors';
import { bytesToHex, type Txid } from '@coind/primitives';
import { AddressError, decodeWif } from '@coind/script';
import { bookScript, countEntry, paymentsOf } from './address-book.ts';
import { addressOf, type WalletContext } from './context.ts';
import { WalletError } from './errors.ts';
import { typeOfDescriptor } from './key-scheme.ts';
import { type DescriptorSettings, type Keyring, rootKeysOf, type Standing } from './keyring.ts';
import { Ledger } from './ledger.ts';
import type { ScriptHex, WalletFlags } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** One request of `importdescriptors`. */
export interface DescriptorImport {
  /** With checksum; undefined for a request that names none. */
  readonly descriptor: string | undefined;
  /** Unix seconds before which nothing was paid to it; 'now' for a fresh one. */
  readonly timestamp: number | 'now';
  readonly active?: boolean;
  readonly internal?: boolean;
  /** First and last index, both included, or only the last; 'malformed' for what is neither. */
  readonly range?: number | readonly [number, number] | 'malformed';
  readonly nextIndex?: number;
  readonly label?: string;
}

/** What became of one request. */
export type ImportOutcome = { readonly warnings: readonly string[] } & (
  | { readonly success: true }
  | { readonly success: false; readonly error: WalletError | DescriptorError }
);

const MAX_RANGE = 1_000_000;
const MAX_INDEX = 0x7fffffff;

function refuse(key: ConstructorParameters<typeof WalletError>[0], message: string): never {
  throw new WalletError(key, message);
}

/** A descriptor and how it is to be added. */
export interface CheckedImport {
  readonly descriptor: Descriptor;
  readonly settings: DescriptorSettings;
  readonly label: string | undefined;
}

/**
 * Checks a request and says what is to be added; collects warnings. The order of the checks is bitcoind's, since
 * the first refusal is the one that is told. Throws `WalletError`, `DescriptorError`.
 */
export function checkImport(
  { options, params, keyring }: WalletContext,
  flags: WalletFlags,
  request: DescriptorImport,
  timestamp: number,
  warnings: string[],
): readonly CheckedImport[] {
  const { descriptor: text, active = false, internal, label, nextIndex } = request;
  if (text === undefined) refuse('contradictory-import', 'Descriptor not found.');
  if (label === '*') refuse('invalid-label', 'Invalid label name');
  const descriptors = parseMultipath(text, params, true);
  const isPair = descriptors.length > 1;
  if (isPair && internal !== undefined) {
    throw new DescriptorError("Cannot have multipath descriptor while also specifying 'internal'");
  }
  const ranged = descriptors.some(isRanged);
  if (!ranged && request.range !== undefined) {
    refuse('invalid-range', 'Range should not be specified for an un-ranged descriptor');
  }
  if (ranged && request.range === undefined) {
    warnings.push('Range not given, using default keypool range');
  }
  const [first, last] = ranged ? rangeOf(request.range ?? options.keypool - 1) : [0, 0];
  const next = ranged ? (nextIndex ?? first) : first;
  if (next < first || next > last) refuse('invalid-range', 'next_index is out of range');
  if (active && !ranged) refuse('invalid-range', 'Active descriptors must be ranged');
  checkLabel(label, { isPair, ranged, internal: internal === true });
  if (active && descriptors.some(({ kind }) => kind === 'combo')) {
    refuse('descriptor-conflict', 'Combo descriptors cannot be set to active');
  }
  if (flags.privateKeysDisabled && descriptors.some(hasPrivateKeys)) {
    refuse(
      'descriptor-conflict',
      'Cannot import private keys to a wallet with private keys disabled',
    );
  }
  return descriptors.map((descriptor, nth) => {
    checkKeys(descriptor, flags, warnings);
    if (descriptor.kind === 'unused') checkUnused(keyring, descriptor, flags);
    const isTyped = typeOfDescriptor(descriptor) !== undefined;
    if (active && !isTyped) {
      warnings.push('Unknown output type, cannot set descriptor to active.');
    }
    // The second of a pair makes change addresses; of more than two, none does.
    const isInternal = isPair ? descriptors.length === 2 && nth === 1 : internal === true;
    const settings = {
      timestamp,
      active: active && isTyped,
      internal: isInternal,
      range: [first, last + 1] as const,
      ...(nextIndex !== undefined && { next }),
    };
    // A single address is in the address book from the start, be it without a name.
    return { descriptor, settings, label: ranged || isInternal ? undefined : (label ?? '') };
  });
}

function rangeOf(
  range: number | readonly [number, number] | 'malformed',
): readonly [number, number] {
  if (range === 'malformed') {
    refuse('invalid-range', 'Range must be specified as end or as [begin,end]');
  }
  const [first, last] = typeof range === 'number' ? [0, range] : range;
  if (typeof range !== 'number' && last < first) {
    refuse('invalid-range', 'Range specified as [begin,end] must not have begin after end');
  }
  if (last < 0) refuse('invalid-range', 'End of range is too high');
  checkRange(first, last);
  return [first, last];
}

/** Checks the range of a ranged descriptor. Throws `WalletError` 'invalid-range'. */
export function checkRange(first: number, last: number): void {
  if (first < 0) refuse('invalid-range', 'Range should be greater or equal than 0');
  if (last > MAX_INDEX) refuse('invalid-range', 'End of range is too high');
  if (last < first) {
    refuse('invalid-range', 'Range specified as [begin,end] must not have begin after end');
  }
  if (last - first >= MAX_RANGE) refuse('invalid-range', 'Range is too large');
}

function checkLabel(
  label: string | undefined,
  { isPair, ranged, internal }: { isPair: boolean; ranged: boolean; internal: boolean },
): void {
  if (label === undefined) return;
  if (isPair) refuse('invalid-range', 'Multipath descriptors should not have a label');
  if (ranged) refuse('invalid-range', 'Ranged descriptors should not have a label');
  if (internal) refuse('invalid-range', 'Internal addresses should not have a label');
}

function checkKeys(descriptor: Descriptor, flags: WalletFlags, warnings: string[]): void {
  try {
    expandDescriptor(descriptor, 0);
  } catch (error) {
    if (!(error instanceof DescriptorError)) throw error;
    refuse(
      'descriptor-conflict',
      'Cannot expand descriptor. Probably because of hardened derivations without private keys provided',
    );
  }
  warnings.push(...warningsOf(descriptor));
  if (flags.privateKeysDisabled) return;
  if (!hasPrivateKeys(descriptor)) {
    refuse(
      'descriptor-conflict',
      'Cannot import descriptor without private keys to a wallet with private keys enabled',
    );
  }
  if (!hasAllPrivateKeys(descriptor)) {
    warnings.push(
      'Not all private keys provided. Some wallet functionality may return unexpected errors',
    );
  }
}

/** A key that is only kept has to be new. */
function checkUnused(keyring: Keyring, descriptor: Descriptor, flags: WalletFlags): void {
  if (flags.privateKeysDisabled) {
    refuse('descriptor-conflict', 'Cannot import unused() to wallet without private keys enabled');
  }
  const roots = keysOf(descriptor).flatMap(rootKeysOf);
  if (roots.some(({ publicKey }) => keyring.hasPrivateKey(publicKey))) {
    refuse(
      'descriptor-conflict',
      'Cannot import an unused() descriptor when its private key is already in the wallet',
    );
  }
}

/** Adds a descriptor; its scripts take over what the wallet already knows of them. */
export async function addDescriptor(
  context: WalletContext,
  unit: UnitOfWork,
  descriptor: Descriptor,
  settings: DescriptorSettings,
  label: string | undefined,
): Promise<void> {
  const { keyring, tables } = context;
  const meta = unit.get(tables.meta, undefined);
  if (meta && settings.timestamp < meta.birthTime) {
    unit.put(tables.meta, undefined, { ...meta, birthTime: settings.timestamp });
  }
  const added = keyring.add(unit, descriptor, settings);
  await adoptScripts(context, unit, added, 'own');
  if (keyring.known.any) await completeShared(context, unit, added);
  if (label === undefined) return;
  await nameKey(context, unit, descriptor, label, settings.range?.[0] ?? 0);
}

/** Names all addresses that a descriptor has at an index. */
export async function nameKey(
  context: WalletContext,
  unit: UnitOfWork,
  descriptor: Descriptor,
  label: string,
  index = 0,
): Promise<void> {
  for (const { scriptPubKey } of expandDescriptor(descriptor, index)) {
    const script = bytesToHex(scriptPubKey);
    // A bare public key has no address, so there is nothing to name.
    if (addressOf(script, context.params) === undefined) continue;
    const txids = await paymentsOf(context, script);
    bookScript(unit, context, script, { label, purpose: 'receive' }, txids);
  }
}

/**
 * Scripts have become the wallet's own or watched, or own instead of watched: it takes over what it already
 * knows of them.
 */
export async function adoptScripts(
  context: WalletContext,
  unit: UnitOfWork,
  scripts: readonly ScriptHex[],
  standing: Standing,
): Promise<void> {
  const { keyring, tables } = context;
  const payments = new Map<ScriptHex, readonly Txid[]>();
  for (const script of scripts) payments.set(script, await paymentsOf(context, script));
  const ledger = new Ledger(unit, context, 'rescan');
  for (const [script, txids] of payments) {
    const wasWatched = standing === 'own' && keyring.known.isWatched(unit, script);
    const entry = unit.get(tables.book, script);
    if (entry) countEntry(unit, tables, entry.label, wasWatched ? 'watched' : undefined, -1);
    if (standing === 'own') keyring.known.forget(unit, script);
    if (entry) {
      countEntry(unit, tables, entry.label, standing, 1);
      unit.put(tables.book, script, { ...entry, purpose: 'receive' });
    }
    for (const txid of txids) ledger.adopt(txid);
  }
}

/** Known scripts with several keys, of which the wallet has the last one now, are own from here on. */
async function completeShared(
  context: WalletContext,
  unit: UnitOfWork,
  added: readonly ScriptHex[],
): Promise<void> {
  const { keyring, tables, params } = context;
  const keys = new Set<string>();
  for (const script of added) {
    const key = unit.get(tables.scripts, script)?.publicKey;
    if (key) keys.add(bytesToHex(key));
  }
  const shared = new Set<ScriptHex>();
  for (const key of keys) {
    const range = { prefix: [key] as [string] };
    for await (const [[, script]] of tables.sharedKeys.entries(range)) shared.add(script);
  }
  for (const script of shared) {
    const row = keyring.known.get(unit, script);
    if (row?.descriptor === undefined) continue;
    const descriptor = parseDescriptor(row.descriptor, params);
    const [solution] = expandDescriptor(descriptor, 0);
    const missing = solution?.keys.find(({ publicKey }) => !keyring.scriptOfKey(publicKey, unit));
    if (!solution || missing) continue;
    const settings = { timestamp: Math.max(1, row.timestamp), active: false, internal: false };
    await addDescriptor(context, unit, descriptor, settings, undefined);
  }
}

/** The descriptor of a single private key: every address it can have. Throws 'invalid-private-key'. */
export function wifDescriptor(context: WalletContext, wif: string): Descriptor {
  try {
    decodeWif(wif, context.params);
  } catch (error) {
    if (error instanceof AddressError) throw new WalletError('invalid-private-key');
    throw error;
  }
  return parseDescriptor(`combo(${wif})`, context.params);
}
