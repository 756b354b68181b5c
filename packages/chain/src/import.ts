/**
 * Blocks out of files, in whatever order they lie: one whose parent is still to come waits for it. Used for
 * files of our own that the index does not know, and for files that an operator brings (-loadblock).
 */
import { existsSync } from 'node:fs';
import { ValidationError } from '@coind/consensus';
import { Block, type BlockHash, type ChainParams, hexToBytes } from '@coind/primitives';
import { acceptBlock } from './accept.ts';
import type { Activator } from './activate.ts';
import { type DiskBlockFiles, type FilePosition, scanBlocks } from './block-files.ts';
import { damaged } from './chain-error.ts';
import type { ChainLog } from './chain-log.ts';
import type { ChainState } from './connect-tip.ts';
import { noObfuscation } from './obfuscation.ts';

/** A block that was found, and how to find it again: nobody keeps the bodies of those that wait. */
interface Found {
  readonly block: Block;
  readonly read: () => Block;
  /** Enters it. */
  readonly take: (block: Block) => Promise<void>;
}

/** Brings blocks into an order in which every parent comes before its children. */
class InOrder {
  readonly #isKnown: (parent: BlockHash) => boolean;
  readonly #log: ChainLog | undefined;
  readonly #waiting = new Map<BlockHash, Omit<Found, 'block'>[]>();

  constructor(isKnown: (parent: BlockHash) => boolean, log: ChainLog | undefined) {
    this.#isKnown = isKnown;
    this.#log = log;
  }

  /** Takes a block, and those that waited for it; or lets it wait for its parent. */
  async offer({ block, read, take }: Found): Promise<void> {
    const { prevHash } = block.header;
    if (!this.#isKnown(prevHash)) {
      const of = `Out of order block ${block.hash}, parent ${prevHash} not known`;
      this.#log?.debug('reindex', `LoadExternalBlockFile: ${of}`);
      this.#waiting.set(prevHash, [...(this.#waiting.get(prevHash) ?? []), { read, take }]);
      return;
    }
    await take(block);
    const entered = [block.hash];
    for (const parent of entered) {
      if (!this.#isKnown(parent)) continue;
      const children = this.#waiting.get(parent) ?? [];
      this.#waiting.delete(parent);
      for (const child of children) {
        const next = child.read();
        const of = `Processing out of order child ${next.hash} of ${parent}`;
        this.#log?.debug('reindex', `LoadExternalBlockFile: ${of}`);
        await child.take(next);
        entered.push(next.hash);
      }
    }
  }
}

/** Where bytes begin in a body file of ours that the index knows nothing of. */
export interface Leftover {
  readonly file: number;
  readonly offset: number;
}

/** What importing our own files needs beside the state. */
export interface ImportModules {
  readonly disk: DiskBlockFiles;
  /** Unix seconds. */
  readonly now: () => number;
  readonly log: ChainLog | undefined;
  /** Fires when the import is to end early; what is left is found at the next start. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Takes in blocks of our own files that the index does not know of. What is not whole is left out, and
 * cut off where it is the end of a file.
 */
export async function importFiles(
  state: ChainState,
  activator: Activator,
  leftovers: readonly Leftover[],
  { disk, now, log, signal }: ImportModules,
): Promise<void> {
  const { index, params } = state;
  const rootParent = params.genesis.header.prevHash;
  const inOrder = new InOrder((hash) => hash === rootParent || index.get(hash) !== undefined, log);
  const takeAt = (position: FilePosition) => async (block: Block) => {
    try {
      const { status } = acceptBlock(state, block, { now: now(), position });
      if (status !== 'stored') return;
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      log?.info('left out a block of the files', { hash: block.hash, reason: error.message });
      return;
    }
    activator.remember(block);
    await activator.activate();
  };
  for (const [done, { file, offset }] of leftovers.entries()) {
    const percent = Math.floor((done * 100) / leftovers.length);
    const name = `blk${file.toString().padStart(5, '0')}.dat`;
    log?.info(`Reindexing block file ${name} (${percent}% complete)...`);
    let end = offset;
    for (const { block, position } of disk.scan(file, offset)) {
      if (signal?.aborted) return;
      end = position.offset + position.size;
      const read = () => Block.decode(disk.read('blk', position));
      await inOrder.offer({ block, read, take: takeAt(position) });
    }
    if (end === 0) throw damaged(disk.path('blk', file), 'it holds no block of this network');
    disk.cut('blk', file, end);
  }
  log?.info('Reindexing finished', { height: index.tip.height });
}

/** What an import from outside asks of the chain. */
interface BlockDoor {
  readonly params: ChainParams;
  info(hash: BlockHash): unknown;
  submitBlock(block: Block): Promise<{ readonly status: string }>;
}

/**
 * Submits every block of a file in bitcoind's framing that somebody else wrote; stops when `signal` fires.
 * Returns how many blocks were new, undefined when there is no such file.
 */
export async function importBlocksFile(
  chain: BlockDoor,
  path: string,
  { log, signal }: { readonly log?: ChainLog; readonly signal?: AbortSignal } = {},
): Promise<number | undefined> {
  if (!existsSync(path)) return undefined;
  const { genesis, messageStart } = chain.params;
  const rootParent = genesis.header.prevHash;
  const isKnown = (hash: BlockHash) => hash === rootParent || chain.info(hash) !== undefined;
  const inOrder = new InOrder(isKnown, log);
  const place = { path, magic: hexToBytes(messageStart), obfuscation: noObfuscation };
  let taken = 0;
  const take = async (block: Block): Promise<void> => {
    const { status } = await chain.submitBlock(block);
    if (status === 'connected' || status === 'accepted') taken++;
  };
  for (const { block, offset } of scanBlocks(place)) {
    if (signal?.aborted) break;
    const read = () => {
      const [again] = scanBlocks(place, offset - 8);
      return again?.block ?? block;
    };
    await inOrder.offer({ block, read, take });
  }
  return taken;
}
