import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatJson,
  formatJsonIndented,
  formatReal,
  formatString,
  JsonNumber,
  JsonObject,
  jsonType,
  MAX_JSON_DEPTH,
  parseJson,
} from './json.ts';

/** Reads and writes again: what is accepted comes back with its texts. */
const again = (text: string): string => formatJson(parseJson(text));

describe('reading', () => {
  test('numbers keep their text, doubled members stay, the first one counts', () => {
    const text = '[1.0,1e2,-0,0.10,1E+5,12345678901234567890,{"a":1,"a":2}]';
    expect(again(text)).toBe(text);
    const object = parseJson('{"a":1,"a":2}') as JsonObject;
    expect((object.get('a') as JsonNumber).text).toBe('1');
    expect(object.get('b')).toBeUndefined();
    expect(object.get('__proto__')).toBeUndefined();
  });

  test('white space around anything is fine', () => {
    expect(again(' \t\r\n{ "a" : [ 1 , true , null ] } \n')).toBe('{"a":[1,true,null]}');
  });

  test('escapes become characters', () => {
    expect(parseJson('"\\u00e9\\u2603\\ud83d\\ude00\\n\\/\\"\\\\"')).toBe('é☃😀\n/"\\');
  });

  test.each([
    '',
    ' ',
    '{',
    '[1,2',
    '[1,]',
    '{"a":1,}',
    '{"a"}',
    '{a:1}',
    "{'a':1}",
    '01',
    '.5',
    '5.',
    '-',
    '+1',
    '1e',
    '0x10',
    '1.0.0',
    'NaN',
    'Infinity',
    'nul',
    'truex',
    '1 2',
    '"\t"',
    '"\\x"',
    '"\\u12"',
    '"\\ud800"',
    '"\\ude00\\ud83d"',
    '"a',
    '"a\\"',
    '\ufeff1',
    '// no\n1',
  ])('%j is no JSON', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  test('bytes that are no UTF-8, or begin with a byte order mark, are no JSON', () => {
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0xfe, 0x22))).toThrow(SyntaxError);
    expect(() => parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31))).toThrow(SyntaxError);
    expect(parseJson(new TextEncoder().encode('"é"'))).toBe('é');
  });

  test('nesting ends at the limit', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(again(nested(MAX_JSON_DEPTH))).toHaveLength(2 * MAX_JSON_DEPTH);
    expect(() => parseJson(nested(MAX_JSON_DEPTH + 1))).toThrow(SyntaxError);
  });

  test('a block in hex is read in a moment', () => {
    const hex = 'ab'.repeat(4_000_000);
    const before = performance.now();
    expect(parseJson(`{"params":["${hex}"]}`)).toBeInstanceOf(JsonObject);
    expect(performance.now() - before).toBeLessThan(500);
  });

  test('agrees with JSON.parse on everything JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(again(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('accepts what JSON.parse accepts, but for what UniValue refuses', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '1',
      '-',
      '.',
      'e',
      ' ',
      '0',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        expect(accepts(() => parseJson(text))).toBe(accepts(() => JSON.parse(text)));
      }),
      { numRuns: 2000 },
    );
  });
});

function accepts(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

describe('writing', () => {
  test('texts are escaped as bitcoind does', () => {
    expect(formatString('\u0000\u001f\u007f/\\"é')).toBe('"\\u0000\\u001f\\u007f/\\\\\\"é"');
  });

  test.each([
    [1, '1'],
    [0.5, '0.5'],
    [-0, '-0'],
    [4.656542373906925e-10, '4.656542373906925e-10'],
    [1e-5, '1e-05'],
    [0.0001, '0.0001'],
    [1e15, '1000000000000000'],
    [1e16, '1e+16'],
    [2 / 3, '0.6666666666666666'],
    [123456.789, '123456.789'],
    [113757508810854, '113757508810854'],
  ])('the real %d is %s', (value, text) => {
    expect(formatReal(value)).toBe(text);
  });

  test('a real in 16 digits is within one part in 10^15 of the value', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), (value) => {
        expect(Math.abs(Number(formatReal(value)) - value)).toBeLessThanOrEqual(
          Math.abs(value) * 1e-15 + Number.MIN_VALUE,
        );
      }),
    );
    expect(() => formatReal(Number.NaN)).toThrow(RangeError);
  });

  test('plain values are taken; undefined members are left out', () => {
    expect(formatJson({ a: 1, b: undefined, c: [true, null, 'x'] })).toBe(
      '{"a":1,"c":[true,null,"x"]}',
    );
  });

  test('indented form', () => {
    expect(formatJsonIndented(parseJson('{"a":[1,{}],"b":[]}'), 2)).toBe(
      '{\n  "a": [\n    1,\n    {\n    }\n  ],\n  "b": [\n  ]\n}',
    );
  });

  test('types have bitcoind’s names', () => {
    const types = ['null', 'true', '"a"', '1', '[]', '{}'].map((text) => jsonType(parseJson(text)));
    expect(types).toEqual(['null', 'bool', 'string', 'number', 'array', 'object']);
    expect(new JsonNumber('1')).toBeInstanceOf(JsonNumber);
  });
});
