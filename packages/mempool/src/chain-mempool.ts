/**
 * The pool of unconfirmed transactions: the door through which they enter, what the chain's changes do
 * to them, and who is told. Load, decide, commit, tell: coins are loaded, `accept.ts` decides, the
 * content changes at once, listeners hear of it afterwards. Everything runs inside the chain's single
 * writer, so the tip cannot move under a decision.
 */
import type { Chain, TipChange } from '@coind/chain';
import { COINBASE_MATURITY, type Coin, isFinalTx, ValidationError } from '@coind/consensus';
import {
  type Block,
  type FeeRate,
  feeRate,
  feeRateOf,
  formatBtc,
  type OutPoint,
  type Sats,
  type Tx,
  type Txid,
  type Wtxid,
} from '@coind/primitives';
import { isUnlocked, terms } from './accept.ts';
import { Admission, refusal } from './admission.ts';
import { BumpFees } from './bump-fees.ts';
import type { Chunk, Entry, PoolEntry } from './entry.ts';
import { FeeFloor } from './fee-floor.ts';
import {
  compareTxids,
  type Totals,
  totalsOf,
  txsOf,
  withAncestors,
  withDescendants,
} from './graph.ts';
import type {
  EntryOrigin,
  Mempool,
  MempoolInfo,
  MempoolListener,
  MempoolLog,
  MempoolModules,
  PackageOptions,
  RemovalReason,
  SubmitOptions,
  TxOutcome,
} from './mempool.ts';
import type { MempoolOptions } from './options.ts';
import {
  checkPackage,
  isChildWithParents,
  type MemberOutcome,
  type PackageOutcome,
  type PackageVerdict,
} from './packages.ts';
import { Pool } from './pool.ts';

/** About what one takes in memory beside its own bytes. */
const TX_OVERHEAD = 400;
/**
 * A chain that only gets shorter was cut by hand, not by a longer branch: of so many of its last blocks the
 * transactions come back, as in bitcoind. What was in deeper ones is for whoever cut it to send again.
 */
const CUT_BLOCKS_RETURNING = 10;

/** Makes an empty pool that follows `chain`. */
export function createMempool(options: MempoolOptions, modules: MempoolModules): Mempool {
  return new ChainMempool(options, modules);
}

class ChainMempool implements Mempool {
  readonly options: MempoolOptions;
  readonly #chain: Chain;
  readonly #clock: { now(): number };
  readonly #log: MempoolLog | undefined;
  readonly #pool = new Pool();
  readonly #floor: FeeFloor;
  readonly #admission: Admission;
  readonly #listeners = new Set<MempoolListener>();
  readonly #unfollow: () => void;
  #sequence = 1;

  constructor(options: MempoolOptions, { chain, clock, log }: MempoolModules) {
    this.options = options;
    this.#chain = chain;
    this.#clock = clock;
    this.#log = log;
    this.#floor = new FeeFloor(options);
    const modules = { chain, clock, pool: this.#pool, floor: this.#floor };
    this.#admission = new Admission(options, modules);
    this.#unfollow = chain.onTip((change) => this.#tipChanged(change));
  }

  get size(): number {
    return this.#pool.size;
  }

  get sequence(): number {
    return this.#sequence;
  }

  get updates(): number {
    return this.#pool.updates;
  }

  submit(tx: Tx, { unbroadcast = false, time, maxFee }: SubmitOptions = {}): Promise<TxOutcome> {
    return this.#chain.exclusively(async () => {
      const outcome = await this.#admission.decide(tx, terms.alone, this.#sequence, time);
      if (!outcome.accepted) return outcome;
      const { entry, replaced } = outcome.verdict;
      if (maxFee !== undefined && entry.fee > maxFee) {
        return { accepted: false, error: new ValidationError('max-fee-exceeded') };
      }
      entry.unbroadcast = unbroadcast;
      this.#remove(replaced, 'replaced');
      this.#pool.add(entry);
      this.#limit();
      if (!this.#pool.get(tx.txid)) {
        return { accepted: false, error: new ValidationError('mempool full') };
      }
      this.#tellAdded(entry, 'alone');
      return { accepted: true, entry, replaced: txsOf(replaced) };
    });
  }

  test(tx: Tx): Promise<TxOutcome> {
    return this.#chain.exclusively(async () => {
      const outcome = await this.#admission.decide(tx, terms.alone, this.#sequence);
      if (!outcome.accepted) return outcome;
      const { entry, replaced } = outcome.verdict;
      return { accepted: true, entry, replaced: txsOf(replaced) };
    });
  }

  submitPackage(txs: readonly Tx[], options: PackageOptions = {}): Promise<PackageOutcome> {
    return this.#chain.exclusively(async () => {
      try {
        checkPackage(txs);
        if (txs.length > 1 && !isChildWithParents(txs)) {
          throw new ValidationError('package-not-child-with-parents');
        }
      } catch (error) {
        return { error: refusal(error), members: txs.map(() => undefined) };
      }
      const { outcomes, together } = await this.#submitMembers(txs, options);
      let error = together ? undefined : new ValidationError('transaction failed');
      if (together && together.length > 0) {
        const decided = await this.#admission.decideTogether(
          together,
          { ...terms.inPackage, maxFeeRate: options.maxFeeRate },
          this.#sequence,
        );
        error = decided.error;
        for (const [tx, outcome] of decided.outcomes) outcomes.set(tx, outcome);
        if (decided.verdict) this.#enterTogether(decided.verdict, options);
      }
      this.#limit();
      const members = txs.map((tx) => {
        const outcome = outcomes.get(tx);
        if (!outcome?.accepted || this.#pool.get(tx.txid)) return outcome;
        error = new ValidationError('transaction failed');
        const full = new ValidationError('mempool full', '', 'mempool-policy');
        return { accepted: false, error: full } as const;
      });
      return error ? { error, members } : { members };
    });
  }

  testPackage(txs: readonly Tx[]): Promise<PackageOutcome> {
    return this.#chain.exclusively(async () => {
      try {
        checkPackage(txs);
      } catch (error) {
        return { error: refusal(error), members: txs.map(() => undefined) };
      }
      const { error, outcomes } = await this.#admission.decideTogether(
        txs,
        terms.testedTogether,
        this.#sequence,
      );
      const members = txs.map((tx) => outcomes.get(tx));
      return error ? { error, members } : { members };
    });
  }

  get(txid: Txid): Entry | undefined {
    return this.#pool.get(txid);
  }

  getByWtxid(wtxid: Wtxid): Entry | undefined {
    return this.#pool.getByWtxid(wtxid);
  }

  has(txid: Txid): boolean {
    return this.#pool.get(txid) !== undefined;
  }

  *entries(): IterableIterator<Entry> {
    for (const { entries } of this.#pool.chunks()) yield* entries;
  }

  inMiningOrder(entries: readonly Entry[]): Entry[] {
    return entries.length < 2 ? [...entries] : this.#pool.inMiningOrder(entries);
  }

  chunks(): readonly Chunk[] {
    return this.#pool.chunks();
  }

  spender(outpoint: OutPoint): Txid | undefined {
    return this.#pool.spender(outpoint)?.tx.txid;
  }

  async coin(outpoint: OutPoint): Promise<Coin | undefined> {
    if (this.#pool.spender(outpoint)) return undefined;
    return this.#pool.output(outpoint) ?? this.#chain.coin(outpoint);
  }

  coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]> {
    return this.#admission.coins(outpoints);
  }

  ancestors(txid: Txid): Entry[] {
    return byTxid([...withAncestors([this.#entry(txid)])].slice(1));
  }

  descendants(txid: Txid): Entry[] {
    return byTxid([...withDescendants([this.#entry(txid)])].slice(1));
  }

  children(txid: Txid): Entry[] {
    return byTxid([...this.#entry(txid).children]);
  }

  ancestorTotals(txid: Txid): Totals {
    const entry = this.#entry(txid);
    return totalsOf(entry.parents.size > 0 ? withAncestors([entry]) : [entry]);
  }

  descendantTotals(txid: Txid): Totals {
    const entry = this.#entry(txid);
    return totalsOf(entry.children.size > 0 ? withDescendants([entry]) : [entry]);
  }

  bumpFees(outpoints: readonly OutPoint[], rate: FeeRate): BumpFees {
    return new BumpFees(this.#pool, outpoints, rate);
  }

  connectedCount(txids: Iterable<Txid>): number {
    const clusters = new Set(Array.from(txids, (txid) => this.#pool.get(txid)?.cluster));
    let count = 0;
    for (const cluster of clusters) count += cluster?.entries.size ?? 0;
    return count;
  }

  cluster(txid: Txid): readonly Chunk[] {
    return this.#entry(txid).cluster?.chunks ?? [];
  }

  minFee(): FeeRate {
    const floor = this.#floor.at(this.#clock.now(), this.#pool.usage);
    if (floor > this.options.minRelayFee) return floor;
    return this.options.minRelayFee;
  }

  info(): MempoolInfo {
    const { size, vbytes, usage, fees, unbroadcast } = this.#pool;
    const { options } = this;
    return { size, vbytes, usage, fees, unbroadcast, minFee: this.minFee(), options };
  }

  prioritise(txid: Txid, delta: Sats): void {
    this.#pool.prioritise(txid, delta);
  }

  priorities(): ReadonlyMap<Txid, Sats> {
    return this.#pool.deltas;
  }

  markBroadcast(txid: Txid): void {
    const entry = this.#pool.get(txid);
    if (!entry?.unbroadcast) return;
    this.#pool.setUnbroadcast(entry, false);
    this.#log?.debug('mempool', `Removed ${txid} from set of unbroadcast txns`);
  }

  markUnbroadcast(txid: Txid): void {
    const entry = this.#pool.get(txid);
    if (entry) this.#pool.setUnbroadcast(entry, true);
  }

  follow(listener: MempoolListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#unfollow();
  }

  #entry(txid: Txid): PoolEntry {
    const entry = this.#pool.get(txid);
    if (!entry) throw new RangeError('Transaction not in mempool');
    return entry;
  }

  /**
   * Submits the members of a package that are good alone. `together` is what remains to be judged as
   * a package; undefined when a member failed for a reason that no relative can mend.
   */
  async #submitMembers(
    txs: readonly Tx[],
    { unbroadcast = false, maxFeeRate }: PackageOptions,
  ): Promise<{ outcomes: Map<Tx, MemberOutcome>; together: Tx[] | undefined }> {
    const outcomes = new Map<Tx, MemberOutcome>();
    const rest: Tx[] = [];
    let hopeless = false;
    for (const tx of txs) {
      const known = this.#pool.get(tx.txid);
      if (known) {
        outcomes.set(tx, { accepted: true, entry: known, replaced: [] });
        continue;
      }
      const outcome = await this.#admission.decide(
        tx,
        { ...terms.alone, maxFeeRate },
        this.#sequence,
      );
      if (outcome.accepted) {
        const { entry, replaced } = outcome.verdict;
        const rate = feeRateOf(entry.modifiedFee, entry.vsize);
        entry.unbroadcast = unbroadcast;
        this.#remove(replaced, 'replaced');
        this.#pool.add(entry);
        this.#tellAdded(entry, 'package');
        const effective = { rate, of: [tx] };
        outcomes.set(tx, { accepted: true, entry, replaced: txsOf(replaced), effective });
        continue;
      }
      const { error } = outcome;
      outcomes.set(tx, { accepted: false, error });
      const mendable = error.kind === 'reconsiderable' || error.kind === 'missing-inputs';
      if (mendable && txs.length > 1) rest.push(tx);
      else hopeless = true;
    }
    return { outcomes, together: hopeless ? undefined : rest };
  }

  #enterTogether(
    { entries, replaced }: PackageVerdict,
    { unbroadcast = false }: PackageOptions,
  ): void {
    this.#remove(replaced, 'replaced');
    for (const entry of entries) {
      entry.unbroadcast = unbroadcast;
      this.#pool.add(entry);
    }
    for (const entry of entries) this.#tellAdded(entry, 'package');
  }

  /** Old entries go, and the worst ones while the pool is too large. */
  #limit(): void {
    const { expirySeconds, maxBytes } = this.options;
    this.#remove(this.#pool.olderThan(this.#clock.now() - expirySeconds), 'expiry');
    let evicted = 0;
    let highest = feeRate(0n);
    while (this.#pool.usage > maxBytes) {
      const worst = this.#pool.worstChunk();
      if (!worst) break;
      const rate = feeRateOf(worst.fee, Math.ceil(worst.size / 4));
      this.#floor.evicted(rate);
      if (rate > highest) highest = rate;
      evicted += worst.entries.length;
      this.#remove(new Set(worst.entries), 'sizelimit');
    }
    if (evicted === 0) return;
    const floor = formatBtc(highest + this.options.incrementalFee);
    this.#log?.debug(
      'mempool',
      `Removed ${evicted} txn, rolling minimum fee bumped to ${floor} BTC/kvB`,
    );
  }

  #remove(entries: ReadonlySet<PoolEntry>, reason: RemovalReason): void {
    if (entries.size === 0) return;
    this.#pool.remove(entries);
    for (const entry of entries) this.#tellRemoved(entry, reason);
  }

  #tellRemoved({ tx, unbroadcast }: PoolEntry, reason: RemovalReason): void {
    if (unbroadcast) {
      this.#log?.debug(
        'mempool',
        `Removed ${tx.txid} from set of unbroadcast txns before confirmation that txn was sent out`,
      );
    }
    // What blocks take out counts too, although whoever follows the numbers hears of it with the block.
    const sequence = this.#sequence++;
    for (const listener of this.#listeners) listener.txRemoved?.(tx, reason, sequence);
  }

  #tellAdded(entry: PoolEntry, origin: EntryOrigin): void {
    const sequence = this.#sequence++;
    for (const listener of this.#listeners) listener.txAdded?.(entry.tx, entry, sequence, origin);
  }

  /**
   * The tip moved. What is mined goes, with whatever contradicts it; what lost its block comes back if
   * it may. Coins have to be loaded for the latter, so the chain waits for this before it lets
   * anybody else in.
   */
  async #tipChanged({ connected, disconnected }: TipChange): Promise<void> {
    for (const { block } of disconnected) {
      for (const listener of this.#listeners) listener.blockLost?.(block);
    }
    for (const { block, ref } of connected) this.#blockConnected(block, ref.height);
    if (disconnected.length > 0) await this.#reorganised(connected, disconnected);
    for (const listener of this.#listeners) listener.tipSettled?.();
  }

  #blockConnected(block: Block, height: number): void {
    const { txs } = block;
    const mined = new Map<Txid, PoolEntry>();
    if (this.#pool.size > 0 || this.#pool.deltas.size > 0) {
      for (const { txid } of txs) {
        const entry = this.#pool.get(txid);
        if (entry) mined.set(txid, entry);
        this.#pool.forgetPriority(txid);
      }
      this.#pool.remove(new Set(mined.values()));
      // All of them are gone by now; they are told of, and numbered, in the order of the block. What an entry spends
      // no other entry does, so only strangers can contradict something here.
      for (const { txid, inputs } of txs) {
        const entry = mined.get(txid);
        if (entry) this.#tellRemoved(entry, 'block');
        else this.#removeConflicts(inputs);
      }
    }
    this.#floor.blockConnected(this.#clock.now());
    for (const listener of this.#listeners)
      listener.blockTaken?.(block, height, [...mined.values()]);
  }

  /** After the mined ones left, whoever still spends the coins of these inputs never can. */
  #removeConflicts(inputs: Tx['inputs']): void {
    for (const { prevout } of inputs) {
      const conflict = this.#pool.spender(prevout);
      if (!conflict) continue;
      this.#pool.forgetPriority(conflict.tx.txid);
      this.#remove(withDescendants([conflict]), 'conflict');
    }
  }

  async #reorganised(
    connected: readonly { readonly block: Block }[],
    disconnected: readonly { readonly block: Block }[],
  ): Promise<void> {
    const mined = new Set<Txid>();
    for (const { block } of connected) for (const { txid } of block.txs) mined.add(txid);
    // The chain tells the last block first; parents have to come back before their children.
    const returning = connected.length === 0 ? CUT_BLOCKS_RETURNING : disconnected.length;
    let bytes = 0;
    for (const [depth, { block }] of [...disconnected.entries()].reverse()) {
      for (const tx of block.txs) {
        if (mined.has(tx.txid)) continue;
        if (!tx.isCoinbase) bytes += tx.size + TX_OVERHEAD;
        const mayReturn = depth < returning && bytes <= this.options.returningBytes;
        if (mayReturn) await this.#bringBack(tx);
        else this.#remove(withDescendants(this.#pool.childrenOf(tx)), 'reorg');
      }
    }
    this.#remove(this.#pool.beyondLimits(this.options), 'sizelimit');
    await this.#removeUnminable();
    this.#limit();
  }

  async #bringBack(tx: Tx): Promise<void> {
    const outcome = tx.isCoinbase
      ? undefined
      : await this.#admission.decide(tx, terms.fromBlock, this.#sequence);
    if (outcome?.accepted) {
      const { entry, replaced } = outcome.verdict;
      this.#remove(replaced, 'replaced');
      this.#pool.add(entry);
      this.#tellAdded(entry, 'block');
    } else if (!this.#pool.get(tx.txid)) {
      this.#remove(withDescendants(this.#pool.childrenOf(tx)), 'reorg');
    }
  }

  /** After a reorganisation: coins stand at other heights, and what was final may not be any more. */
  async #removeUnminable(): Promise<void> {
    const tip = this.#chain.headerContext(this.#chain.tip.ref.hash);
    const next = tip.ref.height + 1;
    const gone = new Set<PoolEntry>();
    for (const entry of this.#pool.entries()) {
      const coins = await this.coins(entry.tx.inputs.map(({ prevout }) => prevout));
      const spent = coins.filter((coin) => coin !== undefined);
      entry.spent = spent;
      const minable =
        spent.length === coins.length &&
        isFinalTx(entry.tx, next, tip.medianTimePast) &&
        spent.every(({ coinbase, height }) => !coinbase || next - height >= COINBASE_MATURITY) &&
        isUnlocked(entry.tx, spent, tip);
      if (!minable) gone.add(entry);
    }
    this.#remove(withDescendants(gone), 'reorg');
  }
}

function byTxid(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => compareTxids(a.tx.txid, b.tx.txid));
}
