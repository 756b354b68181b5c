import { BlockHeader, SEQUENCE_FINAL, Tx, type Txid, ZERO_HASH } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { headerContextOf } from './header-context.ts';
import { areLocksPassed, isFinalTx, sequenceLocks } from './locks.ts';

function tx(locktime: number, sequences: readonly number[], version = 2): Tx {
  const inputs = sequences.map((sequence, vout) => ({
    prevout: { txid: '22'.repeat(32) as Txid, vout },
    scriptSig: new Uint8Array(),
    sequence,
    witness: [],
  }));
  const outputs = [{ value: 1n, scriptPubKey: new Uint8Array() }];
  return new Tx({ version, inputs, outputs, locktime });
}

/** Headers ten minutes apart; the median time is that of the fifth before. */
const headers = Array.from(
  { length: 200 },
  (_, height) =>
    new BlockHeader({
      version: 4,
      prevHash: ZERO_HASH,
      merkleRoot: '0'.repeat(64),
      time: 1_500_000_000 + 600 * height,
      bits: 0x207fffff,
      nonce: height,
    }),
);
const tip = headerContextOf(headers);
const BY_TIME = 0x00400000;

describe('absolute locks', () => {
  test.each<[string, number, number[], number, number, boolean]>([
    ['none', 0, [0], 1, 1, true],
    ['a height that has passed', 99, [0], 100, 0, true],
    ['a height that has not', 100, [0], 100, 0, false],
    ['a time that has passed', 1_500_000_000, [0], 100, 1_500_000_001, true],
    ['a time that has not', 1_500_000_000, [0], 100, 1_500_000_000, false],
    ['the last height', 499_999_999, [0], 100, 1_600_000_000, false],
    ['one that final inputs switch off', 100, [SEQUENCE_FINAL, SEQUENCE_FINAL], 1, 0, true],
    ['one that not all inputs switch off', 100, [SEQUENCE_FINAL, 0], 1, 0, false],
  ])('%s', (_, locktime, sequences, height, time, final) => {
    expect(isFinalTx(tx(locktime, sequences), height, time)).toBe(final);
  });
});

describe('relative locks', () => {
  test('hold from version 2 on, version being unsigned', () => {
    expect(sequenceLocks(tx(0, [5], 1), [100], tip)).toEqual({ height: -1, time: -1 });
    expect(sequenceLocks(tx(0, [5], 2), [100], tip)).toEqual({ height: 104, time: -1 });
    expect(sequenceLocks(tx(0, [5], 0xffffffff), [100], tip)).toEqual({ height: 104, time: -1 });
  });

  test('are off with the disable flag, and see sixteen bits only', () => {
    expect(sequenceLocks(tx(0, [0x80000005]), [100], tip)).toEqual({ height: -1, time: -1 });
    expect(sequenceLocks(tx(0, [0x00010005]), [100], tip)).toEqual({ height: 104, time: -1 });
  });

  test('by time count from the median before the coin', () => {
    const before = tip.ancestor(99)!.medianTimePast;
    expect(sequenceLocks(tx(0, [BY_TIME | 3]), [100], tip)).toEqual({
      height: -1,
      time: before + 3 * 512 - 1,
    });
    const first = tip.ancestor(0)!.medianTimePast;
    expect(sequenceLocks(tx(0, [BY_TIME]), [0], tip).time).toBe(first - 1);
  });

  test('the longest lock of each kind counts', () => {
    const locks = sequenceLocks(tx(0, [5, 9, BY_TIME | 1]), [100, 90, 120], tip);
    expect(locks.height).toBe(104);
    expect(locks.time).toBe(tip.ancestor(119)!.medianTimePast + 511);
  });

  test('pass at the first block beyond them', () => {
    const parentAt = (height: number) => tip.ancestor(height)!;
    const byHeight = sequenceLocks(tx(0, [5]), [100], tip);
    expect(areLocksPassed(byHeight, parentAt(103))).toBe(false);
    expect(areLocksPassed(byHeight, parentAt(104))).toBe(true);
    const byTime = sequenceLocks(tx(0, [BY_TIME | 2]), [100], tip);
    const first = headers.findIndex((_, h) => parentAt(h).medianTimePast > byTime.time);
    expect(areLocksPassed(byTime, parentAt(first - 1))).toBe(false);
    expect(areLocksPassed(byTime, parentAt(first))).toBe(true);
  });

  test('of length zero allow the block that makes the coin', () => {
    const inTheSameBlock = [tip.ref.height + 1];
    expect(areLocksPassed(sequenceLocks(tx(0, [0]), inTheSameBlock, tip), tip)).toBe(true);
    expect(areLocksPassed(sequenceLocks(tx(0, [1]), inTheSameBlock, tip), tip)).toBe(false);
    expect(areLocksPassed(sequenceLocks(tx(0, [BY_TIME]), inTheSameBlock, tip), tip)).toBe(true);
  });

  test('a coin from above the block is a mistake of the caller', () => {
    expect(() => sequenceLocks(tx(0, [BY_TIME]), [500], tip)).toThrow(RangeError);
  });
});
