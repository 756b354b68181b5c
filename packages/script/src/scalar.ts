/** Arithmetic modulo the order of secp256k1 on 32 big-endian bytes, for the little that is done outside the curve libraries. */
import { bytesToHex, hexToBytes } from '@coind/primitives';

/** The number of points of secp256k1: scalars are 0 … ORDER - 1. */
export const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The number of 32 big-endian bytes. */
export function bytesToScalar(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(bytes)}`);
}

/** 32 big-endian bytes of a number 0 … 2^256 - 1. */
export function scalarToBytes(scalar: bigint): Uint8Array {
  return hexToBytes(scalar.toString(16).padStart(64, '0'));
}

/** The additive inverse modulo the order. */
export function negate(scalar: bigint): bigint {
  const rest = scalar % ORDER;
  return rest === 0n ? 0n : ORDER - rest;
}
