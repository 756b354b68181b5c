/**
 * The ledger: the wallet's transactions and coins as blocks and mempool move them. Everything derived
 * (sums, coin classes, indexes) follows from a transaction's bytes, its state, the address book and the
 * keyring; `refresh` computes it anew and writes the difference, whatever it was that changed. Restart,
 * rescan and reorganisation take this same path. The rows of a transaction are `tx-rows.ts`, the
 * classes of coins `coin-classes.ts`.
 */
import type { BlockRef } from '@coind/consensus';
import { type Block, bytesToHex, type OutPoint, Tx, type Txid } from '@coind/primitives';
import { repost } from './books.ts';
import { CoinClasses } from './coin-classes.ts';
import type { WalletOptions } from './context.ts';
import type { HeightEntries } from './height-entries.ts';
import type { Keyring } from './keyring.ts';
import { OutputLook } from './output-look.ts';
import { type Portion, wholeOf } from './portions.ts';
import { type RivalSource, rivalsOf } from './rivals.ts';
import {
  type CoinRow,
  type JournalCause,
  outpointOf,
  type ScriptHex,
  type TxRow,
  type TxState,
  type WalletTables,
} from './tables.ts';
import { extendTrail, shortenTrail } from './trail.ts';
import { TRUC_VERSION } from './truc-coins.ts';
import { postingsOf, type TxFacts } from './tx-effects.ts';
import { type Learning, TxRows } from './tx-rows.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** So many scripts are sooner looked up one by one than in a trip to another thread. */
const FEW_PAYMENTS = 16;
/** Something that happened to a transaction, told after the commit. */
export interface LedgerEvent {
  readonly txid: Txid;
  /** Undefined for one that the wallet did not have; the same as `state` for one that a rescan has found again. */
  readonly before: TxState | undefined;
  readonly state: TxState;
  /** It left the mempool because a block holds one that spends the same coin. */
  readonly contradicted: boolean;
}

/** What decides whether the wallet's own unconfirmed coins are as good as confirmed ones. */
type TrustOptions = Pick<WalletOptions, 'spendUnconfirmedChange'>;

/** The parts of a wallet that the ledger works with. */
export interface LedgerContext {
  readonly tables: WalletTables;
  readonly keyring: Keyring;
  readonly source: RivalSource;
  readonly options: TrustOptions;
}

/** Applies changes to one unit of work. Make one per unit; it holds no state but that. */
export class Ledger {
  readonly #unit: UnitOfWork;
  readonly #tables: WalletTables;
  readonly #keyring: Keyring;
  readonly #coins: CoinClasses;
  readonly #rows: TxRows;
  readonly #source: RivalSource;
  readonly #options: TrustOptions;
  readonly events: LedgerEvent[] = [];
  #cause: JournalCause;

  /** `cause` is what the journal gives as the reason of changes that have no other. */
  constructor(
    unit: UnitOfWork,
    { tables, keyring, source, options }: LedgerContext,
    cause: JournalCause = 'transaction',
  ) {
    this.#source = source;
    this.#options = options;
    this.#cause = cause;
    this.#unit = unit;
    this.#tables = tables;
    this.#keyring = keyring;
    this.#coins = new CoinClasses(unit, { tables, keyring });
    this.#rows = new TxRows(unit, { tables, keyring });
  }

  /** Does `work`, whose lines in the journal have another cause. */
  #because(cause: JournalCause, work: () => void): void {
    const before = this.#cause;
    this.#cause = cause;
    work();
    this.#cause = before;
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
        // What spends the same can never confirm now, but other children of its parent may come again.
        if (tx.version === TRUC_VERSION) this.#weighRivals(tx);
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
    this.#weighRivals(tx);
  }

  /** A transaction left the mempool without a block, perhaps because one of a block contradicts it. */
  removed(tx: Tx, { contradicted = false } = {}): void {
    const row = this.#unit.get(this.#tables.txs, tx.txid);
    if (row?.state.kind === 'mempool') {
      this.#setState(tx.txid, row, { kind: 'inactive', abandoned: false }, { tx, contradicted });
    }
    this.#weighRivals(tx);
  }

  /** Compares an unconfirmed transaction with the mempool, which may have changed while nobody listened. */
  reconcile(txid: Txid): void {
    if (!this.#source.inMempool(txid)) this.removed(this.tx(txid));
    this.refresh(txid);
  }

  /** `tx` came into the mempool or left it: those of the wallet that cannot be there with it look again. */
  #weighRivals(tx: Tx): void {
    if (tx.isCoinbase) return;
    const rivals = new Set<Txid>();
    for (const { prevout } of tx.inputs) {
      if (!this.#keyring.filter.mayKnow(prevout.txid)) continue;
      for (const rival of this.#unit.get(this.#tables.spends, prevout) ?? []) rivals.add(rival);
      const isChild = tx.version === TRUC_VERSION && this.#unit.get(this.#tables.txs, prevout.txid);
      if (isChild) for (const sibling of this.#children(prevout.txid)) rivals.add(sibling);
    }
    rivals.delete(tx.txid);
    for (const rival of rivals) this.refresh(rival);
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
    this.#rows.expectNew(tx, !mayKnow);
    this.#insert(tx, state, about);
    return true;
  }

  #insert(tx: Tx, state: TxState, about: Learning): void {
    const { txid } = tx;
    this.#rows.insert(tx, state, about);
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
      this.#rows.erase(tx, row);
      for (const child of children) this.refresh(child);
    });
  }

  #setState(
    txid: Txid,
    row: TxRow,
    state: TxState,
    { tx, contradicted }: { readonly tx?: Tx; readonly contradicted?: boolean } = {},
  ): void {
    this.#rows.index(txid, row.state, state);
    this.#unit.put(this.#tables.txs, txid, { ...row, state });
    this.refresh(txid, tx);
    this.#tell(txid, row.state, state, contradicted);
  }

  #tell(txid: Txid, before: TxState | undefined, state: TxState, contradicted = false): void {
    this.events.push({ txid, before, state, contradicted });
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
      if (known) this.#coins.count(outpoint, known, -1n);
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
    const outbid = this.#isOutbid(tx, before);
    const isSame = trusted === before.trusted && outbid === before.outbid;
    const row = isSame ? before : { ...before, trusted, outbid };
    if (row !== before) this.#unit.put(this.#tables.txs, txid, row);
    const next = postingsOf(this.facts(tx, row));
    const old = this.#unit.get(this.#tables.postings, txid) ?? [];
    this.#unit.put(this.#tables.postings, txid, next);
    const journal = { about: txid, cause: this.#cause, time: row.time };
    repost(this.#unit, this.#tables, old, next, { order: row.order, journal });
    for (let vout = 0; vout < tx.outputs.length; vout++) {
      this.#coins.classify(outpointOf(txid, vout));
    }
    if (!row.coinbase) for (const { prevout } of tx.inputs) this.#coins.classify(prevout);
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
      mature: this.#coins.isMature(row),
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
    if (state.kind !== 'mempool' || !this.#options.spendUnconfirmedChange) return false;
    return tx.inputs.every(
      ({ prevout }) =>
        this.#unit.get(this.#tables.coins, prevout)?.watched === false &&
        this.#unit.get(this.#tables.txs, prevout.txid)?.trusted === true,
    );
  }

  /** Neither confirmed nor in the mempool, where something contradicts it or what it spends. */
  #isOutbid(tx: Tx, { state, coinbase }: TxRow): boolean {
    if (state.kind !== 'inactive' || coinbase) return false;
    const parents = tx.inputs.map(({ prevout }) => prevout.txid);
    if (parents.some((txid) => this.#unit.get(this.#tables.txs, txid)?.outbid)) return true;
    const known = (txid: Txid) =>
      this.#unit.get(this.#tables.txs, txid) ? this.tx(txid) : undefined;
    return rivalsOf(this.#source, tx, known).size > 0;
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
