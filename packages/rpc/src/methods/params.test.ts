/** Parameter and member kinds that only some methods have, both ways. */
import { describe, expect, test } from 'vitest';
import { int, optional, str } from '../codec.ts';
import { alwaysWith, object, tuple } from '../codec-shapes.ts';
import { type Json, parseJson } from '../json.ts';
import {
  countedCoinbase,
  indexRange,
  inputSequence,
  joinedWarnings,
  legacyWalletName,
  zeroDummy,
} from './params.ts';

const read = (text: string): Json => parseJson(text) as Json;

describe('parameters', () => {
  test('which coinbases count is a boolean in JSON', () => {
    const codec = countedCoinbase('x');
    expect(codec.decode(true, 'x')).toBe('all');
    expect(codec.decode(false, 'x')).toBe('mature');
    expect(codec.encode('all')).toBe('true');
    expect(codec.encode('mature')).toBe('false');
  });

  test('a dummy may only be zero', () => {
    const codec = zeroDummy('x');
    expect(codec.decode(read('0'), 'dummy')).toBe(0);
    expect(codec.decode(read('0.0'), 'dummy')).toBe(0);
    expect(() => codec.decode(read('1'), 'dummy')).toThrow('Priority is no longer supported');
  });

  test('a sequence that is no number is ignored, one out of range is not', () => {
    const codec = inputSequence('x');
    expect(codec.decode(read('4294967293'), 'sequence')).toBe(0xfffffffd);
    expect(codec.decode('1', 'sequence')).toBeUndefined();
    expect(() => codec.decode(read('4294967296'), 'sequence')).toThrow('out of range');
  });

  test('a range is one number or two', () => {
    const codec = indexRange('x');
    expect(codec.decode(read('5'), 'range')).toBe(5);
    expect(codec.decode(read('[2,4]'), 'range')).toEqual([2, 4]);
    for (const wrong of ['"x"', '[1]', '[1,2,3]', '["a","b"]', '{}']) {
      expect(() => codec.decode(read(wrong), 'range')).toThrow('Range must be specified as end');
    }
  });
});

describe('members', () => {
  test('0.16 had one text of warnings and a file for the default wallet', () => {
    expect(joinedWarnings('x').encode([])).toBe('""');
    expect(joinedWarnings('x').encode(['a', 'b'])).toBe('"a, b"');
    expect(legacyWalletName('x').encode('')).toBe('"wallet.dat"');
    expect(legacyWalletName('x').encode('savings')).toBe('"savings"');
  });

  test('members that a profile always has', () => {
    const codec = alwaysWith({ b: 0 }, object({ a: int(''), b: optional(int('')) }));
    expect(codec.encode({ a: 1 })).toBe('{"a":1,"b":0}');
    expect(codec.encode({ a: 1, b: 2 })).toBe('{"a":1,"b":2}');
  });

  test('a tuple leaves out what is missing at its end', () => {
    const codec = tuple([str(''), int(''), optional(str(''))] as const);
    expect(codec.encode(['a', 1, undefined])).toBe('["a",1]');
    expect(codec.encode(['a', 1, 'b'])).toBe('["a",1,"b"]');
    expect(codec.decode(read('["a",1,"b"]'), 'x')).toEqual(['a', 1, 'b']);
  });

  test('an object says what an old name is called now, before it looks at anything else', () => {
    const codec = object({ a: int('') }, '', { reading: 'strict', renamed: { A: 'a' } });
    expect(() => codec.decode(read('{"A":1,"foo":2}'), 'x')).toThrow('Use a instead of A');
  });
});
