/**
 * Base58 and its checksum form: what old addresses, private keys and extended keys are written in.
 * Accepts exactly what bitcoind accepts, spaces around the text included.
 */
import { concatBytes, equalBytes, sha256d } from '@coind/primitives';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const digitOf = new Int8Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) digitOf[ALPHABET.charCodeAt(i)] = i;

/** Base58 of `bytes`, without a checksum. */
export function base58Encode(bytes: Uint8Array): string {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  const digits: number[] = [];
  for (let i = zeros; i < bytes.length; i++) {
    let carry = bytes[i] as number;
    for (let j = 0; j < digits.length; j++) {
      carry += (digits[j] as number) * 256;
      digits[j] = carry % 58;
      carry = Math.floor(carry / 58);
    }
    while (carry > 0) {
      digits.push(carry % 58);
      carry = Math.floor(carry / 58);
    }
  }
  let text = '1'.repeat(zeros);
  for (let i = digits.length - 1; i >= 0; i--) text += ALPHABET[digits[i] as number];
  return text;
}

/** Bytes of a base58 text; undefined for a bad character or when they are more than `maxLength`. */
export function base58Decode(text: string, maxLength: number): Uint8Array | undefined {
  const trimmed = text.replace(/^[ \f\n\r\t\v]+|[ \f\n\r\t\v]+$/g, '');
  let zeros = 0;
  while (trimmed[zeros] === '1') zeros++;
  if (zeros > maxLength) return undefined;
  // Little-endian bytes; the length check stops a long text from costing its square.
  const bytes: number[] = [];
  for (let i = zeros; i < trimmed.length; i++) {
    let carry = digitOf[trimmed.charCodeAt(i)] ?? -1;
    if (carry < 0) return undefined;
    for (let j = 0; j < bytes.length; j++) {
      carry += (bytes[j] as number) * 58;
      bytes[j] = carry & 0xff;
      carry >>= 8;
    }
    while (carry > 0) {
      bytes.push(carry & 0xff);
      carry >>= 8;
    }
    if (zeros + bytes.length > maxLength) return undefined;
  }
  const decoded = new Uint8Array(zeros + bytes.length);
  decoded.set(bytes.reverse(), zeros);
  return decoded;
}

/** Base58 of `bytes` and the first four bytes of their double SHA-256. */
export function base58CheckEncode(bytes: Uint8Array): string {
  return base58Encode(concatBytes(bytes, sha256d(bytes).subarray(0, 4)));
}

/** Bytes of a base58 text with checksum, which is taken off; undefined when anything is wrong. */
export function base58CheckDecode(text: string, maxLength: number): Uint8Array | undefined {
  const decoded = base58Decode(text, maxLength + 4);
  if (!decoded || decoded.length < 4) return undefined;
  const bytes = decoded.subarray(0, -4);
  const checksum = sha256d(bytes).subarray(0, 4);
  return equalBytes(checksum, decoded.subarray(-4)) ? bytes : undefined;
}
