/**
 * BIP32: extended keys and how one key leads to many. A node with a private key derives anything; a
 * public one derives unhardened children only. Chains of purposes and coin types are the keyring's.
 */
import {
  bytesToHex,
  type ChainParams,
  concatBytes,
  hash160,
  hmacSha512,
  Reader,
  Writer,
} from '@coind/primitives';
import {
  base58CheckDecode,
  base58CheckEncode,
  isPrivateKey,
  isPublicKey,
  publicKey,
  tweakAddPrivate,
  tweakAddPublic,
} from '@coind/script';

/** Added to an index to make its derivation hardened. */
export const HARDENED = 0x80000000;

/** An extended key (xprv or xpub). */
export interface ExtendedKey {
  readonly depth: number;
  /** First four bytes of HASH160 of the parent's public key, as uint32; 0 for a master key. */
  readonly parentFingerprint: number;
  /** Index of this key under its parent, hardened ones from 2^31. */
  readonly childNumber: number;
  readonly chainCode: Uint8Array;
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
  readonly privateKey?: Uint8Array;
}

const MASTER_SALT = new TextEncoder().encode('Bitcoin seed');
const ENCODED_LENGTH = 78;

/** The master key of a seed of 16 to 64 bytes; undefined for the one in 2^127 seeds without a key. */
export function masterKey(seed: Uint8Array): ExtendedKey | undefined {
  const digest = hmacSha512(MASTER_SALT, seed);
  const privateKey = digest.slice(0, 32);
  if (!isPrivateKey(privateKey)) return undefined;
  return {
    depth: 0,
    parentFingerprint: 0,
    childNumber: 0,
    chainCode: digest.slice(32),
    publicKey: publicKey(privateKey, true),
    privateKey,
  };
}

/** What is added to a key on the way to its child. Throws `RangeError` for a hardened child of a public key. */
export function derivationTweak(parent: ExtendedKey, index: number): Uint8Array {
  return childDigest(parent, index).subarray(0, 32);
}

function childDigest(parent: ExtendedKey, index: number): Uint8Array {
  const hardened = index >= HARDENED;
  if (hardened && !parent.privateKey) throw new RangeError('hardened child of a public key');
  const writer = new Writer(37);
  if (hardened && parent.privateKey) writer.u8(0).bytes(parent.privateKey);
  else writer.bytes(parent.publicKey);
  const data = writer
    .u8(index >>> 24)
    .u8((index >>> 16) & 0xff)
    .u8((index >>> 8) & 0xff)
    .u8(index & 0xff);
  return hmacSha512(parent.chainCode, data.finish());
}

/** Child `index` of `parent`. Throws `RangeError` for a hardened child of a public key. */
export function deriveChild(parent: ExtendedKey, index: number): ExtendedKey {
  const digest = childDigest(parent, index);
  const tweak = digest.subarray(0, 32);
  const rest = {
    depth: parent.depth + 1,
    parentFingerprint: fingerprint(parent.publicKey),
    childNumber: index,
    chainCode: digest.slice(32),
  };
  if (parent.privateKey) {
    const privateKey = tweakAddPrivate(parent.privateKey, tweak);
    // One index in 2^127 has no key (BIP32 says to skip it); nobody will ever meet it.
    if (!privateKey) throw new RangeError('index has no key');
    return { ...rest, publicKey: publicKey(privateKey, true), privateKey };
  }
  const child = tweakAddPublic(parent.publicKey, tweak);
  if (!child) throw new RangeError('index has no key');
  return { ...rest, publicKey: child };
}

/** Walks down `path` from `key`. */
export function derivePath(key: ExtendedKey, path: readonly number[]): ExtendedKey {
  return path.reduce(deriveChild, key);
}

/** The key without its private part. */
export function neuter(key: ExtendedKey): ExtendedKey {
  const { privateKey: _, ...rest } = key;
  return rest;
}

/** First four bytes of HASH160 of a public key, as uint32. */
export function fingerprint(key: Uint8Array): number {
  const digest = hash160(key);
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0);
}

/** The same as eight hex digits, as descriptors write it. */
export function fingerprintHex(key: Uint8Array): string {
  return bytesToHex(hash160(key).subarray(0, 4));
}

/** `xprv…` or `xpub…`, as the network spells them. */
export function formatExtendedKey(key: ExtendedKey, params: ChainParams): string {
  const word = (value: number): Uint8Array =>
    Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
  const version = key.privateKey ? params.bip32.private : params.bip32.public;
  return base58CheckEncode(
    concatBytes(
      word(version),
      Uint8Array.of(key.depth),
      word(key.parentFingerprint),
      word(key.childNumber),
      key.chainCode,
      key.privateKey ? concatBytes(Uint8Array.of(0), key.privateKey) : key.publicKey,
    ),
  );
}

/** Reads an extended key of this network; undefined when `text` is none. */
export function parseExtendedKey(text: string, params: ChainParams): ExtendedKey | undefined {
  const bytes = base58CheckDecode(text, ENCODED_LENGTH);
  if (bytes?.length !== ENCODED_LENGTH) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const reader = new Reader(bytes, 4);
  const version = view.getUint32(0);
  const depth = reader.u8();
  reader.take(8);
  const chainCode = reader.take(32).slice();
  const key = reader.take(33).slice();
  const rest = {
    depth,
    parentFingerprint: view.getUint32(5),
    childNumber: view.getUint32(9),
    chainCode,
  };
  if (depth === 0 && (rest.parentFingerprint !== 0 || rest.childNumber !== 0)) return undefined;
  if (version === params.bip32.private && key[0] === 0) {
    const privateKey = key.slice(1);
    if (!isPrivateKey(privateKey)) return undefined;
    return { ...rest, publicKey: publicKey(privateKey, true), privateKey };
  }
  if (version === params.bip32.public && isPublicKey(key)) return { ...rest, publicKey: key };
  return undefined;
}

/** `/44h/1h/0` as numbers; undefined when an element is no index. `h` and `'` both mean hardened. */
export function parsePath(elements: readonly string[]): number[] | undefined {
  const path: number[] = [];
  for (const element of elements) {
    const match = /^([0-9]+)(h|')?$/.exec(element);
    const index = match ? Number(match[1]) : HARDENED;
    if (index >= HARDENED) return undefined;
    path.push(match?.[2] ? index + HARDENED : index);
  }
  return path;
}

/** `/44h/1h/0`; empty text for an empty path. */
export function formatPath(path: readonly number[], marker: 'h' | "'" = 'h'): string {
  return path
    .map((index) => (index >= HARDENED ? `/${index - HARDENED}${marker}` : `/${index}`))
    .join('');
}
