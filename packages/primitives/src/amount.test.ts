import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COIN, formatBtc, isMoney, MAX_MONEY, parseBtc, parseFixedPoint } from './amount.ts';

describe('BTC text', () => {
  test('every amount bitcoind can hold survives the way to text and back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -MAX_MONEY, max: MAX_MONEY }), (sats) => {
        expect(parseBtc(formatBtc(sats))).toBe(sats);
      }),
    );
  });

  test.each([
    [0n, '0.00000000'],
    [1n, '0.00000001'],
    [-141n, '-0.00000141'],
    [-150_000_000n, '-1.50000000'],
    [MAX_MONEY, '21000000.00000000'],
  ])('%s satoshis read %s', (sats, text) => {
    expect(formatBtc(sats)).toBe(text);
  });

  test.each([
    ['1', COIN],
    ['0.1', 10_000_000n],
    ['1E-8', 1n],
    ['1e-8', 1n],
    ['1e1', 10n * COIN],
    ['0.000000010', 1n],
    ['-0', 0n],
    ['0e100', 0n],
    ['20999999.99999999', MAX_MONEY - 1n],
  ])('%s is %s satoshis', (text, sats) => {
    expect(parseBtc(text)).toBe(sats);
  });

  test.each([
    '',
    '.1',
    '1.',
    '01',
    '+1',
    '1e',
    ' 1',
    '0x1',
    '0.000000001',
    '1e-9',
    '10000000000',
    '1e99',
    'NaN',
  ])('%j is no amount', (text) => {
    expect(parseBtc(text)).toBeUndefined();
  });
});

test('other scales: sat/vB has three decimals', () => {
  expect(parseFixedPoint('1.234', 3)).toBe(1234n);
  expect(parseFixedPoint('1.2345', 3)).toBeUndefined();
});

test('money is zero to MAX_MONEY', () => {
  expect([-1n, 0n, MAX_MONEY, MAX_MONEY + 1n].map(isMoney)).toEqual([false, true, true, false]);
});
