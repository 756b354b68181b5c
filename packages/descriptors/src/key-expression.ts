/**
 * Key expressions of output descriptors (BIP380, BIP390): a public key, a WIF key, an extended key with a path, or several
 * of these behind one; each with the origin it was derived from. Reading them is `key-parse.ts`, what a script does with
 * the key is `expand.ts`.
 */
import { bytesToHex, type ChainParams, compareBytes } from '@coind/primitives';
import { aggregateKeys, encodeWif } from '@coind/script';
import {
  deriveChild,
  derivePath,
  type ExtendedKey,
  fingerprintHex,
  formatExtendedKey,
  formatPath,
  HARDENED,
  neuter,
} from './bip32.ts';
import { deriveAggregate } from './musig.ts';

/** Where a key came from: the fingerprint of some ancestor and the way down from it. */
export interface KeyOrigin {
  /** Eight hex digits. */
  readonly fingerprint: string;
  readonly path: readonly number[];
}

interface Common {
  readonly origin?: KeyOrigin;
  /** How hardened steps were written, to write them the same way. */
  readonly marker: 'h' | "'";
}

/** Which keys of a chain are meant: the one at its end, or one for every index. */
export type Wildcard = 'none' | 'unhardened' | 'hardened';

/** A key alone. */
export interface SingleKey extends Common {
  readonly kind: 'single';
  readonly publicKey: Uint8Array;
  readonly privateKey?: Uint8Array;
  /** Written as 32 bytes, as taproot writes keys. */
  readonly xOnly: boolean;
}

/** A key that others are derived from. */
export interface ChainKey extends Common {
  readonly kind: 'extended';
  readonly root: ExtendedKey;
  readonly path: readonly number[];
  readonly wildcard: Wildcard;
}

/** `musig(…)`: the aggregate of keys, or one that is derived from it. */
export interface MusigKey extends Common {
  readonly kind: 'musig';
  readonly participants: readonly (SingleKey | ChainKey)[];
  readonly path: readonly number[];
  readonly wildcard: Exclude<Wildcard, 'hardened'>;
}

/** One key of a descriptor. */
export type KeyExpression = SingleKey | ChainKey | MusigKey;

/** A key at one index. */
export interface DerivedKey {
  /** 33 or 65 bytes. For an x-only key the even one. */
  readonly publicKey: Uint8Array;
  readonly privateKey?: Uint8Array;
  readonly origin: KeyOrigin;
  /** Who has to sign together, of an aggregate key. */
  readonly musig?: {
    /** The aggregate before anything was derived from it. */
    readonly aggregate: Uint8Array;
    /** In the order of their bytes. */
    readonly participants: readonly DerivedKey[];
  };
}

/** `public` as given, `private` with its secrets, `normalized` with hardened steps folded away. */
export type KeyForm = 'public' | 'private' | 'normalized';

/** Writes a key expression. */
export function formatKey(key: KeyExpression, form: KeyForm, params: ChainParams): string {
  const marker = form === 'normalized' ? 'h' : key.marker;
  if (key.kind === 'musig') {
    const inner = key.participants.map((participant) => formatKey(participant, form, params));
    return `musig(${inner.join(',')})${formatPath(key.path)}${star(key.wildcard, 'h')}`;
  }
  if (key.kind === 'single') {
    if (form === 'private' && key.privateKey) {
      const compressed = key.publicKey.length === 33;
      return formatOrigin(key.origin, marker) + encodeWif(key.privateKey, compressed, params);
    }
    const bytes = key.xOnly ? key.publicKey.subarray(1, 33) : key.publicKey;
    return formatOrigin(key.origin, marker) + bytesToHex(bytes);
  }
  if (form === 'normalized') {
    const { origin, root, path } = foldHardened(key);
    const xpub = formatExtendedKey(neuter(root), params);
    return `${formatOrigin(origin, marker)}${xpub}${formatPath(path)}${star(key.wildcard, marker)}`;
  }
  const root = formatExtendedKey(form === 'private' ? key.root : neuter(key.root), params);
  const path = formatPath(key.path, marker);
  return `${formatOrigin(key.origin, marker)}${root}${path}${star(key.wildcard, marker)}`;
}

function formatOrigin(origin: KeyOrigin | undefined, marker: 'h' | "'"): string {
  return origin ? `[${origin.fingerprint}${formatPath(origin.path, marker)}]` : '';
}

function star(wildcard: Wildcard, marker: 'h' | "'"): string {
  return { none: '', unhardened: '/*', hardened: `/*${marker}` }[wildcard];
}

/** The same key with every hardened step that the private key allows moved into the origin. */
function foldHardened(key: ChainKey): ChainKey {
  let last = -1;
  key.path.forEach((index, i) => {
    if (index >= HARDENED) last = i;
  });
  if (last < 0 || !key.root.privateKey) return key;
  const folded = key.path.slice(0, last + 1);
  const origin = key.origin ?? { fingerprint: fingerprintHex(key.root.publicKey), path: [] };
  return {
    ...key,
    root: derivePath(key.root, folded),
    path: key.path.slice(last + 1),
    origin: { fingerprint: origin.fingerprint, path: [...origin.path, ...folded] },
  };
}

// The node just above the wildcard, kept because every index of a chain starts from it.
const parents = new WeakMap<KeyExpression, ExtendedKey>();

/** The key at `index` (ignored without a wildcard). Throws `RangeError` where a private key is missing. */
export function deriveKey(key: KeyExpression, index: number, known?: Uint8Array): DerivedKey {
  if (key.kind === 'musig') return deriveMusig(key, index);
  if (key.kind === 'single') {
    const fingerprint = fingerprintHex(key.publicKey);
    return {
      publicKey: key.publicKey,
      ...(key.privateKey && { privateKey: key.privateKey }),
      origin: key.origin ?? { fingerprint, path: [] },
    };
  }
  const steps =
    key.wildcard === 'none' ? [] : [key.wildcard === 'hardened' ? index + HARDENED : index];
  const node = known ? { publicKey: known, privateKey: undefined } : descend(key, steps);
  const base = key.origin ?? { fingerprint: fingerprintHex(key.root.publicKey), path: [] };
  return {
    publicKey: node.publicKey,
    ...(node.privateKey && { privateKey: node.privateKey }),
    origin: { fingerprint: base.fingerprint, path: [...base.path, ...key.path, ...steps] },
  };
}

function descend(key: ChainKey, [step]: readonly number[]): ExtendedKey {
  let parent = parents.get(key);
  if (!parent) {
    parent = derivePath(key.root, key.path);
    parents.set(key, parent);
  }
  return step === undefined ? parent : deriveChild(parent, step);
}

function deriveMusig({ participants: keys, path, wildcard }: MusigKey, index: number): DerivedKey {
  const participants = keys
    .map((key) => deriveKey(key, index))
    .sort((a, b) => compareBytes(a.publicKey, b.publicKey));
  const aggregate = aggregateKeys(participants.map(({ publicKey }) => publicKey));
  const steps = wildcard === 'none' ? path : [...path, index];
  const { publicKey } = deriveAggregate(aggregate, steps);
  return {
    publicKey,
    origin: { fingerprint: fingerprintHex(aggregate), path: steps },
    musig: { aggregate, participants },
  };
}

/**
 * The same key without secrets that unhardened derivation does not need: deriving public children
 * costs less than private ones, and looking ahead must work while keys are locked away.
 */
export function publicKeyOnly(key: KeyExpression): KeyExpression {
  if (key.kind === 'musig') {
    const participants = key.participants.map((one) => publicKeyOnly(one) as SingleKey | ChainKey);
    return { ...key, participants };
  }
  if (key.kind === 'single') {
    const { privateKey: _, ...rest } = key;
    return rest;
  }
  if (key.wildcard === 'hardened') return key;
  const folded = foldHardened(key);
  return { ...folded, root: neuter(folded.root) };
}

/** Overwrites the secrets of a key that is not needed any more. */
export function wipeKey(key: KeyExpression): void {
  if (key.kind === 'musig') key.participants.forEach(wipeKey);
  else if (key.kind === 'single') key.privateKey?.fill(0);
  else {
    key.root.privateKey?.fill(0);
    parents.get(key)?.privateKey?.fill(0);
    parents.delete(key);
  }
}

/** True when the expression makes another key for every index. */
export function isRangedKey(key: KeyExpression): boolean {
  if (key.kind === 'single') return false;
  return key.wildcard !== 'none' || (key.kind === 'musig' && key.participants.some(isRangedKey));
}

/** True when the expression carries a secret. */
export function hasPrivateKey(key: KeyExpression): boolean {
  if (key.kind === 'musig') return key.participants.some(hasPrivateKey);
  return (key.kind === 'single' ? key.privateKey : key.root.privateKey) !== undefined;
}

/** True when every key in the expression carries its secret. */
export function hasWholePrivateKey(key: KeyExpression): boolean {
  return key.kind === 'musig' ? key.participants.every(hasPrivateKey) : hasPrivateKey(key);
}
