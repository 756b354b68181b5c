/**
 * What the estimators have learnt, in files of bitcoind's formats: block_policy_estimates.dat (once
 * fee_estimates.dat) and mempool_policy_estimator.dat. Codecs; where the files lie and when they are
 * written is the daemon's business.
 */
import {
  type BlockHash,
  DecodeError,
  hashToHex,
  hexToHash,
  Reader,
  Writer,
} from '@coind/primitives';
import type { HorizonName, SavedEstimates } from './block-estimator.ts';
import type { SavedHorizon } from './confirm-stats.ts';
import { type MinedBlock, type SavedWindow, WINDOW_BLOCKS } from './pool-estimator.ts';

const ESTIMATES_VERSION = 309_900;
const WINDOW_VERSION = 1;
const MAX_BUCKETS = 1_000;
const MAX_TARGET = 6 * 24 * 7;
/** The order of the horizons in the file. */
const FILE_ORDER = ['medium', 'short', 'long'] as const satisfies readonly HorizonName[];

/** The bytes of block_policy_estimates.dat. */
export function encodeEstimates(saved: SavedEstimates): Uint8Array {
  const writer = new Writer(1 << 18);
  writer.i32(ESTIMATES_VERSION).u32(saved.bestHeight).u32(saved.first).u32(saved.last);
  writeDoubles(writer, saved.bounds);
  for (const name of FILE_ORDER) {
    const { decay, scale, rateSums, counts, confirmed, failed } = saved.horizons[name];
    writer.bytes(doubleBytes([decay])).u32(scale);
    writeDoubles(writer, rateSums);
    writeDoubles(writer, counts);
    for (const periods of [confirmed, failed]) {
      writer.compactSize(periods.length);
      for (const period of periods) writeDoubles(writer, period);
    }
  }
  return writer.finish();
}

/** Reads block_policy_estimates.dat. Throws `DecodeError` for what is none, of another version or corrupt. */
export function decodeEstimates(bytes: Uint8Array): SavedEstimates {
  const reader = new Reader(bytes);
  const version = reader.i32();
  if (version > ESTIMATES_VERSION)
    throw new DecodeError(`File version (${version}) too high to be read.`);
  if (version < ESTIMATES_VERSION) {
    throw new DecodeError(`File version (${version}) incompatible: Too old to be read`);
  }
  const bestHeight = reader.u32();
  const first = reader.u32();
  const last = reader.u32();
  require(first <= last && last <= bestHeight, 'Historical block range for estimates is invalid');
  const bounds = readDoubles(reader);
  require(bounds.length > 1 &&
    bounds.length <= MAX_BUCKETS, 'Must have between 2 and 1000 feerate buckets');
  const medium = readHorizon(reader, bounds.length);
  const short = readHorizon(reader, bounds.length);
  const long = readHorizon(reader, bounds.length);
  return { bestHeight, first, last, bounds, horizons: { short, medium, long } };
}

function readHorizon(reader: Reader, buckets: number): SavedHorizon {
  const [decay = 0] = doublesOf(reader.take(8));
  require(decay > 0 && decay < 1, 'Decay must be between 0 and 1 (non-inclusive)');
  const scale = reader.u32();
  require(scale !== 0, 'Scale must be non-zero');
  const rateSums = readDoubles(reader);
  require(rateSums.length === buckets, 'Mismatch in feerate average bucket count');
  const counts = readDoubles(reader);
  require(counts.length === buckets, 'Mismatch in tx count bucket count');
  const readPeriods = (): Float64Array[] =>
    Array.from({ length: reader.compactSize() }, () => readDoubles(reader));
  const confirmed = readPeriods();
  const target = scale * confirmed.length;
  require(target > 0 &&
    target <= MAX_TARGET, 'Must maintain estimates for between 1 and 1008 (one week) confirms');
  const failed = readPeriods();
  require(failed.length === confirmed.length, 'Mismatch in confirms tracked for failures');
  require([...confirmed, ...failed].every(
    ({ length }) => length === buckets,
  ), 'Mismatch in one of the average bucket counts');
  return { decay, scale, rateSums, counts, confirmed, failed };
}

/** The bytes of mempool_policy_estimator.dat. */
export function encodeWindow({ blocks, tip }: SavedWindow): Uint8Array {
  const writer = new Writer();
  writer.i32(WINDOW_VERSION).compactSize(blocks.length);
  for (const { height, poolWeight, weight } of blocks) {
    writer.u64(BigInt(height)).u64(BigInt(poolWeight)).u64(BigInt(weight));
  }
  return writer.bytes(hexToHash(tip)).finish();
}

/** Reads mempool_policy_estimator.dat. Throws `DecodeError` for what is none, or of another version. */
export function decodeWindow(bytes: Uint8Array): SavedWindow {
  const reader = new Reader(bytes);
  if (reader.i32() !== WINDOW_VERSION) throw new DecodeError('file version not supported');
  const count = reader.compactSize();
  require(count <= WINDOW_BLOCKS, `Number of blocks exceeds the maximum of ${WINDOW_BLOCKS}`);
  const blocks = Array.from({ length: count }, (): MinedBlock => {
    const height = Number(reader.u64());
    const poolWeight = Number(reader.u64());
    return { height, poolWeight, weight: Number(reader.u64()) };
  });
  const consecutive = blocks.every(
    ({ height }, index) => height === (blocks[0]?.height ?? 0) + index,
  );
  require(consecutive, 'Non-consecutive block heights');
  return { blocks, tip: hashToHex<BlockHash>(reader.take(32)) };
}

function require(holds: boolean, what: string): void {
  if (!holds) throw new DecodeError(`Corrupt estimates file. ${what}`);
}

function writeDoubles(writer: Writer, values: Float64Array): void {
  writer.compactSize(values.length).bytes(doubleBytes(values));
}

function readDoubles(reader: Reader): Float64Array {
  return doublesOf(reader.take(8 * reader.compactSize()));
}

/** Doubles as the file has them: IEEE 754, little-endian. */
function doubleBytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < values.length; index++) {
    view.setFloat64(8 * index, values[index] as number, true);
  }
  return bytes;
}

function doublesOf(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: bytes.length / 8 }, (_, index) =>
    view.getFloat64(8 * index, true),
  );
}
