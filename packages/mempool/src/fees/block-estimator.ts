/**
 * Fee rates judged by what blocks have taken, in the manner of bitcoind's CBlockPolicyEstimator: each
 * transaction seen coming is watched until it is mined or gone, and counted over three horizons. An
 * answer is the highest of what half the target, the target and twice the target ask for, with rising
 * certainty. Who is watched is decided in `fee-estimates.ts`; the file is `estimates-file.ts`.
 */
import { type FeeRate, feeRate, type Txid } from '@coind/primitives';
import {
  ConfirmStats,
  type Horizon,
  type HorizonEstimate,
  type SavedHorizon,
} from './confirm-stats.ts';

/** The horizons, shortest first. */
export const horizons = {
  short: { periods: 12, scale: 1, decay: 0.962, sufficient: 0.5 },
  medium: { periods: 24, scale: 2, decay: 0.9952, sufficient: 0.1 },
  long: { periods: 42, scale: 24, decay: 0.99931, sufficient: 0.1 },
} as const satisfies Readonly<Record<string, Horizon>>;

export type HorizonName = keyof typeof horizons;

/** Certainty asked for at half the target, at the target, and at twice the target. */
const HALF_SUCCESS = 0.6;
const SUCCESS = 0.85;
const DOUBLE_SUCCESS = 0.95;

/** Bounds of the buckets, satoshis per 1,000 vbytes: each a twentieth above the one before. */
const LOWEST_BOUND = 100;
const HIGHEST_BOUND = 1e7;
const SPACING = 1.05;
const NO_BOUND = 1e99;
/** Counters from before so many blocks say nothing any more. */
const OLDEST_HISTORY = 6 * 1008;

/** What a file holds. */
export interface SavedEstimates {
  readonly bestHeight: number;
  /** First and last block that was counted. */
  readonly first: number;
  readonly last: number;
  /** Upper bounds of the buckets, rising. */
  readonly bounds: Float64Array;
  readonly horizons: Readonly<Record<HorizonName, SavedHorizon>>;
}

/** An answer, and for how many blocks it holds. */
export interface BlockEstimate {
  /** Undefined while there is too little to judge by. */
  readonly rate: FeeRate | undefined;
  readonly blocks: number;
}

interface Watched {
  readonly height: number;
  readonly rate: number;
  readonly bucket: number;
}

/** Watches transactions and blocks. */
export class BlockEstimator {
  readonly #bounds: readonly number[];
  readonly #stats: Readonly<Record<HorizonName, ConfirmStats>>;
  readonly #watched = new Map<Txid, Watched>();
  #best = 0;
  /** Height at which counting began in this run; 0 before. */
  #first = 0;
  #saved = { first: 0, last: 0 };

  constructor(saved?: SavedEstimates) {
    const bounds = saved ? [...saved.bounds] : defaultBounds();
    this.#bounds = bounds;
    const stats = (name: HorizonName) =>
      new ConfirmStats(horizons[name], bounds, saved?.horizons[name]);
    this.#stats = { short: stats('short'), medium: stats('medium'), long: stats('long') };
    if (!saved) return;
    this.#best = saved.bestHeight;
    this.#saved = { first: saved.first, last: saved.last };
  }

  /** How many transactions are watched. */
  get watching(): number {
    return this.#watched.size;
  }

  /** Height of the last block that was seen. */
  get bestHeight(): number {
    return this.#best;
  }

  /** The longest target of a horizon, in blocks. */
  maxTarget(name: HorizonName): number {
    return this.#stats[name].maxTarget;
  }

  /** A transaction came while the tip was at `height`. Of another branch than the one followed: not counted. */
  entered(txid: Txid, height: number, rate: FeeRate): void {
    if (height !== this.#best || this.#watched.has(txid)) return;
    const satsPerKvb = Number(rate);
    const bucket = this.#bucketOf(satsPerKvb);
    this.#watched.set(txid, { height, rate: satsPerKvb, bucket });
    for (const stats of Object.values(this.#stats)) stats.entered(bucket, height);
  }

  /** It went without having been mined. */
  left(txid: Txid): void {
    this.#unwatch(txid, false);
  }

  /** A block was connected that took `txids` from the pool; side branches are not counted. */
  blockConnected(height: number, txids: Iterable<Txid>): void {
    if (height <= this.#best) return;
    this.#best = height;
    for (const stats of Object.values(this.#stats)) stats.blockConnected(height);
    let counted = false;
    for (const txid of txids) {
      const watched = this.#unwatch(txid, true);
      const blocks = watched ? height - watched.height : 0;
      if (!watched || blocks <= 0) continue;
      for (const stats of Object.values(this.#stats)) {
        stats.mined(watched.bucket, blocks, watched.rate);
      }
      counted = true;
    }
    if (counted && this.#first === 0) this.#first = height;
  }

  /** Gives up on everything that is watched: before the end, for nobody will see it mined. */
  giveUp(): void {
    for (const txid of this.#watched.keys()) this.left(txid);
  }

  /** An answer for `target` blocks. `conservative` looks at longer horizons too, and never sinks quickly. */
  estimate(target: number, conservative: boolean): BlockEstimate {
    const none = (blocks: number): BlockEstimate => ({ rate: undefined, blocks });
    if (target <= 0 || target > this.#stats.long.maxTarget) return none(target);
    // One block is too short to tell; and of a short history no long target can be judged.
    const blocks = Math.min(Math.max(target, 2), this.#maxUsable());
    if (blocks <= 1) return none(blocks);
    let rate = this.#combined(Math.floor(blocks / 2), HALF_SUCCESS, true);
    rate = higher(rate, this.#combined(blocks, SUCCESS, true));
    rate = higher(rate, this.#combined(2 * blocks, DOUBLE_SUCCESS, !conservative));
    if (conservative || rate === undefined) rate = higher(rate, this.#conservative(2 * blocks));
    const rounded = rate === undefined ? 0 : Math.round(rate);
    return rounded > 0 ? { rate: feeRate(BigInt(rounded)), blocks } : none(blocks);
  }

  /** What one horizon says; `target` within its reach. */
  estimateRaw(target: number, threshold: number, name: HorizonName): HorizonEstimate {
    return this.#stats[name].estimate(target, threshold, this.#best);
  }

  /** The counters for a file. */
  save(): SavedEstimates {
    const current = this.#span > this.#savedSpan / 2;
    const { short, medium, long } = this.#stats;
    return {
      bestHeight: this.#best,
      first: current ? this.#first : this.#saved.first,
      last: current ? this.#best : this.#saved.last,
      bounds: Float64Array.from(this.#bounds),
      horizons: { short: short.save(), medium: medium.save(), long: long.save() },
    };
  }

  #unwatch(txid: Txid, mined: boolean): Watched | undefined {
    const watched = this.#watched.get(txid);
    if (!watched) return undefined;
    this.#watched.delete(txid);
    for (const stats of Object.values(this.#stats)) {
      stats.left(watched.bucket, watched.height, this.#best, mined);
    }
    return watched;
  }

  /** The first bucket whose bound is not below the rate. */
  #bucketOf(rate: number): number {
    let low = 0;
    let high = this.#bounds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#bounds[middle] as number) < rate) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Blocks counted in this run, and in the one that was saved. */
  get #span(): number {
    return this.#first === 0 ? 0 : this.#best - this.#first;
  }

  get #savedSpan(): number {
    const { first, last } = this.#saved;
    return first === 0 || this.#best - last > OLDEST_HISTORY ? 0 : last - first;
  }

  /** Half of the history at most, so that there was time to fail. */
  #maxUsable(): number {
    const half = Math.floor(Math.max(this.#span, this.#savedSpan) / 2);
    return Math.min(this.#stats.long.maxTarget, half);
  }

  /** By the shortest horizon that reaches so far, or by a shorter one where that asks for less. */
  #combined(target: number, threshold: number, shorterToo: boolean): number | undefined {
    const { short, medium, long } = this.#stats;
    if (target < 1 || target > long.maxTarget) return undefined;
    const rateOf = (stats: ConfirmStats, at: number) =>
      stats.estimate(at, threshold, this.#best).rate;
    const reaching = [short, medium, long].find(({ maxTarget }) => target <= maxTarget) ?? long;
    let rate = rateOf(reaching, target);
    if (!shorterToo) return rate;
    for (const stats of [medium, short]) {
      if (target <= stats.maxTarget) continue;
      const other = rateOf(stats, stats.maxTarget);
      if (other && (rate === undefined || other < rate)) rate = other;
    }
    return rate;
  }

  /** Twice the target holds at every longer horizon too. */
  #conservative(doubled: number): number | undefined {
    const { short, medium, long } = this.#stats;
    const rateOf = (stats: ConfirmStats) =>
      stats.estimate(doubled, DOUBLE_SUCCESS, this.#best).rate;
    const rate = doubled <= short.maxTarget ? rateOf(medium) : undefined;
    return doubled <= medium.maxTarget ? higher(rate, rateOf(long)) : rate;
  }
}

function higher(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}

function defaultBounds(): number[] {
  const bounds: number[] = [];
  for (let bound = LOWEST_BOUND; bound <= HIGHEST_BOUND; bound *= SPACING) bounds.push(bound);
  bounds.push(NO_BOUND);
  return bounds;
}
