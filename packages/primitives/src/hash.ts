/** Bitcoin's hashes: double SHA-256, HASH160, BIP340's tagged hashes. */
import { ripemd160, sha256 } from '#digest';
import { concatBytes } from './bytes.ts';

export { hmacSha256, hmacSha512, ripemd160, sha1, sha256, sha512 } from '#digest';

/** SHA-256 of SHA-256: transaction ids, block hashes, checksums. */
export function sha256d(bytes: Uint8Array): Uint8Array {
  return sha256(sha256(bytes));
}

/** RIPEMD-160 of SHA-256: what a P2PKH or P2SH address holds. */
export function hash160(bytes: Uint8Array): Uint8Array {
  return ripemd160(sha256(bytes));
}

const prefixes = new Map<string, Uint8Array>();
const encoder = new TextEncoder();

/** `SHA256(SHA256(tag) || SHA256(tag) || parts…)` (BIP340). */
export function taggedHash(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  let prefix = prefixes.get(tag);
  if (!prefix) {
    const digest = sha256(encoder.encode(tag));
    prefix = concatBytes(digest, digest);
    prefixes.set(tag, prefix);
  }
  return sha256(concatBytes(prefix, ...parts));
}
