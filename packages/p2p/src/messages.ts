/**
 * Every message of the protocol in one table: how its payload reads and writes. Framing is the
 * transport's (BIP324 in v2-transport.ts), meaning is the handlers'. Payloads may go on after what we
 * know: later versions of the protocol append, so what is left is ignored, as bitcoind does.
 */
import {
  Block,
  type BlockHash,
  BlockHeader,
  DecodeError,
  hashToHex,
  hexToHash,
  Reader,
  Tx,
  Writer,
} from '@coind/primitives';

/** An address as the wire has it: BIP155 network number and bare bytes. */
export interface WireAddress {
  /** 1 IPv4, 2 IPv6, 4 Tor v3, 5 I2P, 6 CJDNS; others are unknown. */
  readonly networkId: number;
  readonly bytes: Uint8Array;
  readonly port: number;
}

/** An address that somebody gossips about. */
export interface AddressRecord extends WireAddress {
  /** Unix seconds at which it was last seen. */
  readonly time: number;
  readonly services: bigint;
}

/** One item of inv, getdata and notfound: what kind, which hash (display order). */
export interface Inventory {
  readonly type: number;
  readonly hash: string;
}

/** Kinds of inventory; the witness flag is set in requests (BIP144), WTX is BIP339. */
export const inventoryTypes = {
  TX: 1,
  BLOCK: 2,
  FILTERED_BLOCK: 3,
  COMPACT_BLOCK: 4,
  WTX: 5,
  WITNESS_TX: 0x40000001,
  WITNESS_BLOCK: 0x40000002,
} as const;

const WITNESS_FLAG = 0x40000000;
const inventoryNames = ['', 'tx', 'block', 'merkleblock', 'cmpctblock', 'wtx'];

/** `witness-block HASH`, as bitcoind logs an item. */
export function formatInventory({ type, hash }: Inventory): string {
  const name = inventoryNames[type & 0x3fffffff];
  if (!name) return `0x${type.toString(16).padStart(8, '0')} ${hash}`;
  return `${type & WITNESS_FLAG ? 'witness-' : ''}${name} ${hash}`;
}

/** True for items that name a transaction. */
export function isTxInventory({ type }: Inventory): boolean {
  return (
    type === inventoryTypes.TX || type === inventoryTypes.WTX || type === inventoryTypes.WITNESS_TX
  );
}

/** True for items that name a block, in any form. */
export function isBlockInventory({ type }: Inventory): boolean {
  return (
    type === inventoryTypes.BLOCK ||
    type === inventoryTypes.FILTERED_BLOCK ||
    type === inventoryTypes.COMPACT_BLOCK ||
    type === inventoryTypes.WITNESS_BLOCK
  );
}

/** What a node says of itself first. */
export interface VersionMessage {
  readonly version: number;
  readonly services: bigint;
  /** Unix seconds by the sender's clock. */
  readonly time: number;
  /** The address the sender sees us at. */
  readonly receiver: WireAddress & { readonly services: bigint };
  /** Recognises a connection to oneself; 1 when the sender's version has none. */
  readonly nonce: bigint;
  readonly userAgent: string;
  readonly startHeight: number;
  /** False asks for no transaction announcements (BIP37). */
  readonly relay: boolean;
}

/** Where the sender's chain runs, latest first, and where to stop (zeros: nowhere). */
export interface LocatorMessage {
  readonly locator: readonly BlockHash[];
  readonly stop: BlockHash;
}

/** A request for compact filters (BIP157). */
export interface FilterRange {
  readonly filterType: number;
  readonly startHeight: number;
  readonly stopHash: BlockHash;
}

/** Reads and writes one kind of payload. */
export interface PayloadCodec<T> {
  /** Throws `DecodeError`. */
  decode(reader: Reader): T;
  write(writer: Writer, value: T): void;
}

const MAX_USER_AGENT_BYTES = 256;
const NO_HASH = '0'.repeat(64) as BlockHash;
const V4_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const utf8 = new TextEncoder();

const nothing: PayloadCodec<undefined> = { decode: () => undefined, write: () => undefined };
const raw: PayloadCodec<Uint8Array> = {
  decode: (reader) => reader.take(reader.left),
  write: (writer, value) => void writer.bytes(value),
};

function list<T>(
  read: (reader: Reader) => T,
  write: (writer: Writer, item: T) => void,
): PayloadCodec<readonly T[]> {
  return {
    decode(reader) {
      const items: T[] = [];
      for (let count = reader.compactSize(); count > 0; count--) items.push(read(reader));
      return items;
    },
    write(writer, items) {
      writer.compactSize(items.length);
      for (const item of items) write(writer, item);
    },
  };
}

const readHash = <Id extends string>(reader: Reader): Id => hashToHex<Id>(reader.take(32));
const writeHash = (writer: Writer, hash: string): void => void writer.bytes(hexToHash(hash));
const hashes = list<string>(readHash, writeHash);

/** 16 bytes and a big-endian port: IPv6, or IPv4 behind the mapping prefix. */
function readV1Address(reader: Reader): WireAddress {
  const bytes = reader.take(16);
  const [high = 0, low = 0] = reader.take(2);
  const port = (high << 8) | low;
  const isV4 = V4_PREFIX.every((byte, at) => bytes[at] === byte);
  return isV4
    ? { networkId: 1, bytes: bytes.slice(12), port }
    : { networkId: 2, bytes: bytes.slice(), port };
}

function writeV1Address(writer: Writer, { networkId, bytes, port }: WireAddress): void {
  const whole = new Uint8Array(16);
  // Other networks have no form here; a peer that wants them speaks addrv2.
  if (networkId === 1) {
    whole.set(V4_PREFIX);
    whole.set(bytes, 12);
  } else if (networkId === 2) {
    whole.set(bytes);
  }
  writer
    .bytes(whole)
    .u8(port >> 8)
    .u8(port & 0xff);
}

/** The address of nobody: zeros. */
export const NO_ADDRESS: WireAddress = { networkId: 2, bytes: new Uint8Array(16), port: 0 };

const version: PayloadCodec<VersionMessage> = {
  decode(reader) {
    const number = reader.i32();
    const services = reader.u64();
    const time = reader.i64();
    const receiver = { services: reader.u64(), ...readV1Address(reader) };
    let nonce = 1n;
    let userAgent = '';
    let startHeight = -1;
    let relay = true;
    if (reader.left > 0) {
      reader.take(26);
      nonce = reader.u64();
    }
    if (reader.left > 0) {
      const length = reader.compactSize();
      if (length > MAX_USER_AGENT_BYTES) throw new DecodeError('String length limit exceeded');
      userAgent = sanitize(reader.take(length));
    }
    if (reader.left > 0) startHeight = reader.i32();
    if (reader.left > 0) relay = reader.u8() !== 0;
    const seconds = time < 0n ? 0 : Number(time);
    return {
      version: number,
      services,
      time: seconds,
      receiver,
      nonce,
      userAgent,
      startHeight,
      relay,
    };
  },
  write(writer, value) {
    writer.i32(value.version).u64(value.services).i64(BigInt(value.time));
    writer.u64(value.receiver.services);
    writeV1Address(writer, value.receiver);
    writer.u64(value.services);
    writeV1Address(writer, NO_ADDRESS);
    writer.u64(value.nonce).varBytes(utf8.encode(value.userAgent)).i32(value.startHeight);
    writer.u8(value.relay ? 1 : 0);
  },
};

const SAFE = /[^a-zA-Z0-9 .,;\-_/:?@()]/g;

/** Text of a peer with everything left out that could confuse a reader of logs or JSON. */
export function sanitize(text: Uint8Array | string): string {
  const plain = typeof text === 'string' ? text : String.fromCharCode(...text);
  return plain.replace(SAFE, '');
}

const addr = list<AddressRecord>(
  (reader) => ({ time: reader.u32(), services: reader.u64(), ...readV1Address(reader) }),
  (writer, record) => {
    writer.u32(record.time).u64(record.services);
    writeV1Address(writer, record);
  },
);

const MAX_ADDRV2_BYTES = 512;
/** Bytes of an address by BIP155 network number. */
const addressLengths: Readonly<Record<number, number>> = {
  1: 4,
  2: 16,
  3: 10,
  4: 32,
  5: 32,
  6: 16,
};
const addressNames: Readonly<Record<number, string>> = {
  1: 'IPv4',
  2: 'IPv6',
  3: 'TORv2',
  4: 'TORv3',
  5: 'I2P',
  6: 'CJDNS',
};

const addrv2 = list<AddressRecord>(
  (reader) => {
    const time = reader.u32();
    const services = readBigCompactSize(reader);
    const networkId = reader.u8();
    const length = reader.compactSize();
    if (length > MAX_ADDRV2_BYTES) {
      throw new DecodeError(`Address too long: ${length} > ${MAX_ADDRV2_BYTES}`);
    }
    const expected = addressLengths[networkId];
    if (expected !== undefined && networkId !== 3 && length !== expected) {
      throw new DecodeError(
        `BIP155 ${addressNames[networkId]} address with length ${length} (should be ${expected})`,
      );
    }
    const bytes = reader.take(length).slice();
    const [high = 0, low = 0] = reader.take(2);
    return { time, services, networkId, bytes, port: (high << 8) | low };
  },
  (writer, { time, services, networkId, bytes, port }) => {
    writer.u32(time);
    writeBigCompactSize(writer, services);
    writer
      .u8(networkId)
      .varBytes(bytes)
      .u8(port >> 8)
      .u8(port & 0xff);
  },
);

/** A compact size that is a set of bits, not a count: up to 64 bits. */
function readBigCompactSize(reader: Reader): bigint {
  const first = reader.u8();
  if (first < 0xfd) return BigInt(first);
  const value =
    first === 0xfd ? BigInt(reader.u16()) : first === 0xfe ? BigInt(reader.u32()) : reader.u64();
  const least = first === 0xfd ? 0xfdn : first === 0xfe ? 0x10000n : 0x100000000n;
  if (value < least) throw new DecodeError('non-canonical ReadCompactSize()');
  return value;
}

function writeBigCompactSize(writer: Writer, value: bigint): void {
  if (value <= 0xffffffffn) writer.compactSize(Number(value));
  else writer.u8(0xff).u64(value);
}

const inventory = list<Inventory>(
  (reader) => ({ type: reader.u32(), hash: readHash(reader) }),
  (writer, { type, hash }) => {
    writer.u32(type);
    writeHash(writer, hash);
  },
);

const locator: PayloadCodec<LocatorMessage> = {
  decode(reader) {
    reader.u32();
    const entries = hashes.decode(reader) as readonly BlockHash[];
    return { locator: entries, stop: readHash(reader) };
  },
  write(writer, value) {
    writer.u32(PROTOCOL_VERSION);
    hashes.write(writer, value.locator);
    writeHash(writer, value.stop);
  },
};

const headers = list<BlockHeader>(
  (reader) => {
    const header = BlockHeader.read(reader);
    reader.compactSize();
    return header;
  },
  (writer, header) => void header.write(writer).compactSize(0),
);

const block: PayloadCodec<Block> = {
  decode(reader) {
    const bytes = reader.take(reader.left);
    try {
      return Block.decode(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      // A block with something behind it is still a block, only not one that keeps its bytes.
      const tolerant = new Reader(bytes);
      const header = BlockHeader.read(tolerant);
      const txs: Tx[] = [];
      for (let count = tolerant.compactSize(); count > 0; count--) txs.push(Tx.read(tolerant));
      return new Block(header, txs);
    }
  },
  write: (writer, value) => void writer.bytes(value.encode()),
};

const tx: PayloadCodec<Tx> = {
  decode: (reader) => Tx.read(reader),
  write: (writer, value) => void writer.bytes(value.encode()),
};

/** An old peer's ping has no nonce; an old pong neither. */
const nonce: PayloadCodec<bigint | undefined> = {
  decode: (reader) => (reader.left >= 8 ? reader.u64() : undefined),
  write: (writer, value) => void (value !== undefined && writer.u64(value)),
};

const fee: PayloadCodec<bigint> = {
  decode: (reader) => reader.i64(),
  write: (writer, value) => void writer.i64(value),
};

const sendcmpct: PayloadCodec<{ readonly announce: number; readonly version: bigint }> = {
  decode: (reader) => ({ announce: reader.u8(), version: reader.u64() }),
  write: (writer, value) => void writer.u8(value.announce).u64(value.version),
};

const filterRange: PayloadCodec<FilterRange> = {
  decode: (reader) => ({
    filterType: reader.u8(),
    startHeight: reader.u32(),
    stopHash: readHash(reader),
  }),
  write(writer, value) {
    writer.u8(value.filterType).u32(value.startHeight);
    writeHash(writer, value.stopHash);
  },
};

const filterStop: PayloadCodec<{ readonly filterType: number; readonly stopHash: BlockHash }> = {
  decode: (reader) => ({ filterType: reader.u8(), stopHash: readHash(reader) }),
  write(writer, value) {
    writer.u8(value.filterType);
    writeHash(writer, value.stopHash);
  },
};

const cfilter: PayloadCodec<{
  readonly filterType: number;
  readonly blockHash: BlockHash;
  readonly filter: Uint8Array;
}> = {
  decode: (reader) => ({
    filterType: reader.u8(),
    blockHash: readHash(reader),
    filter: reader.varBytes(),
  }),
  write(writer, value) {
    writer.u8(value.filterType);
    writeHash(writer, value.blockHash);
    writer.varBytes(value.filter);
  },
};

const cfheaders: PayloadCodec<{
  readonly filterType: number;
  readonly stopHash: BlockHash;
  readonly previousHeader: string;
  readonly filterHashes: readonly string[];
}> = {
  decode: (reader) => ({
    filterType: reader.u8(),
    stopHash: readHash(reader),
    previousHeader: readHash(reader),
    filterHashes: hashes.decode(reader),
  }),
  write(writer, value) {
    writer.u8(value.filterType);
    writeHash(writer, value.stopHash);
    writeHash(writer, value.previousHeader);
    hashes.write(writer, value.filterHashes);
  },
};

const cfcheckpt: PayloadCodec<{
  readonly filterType: number;
  readonly stopHash: BlockHash;
  readonly headers: readonly string[];
}> = {
  decode: (reader) => ({
    filterType: reader.u8(),
    stopHash: readHash(reader),
    headers: hashes.decode(reader),
  }),
  write(writer, value) {
    writer.u8(value.filterType);
    writeHash(writer, value.stopHash);
    hashes.write(writer, value.headers);
  },
};

const MIN_FEATURE_ID_BYTES = 4;
const MAX_FEATURE_ID_BYTES = 80;
const MAX_FEATURE_DATA_BYTES = 512;

/** BIP434: exactly an id of 4 to 80 bytes and up to 512 bytes of data. */
const feature: PayloadCodec<{ readonly id: string; readonly data: Uint8Array }> = {
  decode(reader) {
    const id = reader.varBytes();
    const data = reader.varBytes();
    reader.end();
    if (
      id.length < MIN_FEATURE_ID_BYTES ||
      id.length > MAX_FEATURE_ID_BYTES ||
      data.length > MAX_FEATURE_DATA_BYTES
    ) {
      throw new DecodeError('invalid feature payload');
    }
    return { id: sanitize(id), data };
  },
  write: (writer, value) => void writer.varBytes(utf8.encode(value.id)).varBytes(value.data),
};

const sendtxrcncl: PayloadCodec<{ readonly version: number; readonly salt: bigint }> = {
  decode: (reader) => ({ version: reader.u32(), salt: reader.u64() }),
  write: (writer, value) => void writer.u32(value.version).u64(value.salt),
};

/** The version of the protocol we speak. */
export const PROTOCOL_VERSION = 70017;

/** Payloads by message type. Compact blocks and bloom filters are decoded by their own modules. */
export const messages = {
  version,
  verack: nothing,
  wtxidrelay: nothing,
  sendaddrv2: nothing,
  sendheaders: nothing,
  sendcmpct,
  feature,
  sendtxrcncl,
  ping: nonce,
  pong: nonce,
  addr,
  addrv2,
  getaddr: nothing,
  inv: inventory,
  getdata: inventory,
  notfound: inventory,
  getblocks: locator,
  getheaders: locator,
  headers,
  block,
  tx,
  mempool: nothing,
  feefilter: fee,
  cmpctblock: raw,
  getblocktxn: raw,
  blocktxn: raw,
  filterload: raw,
  filteradd: raw,
  filterclear: nothing,
  merkleblock: raw,
  getcfilters: filterRange,
  cfilter,
  getcfheaders: filterRange,
  cfheaders,
  getcfcheckpt: filterStop,
  cfcheckpt,
} as const;

/** The type of a message we know. */
export type MessageType = keyof typeof messages;

/** What a message says. */
export type Payload<T extends MessageType> =
  (typeof messages)[T] extends PayloadCodec<infer Value> ? Value : never;

/** True for a message type of the table. */
export function isKnownMessage(type: string): type is MessageType {
  return Object.hasOwn(messages, type);
}

/** The payload of a message. */
export function encodePayload<T extends MessageType>(type: T, value: Payload<T>): Uint8Array {
  const writer = new Writer(64);
  (messages[type] as unknown as PayloadCodec<Payload<T>>).write(writer, value);
  return writer.finish();
}

/** Reads a payload of the type. Throws `DecodeError`. */
export function decodePayload<T extends MessageType>(type: T, reader: Reader): Payload<T> {
  return (messages[type] as unknown as PayloadCodec<Payload<T>>).decode(reader);
}

/** A locator that starts nowhere stops at one block only. */
export function requestFor(locatorHashes: readonly BlockHash[], stop = NO_HASH): LocatorMessage {
  return { locator: locatorHashes, stop };
}
