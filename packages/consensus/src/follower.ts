/**
 * The one way to follow the chain. Wallets, indexes and event streams implement `Follower`; the chain
 * drives it, from the follower's own last block through reorganisations to the tip, in order.
 */
import type { Block, BlockHash } from '@coind/primitives';

/** Names a block and says where it stands. */
export interface BlockRef {
  readonly hash: BlockHash;
  readonly height: number;
}

/** A block and where it stands. */
export interface BlockStep {
  readonly block: Block;
  readonly ref: BlockRef;
}

/** Somebody who is told every block that joins or leaves the active chain, one at a time. */
export interface Follower {
  /** For logs and `getindexinfo`. */
  readonly name: string;
  /** The last block it has on its own disk; undefined when it has none. */
  position(): Promise<BlockRef | undefined>;
  /** Takes in the block after its position. */
  connect(block: Block, ref: BlockRef): Promise<void>;
  /**
   * Takes in several blocks after its position, in their order. Who has it commits what several blocks change
   * at once, and is given them together when they come fast.
   */
  connectAll?(steps: readonly BlockStep[]): Promise<void>;
  /** Takes back the block at its position. */
  disconnect(block: Block, ref: BlockRef): Promise<void>;
}
