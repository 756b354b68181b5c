/**
 * Coins (unspent outputs) as the rules see them: one, a synchronous view over many, and an overlay
 * that collects what a transaction or block changes. Loading and storing them is the chain's work.
 */
import { type OutPoint, outpointKey, type TxOutput } from '@coind/primitives';

/** An unspent output with what the rules need to know about its past. */
export interface Coin {
  readonly output: TxOutput;
  /** Height of the block that made it. */
  readonly height: number;
  /** True for an output of a coinbase, which matures. */
  readonly coinbase: boolean;
}

/** A set of unspent outputs, already in memory. */
export interface CoinsView {
  /** The coin, or undefined when there is none or it is spent. */
  get(outpoint: OutPoint): Coin | undefined;
}

/** No coins at all. */
export const NO_COINS: CoinsView = { get: () => undefined };

/** Changes on top of another view, which stays as it is. */
export class CoinsOverlay implements CoinsView {
  readonly #base: CoinsView;
  /** By outpoint key; null for spent. */
  readonly #changes = new Map<string, { outpoint: OutPoint; coin: Coin | null }>();

  constructor(base: CoinsView = NO_COINS) {
    this.#base = base;
  }

  get(outpoint: OutPoint): Coin | undefined {
    const change = this.#changes.get(outpointKey(outpoint));
    if (change) return change.coin ?? undefined;
    return this.#base.get(outpoint);
  }

  /** Adds a coin, in place of one with the same outpoint. */
  add(outpoint: OutPoint, coin: Coin): void {
    this.#changes.set(outpointKey(outpoint), { outpoint, coin });
  }

  /** Takes a coin out and returns it; undefined when there was none. */
  spend(outpoint: OutPoint): Coin | undefined {
    const coin = this.get(outpoint);
    if (coin) this.#changes.set(outpointKey(outpoint), { outpoint, coin: null });
    return coin;
  }

  /** What differs from the base: a coin, or null where one was spent, oldest change first. */
  *changes(): IterableIterator<readonly [OutPoint, Coin | null]> {
    for (const { outpoint, coin } of this.#changes.values()) yield [outpoint, coin];
  }
}
