/** Proof-of-work targets: the compact "bits" form, work and difficulty. */
import { bytesToHex } from './bytes.ts';
import { hexToHash } from './ids.ts';

/** What compact bits mean; `negative` and `overflow` are never valid as a target. */
export interface CompactTarget {
  readonly target: bigint;
  readonly negative: boolean;
  readonly overflow: boolean;
}

/** Decodes compact bits as bitcoind's arith_uint256::SetCompact does. */
export function decodeBits(bits: number): CompactTarget {
  const size = bits >>> 24;
  let word = bits & 0x007fffff;
  let target: bigint;
  if (size <= 3) {
    word >>>= 8 * (3 - size);
    target = BigInt(word);
  } else {
    target = BigInt(word) << BigInt(8 * (size - 3));
  }
  const negative = word !== 0 && (bits & 0x00800000) !== 0;
  const overflow =
    word !== 0 && (size > 34 || (word > 0xff && size > 33) || (word > 0xffff && size > 32));
  return { target, negative, overflow };
}

/** Compact bits of a target that is not negative; loses all but the top 23 bits. */
export function encodeBits(target: bigint): number {
  const digits = target.toString(16);
  let size = target === 0n ? 0 : Math.ceil(digits.length / 2);
  let word =
    size <= 3 ? Number(target << BigInt(8 * (3 - size))) : Number(target >> BigInt(8 * (size - 3)));
  // The sign bit must stay clear: shift the mantissa down and count one byte more.
  if (word & 0x00800000) {
    word >>>= 8;
    size++;
  }
  return ((size << 24) | word) >>> 0;
}

/** Expected number of hashes to meet `bits`: 2^256 / (target + 1); zero for a target that is none. */
export function workOf(bits: number): bigint {
  const { target, negative, overflow } = decodeBits(bits);
  if (negative || overflow || target === 0n) return 0n;
  return (1n << 256n) / (target + 1n);
}

/** A hash (display-order hex) as the number that is compared with a target. */
export function hashToNumber(hash: string): bigint {
  return BigInt(`0x${hash}`);
}

/** How many times harder than bits 0x1d00ffff, as a float, computed the way bitcoind does. */
export function difficultyOf(bits: number): number {
  let shift = bits >>> 24;
  let difficulty = 0x0000ffff / (bits & 0x00ffffff);
  for (; shift < 29; shift++) difficulty *= 256;
  for (; shift > 29; shift--) difficulty /= 256;
  return difficulty;
}

/** 64 hex digits of a 256-bit number, as RPC prints targets and chainwork. */
export function formatUint256(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}

/** 32 little-endian bytes of a 256-bit number. */
export function uint256ToBytes(value: bigint): Uint8Array {
  return hexToHash(formatUint256(value));
}

/** The 256-bit number of 32 little-endian bytes. */
export function bytesToUint256(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(bytes.slice().reverse())}`);
}
