/**
 * Which indexes a node keeps and where: a LevelDB each, under `indexes/` in bitcoind's places. They
 * follow the chain in the background; start-up waits for none of them.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  AddressIndex,
  type Chain,
  type ChainIndex,
  CoinStatsIndex,
  FilterIndex,
  INDEX_SCHEMA,
  SpenderIndex,
  TxIndex,
} from '@coind/chain';
import { ConfError } from '@coind/rpc/conf';
import { memoryStore, openStore, type Store, StoreError } from '@coind/store';
import type { Log } from './log.ts';
import type { IndexOptions } from './option-groups.ts';

type IndexName = keyof IndexOptions;

/** Where each index lies below `indexes/`, in the order `getindexinfo` lists them. */
const directories: Readonly<Record<IndexName, string>> = {
  tx: 'txindex',
  coinStats: 'coinstatsindex/db',
  txoSpender: 'txospenderindex/db',
  blockFilter: 'blockfilter/basic/db',
  address: 'addressindex',
};

/** The open stores of the indexes that are kept. */
export interface IndexStores {
  readonly stores: ReadonlyMap<IndexName, Store>;
  close(): Promise<void>;
}

/** The indexes of a node; those that are not kept are undefined. */
export interface Indexes {
  readonly tx: TxIndex | undefined;
  readonly coinStats: CoinStatsIndex | undefined;
  readonly spender: SpenderIndex | undefined;
  readonly filter: FilterIndex | undefined;
  readonly address: AddressIndex | undefined;
  /** All that are kept, in the order `getindexinfo` lists them. */
  readonly all: readonly ChainIndex[];
  /** Lets go of callers that wait. The chain stops driving them when it closes. */
  close(): void;
}

/** Where the stores of indexes lie. */
interface IndexPlace {
  /** In memory without one. */
  readonly directory: string | undefined;
  readonly network: string;
  /** True to build every index anew (-reindex). */
  readonly rebuild: boolean;
  readonly log: Log;
}

/** Opens the stores of the indexes that `options` asks for. */
export async function openIndexStores(
  options: IndexOptions,
  { directory, network, rebuild, log }: IndexPlace,
): Promise<IndexStores> {
  const names = (Object.keys(directories) as IndexName[]).filter((name) => options[name]);
  const opening = names.map(async (name): Promise<[IndexName, Store]> => {
    if (directory === undefined) return [name, memoryStore()];
    const path = join(directory, directories[name]);
    if (rebuild) {
      log.info(`Wiping LevelDB in ${path}`);
      rmSync(path, { recursive: true, force: true });
    }
    log.info(`Opening LevelDB in ${path}`);
    return [name, await openIndexStore(path, network)];
  });
  const outcomes = await Promise.allSettled(opening);
  const opened = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [outcome.value] : [],
  );
  const close = async (): Promise<void> => {
    await Promise.all(opened.map(([, store]) => store.close()));
  };
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) {
    await close();
    throw failure.reason;
  }
  return { stores: new Map(opened), close };
}

async function openIndexStore(path: string, network: string): Promise<Store> {
  const stamp = { network, schema: INDEX_SCHEMA, kind: 'index' };
  mkdirSync(path, { recursive: true });
  try {
    return await openStore(path, stamp);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'schema') throw error;
    // An index can always be built anew from the blocks.
    rmSync(path, { recursive: true, force: true });
    return openStore(path, stamp);
  }
}

/** What the indexes work with. */
export interface IndexSurroundings {
  readonly chain: Chain;
  readonly stores: IndexStores['stores'];
  readonly log: Log;
  readonly onError: (error: unknown) => void;
}

/** Makes the indexes and starts each of them on its way to the tip. Throws `ConfError`. */
export async function startIndexes({
  chain,
  stores,
  log,
  onError,
}: IndexSurroundings): Promise<Indexes> {
  const make = <T>(name: IndexName, construct: (store: Store) => T): T | undefined => {
    const store = stores.get(name);
    return store && construct(store);
  };
  const tx = make('tx', (store) => new TxIndex({ store, chain }));
  const coinStats = make(
    'coinStats',
    (store) => new CoinStatsIndex(chain.params, { store, chain }),
  );
  const spender = make('txoSpender', (store) => new SpenderIndex({ store, chain }));
  const filter = make('blockFilter', (store) => new FilterIndex({ store, chain }));
  const address = make('address', (store) => new AddressIndex({ store, chain }));
  const all = [tx, coinStats, spender, filter, address].filter((index) => index !== undefined);

  for (const index of [tx, spender, filter, coinStats, address]) {
    if (index) await requireBodies(chain, index);
  }
  let closed = false;
  const start = async (index: ChainIndex): Promise<void> => {
    const position = await index.position();
    if (position && !chain.info(position.hash)) {
      log.warn(`${index.name} is built anew`, { from: position.height });
      await index.reset();
    }
    const { synced, height } = index.status;
    log.info(`Syncing ${index.name} with block chain from height ${height}`);
    if (closed) return;
    await chain.follow(index);
    if (!synced) log.info(`${index.name} is enabled at height ${index.status.height}`);
  };
  for (const index of all) start(index).catch(onError);

  return {
    tx,
    coinStats,
    spender,
    filter,
    address,
    all,
    close() {
      closed = true;
      for (const index of all) index.close();
    },
  };
}

/** Throws `ConfError` when blocks that `index` has still to see were pruned. */
async function requireBodies(chain: Chain, index: ChainIndex): Promise<void> {
  const pruned = chain.prunedHeight();
  const position = await index.position();
  if (pruned === undefined || position?.hash === chain.tip.ref.hash) return;
  // Whatever stands on a branch goes back to the fork first; and the block there has to be whole too.
  const start = position && chain.forkOf(position.hash);
  if (start && start.ref.height > pruned) return;
  throw new ConfError(
    `${index.name} best block of the index goes beyond pruned data (including undo data). Please disable the index or reindex (which will download the whole blockchain again)\nError: A fatal internal error occurred, see debug.log for details: Failed to start indexes, shutting down…`,
  );
}
