/**
 * Codecs for keys and values. Every codec here keeps the order of its values in the order of its
 * bytes where that is said, so a range over keys is a range over what they mean; tuples compare part
 * by part. What a table holds, and under which key, is said by the table's owner.
 */
import {
  bytesToHex,
  concatBytes,
  hexToBytes,
  type OutPoint,
  Reader,
  type Txid,
  Writer,
} from '@coind/primitives';

/** Turns a value into bytes and back. As a key it must keep order: `a < b` iff `encode(a) < encode(b)`. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  /** May assume bytes that `encode` made; throws `DecodeError` for most others. */
  decode(bytes: Uint8Array): T;
  /** Writes what `encode` returns behind what is written already; spares an array of its own. */
  append?(writer: Writer, value: T): void;
}

/** A codec that can also stand inside a larger one, because it knows where its bytes end. */
export interface PartCodec<T> extends Codec<T> {
  put(writer: Writer, value: T): void;
  take(reader: Reader): T;
}

/** A codec of several parts; a leading few of them name a range of keys. */
export interface TupleCodec<T> extends PartCodec<T> {
  /** The bytes with which every key starts whose first parts are `values`. */
  prefix(values: readonly unknown[]): Uint8Array;
}

/** A `PartCodec` of its two inner halves. Also the way to make one of one's own. */
export function part<T>(
  put: (writer: Writer, value: T) => void,
  take: (reader: Reader) => T,
  sizeHint = 16,
): PartCodec<T> {
  return {
    put,
    take,
    append: put,
    encode(value) {
      const writer = new Writer(sizeHint);
      put(writer, value);
      return writer.finish();
    },
    decode(bytes) {
      const reader = new Reader(bytes);
      const value = take(reader);
      reader.end();
      return value;
    },
  };
}

/** Nothing at all: the key of a table with one row, the value of a set. */
export const unit: PartCodec<undefined> = part(
  () => {},
  () => undefined,
  0,
);

/** 0 … 255. */
export const u8: PartCodec<number> = part(
  (writer, value) => void writer.u8(value),
  (reader) => reader.u8(),
  1,
);

/** False before true. */
export const bool: PartCodec<boolean> = part(
  (writer, value) => void writer.u8(value ? 1 : 0),
  (reader) => reader.u8() === 1,
  1,
);

/** uint32, most significant byte first. */
export const u32be: PartCodec<number> = part(
  (writer, value) => void writer.u32(swap32(value)),
  (reader) => swap32(reader.u32()),
  4,
);

/** uint64 as bigint, most significant byte first. */
export const u64be: PartCodec<bigint> = part(
  (writer, value) => {
    u32be.put(writer, Number(value >> 32n));
    u32be.put(writer, Number(value & 0xffffffffn));
  },
  (reader) => (BigInt(u32be.take(reader)) << 32n) | BigInt(u32be.take(reader)),
  8,
);

const SIGN = 1n << 63n;

/** int64 as bigint; negative numbers come first because the sign bit is turned over. */
export const i64be: PartCodec<bigint> = part(
  (writer, value) => u64be.put(writer, BigInt.asUintN(64, value) ^ SIGN),
  (reader) => BigInt.asIntN(64, u64be.take(reader) ^ SIGN),
  8,
);

/** A whole number from 0 up to 2^53 - 1, most significant byte first: sequence numbers, positions. */
export const uint: PartCodec<number> = part(
  (writer, value) => {
    u32be.put(writer, Math.floor(value / 0x1_0000_0000));
    u32be.put(writer, value % 0x1_0000_0000);
  },
  (reader) => u32be.take(reader) * 0x1_0000_0000 + u32be.take(reader),
  8,
);

/**
 * Any bytes. Alone they are stored as they are; inside a tuple a zero byte becomes 00 ff and 00 00
 * ends the part, which keeps the order and lets another part follow.
 */
export const bytes: PartCodec<Uint8Array> = {
  encode: (value) => value,
  decode: (value) => value,
  put(writer, value) {
    if (!value.includes(0)) {
      writer.bytes(value).u8(0).u8(0);
      return;
    }
    for (const byte of value) {
      writer.u8(byte);
      if (byte === 0) writer.u8(0xff);
    }
    writer.u8(0).u8(0);
  },
  take(reader) {
    const { bytes: all, offset } = reader;
    const zero = all.indexOf(0, offset);
    // Names seldom have zero bytes: the first one ends them.
    if (zero >= 0 && all[zero + 1] === 0) {
      const found = reader.take(zero - offset);
      reader.u16();
      return found;
    }
    const found: number[] = [];
    for (;;) {
      const byte = reader.u8();
      if (byte === 0 && reader.u8() === 0) return Uint8Array.from(found);
      found.push(byte);
    }
  },
};

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Text in UTF-8, ordered by code point. */
export const text: PartCodec<string> = {
  encode: (value) => utf8.encode(value),
  decode: (value) => fromUtf8.decode(value),
  put: (writer, value) => bytes.put(writer, utf8.encode(value)),
  take: (reader) => fromUtf8.decode(bytes.take(reader)),
};

/** Text in UTF-8 behind its length: for values, because it is not ordered. */
export const varText: PartCodec<string> = part(
  (writer, value) => void writer.varBytes(utf8.encode(value)),
  (reader) => fromUtf8.decode(reader.varBytes()),
  32,
);

/** Lower-case hex as the bytes it stands for; as a part behind their length, so not ordered there. */
export const hex: PartCodec<string> = {
  encode: hexToBytes,
  decode: bytesToHex,
  append: (writer, value) => void writer.hex(value),
  put: (writer, value) => void writer.compactSize(value.length / 2).hex(value),
  take: (reader) => bytesToHex(reader.varBytes()),
};

/** A hash of 32 bytes in display-order hex; stored, and so ordered, in wire order. */
export function hash32<Id extends string>(): PartCodec<Id> {
  return part<Id>(putHash, takeHash<Id>, 32);
}

/** `txid || vout`: ordered by the txid's wire bytes, then by vout, as bitcoind's cursor is. */
export const outpoint: PartCodec<OutPoint> = part(
  (writer, { txid, vout }) => {
    putHash(writer, txid);
    u32be.put(writer, vout);
  },
  (reader) => ({ txid: takeHash<Txid>(reader), vout: u32be.take(reader) }),
  36,
);

type Parts<T extends readonly unknown[]> = { readonly [I in keyof T]: PartCodec<T[I]> };

/** Parts one after the other; compared part by part. */
export function tuple<T extends readonly unknown[]>(...parts: Parts<T>): TupleCodec<T> {
  const codecs = parts as readonly PartCodec<unknown>[];
  const put = (writer: Writer, values: readonly unknown[]): void => {
    for (let i = 0; i < values.length; i++) codecs[i]?.put(writer, values[i]);
  };
  return {
    ...part<T>(put, (reader) => codecs.map((codec) => codec.take(reader)) as unknown as T, 48),
    prefix(values) {
      const writer = new Writer(48);
      put(writer, values);
      return writer.finish();
    },
  };
}

/** Fields in the order in which they are written down. For values; as a key it orders like a tuple. */
export function struct<T extends object>(
  fields: {
    readonly [Name in keyof T]-?: PartCodec<T[Name]>;
  },
): PartCodec<T> {
  const entries = Object.entries(fields) as [keyof T & string, PartCodec<unknown>][];
  return part<T>(
    (writer, value) => {
      for (const [name, codec] of entries) codec.put(writer, value[name]);
    },
    (reader) => {
      const value: Record<string, unknown> = {};
      for (const [name, codec] of entries) value[name] = codec.take(reader);
      return value as T;
    },
    64,
  );
}

/** A value that may be missing; missing ones come first. */
export function optional<T>(codec: PartCodec<T>): PartCodec<T | undefined> {
  return part<T | undefined>(
    (writer, value) => {
      writer.u8(value === undefined ? 0 : 1);
      if (value !== undefined) codec.put(writer, value);
    },
    (reader) => (reader.u8() === 0 ? undefined : codec.take(reader)),
  );
}

/** Many of one kind behind their count. For values: keys of it are not ordered. */
export function list<T>(codec: PartCodec<T>): PartCodec<readonly T[]> {
  return part<readonly T[]>(
    (writer, values) => {
      writer.compactSize(values.length);
      for (const value of values) codec.put(writer, value);
    },
    (reader) => {
      const values: T[] = [];
      for (let count = reader.compactSize(); count > 0; count--) values.push(codec.take(reader));
      return values;
    },
    64,
  );
}

/** Bytes behind their length: shorter to read than `bytes` inside a value, but not ordered. */
export const varBytes: PartCodec<Uint8Array> = part(
  (writer, value) => void writer.varBytes(value),
  (reader) => reader.varBytes(),
  64,
);

/**
 * Whatever JSON can say, for records that are read rarely and grow fields over time. A bigint is
 * written as `{"$n":"…"}` and bytes as `{"$b":"hex"}`, so both come back as what they were.
 */
export function json<T>(): PartCodec<T> {
  const encode = (value: T): Uint8Array => utf8.encode(JSON.stringify(value, replacer));
  const decode = (value: Uint8Array): T => JSON.parse(fromUtf8.decode(value), reviver) as T;
  return {
    encode,
    decode,
    put: (writer, value) => void writer.varBytes(encode(value)),
    take: (reader) => decode(reader.varBytes()),
  };
}

function replacer(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $n: value.toString() };
  if (value instanceof Uint8Array) return { $b: bytesToHex(value) };
  return value;
}

function reviver(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$n' in value && typeof value.$n === 'string') return BigInt(value.$n);
  if ('$b' in value && typeof value.$b === 'string') return hexToBytes(value.$b);
  return value;
}

function putHash(writer: Writer, id: string): void {
  if (id.length !== 64) throw new RangeError(`not a hash: ${id}`);
  writer.reversedHex(id);
}

/** One hash, turned around in place: keys are read too often to allocate for each. */
const scratch = Buffer.alloc(32);

function takeHash<Id extends string>(reader: Reader): Id {
  scratch.set(reader.take(32));
  return scratch.reverse().toString('hex') as Id;
}

function swap32(value: number): number {
  return (
    ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
  );
}

/** The smallest byte string above every string that starts with `prefix`; undefined when all are ff. */
export function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] as number;
    if (byte < 0xff) return concatBytes(prefix.subarray(0, i), Uint8Array.of(byte + 1));
  }
  return undefined;
}
