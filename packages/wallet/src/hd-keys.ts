/**
 * The extended keys that a wallet's descriptors are made from: listed, brought in to be used later, and made new
 * chains and child keys from.
 */
import {
  derivePath,
  type ExtendedKey,
  fingerprintHex,
  formatDescriptor,
  formatExtendedKey,
  formatPath,
  HARDENED,
  hasPrivateKeys,
  keysOf,
  masterKey,
  neuter,
  parseDescriptor,
  parseExtendedKey,
  parsePath,
} from '@coind/descriptors';
import { bytesToHex, type ChainParams } from '@coind/primitives';
import type { AddressType } from './address-type.ts';
import type { WalletContext } from './context.ts';
import { WalletError } from './errors.ts';
import { addDescriptor } from './import.ts';
import { modernChain } from './key-scheme.ts';
import type { Keyring } from './keyring.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** The depth of a key is one byte. */
const MAX_DEPTH = 255;

/** An extended key and the descriptors that use it. */
export interface HdKey {
  readonly xpub: string;
  /** Its private form, when the wallet has it. */
  readonly xprv?: string;
  /** Whether the wallet has the private form, readable now or locked away. */
  readonly hasPrivate: boolean;
  /** Sorted by their text. */
  readonly descriptors: readonly { readonly descriptor: string; readonly active: boolean }[];
}

/** Which descriptors' keys: all, of those that hand out addresses, of those that only keep a key. */
export type HdKeyFilter = 'all' | 'active' | 'unused';

/** The extended keys of `keyring`, in order of their public keys. */
export function hdKeys(keyring: Keyring, params: ChainParams, filter: HdKeyFilter): HdKey[] {
  const found = new Map<
    string,
    { key: ExtendedKey; uses: Map<string, boolean>; hasPrivate: boolean }
  >();
  for (const { id, row } of keyring.list()) {
    if (filter === 'active' && !row.active) continue;
    if (filter === 'unused' && !row.descriptor.startsWith('unused(')) continue;
    const hasSecret = keyring.hasSecret(id);
    const full = keyring.full(id);
    // Locked away, the public form as it was given still names the same extended keys.
    const locked = hasSecret && full && !hasPrivateKeys(full);
    const descriptor = locked ? parseDescriptor(row.given, params) : full;
    for (const expression of descriptor ? keysOf(descriptor) : []) {
      if (expression.kind !== 'extended') continue;
      const { root } = expression;
      const name = bytesToHex(root.publicKey) + bytesToHex(root.chainCode);
      const known = found.get(name);
      const key = known?.key.privateKey ? known.key : root;
      const uses = known?.uses ?? new Map<string, boolean>();
      uses.set(row.descriptor, row.active);
      // Of a locked descriptor with keys of several nobody can say now which of them are ours.
      const isOurs = locked === true || root.privateKey !== undefined;
      const hasPrivate = isOurs || known?.hasPrivate === true;
      found.set(name, { key, uses, hasPrivate });
    }
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([, { key, uses, hasPrivate }]) => ({
    xpub: formatExtendedKey(neuter(key), params),
    ...(key.privateKey && { xprv: formatExtendedKey(key, params) }),
    hasPrivate,
    descriptors: [...uses]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([descriptor, active]) => ({ descriptor, active })),
  }));
}

/** Throws `WalletError` 'invalid-hd-key'. */
function refuse(message: string): never {
  throw new WalletError('invalid-hd-key', message);
}

function publicKeyOf(text: string, params: ChainParams): string {
  const key = parseExtendedKey(text, params);
  if (!key || key.privateKey) refuse('Unable to parse HD key. Please provide a valid xpub');
  return formatExtendedKey(key, params);
}

/** The only key of a filter. */
function onlyKey(keys: readonly HdKey[], where: string): string {
  const [only, another] = keys;
  if (only && !another) return only.xpub;
  return refuse(`Unable to determine which HD key to use${where}. Please specify with 'hdkey'`);
}

const FROM_ACTIVE = ' from active descriptors';

function privateKeyOf({ keyring, params }: Keys, xpub: string): ExtendedKey {
  const found = hdKeys(keyring, params, 'all').find((key) => key.xpub === xpub);
  const root = found?.xprv === undefined ? undefined : parseExtendedKey(found.xprv, params);
  return root ?? refuse(`Private key for ${xpub} is not known`);
}

type Keys = Pick<WalletContext, 'keyring' | 'params'>;

/** Chains to make. */
export interface ChainWish {
  readonly type: AddressType;
  /** Which side; both when undefined. */
  readonly internal?: boolean;
  /** The key they follow from: unless given, the one that all active descriptors have. */
  readonly xpub?: string;
}

/**
 * Makes the chains of an address type from a key the wallet has, which is unlocked, and hands out from them;
 * returns their descriptors. The keyring is loaded by the caller. Throws 'invalid-hd-key', 'descriptor-conflict'.
 */
export async function createChains(
  context: WalletContext,
  unit: UnitOfWork,
  { type, internal, xpub }: ChainWish,
): Promise<string[]> {
  const { keyring, params, source, tables } = context;
  const root =
    xpub === undefined
      ? onlyKey(hdKeys(keyring, params, 'active'), FROM_ACTIVE)
      : publicKeyOf(xpub, params);
  const key = privateKeyOf(context, root);
  const made: string[] = [];
  for (const side of internal === undefined ? [false, true] : [internal]) {
    const descriptor = modernChain(key, params, { type, internal: side });
    const text = formatDescriptor(descriptor, 'normalized', params);
    if (keyring.list().some(({ row }) => row.descriptor === text)) continue;
    const settings = { timestamp: source.now(), active: true, internal: side };
    await addDescriptor(context, unit, descriptor, settings, undefined);
    made.push(text);
  }
  if (made.length === 0) throw new WalletError('descriptor-conflict', 'Descriptor already exists');
  const meta = unit.get(tables.meta, undefined);
  if (meta) unit.put(tables.meta, undefined, { ...meta, flags: { ...meta.flags, blank: false } });
  return made;
}

/** Keeps an extended private key, or a new one, for chains to be made from it; returns its public form. */
export async function addHdKey(
  context: WalletContext,
  unit: UnitOfWork,
  text: string | undefined,
): Promise<string> {
  const { params, keyring, source, random } = context;
  const key = text === undefined ? newMaster(random) : parseExtendedKey(text, params);
  if (!key) refuse('Could not parse HD key');
  if (!key.privateKey) {
    refuse('Extended public key (xpub) provided, but extended private key (xprv) is required');
  }
  const xprv = formatExtendedKey(key, params);
  const descriptor = parseDescriptor(`unused(${xprv})`, params);
  const kept = formatDescriptor(descriptor, 'normalized', params);
  if (keyring.list().some(({ row }) => row.descriptor === kept)) {
    throw new WalletError('descriptor-conflict', 'HD key already exists');
  }
  const settings = { timestamp: source.now(), active: false, internal: false };
  await addDescriptor(context, unit, descriptor, settings, undefined);
  return formatExtendedKey(neuter(key), params);
}

function newMaster(random: WalletContext['random']): ExtendedKey {
  for (;;) {
    const master = masterKey(random.bytes(32));
    if (master) return master;
  }
}

/** A key below one of the wallet's. */
export interface DerivedHdKey {
  /** Fingerprint and path, in brackets. */
  readonly origin: string;
  readonly xpub: string;
  readonly xprv: string;
}

/** Derives a key by a path with hardened steps; the wallet is unlocked. Throws 'invalid-hd-key', 'invalid-path'. */
export function deriveHdKey(
  context: Keys,
  pathText: string,
  xpub: string | undefined,
): DerivedHdKey {
  const { params } = context;
  const path = parsePath(elementsOf(pathText));
  if (!path) throw new WalletError('invalid-path', 'Invalid BIP32 keypath');
  if (!path.some((step) => step >= HARDENED)) {
    throw new WalletError('invalid-path', 'Derivation path requires at least one hardened step');
  }
  const root = privateKeyOf(
    context,
    xpub === undefined ? usualKey(context) : offeredKey(context, xpub),
  );
  if (root.depth + path.length > MAX_DEPTH) {
    throw new WalletError('invalid-path', 'Unable to derive HD key at the requested path');
  }
  const key = derivePath(root, path);
  return {
    origin: `[${fingerprintHex(root.publicKey)}${formatPath(path)}]`,
    xpub: formatExtendedKey(neuter(key), params),
    xprv: formatExtendedKey(key, params),
  };
}

/** The steps of a path, without the m in front; a slash may end it. */
function elementsOf(text: string): string[] {
  const elements = text.split('/');
  if (elements[0] === 'm') elements.shift();
  if (elements.at(-1) === '') elements.pop();
  return elements;
}

/** One of the keys that derivation is offered for: kept ones and those of active descriptors. */
function offeredKey({ keyring, params }: Keys, text: string): string {
  const xpub = publicKeyOf(text, params);
  const offered = [...hdKeys(keyring, params, 'unused'), ...hdKeys(keyring, params, 'active')];
  if (offered.some((key) => key.xpub === xpub)) return xpub;
  return refuse('HD key is not used by an active or unused(KEY) descriptor');
}

/** The kept key if there is one, otherwise the one of the active descriptors. */
function usualKey({ keyring, params }: Keys): string {
  const unused = hdKeys(keyring, params, 'unused');
  if (unused.length > 0) return onlyKey(unused, '');
  const active = hdKeys(keyring, params, 'active');
  if (active.length === 0) refuse('No active or unused(KEY) descriptor found');
  return onlyKey(active, FROM_ACTIVE);
}
