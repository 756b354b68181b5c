/**
 * MuHash3072: a hash over a set that can be updated one element at a time, in any order. An element is
 * expanded (SHA-256, then ChaCha20) to a number modulo the prime 2^3072 - 1103717; adding multiplies,
 * removing divides. bitcoind's `muhash` in `gettxoutsetinfo` is this over all coins.
 */
import { bytesToHex, hashToHex, sha256 } from '@coind/primitives';

const SIZE = 384;
const BITS = 3072;
/** 2^3072 is this number modulo the prime, which makes reduction a multiplication. */
const FOLD = 1103717n;
const MODULUS = (1n << BigInt(BITS)) - FOLD;
const SHIFT = BigInt(BITS);

/** A running hash of a set of byte strings. */
export class MuHash {
  /** Removed elements gather here, so that the slow division happens once, in `digest`. */
  #denominator: bigint;
  #numerator: bigint;

  constructor() {
    this.#numerator = 1n;
    this.#denominator = 1n;
  }

  /** Adds an element; adding it twice counts twice. */
  add(bytes: Uint8Array): void {
    this.#numerator = multiply(this.#numerator, elementOf(bytes));
  }

  /** Takes an element out, whether or not it was added before. */
  remove(bytes: Uint8Array): void {
    this.#denominator = multiply(this.#denominator, elementOf(bytes));
  }

  /** Adds everything that `other` holds. */
  combine(other: MuHash): void {
    this.#numerator = multiply(this.#numerator, other.#numerator);
    this.#denominator = multiply(this.#denominator, other.#denominator);
  }

  clone(): MuHash {
    const copy = new MuHash();
    copy.combine(this);
    return copy;
  }

  /** Display-order hex, the same for every order of additions and removals. The hash can go on. */
  digest(): string {
    if (this.#denominator !== 1n) {
      this.#numerator = multiply(this.#numerator, invert(this.#denominator));
      this.#denominator = 1n;
    }
    return hashToHex(sha256(numberToBytes(this.#numerator)));
  }

  /** 768 bytes, numerator and denominator: to go on from after a restart. */
  encode(): Uint8Array {
    const bytes = new Uint8Array(2 * SIZE);
    bytes.set(numberToBytes(this.#numerator), 0);
    bytes.set(numberToBytes(this.#denominator), SIZE);
    return bytes;
  }

  /** What `encode` wrote. Throws `RangeError` for another length. */
  static decode(bytes: Uint8Array): MuHash {
    if (bytes.length !== 2 * SIZE) throw new RangeError(`a MuHash has ${2 * SIZE} bytes`);
    const hash = new MuHash();
    hash.#numerator = bytesToNumber(bytes.subarray(0, SIZE)) % MODULUS;
    hash.#denominator = bytesToNumber(bytes.subarray(SIZE)) % MODULUS;
    return hash;
  }
}

function elementOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(chacha20(sha256(bytes)))}`);
}

function multiply(a: bigint, b: bigint): bigint {
  if (a === 1n) return b % MODULUS;
  const product = a * b;
  // product = high·2^3072 + low, and 2^3072 is FOLD: twice folded it is below 2^3072 + a little.
  const once = (product >> SHIFT) * FOLD + BigInt.asUintN(BITS, product);
  const twice = (once >> SHIFT) * FOLD + BigInt.asUintN(BITS, once);
  return twice >= MODULUS ? twice - MODULUS : twice;
}

/** The inverse modulo the prime, by Euclid's extended algorithm. */
function invert(value: bigint): bigint {
  let [r0, r1] = [MODULUS, value];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [t0, t1] = [t1, t0 - quotient * t1];
  }
  return t0 < 0n ? t0 + MODULUS : t0;
}

function bytesToNumber(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(littleEndian.slice().reverse())}`);
}

function numberToBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(SIZE);
  const digits = value.toString(16).padStart(2 * SIZE, '0');
  for (let i = 0; i < SIZE; i++) {
    bytes[SIZE - 1 - i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

/**
 * 384 bytes of ChaCha20's key stream (RFC 8439) for `key`, nonce and counter zero, last byte first: a
 * little-endian number becomes hex without another copy.
 */
function chacha20(key: Uint8Array): Uint8Array {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  // "expand 32-byte k", the key, a counter and a nonce of zeros.
  const start = new Int32Array(16);
  start.set([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]);
  for (let i = 0; i < 8; i++) start[4 + i] = view.getInt32(4 * i, true);
  const stream = new DataView(new ArrayBuffer(SIZE));
  const state = new Int32Array(16);
  for (let block = 0; block < SIZE / 64; block++) {
    start[12] = block;
    state.set(start);
    for (let round = 0; round < 10; round++) doubleRound(state);
    for (let i = 0; i < 16; i++) {
      const word = (state[i] as number) + (start[i] as number);
      stream.setInt32(SIZE - 4 - (64 * block + 4 * i), word | 0);
    }
  }
  return new Uint8Array(stream.buffer);
}

/** Columns, then diagonals. */
function doubleRound(state: Int32Array): void {
  quarterRound(state, 0, 4, 8, 12);
  quarterRound(state, 1, 5, 9, 13);
  quarterRound(state, 2, 6, 10, 14);
  quarterRound(state, 3, 7, 11, 15);
  quarterRound(state, 0, 5, 10, 15);
  quarterRound(state, 1, 6, 11, 12);
  quarterRound(state, 2, 7, 8, 13);
  quarterRound(state, 3, 4, 9, 14);
}

function quarterRound(state: Int32Array, ia: number, ib: number, ic: number, id: number): void {
  let a = state[ia] as number;
  let b = state[ib] as number;
  let c = state[ic] as number;
  let d = state[id] as number;
  a = (a + b) | 0;
  d ^= a;
  d = (d << 16) | (d >>> 16);
  c = (c + d) | 0;
  b ^= c;
  b = (b << 12) | (b >>> 20);
  a = (a + b) | 0;
  d ^= a;
  d = (d << 8) | (d >>> 24);
  c = (c + d) | 0;
  b ^= c;
  b = (b << 7) | (b >>> 25);
  state[ia] = a;
  state[ib] = b;
  state[ic] = c;
  state[id] = d;
}
