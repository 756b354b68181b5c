/**
 * Reads the last blocks back and checks them again, as `verifychain` and every start do: 0 that they can
 * be read, 1 that they obey the rules that need no coins, 2 that their undo records are whole, 3 that
 * taking them back fits the coins, 4 that connecting them again, scripts included, is still valid.
 * Works on a copy in memory; the chain is not touched.
 */
import {
  CoinsOverlay,
  checkBlock,
  connectBlock,
  disconnectBlock,
  isOverwritten,
  rulesFor,
  ValidationError,
} from '@coind/consensus';
import type { Block } from '@coind/primitives';
import { readBlock } from './activate.ts';
import type { BlockNode } from './block-index.ts';
import { ChainError, damaged } from './chain-error.ts';
import { type ChainState, readUndo } from './connect-tip.ts';

/** What looking at the last blocks has shown. */
export interface Verification {
  /** `stopped`: nothing is wrong, but blocks further down were pruned, or are still to come. */
  readonly status: 'whole' | 'stopped' | 'broken';
  /** Blocks that were looked at. */
  readonly blocks: number;
  /** What is wrong; for `broken`. */
  readonly error?: Error;
}

/** Coins that `verify` holds in memory at most; below that, levels 3 and 4 leave the rest out. */
const MAX_COINS = 1_000_000;

/** Verifies the last `count` blocks (0: all) at `level`, 0 … 4; other levels count as the nearest. */
export async function verifyBlocks(
  state: ChainState,
  level: number,
  count: number,
): Promise<Verification> {
  const { index } = state;
  const { tip } = index;
  const depth = count <= 0 || count > tip.height ? tip.height : count;
  const coins = new CoinsOverlay({ get: (outpoint) => state.ledger.coins.get(outpoint) });
  const undone: [BlockNode, Block][] = [];
  let changed = 0;
  let at = tip;
  let failed = tip;
  try {
    for (; at.height > tip.height - depth; at = at.parent as BlockNode) {
      failed = at;
      // Below the tip of a snapshot nothing has been connected yet.
      if (at.isPruned || !at.connected) break;
      const block = readBlock(state, at);
      if (level >= 1) checkBody(state, at, block);
      const undo = level >= 2 ? readUndo(state, at) : undefined;
      if (level >= 2 && !undo) throw new Error('it has no undo record');
      if (level < 3 || !undo || changed > MAX_COINS) continue;
      changed += takeBack(coins, block, at, undo.flat());
      undone.push([at, block]);
    }
    for (const [node, block] of level >= 4 ? undone.reverse() : []) {
      failed = node;
      await connectAgain(state, coins, node, block);
    }
  } catch (error) {
    if (error instanceof ChainError)
      return { status: 'broken', blocks: tip.height - at.height, error };
    const detail = error instanceof Error ? error.message : String(error);
    const message = `block ${failed.hash} (height ${failed.height}): ${detail}`;
    const cause = new ChainError(
      'index-damaged',
      `The chain is damaged: ${message}. Restart with -reindex to rebuild it.`,
    );
    return { status: 'broken', blocks: tip.height - at.height, error: cause };
  }
  const blocks = tip.height - at.height;
  return { status: blocks < depth ? 'stopped' : 'whole', blocks };
}

/** A body that breaks a rule has changed since it was taken in, for then it did not. */
function checkBody({ params, files }: ChainState, node: BlockNode, block: Block): void {
  try {
    checkBlock(block, params);
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const path = files.path('blk', node.body?.file ?? 0);
    throw damaged(path, `block ${node.hash} has changed (${error.message})`);
  }
}

type Spent = Parameters<typeof disconnectBlock>[1];

/** Takes `block` back in `coins`, which must hold exactly what it made. Returns how many changed. */
function takeBack(coins: CoinsOverlay, block: Block, node: BlockNode, spent: Spent): number {
  const { removed, restored } = disconnectBlock(block, spent);
  // Of two blocks in history the coinbase was overwritten by a later one.
  const repeated = isOverwritten(node.ref);
  for (const outpoint of removed) {
    const coin = coins.spend(outpoint);
    if (coin?.height !== node.height && !repeated) {
      throw new Error(`its output ${outpoint.txid}:${outpoint.vout} is not among the coins`);
    }
  }
  for (const [outpoint, coin] of restored) {
    if (coins.get(outpoint)) {
      throw new Error(`the coin ${outpoint.txid}:${outpoint.vout} that it spent is still there`);
    }
    coins.add(outpoint, coin);
  }
  return removed.length + restored.length;
}

async function connectAgain(
  state: ChainState,
  coins: CoinsOverlay,
  node: BlockNode,
  block: Block,
): Promise<void> {
  const parent = node.parent as BlockNode;
  const rules = rulesFor(block.header, parent, state.params);
  const effects = connectBlock(block, node.ref, parent, coins, rules);
  await state.scripts.verify(effects.scripts);
  for (const outpoint of effects.spentOutpoints) coins.spend(outpoint);
  for (const [outpoint, coin] of effects.created) coins.add(outpoint, coin);
}
