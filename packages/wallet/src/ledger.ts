/**
 * The ledger: the wallet's transactions and coins as blocks and mempool move them. Everything derived
 * (sums, coin classes, indexes) follows from a transaction's bytes, its state, the address book and the
 * keyring; `refresh` computes it anew and writes the difference, whatever it was that changed. Restart,
 * rescan and reorganisation take this same path.
 */
import type { BlockRef } from '@coind/consensus';
import {
  type Block,
  bytesToHex,
  type OutPoint,
  type Sats,
  Tx,
  type Txid,
  type TxOutput,
} from '@coind/primitives';
import { repost, takeNumber } from './books.ts';
import { COINBASE_MATURITY, type HeightEntries } from './height-entries.ts';
import { addAtHeight, subject } from './height-sums.ts';
import type { Keyring, Standing } from './keyring.ts';
import { type Portion, wholeOf } from './portions.ts';
import {
  type CoinClass,
  type CoinRow,
  EMPTY_TOTALS,
  FIRST_COUNTERS,
  type JournalCause,
  outpointOf,
  type ScriptHex,
  type TotalsRow,
  type TxRow,
  type TxState,
  UNSPENT_GROUPS,
  type UnspentRow,
  WATCHED_GROUP,
  type WalletTables,
} from './tables.ts';
import { extendTrail, shortenTrail } from './trail.ts';
import { type OutputFacts, postingsOf, type TxFacts } from './tx-effects.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** So many scripts are sooner looked up one by one than in a trip to another thread. */
const FEW_PAYMENTS = 16;
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

/** Something that happened to a transaction, told after the commit. */
export interface LedgerEvent {
  readonly txid: Txid;
  /** Undefined for one that the wallet did not have; the same as `state` for one that a rescan has found again. */
  readonly before: TxState | undefined;
  readonly state: TxState;
  /** It left the mempool because a block holds one that spends the same coin. */
  readonly contradicted: boolean;
}

/** Applies changes to one unit of work. Make one per unit; it holds no state but that. */
export class Ledger {
  readonly #unit: UnitOfWork;
  readonly #tables: WalletTables;
  readonly #keyring: Keyring;
  readonly events: LedgerEvent[] = [];
  #cause: JournalCause;

  /** `cause` is what the journal gives as the reason of changes that have no other. */
  constructor(
    unit: UnitOfWork,
    { tables, keyring }: { tables: WalletTables; keyring: Keyring },
    cause: JournalCause = 'transaction',
  ) {
    this.#cause = cause;
    this.#unit = unit;
    this.#tables = tables;
    this.#keyring = keyring;
  }

  /** Does `work`, whose lines in the journal have another cause. */
  #because(cause: JournalCause, work: () => void): void {
    const before = this.#cause;
    this.#cause = cause;
    work();
    this.#cause = before;
  }

  /** Height that the wallet stands at; -1 before the first block. */
  get #tipHeight(): number {
    return this.#unit.get(this.#tables.position, undefined)?.height ?? -1;
  }

  #isMature(row: TxRow): boolean {
    if (!row.coinbase) return true;
    const { state } = row;
    return state.kind === 'confirmed' && this.#tipHeight - state.ref.height >= COINBASE_MATURITY;
  }

  // --- blocks and mempool -----------------------------------------------------------------------

  /**
   * Works through a block, of which all but the last `portion` was searched before. `maturing`: entries at
   * the height that becomes mature with it.
   */
  connect(
    block: Block,
    ref: BlockRef,
    maturing: HeightEntries,
    about: Learning,
    portion: Portion = wholeOf(block),
  ): void {
    this.#unit.put(this.#tables.position, undefined, ref);
    extendTrail(this.#unit, this.#tables, ref);
    this.search(block, ref, about, portion);
    this.#refreshCoinbases(maturing);
  }

  /** Takes a block back. `entries` at its height, `maturing` at the height that it made mature. */
  disconnect(block: Block, ref: BlockRef, entries: HeightEntries, maturing: HeightEntries): void {
    const previous = { hash: block.header.prevHash, height: ref.height - 1 };
    shortenTrail(this.#unit, this.#tables, ref.height);
    this.goBack(previous, entries, maturing);
  }

  /**
   * Takes everything above `target` back, whatever blocks it was in. `entries` lie above `target`,
   * `maturing` at the heights that were mature because of it.
   */
  goBack(target: BlockRef, entries: HeightEntries, maturing: HeightEntries): void {
    this.#unit.put(this.#tables.position, undefined, target);
    this.#because('reorganisation', () => {
      for (const txid of [...entries.confirmed, ...entries.conflicted]) {
        const row = this.#unit.get(this.#tables.txs, txid);
        if (row) this.#setState(txid, row, { kind: 'inactive', abandoned: row.coinbase });
      }
      for (const txid of entries.confirmed) {
        if (this.#unit.get(this.#tables.txs, txid)?.coinbase) this.#giveUpDescendants(txid);
      }
      this.#refreshCoinbases(maturing);
    });
  }

  /** Looks at (a part of) a block, perhaps again, for keys the wallet has got since. */
  search(
    block: Block,
    ref: BlockRef,
    about: Learning,
    { first, end }: Portion = wholeOf(block),
  ): void {
    this.#because(about.rescan ? 'rescan' : 'transaction', () => {
      for (let index = first; index < end; index++) {
        const tx = block.txs[index] as Tx;
        this.#markConflicts(tx, ref);
        const state: TxState = { kind: 'confirmed', ref, index };
        this.learn(tx, state, { ...about, blockTime: block.header.time });
      }
    });
  }

  /** Reads at once what a portion with many payments will be held against; a few are quicker one by one. */
  async load(block: Block, { first, end }: Portion): Promise<void> {
    const { scripts, book, scriptSums } = this.#tables;
    const paid = new Set<ScriptHex>();
    for (let index = first; index < end; index++) {
      for (const { scriptPubKey } of (block.txs[index] as Tx).outputs) {
        if (this.#keyring.filter.mayOwn(scriptPubKey)) paid.add(bytesToHex(scriptPubKey));
      }
    }
    if (paid.size < FEW_PAYMENTS) return;
    await this.#unit.load(scripts, [...paid]);
    const own = [...paid].filter((script) => this.#unit.get(scripts, script));
    await this.#unit.load(book, own);
    await this.#unit.load(scriptSums, own);
  }

  #refreshCoinbases({ confirmed }: HeightEntries): void {
    for (const txid of confirmed) {
      if (this.#unit.get(this.#tables.txs, txid)?.coinbase) this.refresh(txid);
    }
  }

  /** A transaction entered the mempool. */
  added(tx: Tx, about: Learning): void {
    const known = this.#unit.get(this.#tables.txs, tx.txid);
    // Events of the mempool may come later than the block that confirmed it.
    if (known?.state.kind === 'confirmed') return;
    this.learn(tx, { kind: 'mempool' }, about);
  }

  /** A transaction left the mempool without a block, perhaps because one of a block contradicts it. */
  removed(txid: Txid, { contradicted = false } = {}): void {
    const row = this.#unit.get(this.#tables.txs, txid);
    if (row?.state.kind === 'mempool') {
      this.#setState(txid, row, { kind: 'inactive', abandoned: false }, { contradicted });
    }
  }

  /** Gives a transaction up, and those that spend it. The caller checked that it may. */
  abandon(txid: Txid): void {
    const row = this.#unit.get(this.#tables.txs, txid);
    if (row?.state.kind !== 'inactive' || row.state.abandoned) return;
    this.#setState(txid, row, { kind: 'inactive', abandoned: true });
    for (const child of this.#children(txid)) this.abandon(child);
  }

  /** What spends a reward that left the chain can confirm only if its very block comes back. */
  #giveUpDescendants(txid: Txid): void {
    for (const child of this.#children(txid)) {
      const row = this.#unit.get(this.#tables.txs, child);
      const isGivenUp = row?.state.kind === 'inactive' && row.state.abandoned;
      if (row && !isGivenUp && row.state.kind !== 'confirmed') {
        this.#setState(child, row, { kind: 'inactive', abandoned: true });
      }
      this.#giveUpDescendants(child);
    }
  }

  /** Wallet transactions that spend what `tx`, now in a block, spends can never confirm. */
  #markConflicts(tx: Tx, ref: BlockRef): void {
    if (tx.isCoinbase) return;
    for (const { prevout } of tx.inputs) {
      if (!this.#keyring.filter.mayKnow(prevout.txid)) continue;
      for (const other of this.#unit.get(this.#tables.spends, prevout) ?? []) {
        if (other !== tx.txid) this.#conflict(other, ref);
      }
    }
  }

  #conflict(txid: Txid, ref: BlockRef): void {
    const row = this.#unit.get(this.#tables.txs, txid);
    if (!row || row.state.kind === 'conflicted' || row.state.kind === 'confirmed') return;
    this.#because('conflict', () => this.#setState(txid, row, { kind: 'conflicted', ref }));
    for (const child of this.#children(txid)) this.#conflict(child, ref);
  }

  /** Wallet transactions that spend an output of `txid`. */
  #children(txid: Txid): Set<Txid> {
    const children = new Set<Txid>();
    const { outputs } = this.tx(txid);
    for (let vout = 0; vout < outputs.length; vout++) {
      for (const child of this.#unit.get(this.#tables.spends, outpointOf(txid, vout)) ?? []) {
        children.add(child);
      }
    }
    return children;
  }

  // --- transactions -----------------------------------------------------------------------------

  /** A transaction of the wallet. Throws when it has none of that id. */
  tx(txid: Txid): Tx {
    const bytes = this.#unit.get(this.#tables.txBytes, txid);
    if (!bytes) throw new Error(`wallet has no transaction ${txid}`);
    return Tx.decode(bytes);
  }

  /** True when an output is own or watched, or an input spends a coin that is. */
  concerns(tx: Tx): boolean {
    const { filter } = this.#keyring;
    const isOwn = (script: Uint8Array): boolean =>
      filter.mayOwn(script) && this.#keyring.standing(this.#unit, bytesToHex(script)) !== undefined;
    const isOwnCoin = (outpoint: OutPoint): boolean =>
      filter.mayKnow(outpoint.txid) && this.#unit.get(this.#tables.coins, outpoint) !== undefined;
    return (
      tx.outputs.some(({ scriptPubKey }) => isOwn(scriptPubKey)) ||
      (!tx.isCoinbase && tx.inputs.some(({ prevout }) => isOwnCoin(prevout)))
    );
  }

  /** Takes in a transaction, or a change of its state; ignores those that do not concern the wallet. */
  learn(tx: Tx, state: TxState, about: Learning): boolean {
    const mayKnow = this.#keyring.filter.mayKnow(tx.txid);
    const known = mayKnow ? this.#unit.get(this.#tables.txs, tx.txid) : undefined;
    if (known) {
      if (!isSameState(known.state, state)) this.#setState(tx.txid, known, state, { tx });
      else if (about.rescan) this.#tell(tx.txid, state, state);
      return true;
    }
    if (!this.concerns(tx)) return false;
    this.#isNew(tx, !mayKnow);
    this.#insert(tx, state, about);
    return true;
  }

  /** Nothing about it is on disk; `unspent` says that it is not met after a transaction that spends it. */
  #isNew({ txid, outputs }: Tx, unspent: boolean): void {
    const { txs, postings, coins, spends } = this.#tables;
    this.#unit.hasNo(txs, txid);
    this.#unit.hasNo(postings, txid);
    for (let vout = 0; vout < outputs.length; vout++) {
      const outpoint = outpointOf(txid, vout);
      this.#unit.hasNo(coins, outpoint);
      if (unspent) this.#unit.hasNo(spends, outpoint);
    }
  }

  #insert(tx: Tx, state: TxState, about: Learning): void {
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
      time: this.#timeFor(about),
      timeReceived: about.now,
      fromAccount: about.fromAccount ?? '',
      ...(comment && { comment }),
      ...(to && { to }),
      ...(replaces && { replaces }),
    };
    this.#index(txid, undefined, state);
    this.#unit.put(this.#tables.txs, txid, row);
    this.#adoptOutputs(tx);
    this.refresh(txid, tx);
    // Its children may have been met first, when their parent was not known to be the wallet's.
    for (const child of this.#children(txid)) this.refresh(child);
    this.#tell(txid, undefined, state);
  }

  /** Takes in one transaction of a block that is known to hold it, however the wallet stands to the rest. */
  confirm(tx: Tx, ref: BlockRef, index: number, about: Learning): void {
    this.#markConflicts(tx, ref);
    this.learn(tx, { kind: 'confirmed', ref, index }, about);
  }

  /** True when some output is own or watched. */
  pays(tx: Tx): boolean {
    return tx.outputs.some(
      ({ scriptPubKey }) =>
        this.#keyring.standing(this.#unit, bytesToHex(scriptPubKey)) !== undefined,
    );
  }

  /**
   * Removes a transaction as if the wallet had never met it: because the mempool would not have it, or because
   * somebody says so. The books of what it spent, and of what spends it, follow.
   */
  forget(txid: Txid, cause: 'refused' | 'removal' = 'refused'): void {
    const tx = this.tx(txid);
    const children = this.#children(txid);
    const row = this.#unit.get(this.#tables.txs, txid) as TxRow;
    this.#because(cause, () => {
      this.#setState(txid, row, { kind: 'inactive', abandoned: true }, { tx });
      const old = this.#unit.get(this.#tables.postings, txid) ?? [];
      const journal = { about: txid, cause, time: row.time };
      repost(this.#unit, this.#tables, old, [], { order: row.order, journal });
      this.#erase(tx, row);
      for (const child of children) this.refresh(child);
    });
  }

  /** Deletes every row about a transaction whose effects have been taken back. */
  #erase(tx: Tx, row: TxRow): void {
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

  #setState(
    txid: Txid,
    row: TxRow,
    state: TxState,
    { tx, contradicted }: { readonly tx?: Tx; readonly contradicted?: boolean } = {},
  ): void {
    this.#index(txid, row.state, state);
    this.#unit.put(this.#tables.txs, txid, { ...row, state });
    this.refresh(txid, tx);
    this.#tell(txid, row.state, state, contradicted);
  }

  #tell(txid: Txid, before: TxState | undefined, state: TxState, contradicted = false): void {
    this.events.push({ txid, before, state, contradicted });
  }

  /** Keeps the indexes by height and of unconfirmed transactions. */
  #index(txid: Txid, old: TxState | undefined, next: TxState): void {
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

  /** Changes what is said about a transaction, not what it does. */
  annotate(txid: Txid, change: Partial<Pick<TxRow, 'replacedBy' | 'comment' | 'to'>>): void {
    const row = this.#unit.get(this.#tables.txs, txid);
    if (row) this.#unit.put(this.#tables.txs, txid, { ...row, ...change });
  }

  // --- what follows from it ---------------------------------------------------------------------

  /** Makes rows for own and watched outputs that have none yet; watched coins whose keys came are own. */
  #adoptOutputs(tx: Tx): boolean {
    let adopted = false;
    tx.outputs.forEach(({ value, scriptPubKey }, vout) => {
      const script = bytesToHex(scriptPubKey);
      const standing = this.#keyring.standing(this.#unit, script);
      if (standing === undefined) return;
      const outpoint = outpointOf(tx.txid, vout);
      const known = this.#unit.get(this.#tables.coins, outpoint);
      const watched = standing === 'watched';
      if (known?.watched === watched) return;
      if (known) this.#count(outpoint, known, -1n);
      const coin: CoinRow = {
        value,
        script,
        height: -1,
        coinbase: tx.isCoinbase,
        class: 'none',
        watched,
      };
      this.#unit.put(this.#tables.coins, outpoint, coin);
      const owner = watched ? undefined : this.#keyring.owner(this.#unit, script);
      if (owner) this.#keyring.markUsed(this.#unit, owner);
      adopted = true;
    });
    return adopted;
  }

  /** A script became the wallet's own, or watched: transactions already known may pay it. */
  adopt(txid: Txid): void {
    const tx = this.tx(txid);
    if (!this.#adoptOutputs(tx)) return;
    this.refresh(txid, tx);
    for (const child of this.#children(txid)) this.refresh(child);
  }

  /** Computes everything that follows from a transaction and writes what is different. */
  refresh(txid: Txid, loaded?: Tx): void {
    const tx = loaded ?? this.tx(txid);
    const before = this.#unit.get(this.#tables.txs, txid) as TxRow;
    const trusted = this.#isTrusted(tx, before);
    const row = trusted === before.trusted ? before : { ...before, trusted };
    if (row !== before) this.#unit.put(this.#tables.txs, txid, row);
    const next = postingsOf(this.facts(tx, row));
    const old = this.#unit.get(this.#tables.postings, txid) ?? [];
    this.#unit.put(this.#tables.postings, txid, next);
    const journal = { about: txid, cause: this.#cause, time: row.time };
    repost(this.#unit, this.#tables, old, next, { order: row.order, journal });
    for (let vout = 0; vout < tx.outputs.length; vout++) this.#classify(outpointOf(txid, vout));
    if (!row.coinbase) for (const { prevout } of tx.inputs) this.#classify(prevout);
    if (row !== before) for (const child of this.#children(txid)) this.refresh(child);
  }

  /** What a transaction is to the wallet. */
  facts(tx: Tx, row: TxRow): TxFacts {
    let spentOwn = 0n;
    let spentWatched = 0n;
    if (!row.coinbase) {
      for (const { prevout } of tx.inputs) {
        const coin = this.#unit.get(this.#tables.coins, prevout);
        if (coin?.watched) spentWatched += coin.value;
        else if (coin) spentOwn += coin.value;
      }
    }
    return {
      state: row.state,
      coinbase: row.coinbase,
      mature: this.#isMature(row),
      fromAccount: row.fromAccount,
      spentOwn,
      spentWatched,
      outputs: tx.outputs.map(
        (output) =>
          new OutputLook(output, {
            standingOf: (script) => this.#keyring.standing(this.#unit, script),
            labelOf: (script) => this.#unit.get(this.#tables.book, script)?.label,
          }),
      ),
    };
  }

  /** Confirmed, or in the mempool with every input an own output of a trusted transaction. */
  #isTrusted(tx: Tx, { state }: TxRow): boolean {
    if (state.kind === 'confirmed') return true;
    if (state.kind !== 'mempool') return false;
    return tx.inputs.every(
      ({ prevout }) =>
        this.#unit.get(this.#tables.coins, prevout)?.watched === false &&
        this.#unit.get(this.#tables.txs, prevout.txid)?.trusted === true,
    );
  }

  /** Puts a coin where it belongs now. */
  #classify(outpoint: OutPoint): void {
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
    this.#count(outpoint, coin, -1n);
    this.#count(outpoint, next, 1n);
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
    return this.#isMature(row) ? 'confirmed' : 'immature';
  }

  /** States of those that spend a coin; a conflicted or abandoned transaction spends nothing. */
  #spenderStates(outpoint: OutPoint): TxState[] {
    const states: TxState[] = [];
    for (const txid of this.#unit.get(this.#tables.spends, outpoint) ?? []) {
      const state = this.#unit.get(this.#tables.txs, txid)?.state;
      if (!state || state.kind === 'conflicted') continue;
      if (state.kind === 'inactive' && state.abandoned) continue;
      states.push(state);
    }
    return states;
  }

  /** Adds a coin to, or takes it from, the sums and indexes of its class. */
  #count(outpoint: OutPoint, coin: CoinRow, sign: 1n | -1n): void {
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

interface ScriptLookups {
  standingOf(script: ScriptHex): Standing | undefined;
  labelOf(script: ScriptHex): string | undefined;
}

/** An output and what the wallet knows of its script, looked up when somebody asks: most listings stop early. */
class OutputLook implements OutputFacts {
  readonly value: Sats;
  readonly script: ScriptHex;
  readonly #lookups: ScriptLookups;
  /** In arrays, because there may be none. */
  #standing: readonly [Standing | undefined] | undefined;
  #label: readonly [string | undefined] | undefined;

  constructor({ value, scriptPubKey }: TxOutput, lookups: ScriptLookups) {
    this.value = value;
    this.script = bytesToHex(scriptPubKey);
    this.#lookups = lookups;
  }

  get own(): boolean {
    return this.#lookUp() === 'own';
  }

  get watched(): boolean {
    return this.#lookUp() === 'watched';
  }

  #lookUp(): Standing | undefined {
    this.#standing ??= [this.#lookups.standingOf(this.script)];
    return this.#standing[0];
  }

  get label(): string | undefined {
    this.#label ??= [this.#lookups.labelOf(this.script)];
    return this.#label[0];
  }
}

function isSameState(a: TxState, b: TxState): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === 'inactive' && b.kind === 'inactive') return a.abandoned === b.abandoned;
  if (a.kind === 'confirmed' && b.kind === 'confirmed') {
    return a.ref.hash === b.ref.hash && a.index === b.index;
  }
  if (a.kind === 'conflicted' && b.kind === 'conflicted') return a.ref.hash === b.ref.hash;
  return true;
}
