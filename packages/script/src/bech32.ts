/**
 * Bech32 (BIP173) and Bech32m (BIP350): text of 5-bit groups behind a prefix, with a checksum that is a
 * BCH code. The code can tell where one or two wrong characters are; we say where, never what they
 * should be, since a "corrected" address may be somebody else's.
 */

/** The two checksums: witness version 0 uses `bech32`, later versions `bech32m`. */
export type Bech32Encoding = 'bech32' | 'bech32m';

/** No address is longer. */
export const BECH32_MAX_LENGTH = 90;

const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const CHECKSUM_LENGTH = 6;
const constants: Readonly<Record<Bech32Encoding, number>> = { bech32: 1, bech32m: 0x2bc830a3 };
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** What the five bits that are shifted out add, for each of their values. */
const SHIFTED_OUT = Int32Array.from({ length: 32 }, (_, top) =>
  GENERATOR.reduce((sum, word, bit) => ((top >> bit) & 1 ? sum ^ word : sum), 0),
);

/** One step of the remainder of a polynomial over GF(32) modulo the code's generator. */
function fed(checksum: number, value: number): number {
  return ((checksum & 0x1ffffff) << 5) ^ value ^ (SHIFTED_OUT[(checksum >>> 25) & 31] as number);
}

/** The remainder after `prefix`, from which that of every text behind it goes on. */
function prefixRemainder(prefix: string): number {
  let checksum = 1;
  for (let i = 0; i < prefix.length; i++) checksum = fed(checksum, prefix.charCodeAt(i) >> 5);
  checksum = fed(checksum, 0);
  for (let i = 0; i < prefix.length; i++) checksum = fed(checksum, prefix.charCodeAt(i) & 31);
  return checksum;
}

/** The remainder of it all; six 5-bit coefficients. */
function polymod(prefix: string, values: readonly number[]): number {
  let checksum = prefixRemainder(prefix);
  for (const value of values) checksum = fed(checksum, value);
  return checksum >>> 0;
}

/** Text of 5-bit `values` behind `prefix`, which is lower case. */
export function bech32Encode(
  encoding: Bech32Encoding,
  prefix: string,
  values: readonly number[],
): string {
  let text = `${prefix}1`;
  let checksum = prefixRemainder(prefix);
  for (const value of values) {
    checksum = fed(checksum, value);
    text += CHARSET[value];
  }
  for (let i = 0; i < CHECKSUM_LENGTH; i++) checksum = fed(checksum, 0);
  checksum ^= constants[encoding];
  for (let i = CHECKSUM_LENGTH - 1; i >= 0; i--) text += CHARSET[(checksum >>> (5 * i)) & 31];
  return text;
}

/** What a bech32 text holds. */
export interface Bech32Data {
  readonly encoding: Bech32Encoding;
  /** Lower case. */
  readonly prefix: string;
  /** 5-bit groups without the checksum. */
  readonly values: readonly number[];
}

/** What is wrong with a bech32 text, and at which characters as far as that can be said. */
export interface Bech32Error {
  /** bitcoind's text. */
  readonly message: string;
  readonly locations: readonly number[];
}

/** Reads a bech32 text or says what is wrong with it. */
export function bech32Decode(
  given: string,
  maxLength: number = BECH32_MAX_LENGTH,
): Bech32Data | Bech32Error {
  // Positions count bytes of UTF-8, as in bitcoind.
  const text = /^[ -~]*$/.test(given)
    ? given
    : String.fromCharCode(...new TextEncoder().encode(given));
  if (text.length > maxLength) {
    const locations = Array.from({ length: text.length - maxLength }, (_, i) => maxLength + i);
    return { message: 'Bech32 string too long', locations };
  }
  const strangers = badCharacters(text);
  if (strangers.length > 0) {
    return { message: 'Invalid character or mixed case', locations: strangers };
  }
  const separator = text.lastIndexOf('1');
  if (separator < 0) return { message: 'Missing separator', locations: [] };
  if (separator === 0 || separator + CHECKSUM_LENGTH >= text.length) {
    return { message: 'Invalid separator position', locations: [separator] };
  }
  const lower = text.toLowerCase();
  const prefix = lower.slice(0, separator);
  const values: number[] = [];
  for (let i = separator + 1; i < lower.length; i++) {
    const value = CHARSET.indexOf(lower[i] as string);
    if (value < 0) return { message: 'Invalid Base 32 character', locations: [i] };
    values.push(value);
  }
  const checksum = polymod(prefix, values);
  for (const encoding of ['bech32', 'bech32m'] as const) {
    if (checksum === constants[encoding]) {
      return { encoding, prefix, values: values.slice(0, -CHECKSUM_LENGTH) };
    }
  }
  return locateErrors(checksum, values.length, text.length);
}

/** Positions of what is not printable ASCII or not in the case of the letters before it. */
function badCharacters(text: string): number[] {
  const bad: number[] = [];
  let lower = false;
  let upper = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x61 && code <= 0x7a) {
      if (upper) bad.push(i);
      else lower = true;
    } else if (code >= 0x41 && code <= 0x5a) {
      if (lower) bad.push(i);
      else upper = true;
    } else if (code < 33 || code > 126) {
      bad.push(i);
    }
  }
  return bad;
}

/** Of both encodings, the one that explains the checksum by fewer wrong characters. */
function locateErrors(checksum: number, length: number, textLength: number): Bech32Error {
  let locations: number[] = [];
  let message = 'Invalid checksum';
  for (const encoding of ['bech32', 'bech32m'] as const) {
    const found = errorPositions(checksum ^ constants[encoding], length)
      .map((fromRight) => textLength - 1 - fromRight)
      .sort((a, b) => a - b);
    if (found.length > 0 && (locations.length === 0 || found.length < locations.length)) {
      locations = found;
      message = encoding === 'bech32' ? 'Invalid Bech32 checksum' : 'Invalid Bech32m checksum';
    }
  }
  return { message, locations };
}

/** GF(1024) as powers of a root e of x² + 9x + 23 over GF(32) = GF(2)[x]/(x⁵ + x³ + 1). */
interface Field {
  /** exp[k] = e^k as `a * 32 + b` for a·e + b. */
  readonly exp: Int16Array;
  /** The k of each element; -1 for zero. */
  readonly log: Int16Array;
}

const FIELD_ORDER = 1023;
let field: Field | undefined;

/** Built on first use: few processes ever see a mistyped address. */
function loadField(): Field {
  if (field) return field;
  const times = (a: number, b: number): number => {
    let product = 0;
    for (let bit = 4; bit >= 0; bit--) {
      product <<= 1;
      if (product & 32) product ^= 0b101001;
      if ((b >> bit) & 1) product ^= a;
    }
    return product;
  };
  const exp = new Int16Array(FIELD_ORDER);
  const log = new Int16Array(FIELD_ORDER + 1).fill(-1);
  let element = 1;
  for (let k = 0; k < FIELD_ORDER; k++) {
    exp[k] = element;
    log[element] = k;
    const high = element >> 5;
    element = ((times(high, 9) ^ (element & 31)) << 5) | times(high, 23);
  }
  field = { exp, log };
  return field;
}

/**
 * Where one or two wrong characters may be, counted from the right; empty when more are wrong. The code
 * has the roots e^997, e^998 and e^999, so the error polynomial's values there (syndromes) are known:
 * one error v·x^p gives three terms of a geometric series with ratio e^p; for two, each p is tried.
 */
function errorPositions(residue: number, length: number): number[] {
  const { exp, log } = loadField();
  const power = (k: number): number =>
    exp[((k % FIELD_ORDER) + FIELD_ORDER) % FIELD_ORDER] as number;
  const logOf = (element: number): number => log[element] as number;
  const shifted = (element: number, k: number): number =>
    element === 0 ? 0 : power(logOf(element) + k);
  const syndrome = (root: number): number => {
    let sum = 0;
    for (let i = 0; i < CHECKSUM_LENGTH; i++) sum ^= shifted((residue >>> (5 * i)) & 31, root * i);
    return sum;
  };
  const [s0, s1, s2] = [syndrome(997), syndrome(998), syndrome(999)];
  // The elements of GF(32) other than zero are the powers of e^33: only those are character errors.
  const isCharacter = (k: number): boolean => k % 33 === 0;
  if (s0 && s1 && s2 && (2 * logOf(s1) - logOf(s2) - logOf(s0)) % FIELD_ORDER === 0) {
    const position = (logOf(s1) - logOf(s0) + FIELD_ORDER) % FIELD_ORDER;
    const error = logOf(s0) - 997 * position;
    return position < length && isCharacter(error) ? [position] : [];
  }
  for (let p1 = 0; p1 < length; p1++) {
    const second2 = s2 ^ shifted(s1, p1);
    const second1 = s1 ^ shifted(s0, p1);
    if (second2 === 0 || second1 === 0) continue;
    const p2 = (logOf(second2) - logOf(second1) + FIELD_ORDER) % FIELD_ORDER;
    if (p2 >= length || p1 === p2) continue;
    const first1 = s1 ^ shifted(s0, p2);
    if (first1 === 0) continue;
    const difference = logOf(power(p1) ^ power(p2));
    if (!isCharacter(logOf(second1) - difference - 997 * p2)) continue;
    if (!isCharacter(logOf(first1) - difference - 997 * p1)) continue;
    return [p1, p2];
  }
  return [];
}

/** Bytes as 5-bit groups, the last one padded with zeros. */
export function toFiveBits(bytes: Uint8Array): number[] {
  const values: number[] = [];
  let pending = 0;
  let bits = 0;
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      values.push((pending >> bits) & 31);
    }
    pending &= (1 << bits) - 1;
  }
  if (bits > 0) values.push((pending << (5 - bits)) & 31);
  return values;
}

/** 5-bit groups as bytes; undefined when the padding is not zero or a whole group. */
export function fromFiveBits(values: readonly number[]): Uint8Array | undefined {
  const bytes: number[] = [];
  let pending = 0;
  let bits = 0;
  for (const value of values) {
    pending = (pending << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((pending >> bits) & 0xff);
      pending &= (1 << bits) - 1;
    }
  }
  return bits >= 5 || pending !== 0 ? undefined : new Uint8Array(bytes);
}
