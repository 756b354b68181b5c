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
  parseDescriptor,
  parseMultipath,
} from '@coind/descriptors';
import { bytesToHex, type Txid } from '@coind/primitives';
import { AddressError, decodeWif } from '@coind/script';
import { bookScript, countEntry, paymentsOf } from './address-book.ts';
import { addressOf, type WalletContext } from './context.ts';
import { WalletError } from './errors.ts';
import { typeOfDescriptor } from './key-scheme.ts';
import type { DescriptorSettings, Standing } from './keyring.ts';
import { Ledger } from './ledger.ts';
import type { ScriptHex, WalletFlags } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** One request of `importdescriptors`. */
export interface DescriptorImport {
  /** With checksum. */
  readonly descriptor: string;
  /** Unix seconds before which nothing was paid to it; 'now' for a fresh one. */
  readonly timestamp: number | 'now';
  readonly active?: boolean;
  readonly internal?: boolean;
  /** First and last index, both included. */
  readonly range?: readonly [number, number];
  readonly nextIndex?: number;
  readonly label?: string;
}

/** What became of one request. */
export type ImportOutcome = { readonly warnings: readonly string[] } & (
  | { readonly success: true; readonly timestamp: number }
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

/** Checks a request and says what is to be added; collects warnings. */
export function checkImport(
  context: WalletContext,
  flags: WalletFlags,
  request: DescriptorImport,
  warnings: string[],
  now: number,
): readonly CheckedImport[] {
  const descriptors = parseMultipath(request.descriptor, context.params, true);
  if (descriptors.length > 1 && request.internal) {
    throw new DescriptorError("Cannot have multipath descriptor while also specifying 'internal'");
  }
  return descriptors.map((descriptor, nth) => {
    // The second of a multipath pair makes change addresses.
    const one = descriptors.length > 1 ? { ...request, internal: nth === 1 } : request;
    return checkOne(context, flags, descriptor, one, nth === 0 ? warnings : [], now);
  });
}

function checkOne(
  { options }: WalletContext,
  flags: WalletFlags,
  descriptor: Descriptor,
  request: DescriptorImport,
  warnings: string[],
  now: number,
): CheckedImport {
  const { active = false, internal = false, label } = request;
  const ranged = isRanged(descriptor);
  if (!ranged && request.range) {
    refuse('invalid-range', 'Range should not be specified for an un-ranged descriptor');
  }
  if (ranged && !request.range) warnings.push('Range not given, using default keypool range');
  const [first, last] = request.range ?? [0, options.keypool - 1];
  checkRange(first, last);
  if (active && !ranged) refuse('invalid-range', 'Active descriptors must be ranged');
  if (ranged && label !== undefined) {
    refuse('invalid-range', 'Ranged descriptors should not have a label');
  }
  if (internal && label !== undefined) {
    refuse('invalid-range', 'Internal addresses should not have a label');
  }
  const next = request.nextIndex ?? first;
  if (ranged && (next < first || next > last)) {
    refuse('invalid-range', 'next_index is out of range');
  }
  if (active && !typeOfDescriptor(descriptor)) {
    const what = descriptor.kind === 'combo' ? 'Combo descriptors' : 'Such descriptors';
    refuse('descriptor-conflict', `${what} cannot be set to active`);
  }
  if (flags.privateKeysDisabled && hasPrivateKeys(descriptor)) {
    refuse(
      'descriptor-conflict',
      'Cannot import private keys to a wallet with private keys disabled',
    );
  }
  try {
    expandDescriptor(descriptor, first);
  } catch (error) {
    if (!(error instanceof DescriptorError)) throw error;
    refuse(
      'descriptor-conflict',
      'Cannot expand descriptor. Probably because of hardened derivations without private keys provided',
    );
  }
  checkSecrets(descriptor, flags, warnings);
  const timestamp = request.timestamp === 'now' ? now : Math.max(1, request.timestamp);
  return {
    descriptor,
    settings: { timestamp, active, internal, range: [first, last + 1], next },
    // A single address is in the address book from the start, be it without a name.
    label: ranged || internal ? undefined : (label ?? ''),
  };
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

function checkSecrets(descriptor: Descriptor, flags: WalletFlags, warnings: string[]): void {
  if (!flags.privateKeysDisabled && !hasPrivateKeys(descriptor)) {
    refuse(
      'descriptor-conflict',
      'Cannot import descriptor without private keys to a wallet with private keys enabled',
    );
  }
  if (!flags.privateKeysDisabled && !hasAllPrivateKeys(descriptor)) {
    warnings.push(
      'Not all private keys provided. Some wallet functionality may return unexpected errors',
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
  const payments = await adoptScripts(context, unit, added, 'own');
  if (label === undefined) return;
  for (const { scriptPubKey } of expandDescriptor(descriptor, settings.range?.[0] ?? 0)) {
    const script = bytesToHex(scriptPubKey);
    // A bare public key has no address, so there is nothing to name.
    if (addressOf(script, context.params) === undefined) continue;
    const txids = payments.get(script) ?? (await paymentsOf(context, script));
    bookScript(unit, context, script, { label, purpose: 'receive' }, txids);
  }
}

/**
 * Scripts have become the wallet's own or watched, or own instead of watched: it takes over what it already
 * knows of them. Returns the transactions that pay each.
 */
export async function adoptScripts(
  context: WalletContext,
  unit: UnitOfWork,
  scripts: readonly ScriptHex[],
  standing: Standing,
): Promise<Map<ScriptHex, readonly Txid[]>> {
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
  return payments;
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
