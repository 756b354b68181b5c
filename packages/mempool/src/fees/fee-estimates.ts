/**
 * Which fee rate gets a transaction mined within some blocks. Two estimators watch the pool: one by
 * what past blocks took (`block-estimator.ts`), one by what waits for the next (`pool-estimator.ts`);
 * the answer is the lower of the two, as bitcoind gives it. Which transactions teach the first is
 * decided here.
 */
import type { Chain } from '@coind/chain';
import { type Block, type FeeRate, feeRate, feeRateOf, type Tx } from '@coind/primitives';
import type { Entry } from '../entry.ts';
import { compareRates, type FeeFraction } from '../linearize.ts';
import type { EntryOrigin, Mempool } from '../mempool.ts';
import {
  BlockEstimator,
  type HorizonName,
  horizons,
  type SavedEstimates,
} from './block-estimator.ts';
import type { HorizonEstimate } from './confirm-stats.ts';
import { type MinedBlock, POOL_TARGET, PoolEstimator, type SavedWindow } from './pool-estimator.ts';

/** The estimators by bitcoind's names. */
export type EstimatorName = 'block_policy' | 'mempool_policy';

/** An answer, or why there is none. */
export type FeeEstimate = {
  readonly estimator: EstimatorName;
  /** For how many blocks it holds. */
  readonly blocks: number;
} & ({ readonly rate: FeeRate } | { readonly problem: string });

/** How an estimate is asked for. */
export interface EstimateOptions {
  /** Rather too much than too late. */
  readonly conservative: boolean;
  /** Undefined for the lower of both. */
  readonly estimator?: EstimatorName | undefined;
}

/** Modules that estimates are made from. */
export interface FeeEstimatesModules {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly clock: { now(): number };
  /** False while the pool of the last run is still being read. */
  readonly poolLoaded: () => boolean;
}

/** What the estimators knew when they were saved; what is missing starts anew. */
export interface SavedFeeEstimates {
  readonly blocks?: SavedEstimates;
  readonly window?: SavedWindow;
}

/** The longest target that is estimated for, in blocks. */
export const MAX_CONFIRM_TARGET = horizons.long.periods * horizons.long.scale;

/** A tip older than this says that we are behind, and that delays would be counted wrongly. */
const MAX_TIP_AGE_SECONDS = 3 * 60 * 60;

/** Watches a pool and its chain from now on. */
export class FeeEstimates {
  readonly #modules: FeeEstimatesModules;
  readonly #blocks: BlockEstimator;
  readonly #pool: PoolEstimator;
  readonly #unfollow: () => void;

  constructor({ blocks, window }: SavedFeeEstimates, modules: FeeEstimatesModules) {
    this.#modules = modules;
    this.#blocks = new BlockEstimator(blocks);
    this.#pool = new PoolEstimator(window?.blocks);
    this.#unfollow = modules.mempool.follow({
      txAdded: (_, entry, _sequence, origin) => this.#entered(entry, origin),
      txRemoved: ({ txid }, reason) => {
        if (reason !== 'block') this.#blocks.left(txid);
      },
      blockTaken: (block, height, entries) => this.#blockTaken(block, height, entries),
    });
  }

  /** The last blocks that the pool is compared with, oldest first. */
  get window(): readonly MinedBlock[] {
    return this.#pool.window;
  }

  /** The rate for a confirmation within `target` blocks. */
  estimate(target: number, { conservative, estimator }: EstimateOptions): FeeEstimate {
    if (estimator === 'mempool_policy') return resultOf(this.#byPool(conservative));
    const byBlocks = this.#byBlocks(target, conservative);
    if (estimator === 'block_policy' || 'problem' in byBlocks) return resultOf(byBlocks);
    // No answer from the pool is no answer: the blocks' own would hide that something is wrong.
    const byPool = this.#byPool(conservative);
    if ('problem' in byPool) return byPool;
    return resultOf(compareRates(byPool.fraction, byBlocks.fraction) < 0 ? byPool : byBlocks);
  }

  /** What past blocks say, horizon by horizon; undefined for those that don't reach so far. */
  estimateRaw(
    target: number,
    threshold: number,
  ): Readonly<Record<HorizonName, HorizonEstimate | undefined>> {
    const by = (name: HorizonName) =>
      target <= this.#blocks.maxTarget(name)
        ? this.#blocks.estimateRaw(target, threshold, name)
        : undefined;
    return { short: by('short'), medium: by('medium'), long: by('long') };
  }

  /** What is to be written down. */
  save(): Required<SavedFeeEstimates> {
    const { hash } = this.#modules.chain.tip.ref;
    return {
      blocks: this.#blocks.save(),
      window: { blocks: this.#pool.window, tip: hash },
    };
  }

  /** Stops watching; whatever still waits counts as not mined. */
  close(): void {
    this.#unfollow();
    this.#blocks.giveUp();
  }

  #byBlocks(target: number, conservative: boolean): FractionEstimate {
    const { rate, blocks } = this.#blocks.estimate(target, conservative);
    const estimator = 'block_policy';
    if (rate === undefined) {
      return { estimator, blocks, problem: 'Insufficient data or no feerate found' };
    }
    return { estimator, blocks, fraction: { fee: rate, size: 1_000 } };
  }

  #byPool(conservative: boolean): FractionEstimate {
    const { chain, mempool, clock, poolLoaded } = this.#modules;
    const estimator = 'mempool_policy';
    const problem = poolLoaded()
      ? this.#pool.problem()
      : 'Mempool not loaded yet, no fee rate estimate available';
    if (problem) return { estimator, blocks: POOL_TARGET, problem: `${estimator}: ${problem}` };
    const pool = {
      tip: chain.tip.ref.hash,
      now: clock.now(),
      chunks: () => mempool.chunks(),
      minFee: () => mempool.minFee(),
    };
    return { estimator, blocks: POOL_TARGET, fraction: this.#pool.estimate(pool, conservative) };
  }

  /**
   * Only what paid for itself teaches something: not what came back from a block or was lifted by a
   * relative, and nothing while we are behind.
   */
  #entered({ tx, fee, vsize, height, parents }: Entry, origin: EntryOrigin): void {
    if (origin !== 'alone' || parents.size > 0 || height !== this.#blocks.bestHeight) return;
    if (this.#isCurrent()) this.#blocks.entered(tx.txid, height, feeRateOf(fee, vsize));
  }

  #isCurrent(): boolean {
    const { chain, clock } = this.#modules;
    const { ref, header } = chain.tip;
    if (chain.initialDownload || header.time < clock.now() - MAX_TIP_AGE_SECONDS) return false;
    return ref.height >= chain.bestHeader.ref.height - 1;
  }

  #blockTaken({ txs }: Block, height: number, entries: readonly Entry[]): void {
    this.#blocks.blockConnected(
      height,
      entries.map(({ tx }) => tx.txid),
    );
    this.#pool.blockConnected({
      height,
      weight: weightOf(txs.slice(1)),
      poolWeight: weightOf(entries.map(({ tx }) => tx)),
    });
  }
}

type FractionEstimate = {
  readonly estimator: EstimatorName;
  readonly blocks: number;
} & ({ readonly fraction: FeeFraction } | { readonly problem: string });

function resultOf(estimate: FractionEstimate): FeeEstimate {
  if ('problem' in estimate) return estimate;
  const { estimator, blocks, fraction } = estimate;
  return { estimator, blocks, rate: feeRate((fraction.fee * 1_000n) / BigInt(fraction.size)) };
}

function weightOf(txs: readonly Tx[]): number {
  return txs.reduce((sum, { weight }) => sum + weight, 0);
}
