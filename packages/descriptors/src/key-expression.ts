/**
 * Key expressions of output descriptors (BIP380): a public key, a WIF key or an extended key with a
 * path, each with the origin it was derived from. What a script does with the key is `descriptor.ts`.
 */
import { bytesToHex, type ChainParams, concatBytes, hexToBytes, isHex } from '@coind/primitives';
import { AddressError, decodeWif, encodeWif, isPublicKey, publicKey } from '@coind/script';
import {
  deriveChild,
  derivePath,
  type ExtendedKey,
  fingerprintHex,
  formatExtendedKey,
  formatPath,
  HARDENED,
  neuter,
  parseExtendedKey,
  parsePath,
} from './bip32.ts';
import { DescriptorError } from './errors.ts';

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

/** One key of a descriptor. */
export type KeyExpression = Common &
  (
    | {
        readonly kind: 'single';
        readonly publicKey: Uint8Array;
        readonly privateKey?: Uint8Array;
        /** Written as 32 bytes, as taproot writes keys. */
        readonly xOnly: boolean;
      }
    | {
        readonly kind: 'extended';
        readonly root: ExtendedKey;
        readonly path: readonly number[];
        readonly wildcard: 'none' | 'unhardened' | 'hardened';
      }
  );

/** A key at one index. */
export interface DerivedKey {
  /** 33 or 65 bytes. For an x-only key the even one. */
  readonly publicKey: Uint8Array;
  readonly privateKey?: Uint8Array;
  readonly origin: KeyOrigin;
}

/** Which spellings of a public key a script allows. */
export interface KeyContext {
  readonly uncompressed: boolean;
  readonly xOnly: boolean;
}

function refuse(message: string): never {
  throw new DescriptorError(message);
}

/** Reads a key expression inside `name(…)`. Throws `DescriptorError` with bitcoind's text. */
export function parseKey(
  text: string,
  name: string,
  context: KeyContext,
  params: ChainParams,
): KeyExpression {
  if (text === '') refuse(`${name}(): No key provided`);
  const parts = text.split(']');
  if (parts.length > 2) {
    refuse(`${name}(): Multiple ']' characters found for a single pubkey`);
  }
  const keyText = parts[parts.length - 1] as string;
  const marker = text.includes("'") ? "'" : 'h';
  if (parts.length === 1) return { ...parseBareKey(keyText, name, context, params), marker };
  const originText = parts[0] as string;
  if (!originText.startsWith('[')) {
    refuse(
      `${name}(): Key origin start '[ character expected but not found, got '${originText[0] ?? ''}' instead`,
    );
  }
  const [print = '', ...steps] = originText.slice(1).split('/');
  if (print.length !== 8) {
    refuse(
      `${name}(): Fingerprint is not 4 bytes (${print.length} characters instead of 8 characters)`,
    );
  }
  if (!isHex(print)) refuse(`${name}(): Fingerprint '${print}' is not hex`);
  const path = parseSteps(steps, name);
  const origin = { fingerprint: print.toLowerCase(), path };
  return { ...parseBareKey(keyText, name, context, params), origin, marker };
}

function parseSteps(steps: readonly string[], name: string): number[] {
  for (const step of steps) {
    if (parsePath([step])) continue;
    const index = step.replace(/[h']$/, '');
    if (/^[0-9]+$/.test(index) && Number(index) <= 0xffffffff) {
      refuse(`${name}(): Key path value ${index} is out of range`);
    }
    refuse(`${name}(): Key path value '${index}' is not a valid uint32`);
  }
  return parsePath(steps) as number[];
}

function parseBareKey(
  text: string,
  name: string,
  context: KeyContext,
  params: ChainParams,
): KeyExpression {
  const [keyText = '', ...steps] = text.split('/');
  const marker = 'h';
  if (keyText.trim() !== keyText) {
    refuse(`${name}(): Key '${keyText}' is invalid due to whitespace`);
  }
  if (steps.length === 0) {
    const single = parseSingle(keyText, name, context, params);
    if (single) return { ...single, marker };
  }
  const root = parseExtendedKey(keyText, params);
  if (!root) return refuse(`${name}(): key '${keyText}' is not valid`);
  const last = steps[steps.length - 1];
  const wildcard =
    last === '*' ? 'unhardened' : last === '*h' || last === "*'" ? 'hardened' : 'none';
  if (wildcard !== 'none') steps.pop();
  return { kind: 'extended', root, path: parseSteps(steps, name), wildcard, marker };
}

function parseSingle(
  text: string,
  name: string,
  context: KeyContext,
  params: ChainParams,
): Omit<Extract<KeyExpression, { kind: 'single' }>, 'marker'> | undefined {
  if (isHex(text)) {
    const bytes = hexToBytes(text);
    if (context.xOnly && bytes.length === 32) {
      const even = concatBytes(Uint8Array.of(2), bytes);
      if (isPublicKey(even)) return { kind: 'single', publicKey: even, xOnly: true };
    }
    if (!isPublicKey(bytes)) return refuse(`${name}(): Pubkey '${text}' is invalid`);
    if (bytes.length === 65 && !context.uncompressed) {
      return refuse(`${name}(): Uncompressed keys are not allowed`);
    }
    return { kind: 'single', publicKey: bytes, xOnly: false };
  }
  try {
    const { privateKey, compressed } = decodeWif(text, params);
    if (!compressed && !context.uncompressed) {
      return refuse(`${name}(): Uncompressed keys are not allowed`);
    }
    const key = publicKey(privateKey, compressed);
    return { kind: 'single', publicKey: key, privateKey, xOnly: false };
  } catch (error) {
    // Not a WIF key: it may still be an extended one.
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}

/** `public` as given, `private` with its secrets, `normalized` with hardened steps folded away. */
export type KeyForm = 'public' | 'private' | 'normalized';

/** Writes a key expression. `xOnly` writes single keys as taproot does. */
export function formatKey(
  key: KeyExpression,
  form: KeyForm,
  xOnly: boolean,
  params: ChainParams,
): string {
  const marker = form === 'normalized' ? 'h' : key.marker;
  const originText = (origin: KeyOrigin | undefined): string =>
    origin ? `[${origin.fingerprint}${formatPath(origin.path, marker)}]` : '';
  if (key.kind === 'single') {
    if (form === 'private' && key.privateKey) {
      const compressed = key.publicKey.length === 33;
      return originText(key.origin) + encodeWif(key.privateKey, compressed, params);
    }
    const bytes = key.xOnly || xOnly ? key.publicKey.subarray(1, 33) : key.publicKey;
    return originText(key.origin) + bytesToHex(bytes);
  }
  const star = { none: '', unhardened: '/*', hardened: `/*${marker}` }[key.wildcard];
  if (form === 'normalized') {
    const folded = foldHardened(key);
    const xpub = formatExtendedKey(neuter(folded.root), params);
    return `${originText(folded.origin)}${xpub}${formatPath(folded.path)}${star}`;
  }
  const root = form === 'private' ? key.root : neuter(key.root);
  const path = formatPath(key.path, marker);
  return `${originText(key.origin)}${formatExtendedKey(root, params)}${path}${star}`;
}

type Extended = Extract<KeyExpression, { kind: 'extended' }>;

/** The same key with every hardened step that the private key allows moved into the origin. */
function foldHardened(key: Extended): Extended {
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

function descend(
  key: KeyExpression & { readonly kind: 'extended' },
  [step]: readonly number[],
): ExtendedKey {
  let parent = parents.get(key);
  if (!parent) {
    parent = derivePath(key.root, key.path);
    parents.set(key, parent);
  }
  return step === undefined ? parent : deriveChild(parent, step);
}

/**
 * The same key without secrets that unhardened derivation does not need: deriving public children
 * costs less than private ones, and looking ahead must work while keys are locked away.
 */
export function publicKeyOnly(key: KeyExpression): KeyExpression {
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
  if (key.kind === 'single') {
    key.privateKey?.fill(0);
    return;
  }
  key.root.privateKey?.fill(0);
  parents.get(key)?.privateKey?.fill(0);
  parents.delete(key);
}

/** True when the expression carries a secret. */
export function hasPrivateKey(key: KeyExpression): boolean {
  return (key.kind === 'single' ? key.privateKey : key.root.privateKey) !== undefined;
}
