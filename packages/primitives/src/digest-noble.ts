/** Digests in plain JavaScript, for places without Node; see `digest-node.ts`. */
import { hmac } from '@noble/hashes/hmac.js';
import { ripemd160 as nobleRipemd160, sha1 as nobleSha1 } from '@noble/hashes/legacy.js';
import { sha256 as nobleSha256, sha512 as nobleSha512 } from '@noble/hashes/sha2.js';

export const sha256 = (bytes: Uint8Array): Uint8Array => nobleSha256(bytes);
export const sha1 = (bytes: Uint8Array): Uint8Array => nobleSha1(bytes);
export const sha512 = (bytes: Uint8Array): Uint8Array => nobleSha512(bytes);
export const ripemd160 = (bytes: Uint8Array): Uint8Array => nobleRipemd160(bytes);

export function hmacSha512(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return hmac(nobleSha512, key, bytes);
}

export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return hmac(nobleSha256, key, bytes);
}
