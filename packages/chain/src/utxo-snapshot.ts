/**
 * UTXO snapshots: the set as of a block in bitcoind's file format (assumeutxo, version 2), for
 * `dumptxoutset`. A block of the past is reached by taking the undo records of what came after it
 * into account while the set of today is read, so the chain itself stays where it is.
 */
import type { BlockRef, Coin } from '@coind/consensus';
import {
  type BlockHash,
  compareBytes,
  concatBytes,
  DecodeError,
  hashToHex,
  hexToBytes,
  hexToHash,
  type OutPoint,
  Reader,
  type Txid,
  Writer,
} from '@coind/primitives';
import type { Chain } from './chain.ts';
import { writeAmount, writeShortScript, writeVarInt } from './coin-codec.ts';
import { computeUtxoStats } from './utxo-stats.ts';

/** "utxo" and a byte that no text has. */
const MAGIC = Uint8Array.of(0x75, 0x74, 0x78, 0x6f, 0xff);
const VERSION = 2;
const COINS_PER_TURN = 10_000;

/** What stands in front of the coins. */
export interface SnapshotHeader {
  /** Magic of the network, as in `ChainParams.messageStart`. */
  readonly messageStart: string;
  readonly baseHash: BlockHash;
  readonly coinCount: bigint;
}

/** 51 bytes. */
export function encodeSnapshotHeader(header: SnapshotHeader): Uint8Array {
  return new Writer(51)
    .bytes(MAGIC)
    .u16(VERSION)
    .bytes(hexToBytes(header.messageStart))
    .bytes(hexToHash(header.baseHash))
    .u64(header.coinCount)
    .finish();
}

/** Reads what stands in front of the coins. Throws `DecodeError` with bitcoind's text. */
export function decodeSnapshotHeader(bytes: Uint8Array): SnapshotHeader {
  const reader = new Reader(bytes);
  if (compareBytes(reader.take(MAGIC.length), MAGIC) !== 0) {
    throw new DecodeError(
      'Invalid UTXO set snapshot magic bytes. Please check if this is indeed a snapshot file or if you are using an outdated snapshot format.',
    );
  }
  const version = reader.u16();
  if (version !== VERSION) {
    throw new DecodeError(
      `Version of snapshot ${version} does not match any of the supported versions.`,
    );
  }
  const messageStart = Buffer.from(reader.take(4)).toString('hex');
  return { messageStart, baseHash: hashToHex(reader.take(32)), coinCount: reader.u64() };
}

/** Bytes of a snapshot's header. */
export const SNAPSHOT_HEADER_SIZE = 51;

/** The unspent outputs of one transaction, as a snapshot holds them. */
function encodeTxCoins(txid: Txid, coins: readonly (readonly [number, Coin])[]): Uint8Array {
  const writer = new Writer(64 * coins.length).bytes(hexToHash(txid)).compactSize(coins.length);
  for (const [vout, { output, height, coinbase }] of coins) {
    writer.compactSize(vout);
    writeVarInt(writer, height * 2 + (coinbase ? 1 : 0));
    writeAmount(writer, output.value);
    writeShortScript(writer, output.scriptPubKey);
  }
  return writer.finish();
}

/** What a snapshot was made of. */
export interface SnapshotSummary {
  readonly base: BlockRef;
  readonly coins: number;
  /** `hash_serialized_3` of the set. */
  readonly hash: string;
}

/** Where bytes go; a promise is waited for. */
export type SnapshotSink = (bytes: Uint8Array) => Promise<void> | void;

type CoinRow = [OutPoint, Coin];

/**
 * Writes the set as of `target`, a block of the active chain, into `sink`. Throws `ChainError`
 * 'pruned' when what the blocks after it spent is no longer known, `RangeError` when it is not active.
 */
export async function writeSnapshot(
  chain: Chain,
  target: BlockRef,
  sink: SnapshotSink,
): Promise<SnapshotSummary> {
  // The number of coins stands in front of them, so the same set is read twice.
  const [forCounting, forWriting, tip] = await chain.exclusively(async () => {
    const walks = [await startWalk(chain), await startWalk(chain)] as const;
    return [...walks, chain.tip.ref] as const;
  });
  const restored = await restoredCoins(chain, target, tip);
  const rows = (walk: AsyncIterable<CoinRow>) => asOf(walk, target, restored);
  const stats = await computeUtxoStats('hash_serialized_3', target, chunksOf(rows(forCounting)));
  const { messageStart } = chain.params;
  const coinCount = BigInt(stats.txouts);
  await sink(encodeSnapshotHeader({ messageStart, baseHash: target.hash, coinCount }));
  await writeCoins(rows(forWriting), sink);
  return { base: target, coins: stats.txouts, hash: stats.hash as string };
}

/** A walk over all coins that has begun: it shows the set of this moment. */
async function startWalk(chain: Chain): Promise<AsyncIterable<CoinRow>> {
  const coins = chain.utxos()[Symbol.asyncIterator]();
  const first = await coins.next();
  return (async function* () {
    try {
      for (let row = first; !row.done; row = await coins.next()) yield row.value;
    } finally {
      await coins.return?.();
    }
  })();
}

/** Coins that were there at `target` and were spent up to `tip`, in the order of the set. */
async function restoredCoins(chain: Chain, target: BlockRef, tip: BlockRef): Promise<CoinRow[]> {
  const found: [Uint8Array, CoinRow][] = [];
  for (let height = tip.height; height > target.height; height--) {
    const info = chain.ancestor(tip.hash, height);
    const block = info && (await chain.block(info.ref.hash));
    const undo = info && (await chain.undo(info.ref.hash));
    if (!block || !undo) throw new RangeError(`block ${height} cannot be taken back`);
    for (const [i, coins] of undo.entries()) {
      for (const [j, coin] of coins.entries()) {
        const prevout = block.txs[i + 1]?.inputs[j]?.prevout;
        if (prevout && coin.height <= target.height) {
          found.push([orderOf(prevout), [prevout, coin]]);
        }
      }
    }
  }
  if (chain.ancestor(tip.hash, target.height)?.ref.hash !== target.hash) {
    throw new RangeError(`${target.hash} is not in the active chain`);
  }
  return found.sort(([a], [b]) => compareBytes(a, b)).map(([, row]) => row);
}

/** Bytes by which the set is ordered. */
function orderOf({ txid, vout }: OutPoint): Uint8Array {
  const index = new Uint8Array(4);
  new DataView(index.buffer).setUint32(0, vout);
  return concatBytes(hexToHash(txid), index);
}

/** The coins of `walk` that were there at `target`, with those that were spent since. */
async function* asOf(
  walk: AsyncIterable<CoinRow>,
  target: BlockRef,
  restored: readonly CoinRow[],
): AsyncGenerator<CoinRow> {
  let next = 0;
  for await (const row of walk) {
    if (next < restored.length) {
      const order = orderOf(row[0]);
      for (; next < restored.length; next++) {
        const back = restored[next] as CoinRow;
        if (compareBytes(orderOf(back[0]), order) > 0) break;
        yield back;
      }
    }
    if (row[1].height <= target.height) yield row;
  }
  yield* restored.slice(next);
}

async function* chunksOf(rows: AsyncIterable<CoinRow>): AsyncGenerator<CoinRow[]> {
  let chunk: CoinRow[] = [];
  for await (const row of rows) {
    chunk.push(row);
    if (chunk.length < COINS_PER_TURN) continue;
    yield chunk;
    chunk = [];
    await new Promise(setImmediate);
  }
  yield chunk;
}

async function writeCoins(rows: AsyncIterable<CoinRow>, sink: SnapshotSink): Promise<void> {
  let txid: Txid | undefined;
  let coins: [number, Coin][] = [];
  for await (const [outpoint, coin] of rows) {
    if (outpoint.txid !== txid && txid !== undefined) {
      await sink(encodeTxCoins(txid, coins));
      coins = [];
    }
    txid = outpoint.txid;
    coins.push([outpoint.vout, coin]);
  }
  if (txid !== undefined) await sink(encodeTxCoins(txid, coins));
}
