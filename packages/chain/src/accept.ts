/**
 * The way in for headers and bodies, up to where they are known and stored: rules that need no coins,
 * in bitcoind's order and with its reasons. Whether a block becomes part of the chain, `activate.ts`
 * finds out.
 */
import {
  checkBlock,
  checkHeader,
  checkProofOfWork,
  contextualCheckBlock,
  kinds,
  ValidationError,
} from '@coind/consensus';
import type { Block, BlockHeader } from '@coind/primitives';
import type { FilePosition } from './block-files.ts';
import type { BlockNode } from './block-index.ts';
import type { ChainState } from './connect-tip.ts';

/** How far ahead of the tip a block that nobody asked for is kept. */
const UNREQUESTED_AHEAD = 288;

/** What became of a block that obeys the rules so far. */
export interface Accepted {
  readonly node: BlockNode;
  /** `stored`: it is new and stored. `duplicate`: it was here. `ignored`: not worth its space. */
  readonly status: 'stored' | 'duplicate' | 'ignored';
}

/** Where a block comes from. */
export interface AcceptOptions {
  /** The network's clock in unix seconds: too far ahead of it is too new. */
  readonly now: number;
  /** False for a block that a peer sent unasked: it is kept only if it might become the tip. */
  readonly requested?: boolean;
  /** Where its body lies already. */
  readonly position?: FilePosition;
}

/** Enters a header. Throws `ValidationError`. */
export function acceptHeader(
  { index, params, changed }: ChainState,
  header: BlockHeader,
  now: number,
): BlockNode {
  const known = index.get(header.hash);
  if (known) {
    if (known.isInvalid) {
      const debug = `block ${known.hash} was previously marked invalid`;
      throw new ValidationError('duplicate-invalid', debug);
    }
    return known;
  }
  checkProofOfWork(header, params);
  const parent = index.get(header.prevHash);
  if (!parent) throw new ValidationError('prev-blk-not-found');
  if (parent.isInvalid) throw new ValidationError('bad-prevblk');
  checkHeader(header, parent, params, now);
  const node = index.add(header, parent);
  changed.add(node);
  return node;
}

/** Enters a block and appends its body. Throws `ValidationError`. */
export function acceptBlock(state: ChainState, block: Block, options: AcceptOptions): Accepted {
  const { params, index, files, changed } = state;
  // Before the header is entered, so nothing is remembered of a block that its sender may have
  // changed on the way.
  checkBlock(block, params);
  const node = acceptHeader(state, block.header, options.now);
  if (node.body) return { node, status: 'duplicate' };
  if (options.requested === false && !isWorthKeeping(state, node)) {
    return { node, status: 'ignored' };
  }
  // Genesis has no parent to be checked against; its hash says everything.
  if (node.parent) {
    try {
      contextualCheckBlock(block, node.parent, params);
    } catch (error) {
      if (error instanceof ValidationError && kinds[error.kind].remember) {
        index.invalidate(node);
        changed.add(node);
      }
      throw error;
    }
  }
  const position = options.position ?? files.appendBody(block.encode());
  index.receiveBody(node, block.txs.length, position);
  changed.add(node);
  return { node, status: 'stored' };
}

function isWorthKeeping({ index, params }: ChainState, node: BlockNode): boolean {
  return (
    node.chainwork >= index.tip.chainwork &&
    node.height <= index.tip.height + UNREQUESTED_AHEAD &&
    node.chainwork >= params.minimumChainwork
  );
}
