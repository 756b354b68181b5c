/**
 * Bounds-checked little-endian reading, as Bitcoin serialises. Every refusal is a `DecodeError`, so a
 * door can tell bad bytes from our own bugs.
 */

/** Bytes do not hold what they should: too short, too long, or an integer not in its shortest form. */
export class DecodeError extends Error {
  override name = 'DecodeError';
}

/** No list on the wire is longer than this many bytes or items (bitcoind's MAX_SIZE). */
export const MAX_SIZE = 0x02000000;

const SIGN = 1n << 63n;
const TWO_SIGNS = 1n << 64n;

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

/** Reads through `bytes` once, front to back. Byte strings it returns are views, not copies. */
export class Reader {
  // No DataView beside it, for the same reason as in `Writer`.
  readonly bytes: Uint8Array;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.#offset = offset;
  }

  /** How many bytes were read, counted from the start of `bytes`. */
  get offset(): number {
    return this.#offset;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.bytes.length - this.#offset;
  }

  /** Moves on by `length` and says where that began; throws when there are fewer bytes. */
  #take(length: number): number {
    const start = this.#offset;
    if (length > this.bytes.length - start) throw new DecodeError('unexpected end of data');
    this.#offset = start + length;
    return start;
  }

  u8(): number {
    return this.bytes[this.#take(1)] as number;
  }

  u16(): number {
    const at = this.#take(2);
    return (this.bytes[at] as number) | ((this.bytes[at + 1] as number) << 8);
  }

  u32(): number {
    return wordAt(this.bytes, this.#take(4));
  }

  i32(): number {
    return this.u32() | 0;
  }

  u64(): bigint {
    return this.#u64(this.#take(8));
  }

  i64(): bigint {
    const value = this.#u64(this.#take(8));
    return value < SIGN ? value : value - TWO_SIGNS;
  }

  /** From an offset whose eight bytes are there: checked as one, so that nothing is taken in half. */
  #u64(at: number): bigint {
    const { bytes } = this;
    const low = wordAt(bytes, at);
    const high = wordAt(bytes, at + 4);
    // Every amount there can be is a safe integer, and numbers are put together without allocating.
    if (high < 2 ** 21) return BigInt(high * 2 ** 32 + low);
    return (BigInt(high) << 32n) | BigInt(low);
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Uint8Array {
    const start = this.#take(length);
    return this.bytes.subarray(start, start + length);
  }

  /** A compact size up to MAX_SIZE in its shortest form: a count of items or bytes to follow. */
  compactSize(): number {
    const first = this.u8();
    if (first < 0xfd) return first;
    const size = first === 0xfd ? this.u16() : first === 0xfe ? this.u32() : Number(this.u64());
    const shortest = first === 0xfd ? 0xfd : first === 0xfe ? 0x10000 : 0x100000000;
    if (size < shortest) throw new DecodeError('non-canonical compact size');
    if (size > MAX_SIZE) throw new DecodeError('size too large');
    return size;
  }

  /** A byte string behind its compact size. */
  varBytes(): Uint8Array {
    return this.take(this.compactSize());
  }

  /** Throws unless every byte was read. */
  end(): void {
    if (this.left > 0) throw new DecodeError(`${this.left} bytes too many`);
  }
}
