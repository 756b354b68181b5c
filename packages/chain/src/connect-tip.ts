/**
 * One step of the chain: a block joins at the tip, or the tip is taken back. Load, decide, commit, in
 * this order: coins, the undo position, the tip and every header that changed go in one batch, so the
 * store always holds the state of exactly one block. Telling others is the caller's.
 */

import {
  type BlockEffects,
  type BlockRef,
  connectBlock,
  disconnectBlock,
  namingRepeats,
  outpointsToLoad,
  type Rules,
  rulesFor,
  type ScriptCache,
  ValidationError,
} from '@coind/consensus';
import type { Block, BlockHash, ChainParams } from '@coind/primitives';
import type { Store, Table, Write } from '@coind/store';
import type { BlockFiles } from './block-files.ts';
import type { BlockIndex, BlockNode } from './block-index.ts';
import { damaged } from './chain-error.ts';
import type { Ledger, LedgerStore } from './ledger.ts';
import type { ScriptVerifier } from './script-checks.ts';
import type { HeaderRecord, SnapshotRecord } from './tables.ts';
import { type BlockUndo, decodeUndo, encodeUndo } from './undo.ts';

/** What a step works on; made once, by `openChain`. */
export interface ChainState {
  readonly params: ChainParams;
  readonly store: Store;
  readonly headers: Table<[number, BlockHash], HeaderRecord>;
  /** Two places for sets of coins; one is empty but while a snapshot is being verified. */
  readonly ledgers: readonly [LedgerStore, LedgerStore];
  readonly snapshotTable: Table<undefined, SnapshotRecord>;
  readonly segwitHeight: Table<undefined, number>;
  readonly rebuilding: Table<undefined, number>;
  readonly index: BlockIndex;
  readonly files: BlockFiles;
  /** The coins of the tip. */
  ledger: Ledger;
  readonly scripts: ScriptVerifier;
  /** Transactions whose scripts need not be verified again. */
  readonly scriptCache: ScriptCache;
  /** Headers that differ from their rows; written with the next batch. */
  readonly changed: Set<BlockNode>;
}

/** Writes for every changed header. The set is emptied by `commit`, once they are on disk. */
function headerWrites(state: ChainState): Write[] {
  const writes: Write[] = [];
  for (const node of state.changed) {
    writes.push(state.headers.put([node.height, node.hash], node.record()));
  }
  return writes;
}

/** Commits `writes` together with all changed headers. */
export async function commit(
  state: ChainState,
  writes: Iterable<Write> = [],
  options: { readonly sync?: boolean } = {},
): Promise<void> {
  const all = headerWrites(state);
  for (const write of writes) all.push(write);
  if (all.length === 0 && !options.sync) return;
  const written = [...state.changed];
  await state.store.commit(all, options);
  for (const node of written) state.changed.delete(node);
}

/**
 * Makes `block`, a child of the ledger's tip, its tip. Throws `ValidationError` when a rule forbids it;
 * nothing has changed then, on disk or in memory.
 */
export async function connectTip(
  state: ChainState,
  ledger: Ledger,
  node: BlockNode,
  block: Block,
  checkScripts: boolean,
): Promise<void> {
  const { coins } = ledger;
  const rules: Rules = { ...rulesFor(block.header, ledger.tip, state.params), checkScripts };
  const effects = await decide(state, ledger, block, node.ref, rules);
  const verified = effects.scripts.length > 0 && state.scripts.verify(effects.scripts);
  // While other threads verify, this one writes down what will be committed if they find nothing.
  const writes = [...coins.writes(effects.spentOutpoints, effects.created)];
  // A block that was connected before keeps its undo record: the same coins were spent.
  const undo = !node.undo && node.body && encodeUndo(block, effects.spent);
  if (verified) await verified;
  if (undo && node.body) node.undo = state.files.appendUndo(node.body.file, undo);
  node.connected = true;
  state.changed.add(node);
  writes.push(ledger.tipTable.put(undefined, node.ref));
  await commit(state, writes);
  coins.apply(effects.spentOutpoints, effects.created);
  ledger.setTip(node);
}

/** What connecting `block` would change. Throws `ValidationError` with the reason bitcoind would give. */
async function decide(
  { scriptCache }: ChainState,
  { coins, tip }: Ledger,
  block: Block,
  ref: BlockRef,
  rules: Rules,
): Promise<BlockEffects> {
  const under = async (given: Rules) => {
    const view = await coins.load(outpointsToLoad(block, given));
    return connectBlock(block, ref, tip, view, given, scriptCache);
  };
  try {
    return await under(rules);
  } catch (error) {
    const naming = namingRepeats(rules);
    if (!(error instanceof ValidationError) || naming === rules) throw error;
    return under(naming);
  }
}

/** Takes the ledger's tip back: its parent is the tip, with the coins of that time. */
export async function disconnectTip(
  state: ChainState,
  ledger: Ledger,
  block: Block,
): Promise<void> {
  const { coins } = ledger;
  const node = ledger.tip;
  const parent = node.parent as BlockNode;
  const undo = readUndo(state, node);
  if (!undo) throw new Error(`no undo record for ${node.hash}, which is connected`);
  const { removed, restored } = disconnectBlock(block, undo.flat());
  const writes = [...coins.writes(removed, restored)];
  writes.push(ledger.tipTable.put(undefined, parent.ref));
  await commit(state, writes);
  coins.apply(removed, restored);
  ledger.setTip(parent);
}

/** The undo record of a block; undefined when it was never connected. Throws `ChainError`. */
export function readUndo(state: ChainState, node: BlockNode): BlockUndo | undefined {
  if (!node.undo) return undefined;
  const bytes = state.files.read('rev', node.undo);
  try {
    return decodeUndo(bytes, node.header.prevHash);
  } catch (error) {
    throw damaged(state.files.path('rev', node.undo.file), `undo of block ${node.hash}: ${error}`);
  }
}
