import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesToHex,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  isHex,
  parseHex,
  reverseBytes,
} from './bytes.ts';

const bytes = fc.uint8Array({ maxLength: 64 });

describe('hex', () => {
  test('every byte string survives the way to hex and back', () => {
    fc.assert(fc.property(bytes, (b) => equalBytes(hexToBytes(bytesToHex(b)), b)));
  });

  test('upper case is read, lower case is written', () => {
    expect(bytesToHex(hexToBytes('00FFaB'))).toBe('00ffab');
  });

  test.each(['0', 'zz', '0x00', ' 00'])('%j is no hex', (text) => {
    expect(isHex(text)).toBe(false);
    expect(() => hexToBytes(text)).toThrow(RangeError);
  });

  test('no character but the 22 hex digits is read as one', () => {
    for (let unit = 0; unit <= 0xffff; unit++) {
      const digit = String.fromCharCode(unit);
      const expected = /^[0-9a-fA-F]$/.test(digit);
      for (const text of [`${digit}0`, `0${digit}`, `00a${digit}ff`]) {
        if ((parseHex(text) !== undefined) !== expected) expect.fail(`${unit} in ${text}`);
      }
    }
  });

  test('bytes of a view are its own, not those of the buffer below it', () => {
    expect(bytesToHex(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))).toBe('0203');
  });
});

describe('order', () => {
  test('is total and agrees with equality', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(-Math.sign(compareBytes(b, a)) + 0);
        expect(compareBytes(a, b) === 0).toBe(equalBytes(a, b));
      }),
    );
  });

  test('a prefix comes before what it begins', () => {
    expect(compareBytes(new Uint8Array([1]), new Uint8Array([1, 0]))).toBeLessThan(0);
  });
});

test('concatenation keeps lengths and contents', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => {
      expect(bytesToHex(concatBytes(...parts))).toBe(parts.map(bytesToHex).join(''));
    }),
  );
});

test('reversing copies', () => {
  const original = new Uint8Array([1, 2, 3]);
  expect([...reverseBytes(original)]).toEqual([3, 2, 1]);
  expect([...original]).toEqual([1, 2, 3]);
});
