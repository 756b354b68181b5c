/**
 * A wallet as one file: every row of its tables, framed, with a digest behind them. Made between two
 * changes, so a backup is the wallet of one moment. Where the file lies is the caller's business.
 */
import { bytesToHex, concatBytes, equalBytes, sha256 } from '@coind/primitives';
import type { Table, Write } from '@coind/store';
import { WalletError } from './errors.ts';
import { WALLET_SCHEMA, type WalletTables } from './tables.ts';

const MAGIC = 'coind wallet backup ';
const DIGEST_SIZE = 32;

/** The bytes of a backup of the wallet of `network`, whose tables must not change meanwhile. */
export async function encodeBackup(tables: WalletTables, network: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [headOf(WALLET_SCHEMA, network)];
  for (const table of Object.values(tables) as Table<unknown, unknown>[]) {
    for await (const chunk of table.chunks()) {
      for (const [key, value] of chunk) {
        const write = table.put(key, value);
        if (write.type === 'put') parts.push(framed(write.key), framed(write.value));
      }
    }
  }
  const body = joined(parts);
  return concatBytes(body, sha256(body));
}

/** What a backup begins with: what it is, the layout of its rows, its network. */
function headOf(schema: number, network: string): Uint8Array {
  return new TextEncoder().encode(`${MAGIC}${schema}\n${network}\n`);
}

/** One array of many parts: a large wallet has more rows than a call may have arguments. */
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
