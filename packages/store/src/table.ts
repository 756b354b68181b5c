/**
 * Typed tables over one ordered key space. A table is a prefix and two codecs; it reads by itself but
 * never writes: `put` and `del` only describe writes, which `Store.commit` makes together or not at
 * all. Where the bytes lie is the backend's business (`level.ts`, `memory.ts`).
 */
import { compareBytes, concatBytes, Writer } from '@coind/primitives';
import { afterPrefix, type Codec, type TupleCodec } from './codec.ts';

/** What a table is: its place in the key space, its key and value, and a sentence for people. */
export interface TableSpec<K, V> {
  /** ASCII; no table's prefix may begin another's. */
  readonly prefix: string;
  readonly key: Codec<K>;
  readonly value: Codec<V>;
  readonly about: string;
}

/** One change that `Store.commit` will make; made by `put` and `del` of a table. */
export type Write =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

/** The leading parts of a tuple key: `[A]` and `[A, B]` of `[A, B, C]`. */
export type PrefixOf<K> = K extends readonly [...infer Head, unknown]
  ? Head extends readonly []
    ? never
    : Head | PrefixOf<Head>
  : never;

/** Which rows, and in which direction. Bounds and prefix hold together. */
export interface Range<K> {
  readonly gte?: K;
  readonly gt?: K;
  readonly lte?: K;
  readonly lt?: K;
  /** Only keys whose first parts are these; for tuple keys. */
  readonly prefix?: PrefixOf<K>;
  /** From the last row to the first. */
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** Rows of one kind. Reads see what was committed before they began. */
export interface Table<K, V> {
  get(key: K): Promise<V | undefined>;
  /** The same without a promise, for single reads that the block cache mostly answers. */
  getSync(key: K): V | undefined;
  /** In the order of `keys`; one trip to the disk for all of them. */
  getMany(keys: readonly K[]): Promise<(V | undefined)[]>;
  has(key: K): Promise<boolean>;
  /** Rows in key order, as they were when the iteration began. Leaving the loop early is fine. */
  entries(range?: Range<K>): AsyncIterable<[K, V]>;
  /** The same in arrays of up to about a thousand rows, for scans of whole tables. */
  chunks(range?: Range<K>): AsyncIterable<[K, V][]>;
  /** Deletes rows at once and not atomically: for tables that will be built anew. */
  clear(range?: Range<K>): Promise<void>;
  put(key: K, value: V): Write;
  del(key: K): Write;
}

/** A range of raw keys; `gte` is inclusive, `lt` exclusive, no `lt` means up to the end. */
export interface RawRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array | undefined;
  readonly reverse: boolean;
  readonly limit: number;
}

/** What a table needs of the place where bytes lie. */
export interface Backend {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  getSync(key: Uint8Array): Uint8Array | undefined;
  getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  /** Rows of one moment, about `rows` of them in the first array; later ones may be longer. */
  scan(range: RawRange, rows?: number): AsyncIterable<[Uint8Array, Uint8Array][]>;
  clear(range: RawRange): Promise<void>;
  write(writes: Write[], sync: boolean): Promise<void>;
  /** Leaves nothing deleted in the files. */
  compact(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Rows that wait to be written lie side by side in pieces of memory of this size: an array for each of them
 * costs more than all that is put into it. Nobody keeps rows for long, so a piece soon goes.
 */
const PIECE_SIZE = 32 << 10;
let piece = new Uint8Array(0);
let used = 0;

/** A place of its own for bytes that lie where others will be written. */
function placed(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length > PIECE_SIZE / 4) return bytes.slice();
  if (used + length > piece.length) {
    piece = new Uint8Array(PIECE_SIZE);
    used = 0;
  }
  const start = used;
  used += length;
  piece.set(bytes, start);
  return piece.subarray(start, used);
}

/** Where rows are put together: one at a time, and never across an `await`. */
let desk = new Writer(1 << 10);
const LARGEST_DESK = 1 << 16;

function emptyDesk(): Writer {
  if (desk.length > LARGEST_DESK) desk = new Writer(1 << 10);
  return desk.reset();
}

function append<T>({ append: appended, encode }: Codec<T>, writer: Writer, value: T): void {
  if (appended) appended(writer, value);
  else writer.bytes(encode(value));
}

/** Whoever walks row by row often stops after a few. */
const FIRST_ENTRIES = 16;

/** The table that `spec` describes, over `backend`. */
export function makeTable<K, V>(spec: TableSpec<K, V>, backend: Backend): Table<K, V> {
  const prefix = new TextEncoder().encode(spec.prefix);
  const { key: keys, value: values } = spec;
  /** A key as it lies on the desk. */
  const drafted = (key: K): Writer => {
    const writer = emptyDesk().bytes(prefix);
    append(keys, writer, key);
    return writer;
  };
  const rawKey = (key: K): Uint8Array => placed(drafted(key).view());
  const put = (key: K, value: V): Write => {
    const writer = drafted(key);
    const end = writer.length;
    append(values, writer, value);
    const row = placed(writer.view());
    return { type: 'put', key: row.subarray(0, end), value: row.subarray(end) };
  };
  const decode = (value: Uint8Array | undefined): V | undefined =>
    value === undefined ? undefined : values.decode(value);

  async function* chunks(range: Range<K> = {}, rows?: number): AsyncGenerator<[K, V][]> {
    for await (const chunk of backend.scan(rawRange(range, prefix, keys, rawKey), rows)) {
      yield chunk.map(([key, value]) => [
        keys.decode(key.subarray(prefix.length)),
        values.decode(value),
      ]);
    }
  }

  return {
    get: async (key) => decode(await backend.get(rawKey(key))),
    getSync: (key) => decode(backend.getSync(drafted(key).view())),
    getMany: async (many) => (await backend.getMany(many.map(rawKey))).map(decode),
    has: async (key) => (await backend.get(rawKey(key))) !== undefined,
    chunks: (range) => chunks(range),
    async *entries(range) {
      for await (const chunk of chunks(range, FIRST_ENTRIES)) yield* chunk;
    },
    clear: (range = {}) => backend.clear(rawRange(range, prefix, keys, rawKey)),
    put,
    del: (key) => ({ type: 'del', key: rawKey(key) }),
  };
}

function rawRange<K>(
  range: Range<K>,
  tablePrefix: Uint8Array,
  keys: Codec<K>,
  rawKey: (key: K) => Uint8Array,
): RawRange {
  const prefix =
    range.prefix === undefined
      ? tablePrefix
      : concatBytes(
          tablePrefix,
          (keys as unknown as TupleCodec<K>).prefix(range.prefix as readonly unknown[]),
        );
  // A key plus one zero byte is the very next key, which turns every bound into gte and lt.
  const next = (key: K): Uint8Array => concatBytes(rawKey(key), Uint8Array.of(0));
  let gte = prefix;
  let lt = afterPrefix(prefix);
  const raiseTo = (bound: Uint8Array): void => {
    if (compareBytes(bound, gte) > 0) gte = bound;
  };
  const lowerTo = (bound: Uint8Array): void => {
    if (lt === undefined || compareBytes(bound, lt) < 0) lt = bound;
  };
  if (range.gte !== undefined) raiseTo(rawKey(range.gte));
  if (range.gt !== undefined) raiseTo(next(range.gt));
  if (range.lt !== undefined) lowerTo(rawKey(range.lt));
  if (range.lte !== undefined) lowerTo(next(range.lte));
  return { gte, lt, reverse: range.reverse === true, limit: range.limit ?? -1 };
}
