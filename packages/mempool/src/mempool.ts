/**
 * What the pool of unconfirmed transactions is to the rest of the node. The pool itself is in
 * `chain-mempool.ts`; what may enter is decided in `accept.ts` and `packages.ts`.
 */
import type { Chain } from '@coind/chain';
import type { Coin, ValidationError } from '@coind/consensus';
import type { Block, FeeRate, OutPoint, Sats, Tx, Txid, Wtxid } from '@coind/primitives';
import type { BumpFees } from './bump-fees.ts';
import type { Chunk, Entry } from './entry.ts';
import type { Totals } from './graph.ts';
import type { MempoolOptions } from './options.ts';
import type { PackageOutcome } from './packages.ts';

/** Why an entry left. `block` means that it is in the chain now. */
export type RemovalReason = 'block' | 'conflict' | 'replaced' | 'expiry' | 'sizelimit' | 'reorg';

/** How an entry came: judged by itself, as part of a package, or back from a disconnected block. */
export type EntryOrigin = 'alone' | 'package' | 'block';

/** Somebody who is told what enters and leaves, right after it did. Must not throw. */
export interface MempoolListener {
  /** `sequence` counts the changes of the pool, this one included. */
  txAdded?(tx: Tx, entry: Entry, sequence: number, origin: EntryOrigin): void;
  txRemoved?(tx: Tx, reason: RemovalReason, sequence: number): void;
  /** A block was connected; `entries` of it were in the pool. Told after everything that left for it. */
  blockTaken?(block: Block, height: number, entries: readonly Entry[]): void;
  /** A block was disconnected; told before anything that comes of it, the last block first. */
  blockLost?(block: Block): void;
  /** Everything that a change of the tip brings about has been told. */
  tipSettled?(): void;
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
  /** One that is good but pays more than this is refused, as a mistake of the caller. */
  readonly maxFee?: Sats | undefined;
}

/** How a package came. */
export interface PackageOptions extends Pick<SubmitOptions, 'unbroadcast'> {
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

/** Where a pool writes what it does for lack of room; the node's log fits. */
export interface MempoolLog {
  debug(category: 'mempool', message: string): void;
}

/** Modules that a pool works with. */
export interface MempoolModules {
  readonly chain: Chain;
  readonly clock: { now(): number };
  readonly log?: MempoolLog;
}

/** The pool. */
export interface Mempool {
  readonly options: MempoolOptions;
  readonly size: number;
  /** Number of the next change: an entry that comes or goes, mined ones too; starts at 1. */
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
  /** Some of the entries, in the same order; costs what they are, not what the pool is. */
  inMiningOrder(entries: readonly Entry[]): Entry[];
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
  /** How many entries are connected with any of these, themselves included; what isn't here counts as none. */
  connectedCount(txids: Iterable<Txid>): number;
  /** What it costs, beside one's own fee, to spend these outputs at a rate: see `bump-fees.ts`. */
  bumpFees(outpoints: readonly OutPoint[], rate: FeeRate): BumpFees;
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
