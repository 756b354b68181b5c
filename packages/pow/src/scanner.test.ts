/** Every way to search finds what hashing one header after the other finds. */
import { BlockHeader, chainParams, sha256d, ZERO_HASH } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createScanner, fastestKind, isAtMost, scannerKinds } from './scanner.ts';
import { targetBytes } from './search.ts';

const genesis = chainParams('main')?.genesis.header as BlockHeader;

/** The first nonce by the slow way. */
function slowly(header: Uint8Array, target: Uint8Array, first: number, count: number) {
  const bytes = header.slice();
  for (let i = 0; i < count; i++) {
    new DataView(bytes.buffer).setUint32(76, first + i, true);
    if (isAtMost(sha256d(bytes), target)) return first + i;
  }
  return undefined;
}

test('this machine has vectors, or at least WebAssembly', () => {
  expect(['simd', 'wasm']).toContain(fastestKind());
  expect(createScanner().kind).toBe(fastestKind());
});

describe.each(scannerKinds)('%s', (kind) => {
  const scanner = createScanner(kind);

  test('finds the nonce of the first block, wherever it lies in the range', () => {
    const { nonce } = genesis;
    scanner.prepare(genesis.encode(), targetBytes(genesis));
    for (const before of [0, 1, 2, 3, 63, 64, 100]) {
      expect(scanner.scan(nonce - before, before + 1)).toBe(nonce);
      expect(scanner.scan(nonce - before, before)).toBeUndefined();
    }
    expect(scanner.scan(nonce + 1, 1000)).toBeUndefined();
  });

  test('knows nonces up to the last one', () => {
    scanner.prepare(genesis.encode(), new Uint8Array(32).fill(0xff));
    expect(scanner.scan(0xffffffff, 1)).toBe(0xffffffff);
    expect(scanner.scan(0, 1)).toBe(0);
    expect(scanner.scan(7, 0)).toBeUndefined();
    scanner.prepare(genesis.encode(), new Uint8Array(32));
    expect(scanner.scan(0xffffffc0, 64)).toBeUndefined();
  });

  test('finds the first nonce of any header at any target that is easily met', () => {
    fc.assert(
      fc.property(
        fc.record({
          version: fc.integer(),
          merkleRoot: fc
            .uint8Array({ minLength: 32, maxLength: 32 })
            .map((bytes) => Buffer.from(bytes).toString('hex')),
          time: fc.nat(0xffffffff),
          bits: fc.constantFrom(0x207fffff, 0x2000ffff, 0x1f7fffff, 0x1f0fffff),
          first: fc.nat(0xffffffff - 300),
          count: fc.nat(300),
        }),
        ({ first, count, ...fields }) => {
          const header = new BlockHeader({ ...fields, prevHash: ZERO_HASH, nonce: 0 });
          const target = targetBytes(header);
          scanner.prepare(header.encode(), target);
          const found = scanner.scan(first, count);
          expect(found).toBe(slowly(header.encode(), target, first, count));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('looks at the whole hash where its first word is that of the target', () => {
    const header = new BlockHeader({ ...genesis, bits: 0x207fffff });
    const hash = sha256d(new BlockHeader({ ...header, nonce: 5 }).encode());
    const below = hash.slice();
    below[0] = (below[0] as number) - 1;
    scanner.prepare(header.encode(), hash);
    expect(scanner.scan(5, 1)).toBe(5);
    if (hash[0] === 0) throw new Error('choose another nonce');
    scanner.prepare(header.encode(), below);
    expect(scanner.scan(5, 1)).toBeUndefined();
  });
});
