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

/**
 * A class, because object literals with getters cost V8 a microsecond and more each, and whoever talks
 * to peers looks at dozens of blocks for every one that comes.
 */
class NodeInfo implements BlockInfo {
  readonly #node: BlockNode;
  readonly ref: BlockRef;
  readonly chainwork: bigint;
  readonly txCount: number;
  readonly chainTxCount: number;
  readonly status: BlockStatus;
  readonly hasBody: boolean;
  readonly isPruned: boolean;

  constructor(index: BlockIndex, node: BlockNode) {
    this.#node = node;
    this.ref = node.ref;
    this.chainwork = node.chainwork;
    this.txCount = node.txCount;
    this.chainTxCount = node.chainTxCount;
    this.status = statusOf(index, node);
    this.hasBody = node.body !== undefined;
    this.isPruned = node.isPruned;
  }

  // Decoded and computed when somebody looks: most callers only want to know where a block stands.
  get header(): BlockHeader {
    return this.#node.header;
  }

  get medianTimePast(): number {
    return this.#node.medianTimePast;
  }
}

/** What is known about `node` now. */
export function infoOf(index: BlockIndex, node: BlockNode): BlockInfo {
  return new NodeInfo(index, node);
}

/** The active tip and the ends of all branches, highest first. */
export function tipsOf(index: BlockIndex): ChainTip[] {
  return index.tips().map((node) => {
    const info = infoOf(index, node);
    const branchLength = node.height - index.forkOf(node).height;
    return { info, branchLength, status: info.status };
  });
}
