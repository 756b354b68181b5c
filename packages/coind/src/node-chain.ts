/** The chain of a node: where it lies, and what of the options is its. What a chain does is the business of @coind/chain. */
import { mkdirSync } from 'node:fs';
import { CHAIN_SCHEMA, type Chain, type ChainOptions } from '@coind/chain';
import { MAX_FUTURE_BLOCK_TIME } from '@coind/consensus';
import { memoryStore, openStore, type Store } from '@coind/store';
import type { Options } from './config.ts';
import type { DataDir } from './data-dir.ts';
import type { Log } from './log.ts';
import { RebuildError } from './rebuild-error.ts';

/** The store of the chain. */
export interface ChainStore {
  readonly store: Store;
  /** Genesis has still to be connected in it: it is new, or shall be built anew. */
  readonly isEmpty: boolean;
}

/** Opens the store of the chain. Throws `StoreError`. */
export async function openChainStore(
  { params, validation }: Options,
  dataDir: DataDir | undefined,
  log: Log,
): Promise<ChainStore> {
  if (!dataDir) return { store: memoryStore(), isEmpty: true };
  const isNew = mkdirSync(dataDir.chainstate, { recursive: true }) !== undefined;
  log.info(`Opening LevelDB in ${dataDir.chainstate}`);
  const stamp = { network: params.name, schema: CHAIN_SCHEMA, kind: 'chain' };
  const store = await openStore(dataDir.chainstate, stamp, {
    cacheBytes: validation.databaseCacheBytes,
  });
  return { store, isEmpty: isNew || validation.reindex || validation.reindexChainstate };
}

/** What the chain is told of the options. */
export function chainOptions({ params, validation }: Options): ChainOptions {
  const { assumeValid: _, ...rules } = params;
  const { assumeValid, minimumChainwork, pruneTargetBytes, maxBlockFileBytes, stopAtHeight } =
    validation;
  return {
    params: { ...rules, minimumChainwork, ...(assumeValid && { assumeValid }) },
    checkBlocks: validation.checkBlocks,
    checkLevel: validation.checkLevel,
    reindex: validation.reindex,
    reindexChainstate: validation.reindexChainstate,
    cacheBytes: validation.cacheBytes,
    maxTipAgeSeconds: validation.maxTipAgeSeconds,
    scriptThreads: validation.scriptThreads,
    scriptCacheEntries: validation.scriptCacheEntries,
    obfuscateFiles: validation.obfuscateBlocks,
    ...(pruneTargetBytes !== undefined && {
      prune: { targetBytes: pruneTargetBytes, afterHeight: validation.pruneAfterHeight },
    }),
    ...(maxBlockFileBytes !== undefined && { maxFileBytes: maxBlockFileBytes }),
    ...(stopAtHeight !== undefined && { stopAtHeight }),
  };
}

/** Refuses a chain from the future: the clock is wrong, or the chain is somebody else's. */
export function checkTipTime(chain: Chain, now: number): void {
  const { ref, header } = chain.tip;
  if (ref.height === 0 || header.time <= now + MAX_FUTURE_BLOCK_TIME) return;
  throw new RebuildError(
    "The block database contains a block which appears to be from the future. This may be due to your computer's date and time being set incorrectly. Only rebuild the block database if you are sure that your computer's date and time are correct",
  );
}
