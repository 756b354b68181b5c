/**
 * Amounts. A bigint is satoshis, always; a BTC decimal exists only as text on its way in or out.
 */

/** Satoshis. */
export type Sats = bigint;
/** Satoshis in one bitcoin. */
export const COIN: Sats = 100_000_000n;
/** No amount is above 21 million BTC, in any sum of outputs (consensus). */
export const MAX_MONEY: Sats = 21_000_000n * COIN;

/** True for 0 … MAX_MONEY. */
export function isMoney(value: Sats): boolean {
  return value >= 0n && value <= MAX_MONEY;
}

/** BTC with exactly eight decimals, the way bitcoind prints amounts: `-0.00000141`. */
export function formatBtc(value: Sats): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(9, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}

const DECIMAL = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?$/;

/**
 * Reads decimal text as a whole number of 10^-`decimals` units, exactly, never as binary float.
 * Follows bitcoind's grammar (JSON number, exponents allowed): returns undefined for text outside
 * the grammar, for digits beyond `decimals` that are not zero, and for magnitudes of 10^18 units or
 * more. Range is the caller's to judge.
 *
 * @example parseFixedPoint('1E-8', 8) === 1n; parseFixedPoint('0.000000001', 8) === undefined
 */
export function parseFixedPoint(text: string, decimals: number): bigint | undefined {
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponentText = '0'] = match;
  let digits = (whole + fraction).replace(/^0+/, '');
  let exponent = Number(exponentText) - fraction.length + decimals;
  while (digits.endsWith('0')) {
    digits = digits.slice(0, -1);
    exponent++;
  }
  if (digits === '') return 0n;
  if (exponent < 0 || digits.length + exponent > 18) return undefined;
  const magnitude = BigInt(digits) * 10n ** BigInt(exponent);
  return sign === '-' ? -magnitude : magnitude;
}

/** Satoshis of BTC decimal text; undefined when bitcoind would say "Invalid amount". */
export function parseBtc(text: string): Sats | undefined {
  return parseFixedPoint(text, 8);
}
