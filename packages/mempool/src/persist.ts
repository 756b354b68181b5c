/**
 * The pool in a file, in bitcoind's format of mempool.dat: version 2, whose content is masked with a key so
 * that no scanner mistakes a transaction for something else, and version 1 without. Codec and import;
 * when and where the file is written is the daemon's business.
 */
import {
  DecodeError,
  hashToHex,
  hexToHash,
  Reader,
  type Sats,
  Tx,
  type Txid,
  Writer,
} from '@coind/primitives';
import { compareTxids } from './graph.ts';
import type { Mempool } from './mempool.ts';

const VERSION_PLAIN = 1n;
const VERSION_MASKED = 2n;
const KEY_LENGTH = 8;
/** The key is written as a list of bytes, after the version. */
const MASKED_FROM = 8 + 1 + KEY_LENGTH;

/** One transaction with what the file says about it. */
export interface SavedTx {
  readonly tx: Tx;
  /** Unix seconds at which it entered. */
  readonly time: number;
  /** What `prioritise` put on top of its fee. */
  readonly delta: Sats;
}

/** The content of a file. */
export interface SavedPool {
  /** Parents first. */
  readonly txs: readonly SavedTx[];
  /** What `prioritise` put on top of fees of transactions that were not in the pool. */
  readonly deltas: ReadonlyMap<Txid, Sats>;
  /** Transactions that no peer had shown to have. */
  readonly unbroadcast: readonly Txid[];
}

/** What there is to save of a pool. */
export function savedPool(mempool: Mempool): SavedPool {
  const deltas = new Map(mempool.priorities());
  const txs: SavedTx[] = [];
  const unbroadcast: Txid[] = [];
  for (const entry of mempool.entries()) {
    const { tx, time } = entry;
    txs.push({ tx, time, delta: deltas.get(tx.txid) ?? 0n });
    deltas.delete(tx.txid);
    if (entry.unbroadcast) unbroadcast.push(tx.txid);
  }
  return { txs, deltas, unbroadcast: unbroadcast.sort(compareTxids) };
}

/**
 * The bytes of a file.
 *
 * @param key eight bytes to mask with; undefined writes version 1
 */
export function encodePool({ txs, deltas, unbroadcast }: SavedPool, key?: Uint8Array): Uint8Array {
  const writer = new Writer(1 << 16);
  writer.u64(key ? VERSION_MASKED : VERSION_PLAIN);
  if (key) writer.varBytes(key);
  writer.u64(BigInt(txs.length));
  for (const { tx, time, delta } of txs) {
    writer.bytes(tx.encode()).i64(BigInt(time)).i64(delta);
  }
  writer.compactSize(deltas.size);
  for (const [txid, delta] of [...deltas].sort(([a], [b]) => compareTxids(a, b))) {
    writer.bytes(hexToHash(txid)).i64(delta);
  }
  writer.compactSize(unbroadcast.length);
  for (const txid of unbroadcast) writer.bytes(hexToHash(txid));
  const bytes = writer.finish();
  if (key) mask(bytes, key);
  return bytes;
}

/** Reads a file. Throws `DecodeError` for what is none, or is cut off. */
export function decodePool(bytes: Uint8Array): SavedPool {
  let reader = new Reader(bytes);
  const version = reader.u64();
  if (version === VERSION_MASKED) {
    const key = reader.varBytes();
    if (key.length !== KEY_LENGTH) throw new DecodeError('a key of eight bytes was expected');
    const plain = bytes.slice();
    mask(plain, key);
    reader = new Reader(plain, MASKED_FROM);
  } else if (version !== VERSION_PLAIN) {
    throw new DecodeError(`version ${version} of the mempool file is unknown`);
  }
  const txs: SavedTx[] = [];
  for (let count = reader.u64(); count > 0n; count--) {
    const tx = Tx.read(reader);
    txs.push({ tx, time: Number(reader.i64()), delta: reader.i64() });
  }
  const deltas = new Map<Txid, Sats>();
  for (let count = reader.compactSize(); count > 0; count--) {
    deltas.set(hashToHex<Txid>(reader.take(32)), reader.i64());
  }
  const unbroadcast: Txid[] = [];
  for (let count = reader.compactSize(); count > 0; count--) {
    unbroadcast.push(hashToHex<Txid>(reader.take(32)));
  }
  return { txs, deltas, unbroadcast };
}

/** Masks or unmasks what comes after the key; the key repeats from the start of the file. */
function mask(bytes: Uint8Array, key: Uint8Array): void {
  for (let at = MASKED_FROM; at < bytes.length; at++) {
    bytes[at] = (bytes[at] as number) ^ (key[at % KEY_LENGTH] as number);
  }
}

/** What an import takes over from the file beside the transactions. */
export interface ImportOptions {
  /** False for the times in the file: they decide what has expired. */
  readonly useCurrentTime: boolean;
  readonly applyDeltas: boolean;
  readonly applyUnbroadcast: boolean;
  /** Stops the import between two transactions. */
  readonly signal?: AbortSignal;
}

/** How an import went. */
export interface ImportCounts {
  readonly accepted: number;
  readonly refused: number;
  readonly expired: number;
  /** In the pool before. */
  readonly known: number;
  readonly unbroadcast: number;
  /** False when the signal stopped it. */
  readonly complete: boolean;
}

/** Submits everything that was saved, at time `now` (unix seconds). */
export async function importPool(
  mempool: Mempool,
  { txs, deltas, unbroadcast }: SavedPool,
  options: ImportOptions,
  now: number,
): Promise<ImportCounts> {
  const counts = { accepted: 0, refused: 0, expired: 0, known: 0, unbroadcast: 0 };
  const oldest = now - mempool.options.expirySeconds;
  for (const { tx, time: saved, delta } of txs) {
    if (options.signal?.aborted) return { ...counts, complete: false };
    const time = options.useCurrentTime ? now : saved;
    if (options.applyDeltas && delta !== 0n) mempool.prioritise(tx.txid, delta);
    if (time <= oldest) {
      counts.expired++;
      continue;
    }
    const { accepted } = await mempool.submit(tx, { time });
    if (accepted) counts.accepted++;
    else if (mempool.has(tx.txid)) counts.known++;
    else counts.refused++;
  }
  if (options.applyDeltas) for (const [txid, delta] of deltas) mempool.prioritise(txid, delta);
  if (options.applyUnbroadcast) {
    for (const txid of unbroadcast) mempool.markUnbroadcast(txid);
    counts.unbroadcast = unbroadcast.length;
  }
  return { ...counts, complete: true };
}
