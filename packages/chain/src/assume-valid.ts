/**
 * Which blocks need no script checks because everybody could look at them before the release: the
 * assumed-valid block's ancestors, on the best header chain, buried under two weeks of its work. Every
 * other rule is checked of them as of any block.
 */
import { workOf } from '@coind/primitives';
import type { BlockNode } from './block-index.ts';
import type { ChainState } from './connect-tip.ts';

const TWO_WEEKS = 14 * 24 * 60 * 60;

/** Why the scripts of `node` are to be verified, in bitcoind's words; undefined when they are not. */
export function whyVerify(
  { index, params }: Pick<ChainState, 'index' | 'params'>,
  node: BlockNode,
): string | undefined {
  if (params.assumeValid === undefined) return 'assumevalid=0 (always verify)';
  const assumed = index.get(params.assumeValid);
  if (!assumed) return 'assumevalid hash not in headers';
  if (assumed.ancestor(node.height) !== node) {
    return node.height > assumed.height
      ? 'block height above assumevalid height'
      : 'block not in assumevalid chain';
  }
  const best = index.bestHeader;
  if (best.ancestor(node.height) !== node) return 'block not in best header chain';
  if (best.chainwork < params.minimumChainwork) {
    return 'best header chainwork below minimumchainwork';
  }
  // A fork that somebody feeds us would have to be worth as much work as two weeks of the network's.
  const workOnTop = best.chainwork - node.chainwork;
  const seconds = (workOnTop * BigInt(params.powTargetSpacing)) / workOf(best.header.bits);
  const buried = seconds > TWO_WEEKS;
  return buried ? undefined : 'block too recent relative to best header';
}
