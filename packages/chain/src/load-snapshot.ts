/**
 * From the file of a snapshot to a ledger: reads its coins in pieces, writes them into tables that nobody
 * uses yet, and compares their hash with the one the program vouches for. Errors are bitcoind's.
 */
import type { Coin } from '@coind/consensus';
import {
  type AssumedUtxos,
  concatBytes,
  DecodeError,
  hashToHex,
  isMoney,
  type OutPoint,
  Reader,
  type Txid,
} from '@coind/primitives';
import type { Store, Write } from '@coind/store';
import { decompressAmount, readScript, readVarInt } from './coin-codec.ts';
import type { LedgerStore } from './ledger.ts';
import { computeUtxoStats } from './utxo-stats.ts';

/** So many bytes are at hand when a coin is read; none that can be spent is longer. */
const LOOKAHEAD_BYTES = 64 * 1024;
/** Coins in one batch. */
const COINS_PER_COMMIT = 20_000;
const MAX_VOUT = 0xffffffff;

/** Why a snapshot cannot be loaded, in bitcoind's words. */
export class SnapshotError extends Error {
  override name = 'SnapshotError';
}

/** Reads coins out of bytes that come in pieces. */
class CoinStream {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #reader = new Reader(new Uint8Array(0));
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** A reader with enough bytes for a coin, or with all there are. */
  async ready(): Promise<Reader> {
    while (!this.#ended && this.#reader.left < LOOKAHEAD_BYTES) {
      const piece = await this.#pieces.next();
      if (piece.done) this.#ended = true;
      else
        this.#reader = new Reader(concatBytes(this.#reader.take(this.#reader.left), piece.value));
    }
    return this.#reader;
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}

function readCoin(reader: Reader): Coin {
  const code = Number(readVarInt(reader));
  const value = decompressAmount(readVarInt(reader));
  const output = { value, scriptPubKey: readScript(reader) };
  return { output, height: Math.floor(code / 2), coinbase: code % 2 === 1 };
}

/** All coins of a snapshot as of `height`, of which its header promises `count`. Throws `SnapshotError`. */
async function* coinsOf(
  stream: CoinStream,
  count: bigint,
  height: number,
): AsyncGenerator<[OutPoint, Coin]> {
  let done = 0n;
  const bad = (what: string): SnapshotError =>
    new SnapshotError(`${what} after deserializing ${done} coins`);
  try {
    while (done < count) {
      const reader = await stream.ready();
      const txid = hashToHex<Txid>(reader.take(32));
      const coins = BigInt(reader.compactSize());
      if (coins > count - done) {
        throw new SnapshotError(
          'Mismatch in coins count in snapshot metadata and actual snapshot data',
        );
      }
      for (let i = 0n; i < coins; i++) {
        const more = await stream.ready();
        const vout = more.compactSize();
        const coin = readCoin(more);
        if (coin.height > height || vout >= MAX_VOUT) throw bad('Bad snapshot data');
        if (!isMoney(coin.output.value)) {
          throw new SnapshotError(`${bad('Bad snapshot data').message} - bad tx out value`);
        }
        yield [{ txid, vout }, coin];
        done++;
      }
    }
  } catch (error) {
    if (error instanceof DecodeError) throw bad('Bad snapshot format or truncated snapshot');
    throw error;
  }
  if ((await stream.ready()).left > 0) throw bad('Bad snapshot - coins left over');
}

/**
 * Fills an empty ledger with the coins of a snapshot. Throws `SnapshotError` when they are not the ones
 * that are known to be right; what was written then is to be cleared.
 */
export async function loadCoins(
  store: Store,
  ledger: LedgerStore,
  { height, blockHash, hash }: AssumedUtxos,
  { count, source }: { readonly count: bigint; readonly source: AsyncIterable<Uint8Array> },
): Promise<void> {
  const stream = new CoinStream(source);
  try {
    let writes: Write[] = [];
    for await (const [outpoint, coin] of coinsOf(stream, count, height)) {
      writes.push(ledger.coinTable.put(outpoint, coin));
      if (writes.length < COINS_PER_COMMIT) continue;
      await store.commit(writes);
      writes = [];
    }
    await store.commit(writes);
  } finally {
    await stream.close();
  }
  const chunks = ledger.coinTable.chunks();
  const stats = await computeUtxoStats('hash_serialized_3', { hash: blockHash, height }, chunks);
  if (stats.hash === hash) return;
  throw new SnapshotError(`Bad snapshot content hash: expected ${hash}, got ${stats.hash}`);
}
