/**
 * LevelDB behind the `Backend` interface. `level` is loaded when the first store is opened, not when
 * this module is: a program that only prints its help must not pay for a database.
 */
import type { Level } from 'level';
import { StoreError } from './store-error.ts';
import type { Backend, RawRange, Write } from './table.ts';

type Bytes = Level<Uint8Array, Uint8Array>;

/** How much memory LevelDB may use. */
export interface LevelOptions {
  /** Block cache; 8 MiB unless told otherwise. */
  readonly cacheBytes?: number;
  /** Rows kept in memory before a sorted file is written; 4 MiB unless told otherwise. */
  readonly writeBufferBytes?: number;
}

const ROWS_PER_READ = 1000;
/** LevelDB's own 16 kB would make ten trips to another thread of what can be one. */
const BYTES_PER_READ = 512 << 10;

/**
 * LevelDB hands out Buffers, whose `slice` shares memory where Uint8Array's copies; what leaves this
 * file is plain.
 */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Opens or creates the database in the directory `path`. Throws `StoreError`. */
export async function openLevel(path: string, options: LevelOptions = {}): Promise<LevelBackend> {
  const { Level } = await import('level');
  const db: Bytes = new Level(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    cacheSize: options.cacheBytes ?? 8 << 20,
    writeBufferSize: options.writeBufferBytes ?? 4 << 20,
    // Hashes, keys and scripts do not get shorter.
    compression: false,
  });
  try {
    await db.open();
  } catch (error) {
    throw openError(path, error);
  }
  return new LevelBackend(db);
}

function openError(path: string, error: unknown): StoreError {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  if (cause?.code === 'LEVEL_LOCKED') {
    return new StoreError('locked', `The database in ${path} is in use by another process.`, error);
  }
  const detail = cause?.message ?? String(error);
  if (cause?.code === 'LEVEL_CORRUPTION' || /corrupt|missing files|CURRENT/i.test(detail)) {
    return new StoreError('corrupt', `The database in ${path} is damaged (${detail}).`, error);
  }
  return new StoreError('io', `Cannot open the database in ${path} (${detail}).`, error);
}

/** One open LevelDB. */
export class LevelBackend implements Backend {
  readonly #db: Bytes;

  constructor(db: Bytes) {
    this.#db = db;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const value = await this.#db.get(key);
    return value && plain(value);
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    const value = this.#db.getSync(key);
    return value && plain(value);
  }

  async getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const values = await this.#db.getMany(keys);
    return values.map((value) => value && plain(value));
  }

  async *scan(range: RawRange, rows = ROWS_PER_READ): AsyncGenerator<[Uint8Array, Uint8Array][]> {
    // Made before the first await, so the rows are those of the moment of the call.
    const options = { ...levelRange(range), highWaterMarkBytes: BYTES_PER_READ };
    const iterator = this.#db.iterator(options);
    try {
      for (let count = rows; ; count = Math.min(4 * count, ROWS_PER_READ)) {
        const found = await iterator.nextv(count);
        if (found.length === 0) return;
        yield found.map(([key, value]) => [plain(key), plain(value)]);
      }
    } finally {
      await iterator.close();
    }
  }

  clear(range: RawRange): Promise<void> {
    return this.#db.clear(levelRange(range));
  }

  write(writes: Write[], sync: boolean): Promise<void> {
    // One by one into a native batch: the array form copies and inspects every operation in
    // JavaScript first, which costs more than all the rest of a write.
    const batch = this.#db.batch();
    for (const write of writes) {
      if (write.type === 'put') batch.put(write.key, write.value);
      else batch.del(write.key);
    }
    // `sync` is LevelDB's own option, unknown to the abstract interface that the types describe.
    const options: object = { sync };
    return batch.write(options);
  }

  async compact(): Promise<void> {
    // Of the implementation for Node; the types describe what browsers have too.
    const db = this.#db as Bytes & {
      compactRange(start: Uint8Array, end: Uint8Array): Promise<void>;
    };
    // Every table's prefix is ASCII, so these lie around all keys.
    const first = new Uint8Array(1);
    const last = new Uint8Array(8).fill(0xff);
    // What is in memory may become a file of the lowest level, old values included, which LevelDB then
    // leaves alone; a second file above it that spans all keys makes it merge the two.
    await db.compactRange(first, last);
    await db.batch().del(first).del(last).write();
    await db.compactRange(first, last);
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}

function levelRange({ gte, lt, reverse, limit }: RawRange): {
  gte: Uint8Array;
  lt?: Uint8Array;
  reverse: boolean;
  limit: number;
} {
  return { gte, ...(lt && { lt }), reverse, limit };
}
