import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parseCount,
  parseHash,
  parseSwitch,
  parseUnsigned,
  RestError,
  readRequest,
} from './request.ts';

const NOTHING = new Uint8Array(0);
const read = (target: string) => readRequest(target, NOTHING);

describe('the part of the URL behind the prefix', () => {
  test.each([
    ['abc.json', 'abc', 'json'],
    ['abc.hex?count=2', 'abc', 'hex'],
    ['a.b/c.bin', 'a.b/c', 'bin'],
    ['abc', 'abc', undefined],
    ['abc.', 'abc', undefined],
    ['abc.txt', 'abc.txt', undefined],
    ['abc.JSON', 'abc.JSON', undefined],
    ['abc.toString', 'abc.toString', undefined],
    ['abc.json/', 'abc.json/', undefined],
    ['', '', undefined],
    // The last question mark parts path and query, the first one begins the query.
    ['a?b.json?c=d', 'a?b', 'json'],
  ])('%s', (target, argument, format) => {
    expect(read(target)).toMatchObject({ argument, format });
  });

  test('the query: decoded, the first of a name, none of what follows a #', () => {
    const request = read('x.json?count=5&count=6&na%6De=a%20b+c&empty&bad%=1%#late=1');
    expect(request.query('count')).toBe('5');
    expect(request.query('name')).toBe('a b+c');
    expect(request.query('empty')).toBe('');
    expect(request.query('bad%')).toBe('1%');
    expect(request.query('late')).toBeUndefined();
    expect(read('x.json').query('count')).toBeUndefined();
  });

  test('never fails, and keeps every character but the format and the query', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (target) => {
        const { argument, format } = read(target);
        const ending = format === undefined ? '' : `.${format}`;
        expect(target.startsWith(`${argument}${ending}`)).toBe(true);
      }),
    );
  });
});

test('numbers have digits and nothing else', () => {
  const max = 2n ** 64n - 1n;
  expect(parseUnsigned('0', max)).toBe(0n);
  expect(parseUnsigned('007', max)).toBe(7n);
  expect(parseUnsigned(`${max}`, max)).toBe(max);
  for (const text of ['', '-1', '+1', ' 1', '1 ', '1.0', '1e3', '0x1', `${max + 1n}`]) {
    expect(parseUnsigned(text, max), text).toBeUndefined();
  }
});

test('what makes no sense is named in the refusal', () => {
  const hash = 'AB'.repeat(32);
  expect(parseHash(hash)).toBe(hash.toLowerCase());
  expect(() => parseHash('ab')).toThrow(new RestError(400, 'Invalid hash: ab'));
  expect(parseCount('2000')).toBe(2000);
  for (const text of ['0', '2001', 'x', '']) {
    expect(() => parseCount(text)).toThrow(`out of acceptable range (1-2000): ${text}`);
  }
  expect(parseSwitch(read('x?verbose=false'), 'verbose', true)).toBe(false);
  expect(parseSwitch(read('x'), 'verbose', true)).toBe(true);
  expect(() => parseSwitch(read('x?verbose=TRUE'), 'verbose', true)).toThrow(
    'The "verbose" query parameter must be either "true" or "false".',
  );
});
