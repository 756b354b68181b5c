/** Little-endian writing into one growing buffer, the mirror of `Reader`. */

/** Length in bytes of `size` as a compact size. */
export function compactSizeLength(size: number): number {
  return size < 0xfd ? 1 : size <= 0xffff ? 3 : size <= 0xffffffff ? 5 : 9;
}

/** Collects bytes; `finish()` hands them out. Give the final size when it is known: no regrowth. */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
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
      this.#view = new DataView(grown.buffer);
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
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  i32(value: number): this {
    const at = this.#room(4);
    this.#view.setInt32(at, value, true);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
    return this;
  }

  i64(value: bigint): this {
    const at = this.#room(8);
    this.#view.setBigInt64(at, value, true);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
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

  /** What was written. The writer must not be used afterwards: the bytes are handed over, not copied. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
