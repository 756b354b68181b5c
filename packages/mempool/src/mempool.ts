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
  feeRateOf,
  type OutPoint,
  type Sats,
  type Tx,
  type Txid,
  type Wtxid,
} from '@coind/primitives';
import {
  type Candidate,
  checkAlone,
  consider,
  isUnlocked,
  judge,
  type Surroundings,
  type Terms,
  terms,
  type Verdict,
} from './accept.ts';
import { type Chunk, type Entry, MEMPOOL_HEIGHT, type PoolEntry } from './entry.ts';
import { FeeFloor } from './fee-floor.ts';
import {
  compareTxids,
  type Totals,
  totalsOf,
  txsOf,
  withAncestors,
  withDescendants,
} from './graph.ts';
import type { MempoolOptions } from './options.ts';
import {
  checkMember,
  checkPackage,
  forMember,
  isChildWithParents,
  judgePackage,
  type MemberOutcome,
  type PackageOutcome,
  PackageRefused,
  type PackageVerdict,
} from './packages.ts';
import { Pool } from './pool.ts';

/** Why an entry left. `block` means that it is in the chain now. */
export type RemovalReason = 'block' | 'conflict' | 'replaced' | 'expiry' | 'sizelimit' | 'reorg';

/** Somebody who is told what enters and leaves, right after it did. Must not throw. */
export interface MempoolListener {
  /** `sequence` counts the changes of the pool, this one included. */
  txAdded?(tx: Tx, entry: Entry, sequence: number): void;
  txRemoved?(tx: Tx, reason: RemovalReason, sequence: number): void;
}

/** What came of a transaction. A refusal is a value; its `error` says why and what kind it is. */
export type TxOutcome =
  | {
      readonly accepted: true;
      readonly entry: Entry;
      /** What had to go for it. */
      readonly replaced: readonly Tx[];
    }
  | { readonly accepted: false; readonly error: ValidationError };

/** How a transaction came. */
export interface SubmitOptions {
  /** True for one of our own: it stays marked until a peer has shown to have it. */
  readonly unbroadcast?: boolean;
  /** Unix seconds at which it came, for one that was saved; now unless told otherwise. */
  readonly time?: number;
}

/** How a package came. */
export interface PackageOptions extends SubmitOptions {
  /** A transaction of a higher rate than this is refused, as a mistake of the caller. */
  readonly maxFeeRate?: FeeRate | undefined;
}

/** The numbers of `getmempoolinfo`. */
export interface MempoolInfo {
  readonly size: number;
  /** Sum of virtual bytes. */
  readonly vbytes: number;
  /** Bytes of memory, about. */
  readonly usage: number;
  readonly fees: Sats;
  /** What a transaction has to pay now: the floor, or the minimum for relay where that is higher. */
  readonly minFee: FeeRate;
  readonly unbroadcast: number;
  readonly options: MempoolOptions;
}

/** Modules that a pool works with. */
export interface MempoolModules {
  readonly chain: Chain;
  readonly clock: { now(): number };
}

/** The pool. */
export interface Mempool {
  readonly options: MempoolOptions;
  readonly size: number;
  /** Number of the next change other than by a block; starts at 1. */
  readonly sequence: number;
  /** Counts every change of the content and of fees set by hand. */
  readonly updates: number;
  /** The door. Must not be called from inside `chain.exclusively`. */
  submit(tx: Tx, options?: SubmitOptions): Promise<TxOutcome>;
  /**
   * A child with its parents, in this order, which may pay too little each by itself. What is good
   * alone enters alone. Refuses every other kind of package.
   */
  submitPackage(txs: readonly Tx[], options?: PackageOptions): Promise<PackageOutcome>;
  /** What `submit` would say; changes nothing. */
  test(tx: Tx): Promise<TxOutcome>;
  /**
   * Whether transactions that may depend on each other, parents first, would enter one after the other.
   * Changes nothing; none may replace, and each pays for itself.
   */
  testPackage(txs: readonly Tx[]): Promise<PackageOutcome>;
  get(txid: Txid): Entry | undefined;
  getByWtxid(wtxid: Wtxid): Entry | undefined;
  has(txid: Txid): boolean;
  /** All entries in the order in which they would be mined. */
  entries(): IterableIterator<Entry>;
  /** The same as chunks: what goes into a block together. A cluster's chunks share `cluster`. */
  chunks(): readonly Chunk[];
  /** The entry that spends the outpoint. */
  spender(outpoint: OutPoint): Txid | undefined;
  /** An unspent output, of the pool or of the chain, that nothing in the pool spends. */
  coin(outpoint: OutPoint): Promise<Coin | undefined>;
  /** Outputs of the pool and the chain, spent by the pool or not: what a signer needs to know. */
  coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]>;
  /**
   * All it depends on, without itself, by txid as bitcoind orders them. Throws `RangeError` when it
   * isn't here, like the next five.
   */
  ancestors(txid: Txid): Entry[];
  /** All that depends on it, without itself. */
  descendants(txid: Txid): Entry[];
  /** What spends its outputs. */
  children(txid: Txid): Entry[];
  /** Sums over it and its ancestors. */
  ancestorTotals(txid: Txid): Totals;
  /** Sums over it and its descendants. */
  descendantTotals(txid: Txid): Totals;
  /** The chunks of its cluster, best first. */
  cluster(txid: Txid): readonly Chunk[];
  minFee(): FeeRate;
  info(): MempoolInfo;
  /** Adds to the fee by which policy judges a transaction, here or not. */
  prioritise(txid: Txid, delta: Sats): void;
  /** Fee changes in force. */
  priorities(): ReadonlyMap<Txid, Sats>;
  /** A peer has it: take the mark off. */
  markBroadcast(txid: Txid): void;
  /** No peer is known to have it: it is announced again and again. Nothing when it isn't here. */
  markUnbroadcast(txid: Txid): void;
  follow(listener: MempoolListener): () => void;
  /** Stops listening to the chain. */
  close(): void;
}

/** Makes an empty pool that follows `chain`. */
export function createMempool(options: MempoolOptions, modules: MempoolModules): Mempool {
  return new ChainMempool(options, modules);
}

class ChainMempool implements Mempool {
  readonly options: MempoolOptions;
  readonly #chain: Chain;
  readonly #clock: { now(): number };
  readonly #pool = new Pool();
  readonly #floor: FeeFloor;
  readonly #listeners = new Set<MempoolListener>();
  readonly #unfollow: () => void;
  #sequence = 1;

  constructor(options: MempoolOptions, { chain, clock }: MempoolModules) {
    this.options = options;
    this.#chain = chain;
    this.#clock = clock;
    this.#floor = new FeeFloor(options);
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

  submit(tx: Tx, { unbroadcast = false, time }: SubmitOptions = {}): Promise<TxOutcome> {
    return this.#chain.exclusively(async () => {
      const outcome = await this.#decide(tx, terms.alone, time);
      if (!outcome.accepted) return outcome;
      const { entry, replaced } = outcome.verdict;
      entry.unbroadcast = unbroadcast;
      this.#remove(replaced, 'replaced');
      this.#pool.add(entry);
      this.#limit();
      if (!this.#pool.get(tx.txid)) {
        return { accepted: false, error: new ValidationError('mempool full') };
      }
      this.#tellAdded(entry);
      return { accepted: true, entry, replaced: txsOf(replaced) };
    });
  }

  test(tx: Tx): Promise<TxOutcome> {
    return this.#chain.exclusively(async () => {
      const outcome = await this.#decide(tx, terms.alone);
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
        const decided = await this.#decideTogether(together, {
          ...terms.inPackage,
          maxFeeRate: options.maxFeeRate,
        });
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
      const { error, outcomes } = await this.#decideTogether(txs, terms.testedTogether);
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

  async coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]> {
    const found = outpoints.map((outpoint) => this.#pool.output(outpoint));
    const missing = outpoints.filter((_, index) => !found[index]);
    if (missing.length === 0) return found;
    const loaded = (await this.#chain.coins(missing)).values();
    return found.map((coin) => coin ?? loaded.next().value);
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
    return totalsOf(withAncestors([this.#entry(txid)]));
  }

  descendantTotals(txid: Txid): Totals {
    return totalsOf(withDescendants([this.#entry(txid)]));
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
    if (entry) this.#pool.setUnbroadcast(entry, false);
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

  /** Loads what the decision needs and takes it. The refusal of a transaction becomes a value here. */
  async #decide(
    tx: Tx,
    asked: Terms,
    time?: number,
  ): Promise<{ accepted: true; verdict: Verdict } | { accepted: false; error: ValidationError }> {
    try {
      const surroundings = this.#surroundings(asked, time);
      checkAlone(tx, surroundings);
      const coins = await this.coins(tx.inputs.map(({ prevout }) => prevout));
      const mined = coins.includes(undefined) && (await this.#hasOutputs(tx));
      return { accepted: true, verdict: judge(tx, coins, mined, surroundings) };
    } catch (error) {
      return { accepted: false, error: refusal(error) };
    }
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
      const outcome = await this.#decide(tx, { ...terms.alone, maxFeeRate });
      if (outcome.accepted) {
        const { entry, replaced } = outcome.verdict;
        const rate = feeRateOf(entry.modifiedFee, entry.vsize);
        entry.unbroadcast = unbroadcast;
        this.#remove(replaced, 'replaced');
        this.#pool.add(entry);
        this.#tellAdded(entry);
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

  /** The decision about a package of new transactions, as values. */
  async #decideTogether(
    txs: readonly Tx[],
    asked: Terms,
  ): Promise<{
    error?: ValidationError;
    verdict?: PackageVerdict;
    outcomes: Map<Tx, MemberOutcome>;
  }> {
    const outcomes = new Map<Tx, MemberOutcome>();
    try {
      const surroundings = this.#surroundings(asked);
      const candidates: Candidate[] = [];
      for (const [place, tx] of txs.entries()) {
        forMember(tx, () => checkAlone(tx, surroundings));
        const coins = await this.#coinsAfter(tx, txs.slice(0, place));
        const mined = coins.includes(undefined) && (await this.#hasOutputs(tx));
        const candidate = forMember(tx, () => consider(tx, coins, mined, surroundings));
        forMember(tx, () => checkMember(candidate.entry, surroundings));
        candidates.push(candidate);
      }
      const verdict = judgePackage(candidates, surroundings);
      let replaced = txsOf(verdict.replaced);
      for (const entry of verdict.entries) {
        const effective = verdict.effective(entry);
        outcomes.set(entry.tx, { accepted: true, entry, replaced, effective });
        // The first one stands for all of them.
        replaced = [];
      }
      return { verdict, outcomes };
    } catch (error) {
      if (!(error instanceof PackageRefused)) return { error: refusal(error), outcomes };
      const { member } = error;
      if (member) outcomes.set(member.tx, { accepted: false, error: member.error });
      return { error: error.error, outcomes };
    }
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
    for (const entry of entries) this.#tellAdded(entry);
  }

  /** The coins a transaction spends when `before` are taken to be in the pool. */
  async #coinsAfter(tx: Tx, before: readonly Tx[]): Promise<(Coin | undefined)[]> {
    const coins = await this.coins(tx.inputs.map(({ prevout }) => prevout));
    return coins.map((coin, index) => {
      const prevout = tx.inputs[index]?.prevout;
      if (coin || !prevout) return coin;
      const output = before.find(({ txid }) => txid === prevout.txid)?.outputs[prevout.vout];
      return output && { output, height: MEMPOOL_HEIGHT, coinbase: false };
    });
  }

  #surroundings(asked: Terms, time?: number): Surroundings {
    const now = this.#clock.now();
    return {
      options: this.options,
      pool: this.#pool,
      tip: this.#chain.headerContext(this.#chain.tip.ref.hash),
      time: time ?? now,
      feeFloor: this.#floor.at(now, this.#pool.usage),
      sequence: this.#sequence,
      terms: asked,
      scriptCache: this.#chain.scriptCache,
    };
  }

  /** True when the chain has unspent outputs of `tx`: then its inputs are missing because it is mined. */
  async #hasOutputs({ txid, outputs }: Tx): Promise<boolean> {
    const coins = await this.#chain.coins(outputs.map((_, vout) => ({ txid, vout })));
    return coins.some((coin) => coin !== undefined);
  }

  /** Old entries go, and the worst ones while the pool is too large. */
  #limit(): void {
    const { expirySeconds, maxBytes } = this.options;
    this.#remove(this.#pool.olderThan(this.#clock.now() - expirySeconds), 'expiry');
    while (this.#pool.usage > maxBytes) {
      const worst = this.#pool.worstChunk();
      if (!worst) return;
      this.#floor.evicted(feeRateOf(worst.fee, Math.ceil(worst.size / 4)));
      this.#remove(new Set(worst.entries), 'sizelimit');
    }
  }

  #remove(entries: ReadonlySet<PoolEntry>, reason: RemovalReason): void {
    if (entries.size === 0) return;
    this.#pool.remove(entries);
    for (const { tx } of entries) {
      // Whoever counts changes hears of blocks elsewhere, so what they take out is not counted here.
      const sequence = reason === 'block' ? this.#sequence : this.#sequence++;
      for (const listener of this.#listeners) listener.txRemoved?.(tx, reason, sequence);
    }
  }

  #tellAdded(entry: PoolEntry): void {
    const sequence = this.#sequence++;
    for (const listener of this.#listeners) listener.txAdded?.(entry.tx, entry, sequence);
  }

  /**
   * The tip moved. What is mined goes, with whatever contradicts it; what lost its block comes back if
   * it may. Coins have to be loaded for the latter, so the chain waits for this before it lets
   * anybody else in.
   */
  async #tipChanged({ connected, disconnected }: TipChange): Promise<void> {
    for (const { block } of connected) this.#blockConnected(block);
    if (disconnected.length > 0) await this.#reorganised(connected, disconnected);
  }

  #blockConnected({ txs }: Block): void {
    if (this.#pool.size > 0 || this.#pool.deltas.size > 0) {
      const mined = new Set<PoolEntry>();
      for (const { txid } of txs) {
        const entry = this.#pool.get(txid);
        if (entry) mined.add(entry);
        this.#pool.forgetPriority(txid);
      }
      this.#remove(mined, 'block');
      for (const { inputs } of txs) this.#removeConflicts(inputs.map(({ prevout }) => prevout));
    }
    this.#floor.blockConnected(this.#clock.now());
  }

  /** After the mined ones left, whoever still spends the same coins never can. */
  #removeConflicts(spent: readonly OutPoint[]): void {
    for (const prevout of spent) {
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
    for (const { block } of [...disconnected].reverse()) {
      for (const tx of block.txs) if (!mined.has(tx.txid)) await this.#bringBack(tx);
    }
    this.#remove(this.#pool.beyondLimits(this.options), 'sizelimit');
    await this.#removeUnminable();
    this.#limit();
  }

  async #bringBack(tx: Tx): Promise<void> {
    const outcome = tx.isCoinbase ? undefined : await this.#decide(tx, terms.fromBlock);
    if (outcome?.accepted) {
      const { entry, replaced } = outcome.verdict;
      this.#remove(replaced, 'replaced');
      this.#pool.add(entry);
      this.#tellAdded(entry);
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

/** The broken rule that `error` is; throws whatever else it is. */
function refusal(error: unknown): ValidationError {
  if (error instanceof ValidationError) return error;
  throw error;
}
