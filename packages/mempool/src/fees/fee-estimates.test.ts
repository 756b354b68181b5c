import { type BlockHash, DecodeError, feeRate, type Tx } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { Bench, childOf, outputOf, spend } from '../mempool.test.support.ts';
import { decodeWindow, encodeWindow } from './estimates-file.ts';
import { FeeEstimates } from './fee-estimates.ts';
import { PoolEstimator } from './pool-estimator.ts';

const tip = 'aa'.repeat(32) as BlockHash;

describe('by what waits in the pool', () => {
  const block = (height: number, weight = 1_000_000, poolWeight = weight) => ({
    height,
    weight,
    poolWeight,
  });
  const poolOf = (chunks: readonly { fee: bigint; size: number }[], now = 0) => ({
    tip,
    now,
    chunks: () => chunks,
    minFee: () => feeRate(100n),
  });
  const watched = (): PoolEstimator => {
    const estimator = new PoolEstimator();
    for (let height = 1; height <= 6; height++) estimator.blockConnected(block(height));
    return estimator;
  };

  test('six blocks are asked for, without a gap', () => {
    const estimator = new PoolEstimator();
    for (const height of [1, 2, 3, 5, 6, 7]) estimator.blockConnected(block(height));
    expect(estimator.problem()).toBe('Not enough recent block data for fee rate estimation');
    for (const height of [8, 9, 10]) estimator.blockConnected(block(height));
    expect(estimator.problem()).toBeUndefined();
    // A reorganisation to the same height takes one away and brings one.
    estimator.blockConnected(block(10, 7));
    expect(estimator.window.map(({ height }) => height)).toEqual([5, 6, 7, 8, 9, 10]);
    expect(estimator.window.at(-1)?.weight).toBe(7);
  });

  test('most of what was mined has to have been known', () => {
    const estimator = watched();
    for (let height = 7; height < 13; height++) estimator.blockConnected(block(height, 1e6, 7e5));
    expect(estimator.problem()).toBe('Mempool is unreliable for fee rate estimation');
    // Nothing can be told from blocks that are nearly empty.
    for (let height = 13; height < 19; height++) estimator.blockConnected(block(height, 1e5, 0));
    expect(estimator.problem()).toBeUndefined();
  });

  test('the rate is what stands at half or three quarters of a block', () => {
    const chunks = [9_000n, 8_000n, 7_000n, 6_000n].map((fee) => ({
      fee: fee * 1_000n,
      size: 1_000_000,
    }));
    const estimator = watched();
    expect(estimator.estimate(poolOf(chunks), true)).toEqual({ fee: 8_000_000n, size: 250_000 });
    expect(estimator.estimate(poolOf(chunks), false)).toEqual({ fee: 7_000_000n, size: 250_000 });
  });

  test('the minimum stands in where the pool is not full enough; an answer is kept for seconds', () => {
    const estimator = watched();
    const minimum = { fee: 100n, size: 1_000 };
    expect(estimator.estimate(poolOf([{ fee: 5n, size: 4 }]), false)).toEqual(minimum);
    const full = [{ fee: 500_000n, size: 4_000_000 }];
    expect(estimator.estimate(poolOf(full, 7), false)).toEqual(minimum);
    expect(estimator.estimate(poolOf(full, 8), false)).toEqual({ fee: 500_000n, size: 1_000_000 });
  });

  test('the window survives in a file', () => {
    const { window } = watched();
    const bytes = encodeWindow({ blocks: window, tip });
    expect(decodeWindow(bytes)).toEqual({ blocks: window, tip });
    expect(() => decodeWindow(bytes.slice(0, -1))).toThrow(DecodeError);
    const gap = window.filter(({ height }) => height !== 3);
    expect(() => decodeWindow(encodeWindow({ blocks: gap, tip }))).toThrow('Non-consecutive');
  });
});

describe('a node', () => {
  async function watchedBench() {
    const bench = await Bench.open();
    // The time by which the chain judges whether it is behind.
    bench.now += 1_000_000;
    const { chain, mempool } = bench;
    const clock = { now: () => bench.now };
    const modules = { chain, mempool, clock, poolLoaded: () => true };
    return { bench, estimates: new FeeEstimates({}, modules), modules };
  }

  /** Mines `blocks` blocks, each with one transaction that pays `fee`. */
  async function pay(bench: Bench, blocks: number, fee: bigint, first?: Tx): Promise<Tx> {
    let last = first ?? spend([await bench.reward(1)], 5_000_000_000n, { fee });
    for (let count = 0; count < blocks; count++) {
      if (count > 0 || first) last = childOf(last, { fee });
      expect(await bench.submit(last)).toBe('accepted');
      bench.now += 10;
      await bench.mine([last]);
    }
    return last;
  }

  test('learns from what is mined and answers with the lower of two estimates', async () => {
    const { bench, estimates } = await watchedBench();
    await bench.mine();
    await pay(bench, 30, 10_000n);
    const byBlocks = estimates.estimate(6, { conservative: false, estimator: 'block_policy' });
    expect(byBlocks).toMatchObject({ estimator: 'block_policy', blocks: 6 });
    expect('rate' in byBlocks && byBlocks.rate > 80_000n).toBe(true);
    expect(estimates.estimate(6, { conservative: false })).toEqual({
      estimator: 'mempool_policy',
      blocks: 2,
      rate: 100n,
    });
  });

  test('what has an unconfirmed parent teaches nothing', async () => {
    const { bench, estimates } = await watchedBench();
    await bench.mine();
    bench.now += 10;
    let parent = spend([await bench.reward(1)], 5_000_000_000n, { fee: 10_000n });
    for (let count = 0; count < 20; count++) {
      const child = spend([outputOf(parent)], parent.outputs[0]?.value ?? 0n, { fee: 90_000n });
      await bench.submit(parent);
      await bench.submit(child);
      bench.now += 10;
      await bench.mine([parent, child]);
      parent = childOf(child, { fee: 10_000n });
    }
    const found = estimates.estimate(4, { conservative: false, estimator: 'block_policy' });
    expect('rate' in found && found.rate < 200_000n).toBe(true);
  });

  test('no estimate while the saved pool is still being read', async () => {
    const { bench, modules, estimates } = await watchedBench();
    await bench.mine();
    await pay(bench, 20, 10_000n);
    const { blocks, window } = estimates.save();
    const loading = new FeeEstimates({ blocks, window }, { ...modules, poolLoaded: () => false });
    expect(loading.estimate(4, { conservative: false })).toEqual({
      estimator: 'mempool_policy',
      blocks: 2,
      problem: 'mempool_policy: Mempool not loaded yet, no fee rate estimate available',
    });
    const again = new FeeEstimates({ blocks, window }, modules);
    expect(again.estimate(4, { conservative: false })).toEqual(
      estimates.estimate(4, { conservative: false }),
    );
  });
});
