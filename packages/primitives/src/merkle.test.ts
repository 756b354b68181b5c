import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesToHex } from './bytes.ts';
import { sha256d } from './hash.ts';
import { hashToHex, hexToHash } from './ids.ts';
import { merkleRoot } from './merkle.ts';

const ids = (count: number) =>
  Array.from({ length: count }, (_, i) => bytesToHex(sha256d(new Uint8Array([i, i >> 8]))));

test('one leaf is its own root, none is zero', () => {
  const [leaf = ''] = ids(1);
  expect(merkleRoot([leaf])).toEqual({ root: leaf, mutated: false });
  expect(merkleRoot([]).root).toBe('0'.repeat(64));
});

test('two leaves are hashed in wire order', () => {
  const [a = '', b = ''] = ids(2);
  const pair = new Uint8Array([...hexToHash(a), ...hexToHash(b)]);
  expect(merkleRoot([a, b]).root).toBe(hashToHex(sha256d(pair)));
});

test('repeating the tail gives the same root, and is seen (CVE-2012-2459)', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), (half) => {
      const leaves = ids(2 * half + 1);
      const forged = [...leaves, leaves.at(-1) as string];
      expect(merkleRoot(leaves).mutated).toBe(false);
      expect(merkleRoot(forged)).toEqual({ root: merkleRoot(leaves).root, mutated: true });
    }),
  );
});

test('a large tree is what hashing pair by pair gives', () => {
  const leaves = ids(1_001);
  let level = leaves.map(hexToHash);
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Uint8Array;
      next.push(sha256d(new Uint8Array([...left, ...(level[i + 1] ?? left)])));
    }
    level = next;
  }
  expect(merkleRoot(leaves)).toEqual({ root: hashToHex(level[0] as Uint8Array), mutated: false });
});
