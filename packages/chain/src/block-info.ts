/** What others learn of a block and of the tree it stands in: values, not the tree itself. */
import type { BlockRef } from '@coind/consensus';
import type { BlockHeader } from '@coind/primitives';
import type { BlockIndex, BlockNode } from './block-index.ts';

/** How a block stands to the active chain, in `getchaintips`' words. */
export type BlockStatus =
  /** Part of the active chain. */
  | 'active'
  /** Once connected, now on a branch. */
  | 'valid-fork'
  /** It and its ancestors have bodies that were never connected. */
  | 'valid-headers'
  /** A body is missing, its own or an ancestor's. */
  | 'headers-only'
  /** It or an ancestor broke a rule or was refused by an operator. */
  | 'invalid';

/** What is known about a block. */
export interface BlockInfo {
  readonly ref: BlockRef;
  readonly header: BlockHeader;
  readonly chainwork: bigint;
  /** BIP113, unix seconds. */
  readonly medianTimePast: number;
  /** 0 while there is no body. */
  readonly txCount: number;
  /** Up to and with this block; 0 while a body is missing on the way. */
  readonly chainTxCount: number;
  readonly status: BlockStatus;
  readonly hasBody: boolean;
  /** Its body was here and was deleted by pruning. */
  readonly isPruned: boolean;
}

/** The end of a branch. */
export interface ChainTip {
  readonly info: BlockInfo;
  /** Blocks since it left the active chain; 0 for the active tip. */
  readonly branchLength: number;
  readonly status: BlockStatus;
}

/** The status of `node`, which may change with the next block. */
export function statusOf(index: BlockIndex, node: BlockNode): BlockStatus {
  if (index.isActive(node)) return 'active';
  if (node.isInvalid) return 'invalid';
  if (!node.isComplete) return 'headers-only';
  return node.connected ? 'valid-fork' : 'valid-headers';
}

/** What is known about `node` now. */
export function infoOf(index: BlockIndex, node: BlockNode): BlockInfo {
  return {
    ref: node.ref,
    // Decoded when somebody looks: most callers only want to know where a block stands.
    get header() {
      return node.header;
    },
    get medianTimePast() {
      return node.medianTimePast;
    },
    chainwork: node.chainwork,
    txCount: node.txCount,
    chainTxCount: node.chainTxCount,
    status: statusOf(index, node),
    hasBody: node.body !== undefined,
    isPruned: node.isPruned,
  };
}

/** The active tip and the ends of all branches, highest first. */
export function tipsOf(index: BlockIndex): ChainTip[] {
  return index.tips().map((node) => {
    const info = infoOf(index, node);
    const branchLength = node.height - index.forkOf(node).height;
    return { info, branchLength, status: info.status };
  });
}
