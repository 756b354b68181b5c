/**
 * How long transactions take to be mined, by fee rate, seen from one distance: counters per bucket of
 * rates that fade from block to block, and how many are waiting. The arithmetic is bitcoind's to the
 * last bit, so that estimates and files agree. Which transactions count, and how distances make up one
 * answer, is `block-estimator.ts`.
 */

/** One distance of looking back. */
export interface Horizon {
  /** Delays are told apart up to `periods` times `scale` blocks. */
  readonly periods: number;
  /** Blocks that count as one delay. */
  readonly scale: number;
  /** What is left of a counter after one more block. */
  readonly decay: number;
  /** Transactions per block, faded, that make buckets worth judging. */
  readonly sufficient: number;
}

/** What was counted in a range of buckets. */
export interface RateRange {
  /** Satoshis per 1,000 vbytes. */
  readonly start: number;
  readonly end: number;
  readonly withinTarget: number;
  readonly totalConfirmed: number;
  /** Waiting for as long as the target, or longer. */
  readonly inMempool: number;
  /** Gone without having been mined, after as long as the target. */
  readonly leftMempool: number;
}

/** An answer with the numbers it stands on. */
export interface HorizonEstimate {
  /** Satoshis per 1,000 vbytes; undefined when no range of rates was good enough. */
  readonly rate: number | undefined;
  readonly decay: number;
  readonly scale: number;
  /** The lowest rates that were good enough. */
  readonly pass: RateRange | undefined;
  /** The highest ones below that were not. */
  readonly fail: RateRange | undefined;
}

/** The counters as a file holds them; arrays by bucket, `confirmed` and `failed` by period first. */
export interface SavedHorizon {
  readonly decay: number;
  readonly scale: number;
  readonly rateSums: Float64Array;
  readonly counts: Float64Array;
  readonly confirmed: readonly Float64Array[];
  readonly failed: readonly Float64Array[];
}

/** Counters of one bucket. */
class Bucket {
  /** Mined ones, and the sum of their rates. */
  count = 0;
  rateSum = 0;
  /** Waiting for longer than delays are told apart. */
  old = 0;
  /** By period: mined within it, and gone after it. */
  readonly confirmed: Float64Array;
  readonly failed: Float64Array;
  /** Waiting, by the height at which they came, around a ring. */
  readonly waiting: Int32Array;

  constructor(periods: number, blocks: number) {
    this.confirmed = new Float64Array(periods);
    this.failed = new Float64Array(periods);
    this.waiting = new Int32Array(blocks);
  }

  fade(decay: number): void {
    for (let period = 0; period < this.confirmed.length; period++) {
      this.confirmed[period] = (this.confirmed[period] as number) * decay;
      this.failed[period] = (this.failed[period] as number) * decay;
    }
    this.rateSum *= decay;
    this.count *= decay;
  }
}

/** Sums over buckets while they are walked. */
class Counts {
  withinTarget = 0;
  totalConfirmed = 0;
  inMempool = 0;
  leftMempool = 0;

  get share(): number {
    return this.withinTarget / (this.totalConfirmed + this.leftMempool + this.inMempool);
  }
}

/** The counters of one horizon. Buckets are numbered; their bounds rise. */
export class ConfirmStats {
  readonly decay: number;
  readonly scale: number;
  /** The longest delay that is told apart, in blocks. */
  readonly maxTarget: number;
  readonly #bounds: readonly number[];
  readonly #periods: number;
  readonly #sufficient: number;
  /** Made when something falls into them: most rates never occur, and every block walks them all. */
  readonly #buckets: (Bucket | undefined)[];

  constructor(horizon: Horizon, bounds: readonly number[], saved?: SavedHorizon) {
    this.decay = saved?.decay ?? horizon.decay;
    this.scale = saved?.scale ?? horizon.scale;
    this.#periods = saved?.confirmed.length ?? horizon.periods;
    this.maxTarget = this.scale * this.#periods;
    this.#sufficient = horizon.sufficient;
    this.#bounds = bounds;
    this.#buckets = bounds.map((_, index) => saved && this.#restored(saved, index));
  }

  /** A new block: all counters fade, and who came a whole ring ago is old from now on. */
  blockConnected(height: number): void {
    const slot = height % this.maxTarget;
    for (const bucket of this.#buckets) {
      if (!bucket) continue;
      bucket.old += bucket.waiting[slot] as number;
      bucket.waiting[slot] = 0;
      bucket.fade(this.decay);
    }
  }

  /** A transaction came at `height`. */
  entered(index: number, height: number): void {
    const { waiting } = this.#bucket(index);
    const slot = height % this.maxTarget;
    waiting[slot] = (waiting[slot] as number) + 1;
  }

  /** One that came at `height` went while the best block was at `best`; `mined` when into it. */
  left(index: number, height: number, best: number, mined: boolean): void {
    const bucket = this.#bucket(index);
    const waited = best === 0 ? 0 : best - height;
    if (waited < 0) return;
    const slot = height % this.maxTarget;
    if (waited >= this.maxTarget) bucket.old = Math.max(0, bucket.old - 1);
    else bucket.waiting[slot] = Math.max(0, (bucket.waiting[slot] as number) - 1);
    if (mined) return;
    const periods = Math.min(Math.floor(waited / this.scale), this.#periods);
    for (let period = 0; period < periods; period++) {
      bucket.failed[period] = (bucket.failed[period] as number) + 1;
    }
  }

  /** One of rate `rate` was mined in the `blocks`-th block after it came. */
  mined(index: number, blocks: number, rate: number): void {
    const bucket = this.#bucket(index);
    for (let period = Math.ceil(blocks / this.scale) - 1; period < this.#periods; period++) {
      bucket.confirmed[period] = (bucket.confirmed[period] as number) + 1;
    }
    bucket.count++;
    bucket.rateSum += rate;
  }

  /**
   * The lowest rate of which at least `threshold` (0…1) are mined within `target` blocks. From the
   * highest rates down, buckets are taken together until they hold enough to be judged.
   *
   * @param best height of the last block
   */
  estimate(target: number, threshold: number, best: number): HorizonEstimate {
    const { decay, scale } = this;
    const enough = this.#sufficient / (1 - decay);
    let counts = new Counts();
    let partial = 0;
    let from: number | undefined;
    let pass: RateRange | undefined;
    let passed: readonly [number, number] | undefined;
    let fail: RateRange | undefined;
    for (let index = this.#buckets.length - 1; index >= 0; index--) {
      from ??= index;
      partial += this.#count(counts, index, target, best);
      if (partial < enough) continue;
      partial = 0;
      if (counts.share < threshold) {
        fail ??= this.#range(index, from, counts);
        continue;
      }
      pass = this.#range(index, from, counts);
      passed = [index, from];
      fail = undefined;
      counts = new Counts();
      from = undefined;
    }
    // What was left at the end is not enough to be judged, which is no success.
    if (from !== undefined) fail ??= this.#range(0, from, counts);
    return { rate: passed && this.#medianRate(...passed), decay, scale, pass, fail };
  }

  /** The counters for a file. */
  save(): SavedHorizon {
    const byBucket = (of: (bucket: Bucket) => number): Float64Array =>
      Float64Array.from(this.#buckets, (bucket) => (bucket ? of(bucket) : 0));
    const byPeriod = (of: (bucket: Bucket) => Float64Array): Float64Array[] =>
      Array.from({ length: this.#periods }, (_, period) =>
        byBucket((bucket) => of(bucket)[period] as number),
      );
    return {
      decay: this.decay,
      scale: this.scale,
      rateSums: byBucket(({ rateSum }) => rateSum),
      counts: byBucket(({ count }) => count),
      confirmed: byPeriod(({ confirmed }) => confirmed),
      failed: byPeriod(({ failed }) => failed),
    };
  }

  #bucket(index: number): Bucket {
    this.#buckets[index] ??= new Bucket(this.#periods, this.maxTarget);
    return this.#buckets[index];
  }

  #restored(
    { rateSums, counts, confirmed, failed }: SavedHorizon,
    index: number,
  ): Bucket | undefined {
    const bucket = new Bucket(this.#periods, this.maxTarget);
    bucket.rateSum = rateSums[index] as number;
    bucket.count = counts[index] as number;
    let used = bucket.rateSum !== 0 || bucket.count !== 0;
    for (let period = 0; period < this.#periods; period++) {
      const mined = confirmed[period]?.[index] as number;
      const gone = failed[period]?.[index] as number;
      bucket.confirmed[period] = mined;
      bucket.failed[period] = gone;
      used ||= mined !== 0 || gone !== 0;
    }
    return used ? bucket : undefined;
  }

  /** Adds a bucket to `counts`; returns how many of it were mined. */
  #count(counts: Counts, index: number, target: number, best: number): number {
    const bucket = this.#buckets[index];
    if (!bucket) return 0;
    const period = Math.ceil(target / this.scale) - 1;
    counts.withinTarget += bucket.confirmed[period] as number;
    counts.totalConfirmed += bucket.count;
    counts.leftMempool += bucket.failed[period] as number;
    for (let waited = target; waited < this.maxTarget; waited++) {
      // Near the start of a chain this goes below zero, where bitcoind's unsigned numbers wrap.
      counts.inMempool += bucket.waiting[((best - waited) >>> 0) % this.maxTarget] as number;
    }
    counts.inMempool += bucket.old;
    return bucket.count;
  }

  #range(low: number, high: number, counts: Counts): RateRange {
    const { withinTarget, totalConfirmed, inMempool, leftMempool } = counts;
    const start = low > 0 ? (this.#bounds[low - 1] as number) : 0;
    const end = this.#bounds[high] as number;
    return { start, end, withinTarget, totalConfirmed, inMempool, leftMempool };
  }

  /** The mean rate of the bucket in which the middle one of all mined transactions lies. */
  #medianRate(low: number, high: number): number | undefined {
    let half = 0;
    for (let index = low; index <= high; index++) half += this.#buckets[index]?.count ?? 0;
    if (half === 0) return undefined;
    half /= 2;
    for (let index = low; index <= high; index++) {
      const { count = 0, rateSum = 0 } = this.#buckets[index] ?? {};
      if (count >= half) return rateSum / count;
      half -= count;
    }
    return undefined;
  }
}
