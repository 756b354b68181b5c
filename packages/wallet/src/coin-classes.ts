/**
 * Where each coin of the wallet stands, as the state of its transaction and of those that spend it says, and the sums
 * and indexes by class that follow.
 */
import type { OutPoint, Sats } from '@coind/primitives';
import { COINBASE_MATURITY } from './height-entries.ts';
import { addAtHeight, subject } from './height-sums.ts';
import type { Keyring } from './keyring.ts';
import {
  type CoinClass,
  type CoinRow,
  EMPTY_TOTALS,
  type ScriptHex,
  type TotalsRow,
  type TxRow,
  type TxState,
  UNSPENT_GROUPS,
  type UnspentRow,
  WATCHED_GROUP,
  type WalletTables,
} from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** Puts coins into their classes, inside one unit of work. */
export class CoinClasses {
  readonly #unit: UnitOfWork;
  readonly #tables: WalletTables;
  readonly #keyring: Keyring;

  constructor(
    unit: UnitOfWork,
    { tables, keyring }: { readonly tables: WalletTables; readonly keyring: Keyring },
  ) {
    this.#unit = unit;
    this.#tables = tables;
    this.#keyring = keyring;
  }

  /** Height that the wallet stands at; -1 before the first block. */
  get #tipHeight(): number {
    return this.#unit.get(this.#tables.position, undefined)?.height ?? -1;
  }

  /** Whether what it pays can be spent already: false of a young coinbase. */
  isMature(row: TxRow): boolean {
    if (!row.coinbase) return true;
    const { state } = row;
    return state.kind === 'confirmed' && this.#tipHeight - state.ref.height >= COINBASE_MATURITY;
  }

  /** Puts a coin where it belongs now. */
  classify(outpoint: OutPoint): void {
    const coin = this.#unit.get(this.#tables.coins, outpoint);
    const row = coin && this.#unit.get(this.#tables.txs, outpoint.txid);
    if (!coin || !row) return;
    const { state } = row;
    const next: CoinRow = {
      ...coin,
      class: this.#classOf(outpoint, row),
      height: state.kind === 'confirmed' ? state.ref.height : -1,
    };
    if (next.class === coin.class && next.height === coin.height) return;
    this.count(outpoint, coin, -1n);
    this.count(outpoint, next, 1n);
    this.#unit.put(this.#tables.coins, outpoint, next);
  }

  #classOf(outpoint: OutPoint, row: TxRow): CoinClass {
    const { state } = row;
    if (state.kind === 'conflicted') return 'none';
    if (state.kind === 'inactive') return 'none';
    const unspent = this.#unspentClass(row);
    const spenders = this.#spenderStates(outpoint);
    if (spenders.length === 0) return unspent;
    const offline = spenders.every(({ kind }) => kind === 'inactive');
    return offline && (unspent === 'confirmed' || unspent === 'trusted') ? 'nonmempool' : 'spent';
  }

  #unspentClass(row: TxRow): CoinClass {
    if (row.state.kind === 'mempool') return row.trusted ? 'trusted' : 'pending';
    return this.isMature(row) ? 'confirmed' : 'immature';
  }

  /** States of those that spend a coin; a conflicted, abandoned or outbid transaction spends nothing. */
  #spenderStates(outpoint: OutPoint): TxState[] {
    const states: TxState[] = [];
    for (const txid of this.#unit.get(this.#tables.spends, outpoint) ?? []) {
      const { state, outbid } = this.#unit.get(this.#tables.txs, txid) ?? {};
      if (!state || outbid || state.kind === 'conflicted') continue;
      if (state.kind === 'inactive' && state.abandoned) continue;
      states.push(state);
    }
    return states;
  }

  /** Adds a coin to, or takes it from, the sums and indexes of its class. */
  count(outpoint: OutPoint, coin: CoinRow, sign: 1n | -1n): void {
    const { unspent, coinsByScript } = this.#tables;
    const { class: coinClass, value, script, height, watched } = coin;
    const group = UNSPENT_GROUPS[coinClass];
    if (group !== undefined) {
      const at = watched ? group + WATCHED_GROUP : group;
      const byValue: [number, Sats, OutPoint] = [at, value, outpoint];
      const byScript: [ScriptHex, OutPoint] = [script, outpoint];
      if (sign > 0n) {
        this.#unit.put(unspent, byValue, this.#unspentRow(coin));
        this.#unit.put(coinsByScript, byScript, true);
      } else {
        this.#unit.del(unspent, byValue);
        this.#unit.del(coinsByScript, byScript);
      }
    }
    if (coinClass === 'confirmed') {
      const sum = watched ? subject.watchedCoins : subject.coins;
      addAtHeight(this.#unit, this.#tables, sum, height, sign * value);
    }
    if (coinClass !== 'none' && coinClass !== 'spent') {
      const table = watched ? this.#tables.watchedTotals : this.#tables.totals;
      const sums: TotalsRow = this.#unit.get(table, undefined) ?? EMPTY_TOTALS;
      this.#unit.put(table, undefined, { ...sums, [coinClass]: sums[coinClass] + sign * value });
    }
  }

  #unspentRow({ script, height, coinbase, watched }: CoinRow): UnspentRow {
    if (watched) return { script, height, coinbase };
    const owner = this.#keyring.owner(this.#unit, script);
    if (!owner) throw new Error(`a coin of the wallet without a key: ${script}`);
    return { script, height, coinbase, owner };
  }
}
