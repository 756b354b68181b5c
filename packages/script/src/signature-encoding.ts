/**
 * How ECDSA signatures and public keys are written: strict DER (BIP66), the laxer DER that was valid
 * before it, low S, hash types, key forms. Only bytes are looked at; the curve is in `secp.ts`.
 */
import { compareBytes, hexToBytes } from '@coind/primitives';

/** Half of the order of secp256k1: the largest S that is low. */
const HALF_ORDER = hexToBytes('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0');
/** The order of secp256k1. */
const ORDER = hexToBytes('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');

/** True for 32 bytes that are a scalar of the curve other than zero, such as a private key. */
export function isScalar(bytes: Uint8Array): boolean {
  return bytes.length === 32 && compareBytes(bytes, ORDER) < 0 && !isZero(bytes);
}

function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/**
 * True when a signature with its hash type byte is strict DER (BIP66):
 * `30 len 02 lenR R 02 lenS S hashtype`, R and S positive and in their shortest form.
 */
export function isStrictDer(sig: Uint8Array): boolean {
  const { length } = sig;
  if (length < 9 || length > 73) return false;
  if (sig[0] !== 0x30 || sig[1] !== length - 3) return false;
  const lengthR = sig[3] as number;
  if (5 + lengthR >= length) return false;
  const lengthS = sig[5 + lengthR] as number;
  if (lengthR + lengthS + 7 !== length) return false;
  return isStrictInteger(sig, 2, lengthR) && isStrictInteger(sig, 4 + lengthR, lengthS);
}

function isStrictInteger(sig: Uint8Array, at: number, length: number): boolean {
  if (sig[at] !== 0x02 || length === 0) return false;
  const first = sig[at + 2] as number;
  if (first & 0x80) return false;
  return !(length > 1 && first === 0 && !((sig[at + 3] as number) & 0x80));
}

/** True when the last byte is ALL, NONE or SINGLE, with or without ANYONECANPAY. */
export function isDefinedHashType(sig: Uint8Array): boolean {
  if (sig.length === 0) return false;
  const type = (sig[sig.length - 1] as number) & ~0x80;
  return type >= 1 && type <= 3;
}

/** True for a public key of the forms `04 x y`, `02 x` and `03 x`; the point is not looked at. */
export function isPlainPublicKey(key: Uint8Array): boolean {
  return (key[0] === 0x04 && key.length === 65) || isCompressedKey(key);
}

/** True for a public key of the forms `02 x` and `03 x`; the point is not looked at. */
export function isCompressedKey(key: Uint8Array): boolean {
  return key.length === 33 && (key[0] === 0x02 || key[0] === 0x03);
}

/** True when the length is what the first byte says, the old hybrid forms 06 and 07 included. */
export function hasPublicKeyLength(key: Uint8Array): boolean {
  const first = key[0];
  if (first === 2 || first === 3) return key.length === 33;
  return (first === 4 || first === 6 || first === 7) && key.length === 65;
}

/**
 * Reads a DER signature (without hash type) the way nodes did before BIP66, and writes R and S as 64
 * bytes: negative numbers, padding, long length forms and bytes at the end are let pass. Undefined when
 * even that is impossible; all zeros, which no signature is, when R or S is out of range.
 */
export function parseLaxDer(der: Uint8Array): Uint8Array | undefined {
  if (der[0] !== 0x30 || der.length < 2) return undefined;
  let at = 2;
  const lengthByte = der[1] as number;
  if (lengthByte & 0x80) {
    if ((lengthByte & 0x7f) > der.length - at) return undefined;
    at += lengthByte & 0x7f;
  }
  const compact = new Uint8Array(64);
  let overflow = false;
  for (const end of [32, 64]) {
    if (at >= der.length || der[at] !== 0x02) return undefined;
    const length = readLaxLength(der, at + 1);
    if (!length || length.size > der.length - length.next) return undefined;
    let start = length.next;
    at = start + length.size;
    while (start < at && der[start] === 0) start++;
    if (at - start > 32) overflow = true;
    else compact.set(der.subarray(start, at), end - (at - start));
  }
  if (
    overflow ||
    compareBytes(compact.subarray(0, 32), ORDER) >= 0 ||
    compareBytes(compact.subarray(32), ORDER) >= 0
  ) {
    compact.fill(0);
  }
  return compact;
}

function readLaxLength(der: Uint8Array, at: number): { size: number; next: number } | undefined {
  const first = der[at];
  if (first === undefined) return undefined;
  let next = at + 1;
  if (!(first & 0x80)) return { size: first, next };
  let width = first & 0x7f;
  if (width > der.length - next) return undefined;
  while (width > 0 && der[next] === 0) {
    next++;
    width--;
  }
  if (width >= 4) return undefined;
  let size = 0;
  for (; width > 0; width--) size = size * 256 + (der[next++] as number);
  return { size, next };
}

/** True when S of 64 compact bytes is in the lower half of the range. */
export function isLowS(compact: Uint8Array): boolean {
  return compareBytes(compact.subarray(32), HALF_ORDER) <= 0;
}

/** DER of 64 compact bytes, without a hash type. */
export function toDer(compact: Uint8Array): Uint8Array {
  const r = derInteger(compact.subarray(0, 32));
  const s = derInteger(compact.subarray(32));
  return new Uint8Array([0x30, r.length + s.length, ...r, ...s]);
}

function derInteger(scalar: Uint8Array): number[] {
  let start = 0;
  while (start < 31 && scalar[start] === 0) start++;
  const digits = Array.from(scalar.subarray(start));
  if ((digits[0] as number) & 0x80) digits.unshift(0);
  return [0x02, digits.length, ...digits];
}
