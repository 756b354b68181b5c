import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesToUint256,
  decodeBits,
  difficultyOf,
  encodeBits,
  formatUint256,
  uint256ToBytes,
  workOf,
} from './target.ts';

describe('compact bits', () => {
  // The cases that bitcoind's own arith_uint256 tests name.
  test.each([
    [0x00000000, 0n, 0x00000000],
    [0x00123456, 0n, 0x00000000],
    [0x01123456, 0x12n, 0x01120000],
    [0x02123456, 0x1234n, 0x02123400],
    [0x03123456, 0x123456n, 0x03123456],
    [0x04123456, 0x12345600n, 0x04123456],
    [0x05009234, 0x92340000n, 0x05009234],
    [0x20123456, 0x123456n << 232n, 0x20123456],
  ])('%s', (bits, target, canonical) => {
    expect(decodeBits(bits)).toEqual({ target, negative: false, overflow: false });
    expect(encodeBits(target)).toBe(canonical);
  });

  test('a sign bit makes it negative, unless it is zero', () => {
    expect(decodeBits(0x04923456).negative).toBe(true);
    expect(decodeBits(0x01fedcba).negative).toBe(true);
    expect(decodeBits(0x00800000).negative).toBe(false);
  });

  test('more than 256 bits overflow', () => {
    expect(decodeBits(0xff123456).overflow).toBe(true);
    expect(decodeBits(0x21010000).overflow).toBe(true);
    expect(decodeBits(0x2100ffff).overflow).toBe(false);
    expect(decodeBits(0x220000ff).overflow).toBe(false);
  });

  test('encoding rounds down and is stable', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (target) => {
        const bits = encodeBits(target);
        const rounded = decodeBits(bits).target;
        expect(rounded <= target).toBe(true);
        expect(encodeBits(rounded)).toBe(bits);
      }),
    );
  });
});

test('work is the expected number of hashes', () => {
  expect(workOf(0x1d00ffff)).toBe(0x100010001n);
  expect(workOf(0x207fffff)).toBe(2n);
  expect(workOf(0)).toBe(0n);
  expect(workOf(0x04923456)).toBe(0n);
});

test('difficulty is counted from bits 1d00ffff', () => {
  expect(difficultyOf(0x1d00ffff)).toBe(1);
  expect(difficultyOf(0x207fffff)).toBeCloseTo(4.656542373906925e-10, 24);
  expect(difficultyOf(0x1b0404cb)).toBeCloseTo(16307.420938523983, 9);
});

test('256-bit numbers as bytes and text', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (value) => {
      expect(bytesToUint256(uint256ToBytes(value))).toBe(value);
      expect(formatUint256(value)).toHaveLength(64);
    }),
  );
});
