/** SHA-256 in WebAssembly gives what OpenSSL gives, at every length around a block's borders. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesToHex } from './bytes.ts';
import { sha256 } from './hash.ts';
import { compileSha256 } from './sha256-wasm.ts';

const hash = compileSha256();
const expected = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('the examples of the standard', () => {
  const ascii = (text: string) => new TextEncoder().encode(text);
  expect(bytesToHex(hash(ascii('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  expect(bytesToHex(hash(ascii('')))).toBe(
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  );
});

test('every length up to a few blocks, and the longest that fits', () => {
  for (let length = 0; length <= 300; length++) {
    const bytes = new Uint8Array(length).map((_, i) => i * 7 + length);
    expect(bytesToHex(hash(bytes)), `${length}`).toBe(expected(bytes));
  }
  const longest = new Uint8Array(64_000).fill(0xa5);
  expect(bytesToHex(hash(longest))).toBe(expected(longest));
});

test('any bytes, whichever way sha256 takes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      expect(bytesToHex(hash(bytes))).toBe(expected(bytes));
      expect(bytesToHex(sha256(bytes))).toBe(expected(bytes));
    }),
    { numRuns: 500 },
  );
});

test('a digest is the caller’s own', () => {
  const first = hash(Uint8Array.of(1));
  const copy = bytesToHex(first);
  hash(Uint8Array.of(2));
  expect(bytesToHex(first)).toBe(copy);
});
