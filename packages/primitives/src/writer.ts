/** Little-endian writing into one growing buffer, the mirror of `Reader`. */

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const WORD = 2 ** 32;
/** Value of a hex digit by its character; 255 for all that is none. */
const NIBBLES = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 0xff : value;
});

/** Length in bytes of `size` as a compact size. */
export function compactSizeLength(size: number): number {
  return size < 0xfd ? 1 : size <= 0xffff ? 3 : size <= 0xffffffff ? 5 : 9;
}

/** Collects bytes; `finish()` hands them out. Give the final size when it is known: no regrowth. */
export class Writer {
  // No DataView beside it: that would move a short array out of V8's heap, and most writers are for a
  // key or a record of a few dozen bytes.
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  #room(length: number): number {
    const start = this.#length;
    const end = start + length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#length = end;
    return start;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    const bytes = this.#bytes;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    const bytes = this.#bytes;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    return this;
  }

  i32(value: number): this {
    return this.u32(value);
  }

  u64(value: bigint): this {
    // Every amount there can be is a safe integer, and numbers are split without allocating.
    if (value >= 0n && value <= MAX_SAFE) {
      const safe = Number(value);
      return this.u32(safe).u32(safe / WORD);
    }
    const wrapped = BigInt.asUintN(64, value);
    return this.u32(Number(wrapped & 0xffffffffn)).u32(Number(wrapped >> 32n));
  }

  i64(value: bigint): this {
    return this.u64(value);
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** The bytes of a hex text, for short ones. Throws `RangeError` when it is none. */
  hex(text: string): this {
    return this.#hex(text, false);
  }

  /** The same from the last byte to the first: hashes are shown the other way round than they lie. */
  reversedHex(text: string): this {
    return this.#hex(text, true);
  }

  #hex(text: string, reversed: boolean): this {
    const length = text.length / 2;
    if (!Number.isInteger(length)) throw new RangeError(`not a hex string: ${text}`);
    const start = this.#room(length);
    const bytes = this.#bytes;
    let at = reversed ? start + length - 1 : start;
    const step = reversed ? -1 : 1;
    let digits = 0;
    for (let i = 0; i < text.length; i += 2, at += step) {
      const high = NIBBLES[text.charCodeAt(i)] ?? 0xff;
      const low = NIBBLES[text.charCodeAt(i + 1)] ?? 0xff;
      bytes[at] = (high << 4) | low;
      digits |= high | low;
    }
    if (digits > 0xf) throw new RangeError(`not a hex string: ${text}`);
    return this;
  }

  compactSize(size: number): this {
    if (size < 0xfd) return this.u8(size);
    if (size <= 0xffff) return this.u8(0xfd).u16(size);
    if (size <= 0xffffffff) return this.u8(0xfe).u32(size);
    return this.u8(0xff).u64(BigInt(size));
  }

  /** A byte string behind its compact size. */
  varBytes(bytes: Uint8Array): this {
    return this.compactSize(bytes.length).bytes(bytes);
  }

  /** Begins anew in the same memory: for what is hashed and then forgotten. */
  reset(): this {
    this.#length = 0;
    return this;
  }

  /** What was written so far, as a view that the next `reset` makes worthless. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** What was written. The writer must not be used afterwards: the bytes are handed over, not copied. */
  finish(): Uint8Array {
    const { length } = this;
    if (length === this.#bytes.length) return this.#bytes;
    // Short arrays lie in V8's heap; a view of one would move it out, which costs more than a copy.
    return length <= 64 ? this.#bytes.slice(0, length) : this.#bytes.subarray(0, length);
  }
}
