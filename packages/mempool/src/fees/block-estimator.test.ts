import { DecodeError, feeRate, type Txid } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BlockEstimator, horizons } from './block-estimator.ts';
import { ConfirmStats } from './confirm-stats.ts';
import { decodeEstimates, encodeEstimates } from './estimates-file.ts';

const txidOf = (number: number): Txid => number.toString(16).padStart(64, '0') as Txid;

/** An estimator that has seen `blocks` blocks, each with `count` transactions of `rate` that waited `delay` blocks. */
function history(
  blocks: number,
  groups: readonly { rate: number; delay: number; count: number }[],
) {
  const estimator = new BlockEstimator();
  let next = 0;
  const due = new Map<number, Txid[]>();
  estimator.blockConnected(100, []);
  for (let height = 101; height <= 100 + blocks; height++) {
    for (const { rate, delay, count } of groups) {
      for (let i = 0; i < count; i++) {
        const txid = txidOf(++next);
        estimator.entered(txid, height - 1, feeRate(BigInt(rate)));
        const at = height - 1 + delay;
        due.set(at, [...(due.get(at) ?? []), txid]);
      }
    }
    estimator.blockConnected(height, due.get(height) ?? []);
  }
  return estimator;
}

describe('estimates', () => {
  test('nothing is known at first', () => {
    expect(new BlockEstimator().estimate(6, false)).toEqual({ rate: undefined, blocks: 0 });
  });

  test('what is always mined at once is good for any target', () => {
    const estimator = history(40, [{ rate: 5_000, delay: 1, count: 5 }]);
    expect(estimator.estimate(1, false)).toEqual({ rate: 5_000n, blocks: 2 });
    expect(estimator.estimate(6, true)).toEqual({ rate: 5_000n, blocks: 6 });
    // Half the history is the longest target that can be judged.
    expect(estimator.estimate(1_000, false)).toEqual({ rate: 5_000n, blocks: 19 });
  });

  test('haste costs more than patience', () => {
    const estimator = history(60, [
      { rate: 50_000, delay: 1, count: 5 },
      { rate: 2_000, delay: 8, count: 5 },
    ]);
    expect(estimator.estimate(2, false).rate).toBe(50_000n);
    expect(estimator.estimate(20, false).rate).toBe(2_000n);
  });

  test('what leaves without being mined counts against its rate', () => {
    const estimator = new BlockEstimator();
    estimator.blockConnected(1, []);
    for (let height = 2; height < 60; height++) {
      const mined: Txid[] = [];
      for (let i = 0; i < 10; i++) {
        const [low, high] = [txidOf(1_000 * height + i), txidOf(1_000_000 + 1_000 * height + i)];
        estimator.entered(low, height - 1, feeRate(1_000n));
        estimator.entered(high, height - 1, feeRate(10_000n));
        mined.push(high);
        if (i === 0) mined.push(low);
      }
      estimator.blockConnected(height, mined);
      for (let i = 1; i < 10; i++) estimator.left(txidOf(1_000 * height + i));
    }
    expect(estimator.estimate(2, false).rate).toBe(10_000n);
  });

  test('an economical estimate follows a fall of fees sooner than a conservative one', () => {
    const estimator = history(12, [{ rate: 500_000, delay: 1, count: 24 }]);
    for (let height = 113; height <= 116; height++) {
      const txids = Array.from({ length: 24 }, (_, i) => txidOf(height * 100_000 + i));
      for (const txid of txids) estimator.entered(txid, height - 1, feeRate(100_000n));
      estimator.blockConnected(height, txids);
    }
    expect(estimator.estimate(1, true).rate).toBe(500_000n);
    expect(estimator.estimate(1, false).rate).toBe(100_000n);
  });

  test('blocks of another branch and transactions of another height are not counted', () => {
    const estimator = history(40, [{ rate: 5_000, delay: 1, count: 5 }]);
    const before = encodeEstimates(estimator.save());
    estimator.entered(txidOf(7_777_777), 139, feeRate(1_000n));
    estimator.blockConnected(140, [txidOf(7_777_777)]);
    expect(estimator.watching).toBe(0);
    expect(encodeEstimates(estimator.save())).toEqual(before);
  });
});

test('one horizon adds buckets together until they say something', () => {
  const stats = new ConfirmStats(horizons.short, [100, 200, 300, 1e99]);
  for (let height = 1; height <= 30; height++) {
    stats.blockConnected(height);
    stats.mined(1, 1, 150);
    stats.mined(2, 1, 250);
  }
  const { rate, pass, fail } = stats.estimate(2, 0.95, 30);
  // A bucket alone holds enough, for it had more than one in two blocks.
  expect(rate).toBeCloseTo(150);
  expect(pass).toMatchObject({ start: 100, end: 200, inMempool: 0, leftMempool: 0 });
  expect(fail).toMatchObject({ start: 0, end: 100, totalConfirmed: 0 });
});

describe('the file', () => {
  test('what is written is read again', () => {
    const estimator = history(60, [
      { rate: 50_000, delay: 1, count: 5 },
      { rate: 2_000, delay: 8, count: 5 },
    ]);
    estimator.giveUp();
    const bytes = encodeEstimates(estimator.save());
    const again = new BlockEstimator(decodeEstimates(bytes));
    for (const target of [1, 2, 6, 12, 20, 1_008]) {
      for (const conservative of [true, false]) {
        expect(again.estimate(target, conservative)).toEqual(
          estimator.estimate(target, conservative),
        );
      }
      const raw = again.estimateRaw(2, 0.8, 'medium');
      expect(raw).toEqual(estimator.estimateRaw(2, 0.8, 'medium'));
    }
    expect(encodeEstimates(again.save())).toEqual(bytes);
  });

  test('a damaged file is refused or read, never more', () => {
    const bytes = encodeEstimates(history(8, [{ rate: 900, delay: 1, count: 2 }]).save());
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
        const damaged = cut ? bytes.slice(0, at) : bytes.slice();
        if (!cut) damaged[at] = value;
        try {
          decodeEstimates(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('another version is refused', () => {
    const bytes = encodeEstimates(new BlockEstimator().save());
    bytes[0] = 0;
    expect(() => decodeEstimates(bytes)).toThrow('Too old to be read');
    bytes[0] = 0xff;
    expect(() => decodeEstimates(bytes)).toThrow('too high to be read');
  });
});
