/** Four pairs at a time give what OpenSSL gives, at every number of pairs around a group and a page. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesToHex, concatBytes } from './bytes.ts';
import { compileHashPairs, type HashPairs } from './pair-hashes-wasm.ts';

const hashPairs = compileHashPairs() as HashPairs;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

function expected(bytes: Uint8Array, pairs: number): string {
  const digests = Array.from({ length: pairs }, (_, i) =>
    sha256(sha256(bytes.subarray(64 * i, 64 * (i + 1)))),
  );
  return bytesToHex(concatBytes(...digests));
}

function hashed(bytes: Uint8Array, pairs: number): string {
  const copy = bytes.slice();
  hashPairs(copy, pairs);
  // What lies behind them is nobody's.
  expect(copy.subarray(64 * pairs)).toEqual(bytes.subarray(64 * pairs));
  return bytesToHex(copy.subarray(0, 32 * pairs));
}

test('any pairs', () => {
  const pair = fc.uint8Array({ minLength: 64, maxLength: 64 });
  fc.assert(
    fc.property(fc.array(pair, { minLength: 1, maxLength: 20 }), (pairs) => {
      const bytes = concatBytes(...pairs);
      expect(hashed(bytes, pairs.length)).toBe(expected(bytes, pairs.length));
    }),
    { numRuns: 200 },
  );
});

test('as many as fit into the memory, one more, and some of what is there', () => {
  const bytes = new Uint8Array(64 * 1030).map((_, i) => i * 7 + (i >> 8));
  for (const pairs of [511, 512, 513, 1024, 1025]) {
    expect(hashed(bytes, pairs), `${pairs}`).toBe(expected(bytes, pairs));
  }
});
