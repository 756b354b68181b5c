/**
 * Deletes old block and undo files, on command up to a height or by itself to stay below a size. A file
 * goes as a whole, once every block in it lies far enough below the tip. The rows that say so are on
 * disk before the files are gone, and every header is kept: only bodies and undo records are lost.
 */
import type { BlockNode } from './block-index.ts';
import { type ChainState, commit } from './connect-tip.ts';

/** How a chain prunes. */
export interface PruneOptions {
  /** Bytes of files to stay below; 0 prunes on command only. */
  readonly targetBytes: number;
  /** Height up to which nothing is pruned. */
  readonly afterHeight: number;
}

/** So many blocks below the tip are kept whatever is asked: a reorganisation may need them. */
export const MIN_BLOCKS_TO_KEEP = 288;
/** bitcoind's reserve for the space it allocates ahead: 16 MiB of bodies, 1 MiB of undo records. */
const RESERVE_BYTES = 17 << 20;
/** What a record takes beside its payload. */
const FRAME_BYTES = 8;
/** What a block is taken to need that is still to come during the initial download. */
const AVERAGE_BLOCK_BYTES = 1_000_000;

/** What is known about one pair of files. */
interface FileUse {
  highest: number;
  bytes: number;
  readonly nodes: BlockNode[];
}

/**
 * Deletes finished files that hold nothing above `height` and nothing within 288 blocks of the tip.
 * `flush` must make everything so far survive a loss of power; it runs before a file is deleted.
 * Returns how many pairs of files went.
 */
export async function pruneTo(
  state: ChainState,
  height: number,
  flush: () => Promise<void>,
): Promise<number> {
  const limit = Math.min(height, state.index.tip.height - MIN_BLOCKS_TO_KEEP);
  const doomed: [number, FileUse][] = [];
  for (const [file, use] of filesInUse(state)) {
    if (file < state.files.lastFile && use.highest <= limit) doomed.push([file, use]);
  }
  await deleteFiles(state, doomed, flush);
  return doomed.length;
}

/**
 * Deletes the oldest files until what is left, and some to come, fits into the target; nothing above
 * `height`. `isDownloading` asks for more room, so that a sync does not prune with every file.
 */
export async function pruneToSize(
  state: ChainState,
  { targetBytes, afterHeight }: PruneOptions,
  height: number,
  isDownloading: boolean,
  flush: () => Promise<void>,
): Promise<number> {
  const { index, files } = state;
  if (targetBytes === 0 || index.tip.height <= afterHeight) return 0;
  // Asked of the directory, because asking the index means looking at every block there is.
  if (files.sizeBytes() + RESERVE_BYTES < targetBytes) return 0;
  const limit = Math.min(height, index.tip.height - MIN_BLOCKS_TO_KEEP);
  const inUse = [...filesInUse(state)].sort(([a], [b]) => a - b);
  let bytes = inUse.reduce((sum, [, use]) => sum + use.bytes, 0);
  if (bytes + RESERVE_BYTES < targetBytes) return 0;
  const toCome = isDownloading ? Math.max(0, index.bestHeader.height - index.tip.height) : 0;
  const reserve = RESERVE_BYTES + toCome * AVERAGE_BLOCK_BYTES;
  const doomed: [number, FileUse][] = [];
  for (const [file, use] of inUse) {
    if (bytes + reserve < targetBytes) break;
    if (file >= files.lastFile || use.highest > limit) continue;
    doomed.push([file, use]);
    bytes -= use.bytes;
  }
  await deleteFiles(state, doomed, flush);
  return doomed.length;
}

/** Up to where the active chain was pruned, as of the moment when `tip` was the tip. */
export interface PrunedNote {
  readonly tip: BlockNode;
  /** The highest block whose body or undo record is gone; undefined when none is. */
  readonly last: BlockNode | undefined;
}

/**
 * Up to where the active chain was pruned. A body that was fetched again does not count without its undo
 * record, because the block could not be taken back. `before` is what the last call returned; nothing must
 * have been deleted since. With it only the blocks that came after it are looked at.
 */
export function notePruned({ index }: ChainState, before?: PrunedNote): PrunedNote {
  const { tip } = index;
  const known = before && index.isActive(before.tip) ? before : undefined;
  // Genesis is left out: it has no undo record, and it goes and comes with the first file.
  for (let height = tip.height; height > (known?.tip.height ?? 0); height--) {
    const node = index.at(height) as BlockNode;
    // A block that has still to come (the past of a snapshot) was not pruned.
    if (node.isPruned || (node.connected && !node.undo)) return { tip, last: node };
  }
  return { tip, last: known?.last };
}

function filesInUse({ index }: ChainState): Map<number, FileUse> {
  const files = new Map<number, FileUse>();
  for (const node of index.nodes()) {
    if (!node.body) continue;
    let use = files.get(node.body.file);
    if (!use) {
      use = { highest: 0, bytes: 0, nodes: [] };
      files.set(node.body.file, use);
    }
    use.highest = Math.max(use.highest, node.height);
    use.bytes += FRAME_BYTES + node.body.size;
    if (node.undo) use.bytes += FRAME_BYTES + node.undo.size;
    use.nodes.push(node);
  }
  return files;
}

async function deleteFiles(
  state: ChainState,
  doomed: readonly (readonly [number, FileUse])[],
  flush: () => Promise<void>,
): Promise<void> {
  if (doomed.length === 0) return;
  for (const [, { nodes }] of doomed) {
    for (const node of nodes) {
      node.body = undefined;
      node.undo = undefined;
      state.changed.add(node);
    }
  }
  await commit(state);
  await flush();
  for (const [file] of doomed) state.files.remove(file);
}
