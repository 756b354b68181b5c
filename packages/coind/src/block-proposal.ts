/** Whether a block that nobody handed in would be valid on the tip; nothing is remembered of it. */
import {
  checkBlock,
  checkHeader,
  connectBlock,
  contextualCheckBlock,
  namingRepeats,
  outpointsToLoad,
  rulesFor,
  runScriptCheck,
} from '@coind/consensus';
import { type Block, outpointKey } from '@coind/primitives';
import type { NodeModules } from './context.ts';

/** What a block is judged by. */
type Judges = Pick<NodeModules, 'chain' | 'clock'>;

/**
 * Checks `block` against everything but its proof of work. Throws `ValidationError` as the chain would
 * for a block that is handed in.
 */
export function checkProposal(judges: Judges, block: Block): Promise<void> {
  return judges.chain.exclusively(() => checkInWriter(judges, block));
}

/** The same for a caller that is inside `chain.exclusively` already. */
export async function checkInWriter({ chain, clock }: Judges, block: Block): Promise<void> {
  const { params } = chain;
  const { ref } = chain.tip;
  const parent = chain.headerContext(ref.hash);
  checkBlock(block, params, { pow: false });
  checkHeader(block.header, parent, params, clock.now());
  contextualCheckBlock(block, parent, params);
  const rules = namingRepeats(rulesFor(block.header, parent, params));
  const outpoints = outpointsToLoad(block, rules);
  const coins = await chain.coins(outpoints);
  const known = new Map(outpoints.map((outpoint, i) => [outpointKey(outpoint), coins[i]]));
  const view = {
    get: (outpoint: Parameters<typeof outpointKey>[0]) => known.get(outpointKey(outpoint)),
  };
  const placed = { hash: block.hash, height: ref.height + 1 };
  const { scripts } = connectBlock(block, placed, parent, view, rules);
  for (const check of scripts) runScriptCheck(check);
}
