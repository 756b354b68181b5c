/**
 * The fee rate that the next block would ask for, by what waits in the pool: the rate at half or at
 * three quarters of a full block, in mining order. Only while the last blocks took what we had seen;
 * otherwise miners know of transactions that we don't.
 */
import { MAX_BLOCK_WEIGHT } from '@coind/consensus';
import type { BlockHash, FeeRate } from '@coind/primitives';
import { compareRates, type FeeFraction } from '../linearize.ts';

/** For how many blocks an answer of this kind holds. */
export const POOL_TARGET = 2;
/** Blocks whose content is compared with the pool's. */
export const WINDOW_BLOCKS = 6;

/** Part of what was mined that has to have been in the pool. */
const ENOUGH_COVERED = 0.75;
/** With less in the whole window nothing can be concluded from what was missing. */
const ENOUGH_WEIGHT = MAX_BLOCK_WEIGHT;
/** An answer is given again for so long while the tip stays. */
const KEPT_SECONDS = 7;

/** One of the last blocks, without its coinbase. */
export interface MinedBlock {
  readonly height: number;
  readonly weight: number;
  /** What of that had been in the pool. */
  readonly poolWeight: number;
}

/** The last blocks, and the tip they end with. */
export interface SavedWindow {
  readonly blocks: readonly MinedBlock[];
  readonly tip: BlockHash;
}

/** What the estimator asks of the pool. */
export interface PoolView {
  readonly tip: BlockHash;
  /** Unix seconds. */
  readonly now: number;
  /** In mining order, sizes as weight. */
  chunks(): readonly FeeFraction[];
  /** What a transaction has to pay at least. */
  minFee(): FeeRate;
}

/** Rates at half and at three quarters of a block; sizes in virtual bytes. */
interface Rates {
  readonly conservative: FeeFraction;
  readonly economical: FeeFraction;
}

/** Watches what blocks take from the pool. */
export class PoolEstimator {
  #window: readonly MinedBlock[];
  #kept: { readonly rates: Rates; readonly tip: BlockHash; readonly until: number } | undefined;

  constructor(window: readonly MinedBlock[] = []) {
    this.#window = window;
  }

  /** The last blocks, oldest first. */
  get window(): readonly MinedBlock[] {
    return this.#window;
  }

  /** A block was connected; what it replaces is forgotten, and everything after a gap. */
  blockConnected(block: MinedBlock): void {
    const before = this.#window.filter(({ height }) => height < block.height);
    const follows = before.at(-1)?.height === block.height - 1;
    this.#window = [...(follows ? before.slice(1 - WINDOW_BLOCKS) : []), block];
    this.#kept = undefined;
  }

  /** Why no answer can be given; undefined when one can. */
  problem(): string | undefined {
    if (this.#window.length < WINDOW_BLOCKS) {
      return 'Not enough recent block data for fee rate estimation';
    }
    let weight = 0;
    let poolWeight = 0;
    for (const block of this.#window) {
      weight += block.weight;
      poolWeight += block.poolWeight;
    }
    const covered = weight < ENOUGH_WEIGHT || poolWeight / weight >= ENOUGH_COVERED;
    return covered ? undefined : 'Mempool is unreliable for fee rate estimation';
  }

  /** The rate for the next block. Ask {@link problem} first. */
  estimate(pool: PoolView, conservative: boolean): FeeFraction {
    if (this.#kept?.tip !== pool.tip || pool.now > this.#kept.until) {
      this.#kept = { rates: ratesOf(pool), tip: pool.tip, until: pool.now + KEPT_SECONDS };
    }
    const { rates } = this.#kept;
    return conservative ? rates.conservative : rates.economical;
  }
}

function ratesOf(pool: PoolView): Rates {
  const half = MAX_BLOCK_WEIGHT / 2;
  const chunks: FeeFraction[] = [];
  let weight = 0;
  for (const { fee, size } of pool.chunks()) {
    const vsize = Math.ceil(size / 4);
    chunks.push({ fee, size: vsize });
    weight += 4 * vsize;
    if (weight >= half + half / 2) break;
  }
  // Rounded up to whole virtual bytes, neighbours may have changed places.
  chunks.sort((a, b) => compareRates(b, a));
  const rateAt = (share: number): FeeFraction => {
    let taken = 0;
    for (const chunk of chunks) {
      taken += 4 * chunk.size;
      if (taken >= share) return chunk;
    }
    return { fee: pool.minFee(), size: 1_000 };
  };
  return { conservative: rateAt(half), economical: rateAt(half + half / 2) };
}
