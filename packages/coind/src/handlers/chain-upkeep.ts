/** Handlers of the methods that look after the stored chain. */
import { type Chain, MIN_BLOCKS_TO_KEEP } from '@coind/chain';
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import type { RpcContext } from '../context.ts';

/** A greater number is a time, not a height: no chain is that high, no block older (September 2001). */
const FIRST_TIME = 1_000_000_000;
/** How far the time of a block may be off. */
const TIME_WINDOW = 2 * 60 * 60;

/** The height that `given`, a height or a time, means. Throws `RpcError`. */
function heightOf(chain: Chain, given: number): number {
  if (given < 0) throw new RpcError(-8, 'Negative block height.');
  if (given <= FIRST_TIME) return given;
  const info = chain.firstSince(given - TIME_WINDOW);
  if (!info) {
    throw new RpcError(-8, 'Could not find block with at least the specified timestamp.');
  }
  return info.ref.height;
}

/** Handlers of the methods that look after the stored chain. */
export const chainUpkeep: Handlers<typeof methods.chainUpkeep, RpcContext> = {
  async pruneblockchain({ node: { chain } }, { height: given }) {
    if (chain.pruneTarget === undefined) {
      throw new RpcError(-1, 'Cannot prune blocks because node is not in prune mode.');
    }
    const height = heightOf(chain, given);
    const tip = chain.tip.ref.height;
    if (tip < chain.pruneAfterHeight) {
      throw new RpcError(-1, 'Blockchain is too short for pruning.');
    }
    if (height > tip) {
      throw new RpcError(-8, 'Blockchain is shorter than the attempted prune height.');
    }
    await chain.prune(Math.min(height, tip - MIN_BLOCKS_TO_KEEP));
    return chain.prunedHeight() ?? -1;
  },

  async verifychain({ node: { chain } }, { checklevel, nblocks }) {
    return (await chain.verify(checklevel, nblocks)).status === 'whole';
  },
};

/** What getblockchaininfo says about pruning. */
export function pruningJson(chain: Chain) {
  const target = chain.pruneTarget;
  if (target === undefined) return { pruned: false };
  return {
    pruned: true,
    pruneheight: (chain.prunedHeight() ?? -1) + 1,
    automatic_pruning: target > 0,
    ...(target > 0 && { prune_target_size: target }),
  };
}
