/**
 * A store: typed tables in one key space and one way to write, an atomic batch. It carries a stamp
 * (network, what it holds, schema version), so a directory is never read as what it is not. Commits
 * that arrive while one is being written share the next batch and, when asked for, its one fsync.
 */
import { json, unit } from './codec.ts';
import { type LevelOptions, openLevel } from './level.ts';
import { MemoryBackend } from './memory.ts';
import { StoreError } from './store-error.ts';
import { type Backend, makeTable, type Table, type TableSpec, type Write } from './table.ts';

/** An open store. */
export interface Store {
  table<K, V>(spec: TableSpec<K, V>): Table<K, V>;
  /**
   * Makes all the writes or none, in order; later commits never overtake earlier ones. Survives the
   * death of the process; `sync` makes it survive a loss of power as well.
   */
  commit(writes: Iterable<Write>, options?: { readonly sync?: boolean }): Promise<void>;
  /** Writes the files anew: nothing that was deleted or replaced can be read from them afterwards. */
  compact(): Promise<void>;
  /** Waits for commits under way, then closes. The store must not be used afterwards. */
  close(): Promise<void>;
}

/** What a store is for. */
export interface StoreStamp {
  /** Name of the chain, as in `ChainParams.name`. */
  readonly network: string;
  /** Version of the table layout; counted up when old rows can no longer be read. */
  readonly schema: number;
  /** What it holds: 'chain', 'wallet', … */
  readonly kind: string;
}

const stampTable: TableSpec<undefined, StoreStamp> = {
  prefix: '!',
  key: unit,
  value: json<StoreStamp>(),
  about: 'What this store is for: network, kind and schema version.',
};

/**
 * By a schema: brings the rows of a store from it to the next one. May be cut off and run again, so it must
 * take its own rows for what they are.
 */
export type Upgrades = Readonly<Record<number, (store: Store) => Promise<void>>>;

/** How a store is opened. */
export interface StoreOptions extends LevelOptions {
  /** Ways from older schemas; without one such a store is refused. */
  readonly upgrades?: Upgrades;
}

/**
 * Opens the LevelDB in the directory `path`, or creates it and writes `stamp` into it; brings an older schema
 * to this one where there is a way. Throws `StoreError` when it is locked, damaged, or stamped for
 * something else.
 */
export async function openStore(
  path: string,
  stamp: StoreStamp,
  { upgrades = {}, ...options }: StoreOptions = {},
): Promise<Store> {
  const store = new BackendStore(await openLevel(path, options));
  const stamps = store.table(stampTable);
  try {
    const found = stamps.getSync(undefined);
    const write = (next: StoreStamp) => store.commit([stamps.put(undefined, next)], { sync: true });
    if (!found) await write(stamp);
    else checkStamp(path, await upgraded(found, stamp.schema, upgrades, store, write), stamp);
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

/** A store that is gone when the process is: for tests, and for nodes that live as long as a test. */
export function memoryStore(): Store {
  return new BackendStore(new MemoryBackend());
}

/** The stamp after all upgrades there are. */
async function upgraded(
  found: StoreStamp,
  wanted: number,
  upgrades: Upgrades,
  store: Store,
  write: (stamp: StoreStamp) => Promise<void>,
): Promise<StoreStamp> {
  let stamp = found;
  while (stamp.schema < wanted) {
    const upgrade = upgrades[stamp.schema];
    if (!upgrade) break;
    await upgrade(store);
    stamp = { ...stamp, schema: stamp.schema + 1 };
    await write(stamp);
  }
  return stamp;
}

function checkStamp(path: string, found: StoreStamp, wanted: StoreStamp): void {
  if (found.kind !== wanted.kind) {
    throw new StoreError(
      'kind',
      `${path} holds a ${found.kind} store, not a ${wanted.kind} store.`,
    );
  }
  if (found.network !== wanted.network) {
    throw new StoreError(
      'network',
      `${path} belongs to the network "${found.network}", not "${wanted.network}". Choose another data directory, or start with -chain=${found.network}.`,
    );
  }
  if (found.schema !== wanted.schema) {
    const which = found.schema > wanted.schema ? 'a newer' : 'an older';
    throw new StoreError(
      'schema',
      `${path} was written by ${which} version (schema ${found.schema}, this one reads ${wanted.schema}). Use that version, or build it anew.`,
    );
  }
}

interface PendingCommit {
  readonly writes: Write[];
  readonly sync: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class BackendStore implements Store {
  readonly #backend: Backend;
  readonly #prefixes = new Set<string>();
  #pending: PendingCommit[] = [];
  #writing: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  table<K, V>(spec: TableSpec<K, V>): Table<K, V> {
    for (const prefix of this.#prefixes) {
      const clash = prefix.startsWith(spec.prefix) || spec.prefix.startsWith(prefix);
      if (clash && prefix !== spec.prefix) {
        throw new Error(`tables "${prefix}" and "${spec.prefix}" would mix their keys`);
      }
    }
    this.#prefixes.add(spec.prefix);
    return makeTable(spec, this.#backend);
  }

  commit(writes: Iterable<Write>, { sync = false } = {}): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'));
    return new Promise((resolve, reject) => {
      this.#pending.push({ writes: [...writes], sync, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  async compact(): Promise<void> {
    await this.#writing;
    await this.#backend.compact();
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#writing;
      await this.#backend.close();
    })();
    return this.#closed;
  }

  async #writeAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      const [first] = batch;
      const writes = batch.length === 1 && first ? first.writes : batch.flatMap((c) => c.writes);
      const sync = batch.some((commit) => commit.sync);
      try {
        await this.#backend.write(writes, sync);
        for (const commit of batch) commit.resolve();
      } catch (error) {
        for (const commit of batch) commit.reject(error);
      }
    }
    this.#writing = undefined;
  }
}
