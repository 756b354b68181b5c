/**
 * A wallet as one file: every row of its tables, framed, with a digest behind them. Begun between two
 * changes and read from snapshots, so a backup is the wallet of one moment. Where the file lies is the
 * caller's business.
 */
import { createHash } from 'node:crypto';
import { bytesToHex, concatBytes, equalBytes, sha256 } from '@coind/primitives';
import type { Table, Write } from '@coind/store';
import { WalletError } from './errors.ts';
import { WALLET_SCHEMA, type WalletMeta, type WalletTables } from './tables.ts';

const MAGIC = 'coind wallet backup ';
const DIGEST_SIZE = 32;

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

/** Rows of a backup, in the layout they were written in. */
export interface BackupRows {
  readonly schema: number;
  readonly writes: readonly Write[];
}

/** The rows of a backup. Throws `WalletError` 'invalid-backup' for anything else. */
export function decodeBackup(bytes: Uint8Array, network: string): BackupRows {
  const body = bytes.subarray(0, Math.max(0, bytes.length - DIGEST_SIZE));
  const found = Array.from({ length: WALLET_SCHEMA }, (_, i) => i + 1)
    .map((schema) => ({ schema, head: headOf(schema, network) }))
    .find(({ head }) => equalBytes(body.subarray(0, head.length), head));
  if (!found) throw new WalletError('invalid-backup');
  const { schema, head } = found;
  if (!equalBytes(sha256(body), bytes.subarray(body.length))) {
    throw new WalletError('invalid-backup', 'The backup file is damaged.', {
      digest: bytesToHex(bytes.subarray(body.length)),
    });
  }
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const writes: Write[] = [];
  let at = head.length;
  const take = (): Uint8Array => {
    const start = at + 4;
    at = start + view.getUint32(at, true);
    return body.slice(start, at);
  };
  while (at < body.length) writes.push({ type: 'put', key: take(), value: take() });
  return { schema, writes };
}
