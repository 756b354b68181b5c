/**
 * Unspent coins in the order of the index by value, for whoever chooses among them: a payment looks at a few dozen
 * from some value on. Groups (`UNSPENT_GROUPS`) of not too many coins are held in memory as they are on disk, so
 * that looking needs no trip to it; larger ones are read page by page.
 */
import type { OutPoint, Sats, Txid } from '@coind/primitives';
import { lazily } from './lazily.ts';
import type { UnspentRow, WalletTables } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** An unspent coin. */
export interface ValuedCoin {
  readonly outpoint: OutPoint;
  readonly value: Sats;
  readonly row: UnspentRow;
}

/** Which coins of a group, and in which direction: upwards from `atLeast`, else downwards. */
export interface ValueRange {
  readonly atLeast?: Sats;
  readonly atMost?: Sats;
  /** So many will be looked at, about. */
  readonly about?: number;
}

/** Coins above which a group stays on disk: half a kilobyte of memory for each. */
const MOST = 8192;
const MAX_VALUE = 1n << 62n;
const FIRST_OUTPOINT: OutPoint = { txid: '0'.repeat(64) as Txid, vout: 0 };
const LAST_OUTPOINT: OutPoint = { txid: 'f'.repeat(64) as Txid, vout: 0xffffffff };

/** Coins of one wallet. It is for callers who hold the wallet's queue. */
export class CoinsByValue {
  readonly #table: WalletTables['unspent'];
  /** By group, once it was asked for. */
  readonly #groups = new Map<number, ValuedCoin[] | 'large'>();
  readonly #most: number;

  constructor({ unspent }: Pick<WalletTables, 'unspent'>, { most = MOST } = {}) {
    this.#table = unspent;
    this.#most = most;
  }

  /** Shows coins in order until `visit` answers false. */
  async walk(
    group: number,
    { atLeast, atMost, about }: ValueRange,
    visit: (coin: ValuedCoin) => boolean,
  ): Promise<void> {
    const coins = this.#groups.get(group) ?? (await this.#read(group));
    if (coins === 'large') {
      const gte: [number, Sats, OutPoint] = [group, atLeast ?? 0n, FIRST_OUTPOINT];
      const lte: [number, Sats, OutPoint] = [group, atMost ?? MAX_VALUE, LAST_OUTPOINT];
      const rows = lazily(this.#table, { gte, lte, reverse: atLeast === undefined }, about);
      for await (const [[, value, outpoint], row] of rows) {
        if (!visit({ outpoint, value, row })) return;
      }
      return;
    }
    const first = atLeast === undefined ? 0 : placeOf(coins, atLeast, FIRST_OUTPOINT);
    const end = atMost === undefined ? coins.length : placeOf(coins, atMost + 1n, FIRST_OUTPOINT);
    if (atLeast === undefined) {
      for (let at = end - 1; at >= 0 && visit(coins[at] as ValuedCoin); at--);
    } else {
      for (let at = first; at < end && visit(coins[at] as ValuedCoin); at++);
    }
  }

  /** Takes in what a unit of work has written. */
  follow(unit: UnitOfWork): void {
    if (this.#groups.size === 0) return;
    for (const [[group, value, outpoint], row] of unit.changes(this.#table)) {
      const coins = this.#groups.get(group);
      if (!coins || coins === 'large') continue;
      const at = placeOf(coins, value, outpoint);
      const there = coins[at];
      const isKnown = there !== undefined && compare(there, value, outpoint) === 0;
      if (row) coins.splice(at, isKnown ? 1 : 0, { outpoint, value, row });
      else if (isKnown) coins.splice(at, 1);
      if (coins.length > this.#most) this.#groups.set(group, 'large');
    }
  }

  /** Forgets everything: nobody knows what is on disk. */
  clear(): void {
    this.#groups.clear();
  }

  async #read(group: number): Promise<ValuedCoin[] | 'large'> {
    const found: ValuedCoin[] = [];
    const range = { prefix: [group] as [number], limit: this.#most + 1 };
    for await (const chunk of this.#table.chunks(range)) {
      for (const [[, value, outpoint], row] of chunk) found.push({ outpoint, value, row });
    }
    const coins = found.length > this.#most ? 'large' : found;
    this.#groups.set(group, coins);
    return coins;
  }
}

/** The first place whose coin is not before a value and outpoint. */
function placeOf(coins: readonly ValuedCoin[], value: Sats, outpoint: OutPoint): number {
  let low = 0;
  let high = coins.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(coins[middle] as ValuedCoin, value, outpoint) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The order of the index. */
function compare(coin: ValuedCoin, value: Sats, { txid, vout }: OutPoint): number {
  if (coin.value !== value) return coin.value < value ? -1 : 1;
  return compareWire(coin.outpoint.txid, txid) || coin.outpoint.vout - vout;
}

/** Ids are stored in wire order, the reverse of how they are shown: two digits a byte, from the end. */
function compareWire(a: Txid, b: Txid): number {
  if (a === b) return 0;
  for (let at = a.length - 2; at >= 0; at -= 2) {
    const high = a.charCodeAt(at) - b.charCodeAt(at);
    if (high !== 0) return high;
    const low = a.charCodeAt(at + 1) - b.charCodeAt(at + 1);
    if (low !== 0) return low;
  }
  return 0;
}
