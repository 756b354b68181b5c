import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { concatBytes, hexToBytes } from './bytes.ts';
import { SipHasher } from './siphash.ts';

/** Two numbers of 64 bits as the 16 bytes of a key. */
function keyOf(k0: string, k1: string): Uint8Array {
  return concatBytes(hexToBytes(k0).reverse(), hexToBytes(k1).reverse());
}

const KEY = keyOf('0706050403020100', '0f0e0d0c0b0a0908');

test('hashes every length of the paper’s message as its authors do', () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => i);
  const hash = (length: number) => new SipHasher(KEY).hash(bytes.subarray(0, length));
  expect(hash(0)).toBe(0x726fdb47dd0e0e31n);
  expect(hash(1)).toBe(0x74f839c593dc67fdn);
  expect(hash(8)).toBe(0x93f5f5799a932462n);
  expect(hash(15)).toBe(0xa129ca6149be45e5n);
});

test('refuses a key of another length', () => {
  expect(() => new SipHasher(new Uint8Array(15))).toThrow(RangeError);
});

test('the short hash is the low 48 bits', () => {
  const hasher = new SipHasher(KEY);
  for (let length = 0; length < 40; length++) {
    const bytes = new Uint8Array(length).fill(length);
    expect(BigInt(hasher.hash48(bytes))).toBe(hasher.hash(bytes) & 0xffffffffffffn);
  }
});

test('does not depend on where the bytes lie', () => {
  const bytes = hexToBytes('00010203040506070809');
  const padded = concatBytes(Uint8Array.of(9, 9, 9), bytes);
  const hasher = new SipHasher(KEY);
  expect(hasher.hash(padded.subarray(3))).toBe(hasher.hash(bytes));
});

const vectors = fileURLToPath(
  new URL('../../../../shared/vectors/core/siphash.json', import.meta.url),
);

interface Vector {
  readonly key: readonly [string, string];
  readonly input: readonly string[];
  readonly expected: { readonly siphash24: string };
}

test.skipIf(!existsSync(vectors))(
  existsSync(vectors) ? 'agrees with bitcoind’s vectors' : 'skipped: no ../shared/vectors/core',
  () => {
    const rows = JSON.parse(readFileSync(vectors, 'utf8')) as Vector[];
    expect(rows.length).toBeGreaterThan(5);
    for (const { key, input, expected } of rows) {
      const bytes = concatBytes(...input.map(hexToBytes));
      const found = new SipHasher(keyOf(...key)).hash(bytes);
      expect(found.toString(16).padStart(16, '0')).toBe(expected.siphash24);
    }
  },
);
