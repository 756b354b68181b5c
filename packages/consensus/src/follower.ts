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

/** Somebody who is told every block that joins or leaves the active chain, one at a time. */
export interface Follower {
  /** For logs and `getindexinfo`. */
  readonly name: string;
  /** The last block it has on its own disk; undefined when it has none. */
  position(): Promise<BlockRef | undefined>;
  /** Takes in the block after its position. */
  connect(block: Block, ref: BlockRef): Promise<void>;
  /** Takes back the block at its position. */
  disconnect(block: Block, ref: BlockRef): Promise<void>;
}
