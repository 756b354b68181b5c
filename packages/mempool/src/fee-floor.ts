/**
 * The fee rate below which a full pool takes nothing in. Evicting a chunk raises the floor above what
 * was thrown out; after the next block it halves every twelve hours, faster while the pool is far from
 * full, as bitcoind's does. What is evicted is the pool's decision.
 */
import { type FeeRate, feeRate } from '@coind/primitives';

const HALF_LIFE_SECONDS = 12 * 60 * 60;
/** The floor is not recomputed more often than this. */
const UPDATE_SECONDS = 10;

/** Fixed limits of a floor. */
export interface FeeFloorOptions {
  /** The smallest floor other than none. */
  readonly incrementalFee: FeeRate;
  /** Bytes of memory the pool may use. */
  readonly maxBytes: number;
}

/** The moving minimum fee rate of a pool. */
export class FeeFloor {
  readonly #options: FeeFloorOptions;
  /** Satoshis per 1,000 vbytes, as a float because it decays. */
  #rate = 0;
  #updated = 0;
  #blockSinceEviction = true;

  constructor(options: FeeFloorOptions) {
    this.#options = options;
  }

  /** Something that paid `rate` was thrown out for lack of room. */
  evicted(rate: FeeRate): void {
    const floor = Number(rate + this.#options.incrementalFee);
    if (floor <= this.#rate) return;
    this.#rate = floor;
    this.#blockSinceEviction = false;
  }

  /** A block made room: from now on the floor sinks. */
  blockConnected(now: number): void {
    this.#updated = now;
    this.#blockSinceEviction = true;
  }

  /** The floor at `now` while the pool takes `usageBytes` of memory; 0 for none. */
  at(now: number, usageBytes: number): FeeRate {
    if (!this.#blockSinceEviction || this.#rate === 0)
      return feeRate(BigInt(Math.round(this.#rate)));
    const { incrementalFee, maxBytes } = this.#options;
    if (now > this.#updated + UPDATE_SECONDS) {
      const pace = usageBytes < maxBytes / 4 ? 4 : usageBytes < maxBytes / 2 ? 2 : 1;
      this.#rate /= 2 ** (((now - this.#updated) * pace) / HALF_LIFE_SECONDS);
      this.#updated = now;
      if (this.#rate < Number(incrementalFee) / 2) {
        this.#rate = 0;
        return feeRate(0n);
      }
    }
    const rate = BigInt(Math.round(this.#rate));
    return rate > incrementalFee ? feeRate(rate) : incrementalFee;
  }
}
