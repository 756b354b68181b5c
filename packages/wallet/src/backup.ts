/**
 * A wallet as one file: every row of its tables, framed, with a digest behind them. Begun between two
 * changes and read from snapshots, so a backup is the wallet of one moment. Where the file lies is the
 * caller's business.
 */
import { createHash } from 'node:crypto';
import { concatBytes, equalBytes } from '@coind/primitives';
import type { Table, Write } from '@coind/store';
import { WalletError } from './errors.ts';
import { WALLET_SCHEMA, type WalletMeta, type WalletTables } from './tables.ts';

const MAGIC = 'coind wallet backup ';
const DIGEST_SIZE = 32;

/** A backup as it is read from somewhere. */
export type BackupPieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * A backup of the wallet of `network` in pieces: its rows as they are when this is called, whatever happens
 * while they are read. Read it to the end.
 */
export function encodeBackup(tables: WalletTables, network: string): AsyncIterable<Uint8Array> {
  const scans = Object.values(tables).map((table) => scanOf(table as AnyTable));
  return pieces(scans, headOf(WALLET_SCHEMA, network));
}

/** What a wallet that only watches has no use for, or must not have. */
const SECRET_TABLES: readonly (keyof WalletTables)[] = ['secrets', 'sealed', 'encryption', 'onces'];

/** The same of a wallet without private keys that watches all that this one has. */
export function encodeWatchOnlyBackup(
  tables: WalletTables,
  network: string,
): AsyncIterable<Uint8Array> {
  const meta = tables.meta.getSync(undefined) as WalletMeta;
  const flags = { ...meta.flags, privateKeysDisabled: true };
  const changed = async function* (): AsyncGenerator<[unknown, unknown][]> {
    yield [[undefined, { ...meta, flags }]];
  };
  const scans = Object.entries(tables)
    .filter(([name]) => !SECRET_TABLES.includes(name as keyof WalletTables))
    .map(([name, table]) => scanOf(table as AnyTable, name === 'meta' ? changed() : undefined));
  return pieces(scans, headOf(WALLET_SCHEMA, network));
}

type AnyTable = Table<unknown, unknown>;

function scanOf(
  table: AnyTable,
  chunks: AsyncIterable<[unknown, unknown][]> = table.chunks(),
): Scan {
  const rows = chunks[Symbol.asyncIterator]();
  // The first step of a scan settles which rows it sees.
  return { table, rows, first: rows.next() };
}

interface Scan {
  readonly table: Table<unknown, unknown>;
  readonly rows: AsyncIterator<[unknown, unknown][]>;
  readonly first: Promise<IteratorResult<[unknown, unknown][]>>;
}

async function* pieces(scans: readonly Scan[], head: Uint8Array): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256').update(head);
  yield head;
  for (const { table, rows, first } of scans) {
    for (let step = await first; !step.done; step = await rows.next()) {
      const parts = step.value.flatMap(([key, value]) => {
        const write = table.put(key, value);
        return write.type === 'put' ? [framed(write.key), framed(write.value)] : [];
      });
      const piece = joined(parts);
      digest.update(piece);
      yield piece;
    }
  }
  yield new Uint8Array(digest.digest());
}

/** What a backup begins with: what it is, the layout of its rows, its network. */
function headOf(schema: number, network: string): Uint8Array {
  return new TextEncoder().encode(`${MAGIC}${schema}\n${network}\n`);
}

/** One array of many parts: there may be more of them than a call may have arguments. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function framed(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length, true);
  return concatBytes(length, bytes);
}

/** Some rows of a backup, in the layout they were written in. */
export interface BackupRows {
  readonly schema: number;
  readonly writes: readonly Write[];
}

/** Rows that come together, by their size in bytes. */
const ROWS_SIZE = 1 << 20;
/** No row is larger: a transaction has at most four million bytes. */
const LARGEST_FRAME = 1 << 24;
const LONGEST_HEAD = 200;

/**
 * The rows of a backup that comes in pieces, some at a time. Whether the file is whole is known only at its
 * end, so what was made of them must be thrown away when this throws: `WalletError` 'invalid-backup'.
 */
export async function* decodeBackup(
  pieces: BackupPieces,
  network: string,
  rowsSize: number = ROWS_SIZE,
): AsyncGenerator<BackupRows> {
  const digest = createHash('sha256');
  let schema: number | undefined;
  let rest: Uint8Array = new Uint8Array(0);
  for await (const piece of pieces) {
    rest = concatBytes(rest, piece);
    if (schema === undefined) {
      if (rest.length < LONGEST_HEAD) continue;
      const head = readHead(rest, network);
      schema = head.schema;
      digest.update(rest.subarray(0, head.length));
      rest = rest.slice(head.length);
    }
    // The digest behind the rows could look like some more.
    if (rest.length < rowsSize + DIGEST_SIZE) continue;
    const { writes, length } = readFrames(rest.subarray(0, rest.length - DIGEST_SIZE));
    digest.update(rest.subarray(0, length));
    rest = rest.slice(length);
    if (writes.length > 0) yield { schema, writes };
  }
  if (schema === undefined) {
    const head = readHead(rest, network);
    schema = head.schema;
    digest.update(rest.subarray(0, head.length));
    rest = rest.slice(head.length);
  }
  const body = rest.subarray(0, Math.max(0, rest.length - DIGEST_SIZE));
  const { writes, length } = readFrames(body);
  digest.update(body);
  if (length < body.length || !equalBytes(digest.digest(), rest.subarray(body.length))) {
    throw damaged();
  }
  yield { schema, writes };
}

function damaged(): WalletError {
  return new WalletError('invalid-backup', 'The backup file is damaged.');
}

function readHead(bytes: Uint8Array, network: string): { schema: number; length: number } {
  for (let schema = 1; schema <= WALLET_SCHEMA; schema++) {
    const head = headOf(schema, network);
    if (equalBytes(bytes.subarray(0, head.length), head)) return { schema, length: head.length };
  }
  const magic = new TextEncoder().encode(MAGIC);
  if (!equalBytes(bytes.subarray(0, magic.length), magic)) throw new WalletError('invalid-backup');
  throw new WalletError(
    'invalid-backup',
    'The backup is of another network, or of a later version of this software.',
  );
}

/** The whole rows that `bytes` begin with, and how long they are. */
function readFrames(bytes: Uint8Array): { writes: Write[]; length: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const writes: Write[] = [];
  let length = 0;
  for (;;) {
    const key = frameAt(view, length);
    const value = key && frameAt(view, key.end);
    if (!value) return { writes, length };
    writes.push({
      type: 'put',
      key: bytes.slice(key.start, key.end),
      value: bytes.slice(value.start, value.end),
    });
    length = value.end;
  }
}

function frameAt(view: DataView, at: number): { start: number; end: number } | undefined {
  const start = at + 4;
  if (start > view.byteLength) return undefined;
  const size = view.getUint32(at, true);
  if (size > LARGEST_FRAME) throw damaged();
  return start + size > view.byteLength ? undefined : { start, end: start + size };
}
