/**
 * peers.dat and anchors.dat as bitcoind writes them: magic, contents, double SHA-256 of both. Every format
 * there was is read; later ones are told apart, so that the caller can put them aside.
 */
import { DecodeError, equalBytes, Reader, sha256d, Writer } from '@coind/primitives';
import { BUCKET_SIZE, NEW_BUCKETS, TRIED_BUCKETS } from './address-buckets.ts';
import {
  AddressManager,
  type AddressManagerModules,
  type AddressManagerOptions,
  type KnownAddress,
} from './address-manager.ts';
import type { AddressRecord, WireAddress } from './messages.ts';
import { type HostAddress, hostOfIpv6, knownHost } from './net-address.ts';

/** The file is not whole, or not ours; `message` is bitcoind's. */
export class PeersFileError extends Error {
  override name = 'PeersFileError';
}

/** The file is of a version that is read by others. */
export class PeersFileVersionError extends PeersFileError {
  override name = 'PeersFileVersionError';
}

const FORMAT = 4;
/** The first formats with a marked number of buckets, with a map's hash, with BIP155 addresses. */
const MARKED_FORMAT = 1;
const ASMAP_FORMAT = 2;
const BIP155_FORMAT = 3;
/** Versions used to be the size of a key, which was 32. */
const COMPATIBILITY_BASE = 32;
/** Tells the oldest readers that they do not understand the file. */
const BUCKETS_MARK = 1 << 30;
const HASH_BYTES = 32;
/** No map of autonomous systems. */
const NO_ASMAP = new Uint8Array(HASH_BYTES);

const RECORD_VERSION = 220_000;
const RECORD_VERSION_MASK = 0xfff80000;
const RECORD_ADDRV2 = 1 << 29;

function writeHost(writer: Writer, { networkId, bytes }: HostAddress): void {
  writer.u8(networkId).varBytes(bytes);
}

/** Undefined for addresses of networks that are gone or not known yet. */
function readHost(reader: Reader): HostAddress | undefined {
  const networkId = reader.u8();
  return knownHost({ networkId, bytes: reader.varBytes().slice() });
}

/** 16 bytes, as before BIP155. */
function readOldHost(reader: Reader): HostAddress | undefined {
  return knownHost(hostOfIpv6(reader.take(16).slice()));
}

function writeRecord(writer: Writer, record: AddressRecord): void {
  writer.u32(RECORD_VERSION | RECORD_ADDRV2).u32(record.time);
  if (record.services <= 0xffffffffn) writer.compactSize(Number(record.services));
  else writer.u8(0xff).u64(record.services);
  writeHost(writer, record);
  writer.u8(record.port >> 8).u8(record.port & 0xff);
}

interface ReadRecord {
  readonly address: WireAddress | undefined;
  readonly time: number;
  readonly services: bigint;
}

function readRecord(reader: Reader, bip155 = true): ReadRecord {
  const version = (reader.u32() & RECORD_VERSION_MASK) >>> 0;
  const isV2 = bip155 && version === RECORD_ADDRV2;
  if (!isV2 && version !== 0) {
    throw new PeersFileError('Unsupported CAddress disk format version: iostream error');
  }
  const time = reader.u32();
  const services = isV2 ? readServices(reader) : reader.u64();
  const host = isV2 ? readHost(reader) : readOldHost(reader);
  const [high = 0, low = 0] = reader.take(2);
  return { address: host && { ...host, port: (high << 8) | low }, time, services };
}

function readServices(reader: Reader): bigint {
  const first = reader.u8();
  if (first < 0xfd) return BigInt(first);
  if (first === 0xfd) return BigInt(reader.u16());
  return first === 0xfe ? BigInt(reader.u32()) : reader.u64();
}

function writeKnown(writer: Writer, known: KnownAddress): void {
  writeRecord(writer, { ...known.address, time: known.time, services: known.services });
  writeHost(writer, known.source);
  writer.i64(BigInt(known.lastSuccess)).i32(known.attempts);
}

/** Undefined for an address that cannot be kept. */
function readKnown(reader: Reader, bip155: boolean): KnownAddress | undefined {
  const { address, time, services } = readRecord(reader, bip155);
  const source = bip155 ? readHost(reader) : readOldHost(reader);
  const lastSuccess = Number(reader.i64());
  const attempts = reader.i32();
  return address && source && { address, time, services, source, lastSuccess, attempts };
}

function seal(magic: Uint8Array, write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer(16_384).bytes(magic);
  write(writer);
  const contents = writer.finish();
  return new Writer(contents.length + HASH_BYTES).bytes(contents).bytes(sha256d(contents)).finish();
}

/** Reads the contents with `read` and then compares the hash, in bitcoind's order. */
function unseal<T>(file: Uint8Array, magic: Uint8Array, read: (reader: Reader) => T): T {
  const reader = new Reader(file);
  try {
    if (!equalBytes(reader.take(magic.length), magic)) {
      throw new PeersFileError('Invalid network magic number');
    }
    const contents = read(reader);
    const hash = sha256d(file.subarray(0, reader.offset));
    if (!equalBytes(reader.take(HASH_BYTES), hash)) {
      throw new PeersFileError('Checksum mismatch, data corrupted');
    }
    return contents;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new PeersFileError('AutoFile::read: end of file: iostream error', { cause: error });
  }
}

/** The contents of peers.dat. `magic` is the network's. */
export function encodePeersFile(manager: AddressManager, magic: Uint8Array): Uint8Array {
  const isNew: KnownAddress[] = [];
  const isTried: KnownAddress[] = [];
  const buckets = Array.from({ length: NEW_BUCKETS }, (): number[] => []);
  for (const [known, inBuckets] of manager.all()) {
    for (const bucket of inBuckets) buckets[bucket]?.push(isNew.length);
    (inBuckets.length === 0 ? isTried : isNew).push(known);
  }
  return seal(magic, (writer) => {
    writer.u8(FORMAT).u8(COMPATIBILITY_BASE + FORMAT);
    writer
      .bytes(manager.key)
      .i32(isNew.length)
      .i32(isTried.length)
      .i32(NEW_BUCKETS ^ BUCKETS_MARK);
    for (const known of isNew) writeKnown(writer, known);
    for (const known of isTried) writeKnown(writer, known);
    for (const bucket of buckets) {
      writer.i32(bucket.length);
      for (const index of bucket) writer.i32(index);
    }
    writer.bytes(manager.asMap?.hash ?? NO_ASMAP);
  });
}

/**
 * Reads peers.dat; addresses that were sorted by another map than that of `options` are sorted anew. Throws
 * `PeersFileError`, for a version that others read `PeersFileVersionError`.
 */
export function decodePeersFile(
  file: Uint8Array,
  magic: Uint8Array,
  modules: AddressManagerModules,
  options: Omit<AddressManagerOptions, 'key'> = {},
): AddressManager {
  return unseal(file, magic, (reader) => readManager(reader, modules, options));
}

function readManager(
  reader: Reader,
  modules: AddressManagerModules,
  options: Omit<AddressManagerOptions, 'key'>,
): AddressManager {
  const format = reader.u8();
  const compatibility = reader.u8();
  if (compatibility < COMPATIBILITY_BASE) {
    throw new PeersFileError(
      `Corrupted addrman database: The compat value (${compatibility}) is lower than the expected minimum value ${COMPATIBILITY_BASE}.: iostream error`,
    );
  }
  const lowest = compatibility - COMPATIBILITY_BASE;
  if (lowest > FORMAT) {
    throw new PeersFileVersionError(
      `Unsupported format of addrman database: ${format}. It is compatible with formats >=${lowest}, but the maximum supported by this version is ${FORMAT}.: iostream error`,
    );
  }
  const key = reader.take(HASH_BYTES).slice();
  const newCount = reader.i32();
  const triedCount = reader.i32();
  const bucketCount = reader.i32() ^ (format >= MARKED_FORMAT ? BUCKETS_MARK : 0);
  checkCount(newCount, 'nNew', NEW_BUCKETS * BUCKET_SIZE);
  checkCount(triedCount, 'nTried', TRIED_BUCKETS * BUCKET_SIZE);
  const bip155 = format >= BIP155_FORMAT;
  const isNew = Array.from({ length: newCount }, () => readKnown(reader, bip155));
  const isTried = Array.from({ length: triedCount }, () => readKnown(reader, bip155));
  const buckets = isNew.map((): number[] => []);
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    for (let left = reader.i32(); left > 0; left--) {
      buckets[reader.i32()]?.push(bucket);
    }
  }
  const asmap = format >= ASMAP_FORMAT ? reader.take(HASH_BYTES) : NO_ASMAP;
  const ours = options.asMap?.hash ?? NO_ASMAP;
  const sameGroups = equalBytes(asmap, ours) && bucketCount === NEW_BUCKETS;
  const manager = new AddressManager({ ...options, key }, modules);
  isNew.forEach((known, index) => {
    if (known) manager.restore(known, sameGroups ? buckets[index] : undefined);
  });
  for (const known of isTried) if (known) manager.restore(known, 'tried');
  // Every place has just been computed.
  const code = manager.check(false);
  if (code !== 0) {
    throw new PeersFileError(
      `Corrupt data. Consistency check failed with code ${code}: iostream error`,
    );
  }
  return manager;
}

function checkCount(count: number, name: string, max: number): void {
  if (count >= 0 && count <= max) return;
  throw new PeersFileError(
    `Corrupt AddrMan serialization: ${name}=${count}, should be in [0, ${max}]: iostream error`,
  );
}

/** The contents of anchors.dat: peers to go back to first. */
export function encodeAnchorsFile(
  anchors: readonly AddressRecord[],
  magic: Uint8Array,
): Uint8Array {
  return seal(magic, (writer) => {
    writer.compactSize(anchors.length);
    for (const anchor of anchors) writeRecord(writer, anchor);
  });
}

/** Reads anchors.dat; addresses of unknown networks are left out. Throws `PeersFileError`. */
export function decodeAnchorsFile(file: Uint8Array, magic: Uint8Array): AddressRecord[] {
  return unseal(file, magic, (reader) => {
    const anchors: AddressRecord[] = [];
    for (let count = reader.compactSize(); count > 0; count--) {
      const { address, time, services } = readRecord(reader);
      if (address) anchors.push({ ...address, time, services });
    }
    return anchors;
  });
}
