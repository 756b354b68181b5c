/**
 * Transactions whose scripts are known to hold, so that a block does not verify again what the mempool
 * has verified. Only successes are kept. A wtxid names the transaction with its witness, and through its
 * prevouts the outputs it spends, so nothing else can change what its scripts do but the flags.
 */
import type { Tx, Wtxid } from '@coind/primitives';

/** Remembers about as many transactions as it was made for; old ones are forgotten. */
export class ScriptCache {
  readonly #generation: number;
  /** Two generations: when the young one is full the old one is dropped, so nothing is ever sorted. */
  #young = new Map<Wtxid, number>();
  #old = new Map<Wtxid, number>();

  constructor(capacity: number) {
    this.#generation = Math.max(1, Math.floor(capacity / 2));
  }

  /**
   * True when all scripts of `tx` were found to hold under at least `flags`: every flag only forbids,
   * so what holds under more of them holds under fewer.
   */
  holds(tx: Tx, flags: number): boolean {
    if (this.#young.size === 0 && this.#old.size === 0) return false;
    const known = this.#young.get(tx.wtxid) ?? this.#old.get(tx.wtxid);
    return known !== undefined && (known & flags) === flags;
  }

  /** Enters a transaction whose scripts were all found to hold under `flags`. */
  add(tx: Tx, flags: number): void {
    this.#young.set(tx.wtxid, flags);
    if (this.#young.size < this.#generation) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
