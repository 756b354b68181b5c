import type { Coin } from '@coind/consensus';
import { bytesToHex, hexToBytes, Tx } from '@coind/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compressAmount, decompressAmount } from './coin-codec.ts';
import { genesis, mineOn, spend } from './mining.test.support.ts';
import { decodeUndo, encodeUndo } from './undo.ts';

test('amounts in few digits, as bitcoind compresses them', () => {
  // From bitcoind's compression tests.
  const known: [bigint, bigint][] = [
    [0n, 0n],
    [1n, 1n],
    [1_000_000n, 7n],
    [100_000_000n, 9n],
    [50_00000000n, 50n],
    [21_000_000_00000000n, 21_000_000n],
  ];
  for (const [value, compressed] of known) expect(compressAmount(value)).toBe(compressed);
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n }), (value) => {
      expect(decompressAmount(compressAmount(value))).toBe(value);
    }),
  );
});

const script = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc
    .uint8Array({ minLength: 20, maxLength: 20 })
    .map((hash) => Uint8Array.of(0x76, 0xa9, 20, ...hash, 0x88, 0xac)),
  fc
    .uint8Array({ minLength: 20, maxLength: 20 })
    .map((hash) => Uint8Array.of(0xa9, 20, ...hash, 0x87)),
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((x) => Uint8Array.of(33, 3, ...x, 0xac)),
  fc.constant(new Uint8Array(300).fill(7)),
);
const coin: fc.Arbitrary<Coin> = fc.record({
  output: fc.record({
    value: fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n }),
    scriptPubKey: script,
  }),
  height: fc.nat(0x7fffffff),
  coinbase: fc.boolean(),
});

/** A block that spends `counts[i]` coins in its i-th transaction. */
function blockSpending(counts: readonly number[]) {
  const { txs } = mineOn(genesis);
  const [input] = spend({ txid: (txs[0] as Tx).txid, vout: 0 }, 1n).inputs;
  const spenders = counts.map(
    (count) =>
      new Tx({
        version: 2,
        inputs: Array.from({ length: count }, () => input as NonNullable<typeof input>),
        outputs: [],
        locktime: 0,
      }),
  );
  return mineOn(genesis, spenders);
}

test('every coin comes back, in its transaction', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(coin, { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
      (txs) => {
        const block = blockSpending(txs.map(({ length }) => length));
        const bytes = encodeUndo(block, txs.flat());
        expect(decodeUndo(bytes, block.header.prevHash)).toEqual(txs);
      },
    ),
    { numRuns: 50 },
  );
});

test('common scripts are short', () => {
  const block = blockSpending([1]);
  const scriptPubKey = hexToBytes(`76a914${'11'.repeat(20)}88ac`);
  const spent = { output: { value: 5_000_000_000n, scriptPubKey }, height: 100, coinbase: true };
  const bytes = encodeUndo(block, [spent]);
  // One transaction, one input, VARINT(201), VARINT(0), VARINT(50), type 0 and the hash.
  expect(bytesToHex(bytes.subarray(0, -32))).toBe(`01018049003200${'11'.repeat(20)}`);
});

test('damage and the wrong block are noticed', () => {
  const block = blockSpending([1]);
  const spent = {
    output: { value: 1n, scriptPubKey: new Uint8Array(5) },
    height: 1,
    coinbase: false,
  };
  const bytes = encodeUndo(block, [spent]);
  expect(() => decodeUndo(bytes, block.hash)).toThrow('checksum');
  const damaged = bytes.slice();
  damaged[3] = 0xff;
  expect(() => decodeUndo(damaged, block.header.prevHash)).toThrow('checksum');
  expect(() => encodeUndo(block, [])).toThrow('one coin for each input');
});
