import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bytesToHex, hexToBytes } from '@coind/primitives';
import { publicKey, useNativeCurve } from '@coind/script';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeEllSwift,
  ELLSWIFT_BYTES,
  ellSwiftSecret,
  encodeEllSwift,
  inverseEllSwift,
} from './elligator-swift.ts';

const vectors = fileURLToPath(new URL('../../../../shared/vectors/core/', import.meta.url));
const name = (what: string): string =>
  existsSync(vectors) ? what : `${what} (skipped: no ../shared/vectors/core)`;

/** Rows of a vector file, without the line that names the columns. */
function rowsOf(file: string): string[][] {
  const lines = readFileSync(`${vectors}${file}`, 'utf8').trim().split('\n').slice(1);
  return lines.map((line) => line.split(','));
}

test.skipIf(!existsSync(vectors))(name('decodes bitcoind’s vectors'), () => {
  const rows = rowsOf('ellswift_decode_test_vectors.csv');
  expect(rows.length).toBe(76);
  for (const [encoded = '', x] of rows) {
    expect(bytesToHex(decodeEllSwift(hexToBytes(encoded)))).toBe(x);
  }
});

test.skipIf(!existsSync(vectors))(name('inverts bitcoind’s vectors in every case'), () => {
  const rows = rowsOf('xswiftec_inv_test_vectors.csv');
  expect(rows.length).toBe(32);
  for (const [u = '', x = '', ...cases] of rows) {
    for (let which = 0; which < 8; which++) {
      const t = inverseEllSwift(hexToBytes(x), hexToBytes(u), which);
      expect(t === undefined ? '' : bytesToHex(t)).toBe(cases[which]);
    }
  }
});

const privateKey = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .filter((bytes) => bytes.some((byte) => byte > 0) && (bytes[0] as number) < 255);

test('an encoded key decodes to the key’s x', () => {
  fc.assert(
    fc.property(privateKey, (key) => {
      const encoded = encodeEllSwift(key, randomBytes);
      expect(encoded.length).toBe(ELLSWIFT_BYTES);
      expect(decodeEllSwift(encoded)).toEqual(publicKey(key).subarray(1));
    }),
    { numRuns: 20 },
  );
});

test('both sides share one secret, whichever library multiplies', () => {
  const [a, b] = [randomBytes(32), randomBytes(32)].map((bytes) => new Uint8Array(bytes));
  if (!a || !b) throw new Error('two keys');
  const [encodedA, encodedB] = [encodeEllSwift(a, randomBytes), encodeEllSwift(b, randomBytes)];
  const secret = ellSwiftSecret(a, encodedA, encodedB, true);
  expect(ellSwiftSecret(b, encodedB, encodedA, false)).toEqual(secret);
  expect(ellSwiftSecret(b, encodedB, encodedA, true)).not.toEqual(secret);
  useNativeCurve(false);
  try {
    expect(ellSwiftSecret(b, encodedB, encodedA, false)).toEqual(secret);
  } finally {
    useNativeCurve(true);
  }
});
