/** Handlers of the methods that answer when the tip has moved. */
import type { BlockRef } from '@coind/consensus';
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import { waitForTip } from '../chain-waits.ts';
import type { NodeModules, RpcContext } from '../context.ts';

type Waits = Pick<
  typeof methods.blockchain,
  'waitfornewblock' | 'waitforblock' | 'waitforblockheight'
>;

function wait(
  { chain, stopping }: NodeModules,
  timeoutMs: number,
  isIt: (tip: BlockRef) => boolean,
): Promise<BlockRef> {
  if (timeoutMs < 0) throw new RpcError(-1, 'Negative timeout');
  return waitForTip(chain, isIt, { timeoutMs, signal: stopping });
}

/** Handlers of the methods that answer when the tip has moved. */
export const chainWaits: Handlers<Waits, RpcContext> = {
  waitfornewblock({ node }, { timeout, current_tip }) {
    const known = current_tip ?? node.chain.tip.ref.hash;
    return wait(node, timeout, ({ hash }) => hash !== known);
  },

  waitforblock: ({ node }, { blockhash, timeout }) =>
    wait(node, timeout, ({ hash }) => hash === blockhash),

  waitforblockheight: ({ node }, { height, timeout }) =>
    wait(node, timeout, (tip) => tip.height >= height),
};
