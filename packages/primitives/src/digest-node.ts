/**
 * Digests by Node's own OpenSSL, the faster choice wherever Node runs, but for SHA-256 of short input,
 * which a program that hashes much does itself (`sha256-wasm.ts`). `#digest` in package.json picks
 * this file in Node and `digest-noble.ts` elsewhere; both have the same exports.
 */
import * as crypto from 'node:crypto';
import { compileSha256 } from './sha256-wasm.ts';

// crypto.hash (Node 20.12) skips the stream object and is twice as fast on short input.
const oneShot = (algorithm: string, bytes: Uint8Array): Uint8Array => {
  const digest = crypto.hash(algorithm, bytes, 'buffer');
  return new Uint8Array(digest.buffer, digest.byteOffset, digest.byteLength);
};

/** Up to here a call into OpenSSL takes longer than hashing. */
const SHORT = 256;
/** So many short digests are worth compiling for; a program that makes a few never does. */
const WORTHWHILE = 500;
let shortDigests = 0;
let compiled: ((bytes: Uint8Array) => Uint8Array) | undefined;

export const sha256 = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length > SHORT) return oneShot('sha256', bytes);
  if (compiled) return compiled(bytes);
  if (++shortDigests > WORTHWHILE) compiled = compileSha256();
  return oneShot('sha256', bytes);
};
export const sha1 = (bytes: Uint8Array): Uint8Array => oneShot('sha1', bytes);
export const sha512 = (bytes: Uint8Array): Uint8Array => oneShot('sha512', bytes);

export function hmacSha512(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(crypto.createHmac('sha512', key).update(bytes).digest());
}

export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(crypto.createHmac('sha256', key).update(bytes).digest());
}

export function ripemd160(bytes: Uint8Array): Uint8Array {
  return oneShot('ripemd160', bytes);
}
