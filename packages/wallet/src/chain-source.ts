/**
 * What a wallet asks of a node. The node's process implements it over chain and mempool; a wallet that
 * lives elsewhere could have it over RPC. The wallet itself never names either of them.
 */
import type { BlockRef, Coin, Follower } from '@coind/consensus';
import type {
  Block,
  BlockHash,
  ChainParams,
  FeeRate,
  OutPoint,
  Sats,
  Tx,
  Txid,
} from '@coind/primitives';

/** A block follower that also hears of unconfirmed transactions. */
export interface TxFollower extends Follower {
  /** `tx` entered the mempool. */
  txAdded(tx: Tx): void | Promise<void>;
  /** `tx` left the mempool for any reason but a block that the follower is told of. */
  txRemoved(tx: Tx, reason: string): void | Promise<void>;
}

/** Whether the mempool took a transaction, and if not, why, in bitcoind's words. */
export type BroadcastOutcome =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly reason: string };

/** The tip as a wallet wants it. */
export interface SourceTip extends BlockRef {
  /** Unix seconds of the header. */
  readonly time: number;
  readonly medianTimePast: number;
}

/** What has to be paid for unconfirmed ancestors. */
export interface BumpFees {
  /** By whoever spends this output alone. */
  of(outpoint: OutPoint): Sats;
  /** By whoever spends all of them. */
  combined(): Sats;
}

/** The node, as far as a wallet can see it. */
export interface ChainSource {
  readonly params: ChainParams;
  /** Fee rate below which nothing is relayed. */
  readonly minRelayFeeRate: FeeRate;
  /** What a replacement has to pay more, per 1,000 vbytes of itself. */
  readonly incrementalFeeRate: FeeRate;
  /** Fee rate at which an output that costs more to spend than it is worth is dust. */
  readonly dustRelayFeeRate: FeeRate;
  tip(): SourceTip;
  block(hash: BlockHash): Promise<Block | undefined>;
  /** The block of the active chain at a height. */
  refAt(height: number): BlockRef | undefined;
  /**
   * Whether a block may have one of these scripts, in outputs or in what it spends, as its filter (BIP158) says;
   * undefined where there is no filter yet. Missing on a node that keeps none.
   */
  filterMatches?(ref: BlockRef, scripts: readonly Uint8Array[]): Promise<boolean | undefined>;
  /** From which height on every block up to the tip is there, and whether those below are still to come. */
  wholeFrom(): { readonly height: number; readonly awaited: boolean };
  /** Height of a block of the active chain; undefined for any other. */
  heightOf(hash: BlockHash): number | undefined;
  /** Unix seconds of a known header. */
  headerTime(hash: BlockHash): number | undefined;
  /** Coins anywhere, mempool outputs included: to sign for coins that are not the wallet's. */
  coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]>;
  follow(follower: TxFollower): Promise<() => Promise<void>>;
  broadcast(tx: Tx): Promise<BroadcastOutcome>;
  inMempool(txid: Txid): boolean;
  /** The transaction in the mempool that spends an output. */
  spender(outpoint: OutPoint): Txid | undefined;
  /** How many unconfirmed transactions may hang together. */
  readonly chainLimit: number;
  /** How many hang together with any of these, themselves included; 0 for confirmed ones. */
  chainLength(txids: Iterable<Txid>): number;
  /** What unconfirmed ancestors cost whoever spends these outputs at a rate, beside his own fee. */
  bumpFees(outpoints: readonly OutPoint[], rate: FeeRate): BumpFees;
  mempoolTxs(): Iterable<Tx>;
  /**
   * An estimate for confirmation within `confTarget` blocks, rather too high than too late when
   * `conservative`; undefined without enough data.
   */
  feeRate(confTarget: number, conservative: boolean): FeeRate | undefined;
  /** What the mempool asks of a transaction now: more than `minRelayFeeRate` while it is full. */
  minFeeRate(): FeeRate;
  /** Unix seconds, mock time included. */
  now(): number;
}
