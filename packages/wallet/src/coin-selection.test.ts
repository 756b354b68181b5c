import type { Txid } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Candidate,
  type Goal,
  LargestFirst,
  selectCloser,
  selectExact,
  selectSingle,
} from './coin-selection.ts';

function coins(values: readonly number[]): Candidate[] {
  return values.map((value, vout) => ({
    outpoint: { txid: '00'.repeat(32) as Txid, vout },
    value: BigInt(value) + 68n,
    script: '',
    size: { base: 41, witness: 107 },
    bump: 0n,
    effective: BigInt(value),
  }));
}

const goal = (target: number, costOfChange = 0): Goal => ({
  target: BigInt(target),
  changeFloor: 300n,
  costOfChange: BigInt(costOfChange),
});
const sum = (chosen: readonly Candidate[]): bigint =>
  chosen.reduce((total, coin) => total + coin.effective, 0n);

describe('coin selection', () => {
  test('smaller coins go before a larger one where they come closer', () => {
    const single = coins([2000]);
    const chosen = selectCloser(coins([1000, 500, 400]), goal(1000), single) as Candidate[];
    expect(sum(chosen)).toBe(1400n);
    expect(selectCloser(coins([1000, 500]), goal(1000), coins([1400]))).toBeUndefined();
    expect(selectCloser(coins([600, 200]), goal(1000), single)).toBeUndefined();
    expect(sum(selectCloser(coins([1200, 1100]), goal(1000), undefined) ?? [])).toBe(2300n);
  });

  test('whatever comes closer suffices', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5000 })), fc.integer({ min: 1 }), (v, t) => {
        const chosen = selectCloser(coins(v), goal(t), undefined);
        if (chosen) expect(sum(chosen)).toBeGreaterThanOrEqual(BigInt(t) + 300n);
      }),
    );
  });

  test('an exact match is found when there is one', () => {
    const found = selectExact(coins([1000, 2000, 4000, 8000]), goal(7000));
    expect(found && sum(found)).toBe(7000n);
    expect(selectExact(coins([1000, 2000, 4000]), goal(7001))).toBeUndefined();
    expect(selectExact(coins([]), goal(1))).toBeUndefined();
  });

  test('exact means: at least the target, at most the cost of change above it, no coin twice', () => {
    const values = fc.array(fc.integer({ min: 1, max: 100_000 }), { maxLength: 40 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 500_000 }), fc.nat(500), (v, target, cost) => {
        const found = selectExact(coins(v), goal(target, cost));
        if (!found) return;
        expect(sum(found)).toBeGreaterThanOrEqual(BigInt(target));
        expect(sum(found)).toBeLessThanOrEqual(BigInt(target + cost));
        expect(new Set(found.map(({ outpoint }) => outpoint.vout)).size).toBe(found.length);
      }),
    );
  });

  test('with few coins the search is complete: it agrees with trying every subset', () => {
    const values = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 9 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 200 }), fc.nat(5), (v, target, cost) => {
        let best: number | undefined;
        for (let mask = 1; mask < 2 ** v.length; mask++) {
          const total = v.reduce((t, value, i) => t + (mask & (1 << i) ? value : 0), 0);
          if (total >= target && total <= target + cost) best = Math.min(best ?? total, total);
        }
        const found = selectExact(coins(v), goal(target, cost));
        expect(found ? Number(sum(found)) : undefined).toBe(best);
      }),
    );
  });

  test('hard sums end in bounded time', () => {
    const even = coins(Array.from({ length: 60 }, (_, i) => 2 * (1000 + i * i)));
    const start = performance.now();
    selectExact(even, goal(60_001));
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test('a single coin must leave proper change', () => {
    const [best] = selectSingle(coins([500, 1299, 1300, 9000]), goal(1000)) as [Candidate];
    expect(best.effective).toBe(1300n);
    expect(selectSingle(coins([1200]), goal(1000))).toBeUndefined();
  });

  test('largest first stops with change, and may do without it at the end', () => {
    const enough = new LargestFirst(goal(1000));
    expect(coins([700, 700, 100]).map((coin) => enough.add(coin))).toEqual([false, true, true]);
    const barely = new LargestFirst(goal(1000));
    for (const coin of coins([600, 400, -5])) barely.add(coin);
    expect(barely.suffices).toBe(true);
    expect(barely.chosen.length).toBe(2);
  });
});
