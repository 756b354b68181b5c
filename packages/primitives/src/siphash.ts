/**
 * SipHash-2-4: a short keyed hash, fast and not for signing. Compact block filters (BIP158) and
 * compact blocks (BIP152) use it with a key that comes from the block.
 */

/** Hashes byte strings under one key of 16 bytes. */
export class SipHasher {
  readonly #key: Uint32Array;

  /** `key` holds k0 and k1, each little-endian. Throws `RangeError` for another length. */
  constructor(key: Uint8Array) {
    if (key.length !== 16) throw new RangeError('a SipHash key has 16 bytes');
    const view = new DataView(key.buffer, key.byteOffset, 16);
    this.#key = Uint32Array.from([0, 4, 8, 12], (at) => view.getUint32(at, true));
  }

  /**
   * The 64-bit hash of `bytes`.
   *
   * @example new SipHasher(new Uint8Array(16)).hash(new Uint8Array(0)) === 0x1e924b9d737700d7n
   */
  hash(bytes: Uint8Array): bigint {
    this.#absorbAll(bytes);
    return (BigInt(highWord()) << 32n) | BigInt(lowWord());
  }

  /** The low 48 bits of the hash, as a number: the short id of a transaction (BIP152). */
  hash48(bytes: Uint8Array): number {
    this.#absorbAll(bytes);
    return (highWord() & 0xffff) * 0x100000000 + lowWord();
  }

  #absorbAll(bytes: Uint8Array): void {
    const [k0l = 0, k0h = 0, k1l = 0, k1h = 0] = this.#key;
    state[0] = k0l ^ 0x70736575;
    state[1] = k0h ^ 0x736f6d65;
    state[2] = k1l ^ 0x6e646f6d;
    state[3] = k1h ^ 0x646f7261;
    state[4] = k0l ^ 0x6e657261;
    state[5] = k0h ^ 0x6c796765;
    state[6] = k1l ^ 0x79746573;
    state[7] = k1h ^ 0x74656462;

    const whole = bytes.length - (bytes.length % 8);
    for (let at = 0; at < whole; at += 8) absorb(wordAt(bytes, at), wordAt(bytes, at + 4));
    // What is left fills the last word from below; its top byte is the length.
    tail.fill(0);
    for (let at = whole; at < bytes.length; at++) tail[at - whole] = bytes[at] as number;
    tail[7] = bytes.length;
    absorb(wordAt(tail, 0), wordAt(tail, 4));

    state[4] = (state[4] as number) ^ 0xff;
    rounds(4);
  }
}

// One hash at a time is on its way; a reconstructed block takes one for each transaction of the pool.
/** Four words of 64 bits in halves: v0 … v3, low half first. */
const state = new Int32Array(8);
const tail = new Uint8Array(8);

function lowWord(): number {
  const [v0 = 0, , v1 = 0, , v2 = 0, , v3 = 0] = state;
  return (v0 ^ v1 ^ v2 ^ v3) >>> 0;
}

function highWord(): number {
  const [, v0 = 0, , v1 = 0, , v2 = 0, , v3 = 0] = state;
  return (v0 ^ v1 ^ v2 ^ v3) >>> 0;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function absorb(low: number, high: number): void {
  state[6] = (state[6] as number) ^ low;
  state[7] = (state[7] as number) ^ high;
  rounds(2);
  state[0] = (state[0] as number) ^ low;
  state[1] = (state[1] as number) ^ high;
}

/** SipRounds on words in halves: carries and rotations across the halves are done by hand. */
function rounds(count: number): void {
  let al = state[0] as number;
  let ah = state[1] as number;
  let bl = state[2] as number;
  let bh = state[3] as number;
  let cl = state[4] as number;
  let ch = state[5] as number;
  let dl = state[6] as number;
  let dh = state[7] as number;
  let sum = 0;
  let low = 0;
  for (let i = 0; i < count; i++) {
    sum = (al >>> 0) + (bl >>> 0);
    ah = (ah + bh + (sum > 0xffffffff ? 1 : 0)) | 0;
    al = sum | 0;
    low = (bl << 13) | (bh >>> 19);
    bh = ((bh << 13) | (bl >>> 19)) ^ ah;
    bl = low ^ al;
    low = ah;
    ah = al;
    al = low;

    sum = (cl >>> 0) + (dl >>> 0);
    ch = (ch + dh + (sum > 0xffffffff ? 1 : 0)) | 0;
    cl = sum | 0;
    low = (dl << 16) | (dh >>> 16);
    dh = ((dh << 16) | (dl >>> 16)) ^ ch;
    dl = low ^ cl;

    sum = (al >>> 0) + (dl >>> 0);
    ah = (ah + dh + (sum > 0xffffffff ? 1 : 0)) | 0;
    al = sum | 0;
    low = (dl << 21) | (dh >>> 11);
    dh = ((dh << 21) | (dl >>> 11)) ^ ah;
    dl = low ^ al;

    sum = (cl >>> 0) + (bl >>> 0);
    ch = (ch + bh + (sum > 0xffffffff ? 1 : 0)) | 0;
    cl = sum | 0;
    low = (bl << 17) | (bh >>> 15);
    bh = ((bh << 17) | (bl >>> 15)) ^ ch;
    bl = low ^ cl;
    low = ch;
    ch = cl;
    cl = low;
  }
  state.set([al, ah, bl, bh, cl, ch, dl, dh]);
}
