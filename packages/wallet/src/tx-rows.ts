/**
 * The rows about one transaction and its places in the indexes (the order, heights, spends, payments): made, kept and
 * deleted. What a transaction does to coins and books is `ledger.ts`.
 */
import { bytesToHex, type Tx, type Txid } from '@coind/primitives';
import { takeNumber } from './books.ts';
import type { Keyring } from './keyring.ts';
import {
  FIRST_COUNTERS,
  outpointOf,
  type TxRow,
  type TxState,
  type WalletTables,
} from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** How far ahead of the clock an earlier entry may be and still order later ones. */
const TOLERATED_SECONDS = 300;

/** What the wallet knows of a transaction when it first meets it. */
export interface Learning {
  /** Unix seconds. */
  readonly now: number;
  /** Header time of its block. */
  readonly blockTime?: number;
  /** True in a rescan: the wallet was not there, so the block says when it was. */
  readonly rescan?: boolean;
  readonly fromAccount?: string;
  readonly comment?: string;
  readonly to?: string;
  readonly replaces?: Txid;
}

/** Writes and deletes the rows about transactions, inside one unit of work. */
export class TxRows {
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

  /** Nothing about it is on disk; `unspent` says that it is not met after a transaction that spends it. */
  expectNew({ txid, outputs }: Tx, unspent: boolean): void {
    const { txs, postings, coins, spends } = this.#tables;
    this.#unit.hasNo(txs, txid);
    this.#unit.hasNo(postings, txid);
    for (let vout = 0; vout < outputs.length; vout++) {
      const outpoint = outpointOf(txid, vout);
      this.#unit.hasNo(coins, outpoint);
      if (unspent) this.#unit.hasNo(spends, outpoint);
    }
  }

  /** Writes what is kept of a new transaction; what it does to coins and books follows. */
  insert(tx: Tx, state: TxState, about: Learning): void {
    const { txid } = tx;
    const order = takeNumber(this.#unit, this.#tables, 'order');
    takeNumber(this.#unit, this.#tables, 'transactions');
    this.#keyring.filter.addTxid(txid);
    this.#unit.put(this.#tables.txBytes, txid, tx.encode());
    this.#unit.put(this.#tables.order, order, { txid });
    tx.outputs.forEach(({ scriptPubKey }, vout) => {
      this.#unit.put(this.#tables.payments, [bytesToHex(scriptPubKey), order, vout], txid);
    });
    if (!tx.isCoinbase) {
      for (const { prevout } of tx.inputs) {
        this.#keyring.filter.addTxid(prevout.txid);
        const spenders = this.#unit.get(this.#tables.spends, prevout) ?? [];
        this.#unit.put(this.#tables.spends, prevout, [...spenders, txid]);
      }
    }
    const { comment, to, replaces } = about;
    const row: TxRow = {
      state,
      order,
      coinbase: tx.isCoinbase,
      trusted: false,
      outbid: false,
      time: this.#timeFor(about),
      timeReceived: about.now,
      fromAccount: about.fromAccount ?? '',
      ...(comment && { comment }),
      ...(to && { to }),
      ...(replaces && { replaces }),
    };
    this.index(txid, undefined, state);
    this.#unit.put(this.#tables.txs, txid, row);
  }

  /** Keeps the indexes by height and of unconfirmed transactions. */
  index(txid: Txid, old: TxState | undefined, next: TxState): void {
    const { heights, unconfirmed } = this.#tables;
    if (old?.kind === 'confirmed' || old?.kind === 'conflicted') {
      this.#unit.del(heights, [old.ref.height, txid]);
    } else if (old) {
      this.#unit.del(unconfirmed, txid);
    }
    if (next.kind === 'confirmed' || next.kind === 'conflicted') {
      this.#keyring.filter.addHeight(next.ref.height);
      this.#unit.put(heights, [next.ref.height, txid], next.kind === 'confirmed');
    } else {
      this.#unit.put(unconfirmed, txid, true);
    }
  }

  /**
   * The time that listings show: when it was received, or the block's time for one that was only met
   * in a block; never earlier than that of the entry before it.
   */
  #timeFor({ now, blockTime, rescan }: Learning): number {
    const counters = this.#unit.get(this.#tables.counters, undefined) ?? FIRST_COUNTERS;
    let time = now;
    if (blockTime !== undefined && rescan) {
      time = blockTime;
    } else if (blockTime !== undefined) {
      const before = counters.lastTime <= now + TOLERATED_SECONDS ? counters.lastTime : 0;
      time = Math.max(before, Math.min(blockTime, Math.max(now, before)));
    }
    this.#unit.put(this.#tables.counters, undefined, { ...counters, lastTime: time });
    return time;
  }

  /** Deletes every row about a transaction whose effects have been taken back. */
  erase(tx: Tx, row: TxRow): void {
    const { txid } = tx;
    tx.outputs.forEach(({ scriptPubKey }, vout) => {
      this.#unit.del(this.#tables.payments, [bytesToHex(scriptPubKey), row.order, vout]);
      this.#unit.del(this.#tables.coins, outpointOf(txid, vout));
    });
    for (const { prevout } of row.coinbase ? [] : tx.inputs) {
      const left = (this.#unit.get(this.#tables.spends, prevout) ?? []).filter((id) => id !== txid);
      if (left.length > 0) this.#unit.put(this.#tables.spends, prevout, left);
      else this.#unit.del(this.#tables.spends, prevout);
    }
    if (row.replaces !== undefined) this.#unreplace(row.replaces);
    this.#unit.del(this.#tables.order, row.order);
    this.#unit.del(this.#tables.postings, txid);
    this.#unit.del(this.#tables.unconfirmed, txid);
    this.#unit.del(this.#tables.txBytes, txid);
    this.#unit.del(this.#tables.txs, txid);
    const counters = this.#unit.get(this.#tables.counters, undefined) ?? FIRST_COUNTERS;
    this.#unit.put(this.#tables.counters, undefined, {
      ...counters,
      transactions: counters.transactions - 1,
    });
  }

  /** What should have replaced it is gone. */
  #unreplace(txid: Txid): void {
    const row = this.#unit.get(this.#tables.txs, txid);
    if (!row) return;
    const { replacedBy: _, ...rest } = row;
    this.#unit.put(this.#tables.txs, txid, rest);
  }
}
