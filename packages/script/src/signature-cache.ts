/**
 * Signatures known to be valid, so that what the mempool has checked need not be checked again in a
 * block. Only successes are kept: a failure ends the script anyway.
 */
import { sha256 } from '@coind/primitives';

/** Remembers valid signatures. A digest, a key and a signature together are never both true and false. */
export interface SignatureCache {
  has(digest: Uint8Array, signature: Uint8Array, pubkey: Uint8Array): boolean;
  add(digest: Uint8Array, signature: Uint8Array, pubkey: Uint8Array): void;
}

/**
 * A cache of about `capacity` signatures. It keeps two generations and drops the older one when the
 * younger is half the capacity, so nothing is counted or moved when a signature is looked up.
 */
export function createSignatureCache(capacity: number): SignatureCache {
  let young = new Set<string>();
  let old = new Set<string>();
  return {
    has(digest, signature, pubkey) {
      // Most caches are asked long before anything was added: no hash then.
      if (young.size === 0 && old.size === 0) return false;
      const key = keyOf(digest, signature, pubkey);
      return young.has(key) || old.has(key);
    },
    add(digest, signature, pubkey) {
      young.add(keyOf(digest, signature, pubkey));
      if (young.size >= capacity / 2) {
        old = young;
        young = new Set();
      }
    },
  };
}

const scratch = new Uint8Array(32 + 65 + 1024);

function keyOf(digest: Uint8Array, signature: Uint8Array, pubkey: Uint8Array): string {
  const length = 33 + pubkey.length + signature.length;
  const bytes = length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length);
  bytes.set(digest, 0);
  // The key's length keeps a longer key from borrowing bytes of a shorter signature.
  bytes[32] = pubkey.length;
  bytes.set(pubkey, 33);
  bytes.set(signature, 33 + pubkey.length);
  return String.fromCharCode(...new Uint16Array(sha256(bytes).slice().buffer));
}
