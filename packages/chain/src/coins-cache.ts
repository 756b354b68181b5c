/**
 * The UTXO set of the tip: a table in the store, written through, with the coins in front of it that
 * were made or looked at lately. Memory is bounded by two generations: when the young one is full it
 * becomes the old one, and what nobody asked for since then is forgotten.
 */
import type { Coin, CoinsView } from '@coind/consensus';
import { type OutPoint, outpointKey } from '@coind/primitives';
import type { Table, Write } from '@coind/store';

/** Up to so many misses are read one by one without a promise, which is faster than a trip. */
const SYNC_READS = 16;
/** What a cached coin costs beside its script: key text, objects, map entry. */
const COIN_OVERHEAD = 350;

/** Coins of the tip. Writes become visible to readers when they are committed. */
export class CoinsCache {
  readonly #table: Table<OutPoint, Coin>;
  /** Bytes one generation may take. */
  #limit: number;
  #young = new Map<string, Coin>();
  #old = new Map<string, Coin>();
  #youngBytes = 0;

  constructor(table: Table<OutPoint, Coin>, limitBytes: number) {
    this.#table = table;
    this.#limit = limitBytes / 2;
  }

  /** Changes how much memory it may take; what is over it goes in time. */
  resize(limitBytes: number): void {
    this.#limit = limitBytes / 2;
  }

  /** A view that holds the coins at `outpoints`, as far as they exist. */
  async load(outpoints: readonly OutPoint[]): Promise<CoinsView> {
    const found = new Map<string, Coin>();
    const missing: OutPoint[] = [];
    for (const outpoint of outpoints) {
      const key = outpointKey(outpoint);
      const coin = this.#cached(key);
      if (coin) found.set(key, coin);
      else missing.push(outpoint);
    }
    if (missing.length > 0) {
      const read =
        missing.length <= SYNC_READS
          ? missing.map((outpoint) => this.#table.getSync(outpoint))
          : await this.#table.getMany(missing);
      for (let i = 0; i < missing.length; i++) {
        const coin = read[i];
        if (coin) found.set(outpointKey(missing[i] as OutPoint), coin);
      }
    }
    return { get: (outpoint) => found.get(outpointKey(outpoint)) };
  }

  /** The coin at `outpoint`, if it is unspent. */
  get(outpoint: OutPoint): Coin | undefined {
    const key = outpointKey(outpoint);
    const cached = this.#cached(key);
    if (cached) return cached;
    const coin = this.#table.getSync(outpoint);
    if (coin) this.#remember(key, coin);
    return coin;
  }

  /** The writes by which the set loses `spent` and gains `created`. */
  *writes(
    spent: Iterable<OutPoint>,
    created: Iterable<readonly [OutPoint, Coin]>,
  ): IterableIterator<Write> {
    for (const outpoint of spent) yield this.#table.del(outpoint);
    for (const [outpoint, coin] of created) yield this.#table.put(outpoint, coin);
  }

  /** Takes in what was committed. */
  apply(spent: Iterable<OutPoint>, created: Iterable<readonly [OutPoint, Coin]>): void {
    for (const outpoint of spent) {
      const key = outpointKey(outpoint);
      this.#young.delete(key);
      this.#old.delete(key);
    }
    for (const [outpoint, coin] of created) this.#remember(outpointKey(outpoint), coin);
  }

  /** Empties the set, on disk too; not atomically. */
  async clear(): Promise<void> {
    this.#young.clear();
    this.#old.clear();
    this.#youngBytes = 0;
    await this.#table.clear();
  }

  /** Every coin in order of outpoint, as of the first one asked for. */
  chunks(): AsyncIterable<[OutPoint, Coin][]> {
    return this.#table.chunks();
  }

  #cached(key: string): Coin | undefined {
    const young = this.#young.get(key);
    if (young) return young;
    const old = this.#old.get(key);
    if (old) this.#remember(key, old);
    return old;
  }

  #remember(key: string, coin: Coin): void {
    this.#young.set(key, coin);
    this.#youngBytes += COIN_OVERHEAD + coin.output.scriptPubKey.length;
    if (this.#youngBytes > this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
  }
}
