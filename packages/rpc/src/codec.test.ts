import { MAX_MONEY } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  account,
  amount,
  blockHash,
  bool,
  type Codec,
  feeRate,
  hex,
  int,
  json,
  label,
  looseHash,
  maxFeeRate,
  nothing,
  num,
  optional,
  positiveAmount,
  signedAmount,
  str,
  textParts,
  txid,
  uint32,
} from './codec.ts';
import {
  alwaysWith,
  inGivenOrder,
  list,
  nullable,
  object,
  oneOf,
  pairs,
  record,
  remembered,
} from './codec-shapes.ts';
import { RpcError, type Style } from './error.ts';
import { parseJson } from './json.ts';
import { newOutputs, verbosity } from './methods/params.ts';

const read = <Value>(codec: Codec<Value>, text: string): Value =>
  codec.decode(parseJson(text), 'x');

/** How `text` is refused, in one line. */
function refusal(codec: Codec<unknown>, text: string, style: Style = 'core'): string {
  try {
    read(codec, text);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const { code, message } = error.inStyle(style);
    return `${code} ${message}`;
  }
  return 'accepted';
}

const throughJson = <Value>(codec: Codec<Value>, value: Value): Value =>
  codec.decode(parseJson(codec.encode(value)), 'x');

describe('scalars', () => {
  test('nothing is coerced', () => {
    expect(refusal(str(''), '1')).toBe(
      '-3 JSON value of type number is not of expected type string',
    );
    expect(refusal(str(''), '1', 'legacy')).toBe('-1 JSON value is not a string as expected');
    expect(refusal(int(''), '"1"', 'legacy')).toBe('-1 JSON value is not an integer as expected');
    expect(refusal(bool(''), '1', 'legacy')).toBe('-1 JSON value is not a boolean as expected');
    expect(refusal(num(''), 'true')).toBe(
      '-3 JSON value of type bool is not of expected type number',
    );
  });

  test.each(['1.0', '1e0', '1.5', '2147483648', '-2147483649', '99999999999999999999'])(
    '%s is no 32-bit integer',
    (text) => expect(refusal(int(''), text)).toBe('-1 JSON integer out of range'),
  );

  test('the ends of the ranges', () => {
    expect(read(int(''), '2147483647')).toBe(2147483647);
    expect(read(int(''), '-2147483648')).toBe(-2147483648);
    expect(Object.is(read(int(''), '-0'), 0)).toBe(true);
    expect(read(uint32(''), '4294967295')).toBe(4294967295);
    expect(refusal(uint32(''), '-1')).toBe('-1 JSON integer out of range');
  });

  test('ids are 64 hex digits of either case, refused by name', () => {
    expect(read(txid(''), `"${'AB'.repeat(32)}"`)).toBe('ab'.repeat(32));
    expect(refusal(txid(''), '"aa"')).toBe("-8 x must be of length 64 (not 2, for 'aa')");
    expect(refusal(blockHash('', { called: 'hash' }), `"${'zz'.repeat(32)}"`)).toBe(
      `-8 hash must be hexadecimal string (not '${'zz'.repeat(32)}')`,
    );
    expect(read(looseHash(txid('')), '"x"')).toBe('0'.repeat(64));
  });

  test('a label is not *', () => {
    expect(refusal(label(''), '"*"')).toBe('-11 Invalid label name');
    expect(refusal(account(''), '"*"', 'legacy')).toBe('-11 Invalid account name');
  });

  test('the odd ones', () => {
    expect(nothing().encode(undefined)).toBe('null');
    expect(json('').encode(read(json(''), '[1.0]'))).toBe('[1.0]');
    expect(hex('').encode('00ff')).toBe('"00ff"');
    expect(read(verbosity(''), 'true')).toBe(1);
    expect(refusal(verbosity('', 'a boolean'), '"x"', 'legacy')).toBe(
      '-1 JSON value is not a boolean as expected',
    );
  });
});

describe('amounts', () => {
  test('are decimal text, exactly', () => {
    expect(read(amount(''), '0.1')).toBe(10_000_000n);
    expect(read(amount(''), '"1E-8"')).toBe(1n);
    expect(read(amount(''), '20999999.99999999')).toBe(MAX_MONEY - 1n);
    expect(amount('').encode(5_000_000_000n)).toBe('50.00000000');
    expect(signedAmount('').encode(-141n)).toBe('-0.00000141');
  });

  test.each([
    ['true', 'Amount is not a number or string'],
    ['null', 'Amount is not a number or string'],
    ['0.000000001', 'Invalid amount'],
    ['""', 'Invalid amount'],
    ['" 1"', 'Invalid amount'],
    ['-1', 'Amount out of range'],
    ['21000000.00000001', 'Amount out of range'],
  ])('%s is refused: %s', (text, message) => {
    expect(refusal(amount(''), text)).toBe(`-3 ${message}`);
  });

  test('zero is nothing to pay', () => {
    expect(refusal(positiveAmount(''), '-0')).toBe('-3 Invalid amount for send');
  });

  test('what is written is read again', () => {
    const value = fc.bigInt({ min: 0n, max: MAX_MONEY });
    fc.assert(fc.property(value, (sats) => throughJson(amount(''), sats) === sats));
    fc.assert(fc.property(value, (sats) => throughJson(signedAmount(''), -sats) === -sats));
  });

  test('fee rates: sat/vB with three decimals, BTC/kvB below one', () => {
    expect(read(feeRate(''), '1.001')).toBe(1001n);
    expect(refusal(feeRate(''), '1.0001')).toBe('-3 Invalid amount');
    expect(read(maxFeeRate(''), '0.1')).toBe(10_000_000n);
    expect(refusal(maxFeeRate(''), '1')).toMatch(/^-8 Fee rates larger/);
  });
});

describe('shapes', () => {
  const point = { txid: str(''), vout: int(''), n: optional(int('')) };

  test('an object writes exactly its members, in its order', () => {
    const extra = { vout: 1, extra: true, txid: 'a', n: undefined };
    expect(object(point).encode(extra)).toBe('{"txid":"a","vout":1}');
    expect(() => object(point).encode({ txid: 'a' } as never)).toThrow('vout');
  });

  test('checked objects are looked at as a whole first, by the order of names', () => {
    const checked = list(object(point, '', { reading: 'checked' }));
    expect(refusal(checked, '[{}]')).toBe('-3 Missing txid');
    expect(refusal(checked, '[{"txid":"a"}]')).toBe('-3 Missing vout');
    expect(refusal(checked, '[{"txid":5,"vout":0}]')).toBe(
      '-3 JSON value of type number for field txid is not of expected type string',
    );
    expect(refusal(checked, '[{"txid":5,"vout":0}]', 'legacy')).toBe(
      '-3 Expected type string for txid, got number',
    );
    expect(refusal(checked, '[5]', 'legacy')).toBe('-1 JSON value is not an object as expected');
    expect(refusal(checked, '[{"txid":"a","vout":0,"foo":1}]')).toBe('accepted');
    expect(refusal(object(point, '', { reading: 'strict' }), '{"txid":"a","vout":0,"foo":1}')).toBe(
      '-3 Unexpected key foo',
    );
  });

  test('other objects are read member by member', () => {
    expect(refusal(object(point), '{}')).toBe(
      '-3 JSON value of type null is not of expected type string',
    );
    expect(read(object(point), '{"vout":2,"txid":"a","txid":"b"}')).toEqual({ txid: 'a', vout: 2 });
  });

  test('maps keep any name, pairs keep doubled ones', () => {
    const map = new Map([
      ['__proto__', 1n],
      ['', -5n],
    ]);
    expect(throughJson(record(signedAmount('')), map)).toEqual(map);
    expect(read(pairs(int('')), '{"a":1,"a":2}')).toEqual([
      ['a', 1],
      ['a', 2],
    ]);
  });

  test('alternatives are told apart both ways', () => {
    const either = oneOf([hex(''), object({ a: int('') }), list(int(''))]);
    expect(either.encode('00')).toBe('"00"');
    expect(either.encode({ a: 1 })).toBe('{"a":1}');
    expect(read(either, '[1]')).toEqual([1]);
    expect(() => either.encode(true as never)).toThrow(TypeError);
    expect(throughJson(nullable(int('')), null)).toBeNull();
    expect(throughJson(nullable(int('')), 3)).toBe(3);
  });

  test('the outputs of a transaction', () => {
    const outputs = newOutputs('');
    expect(read(outputs, '[{"addr":0.1},{"data":"00ff"}]')).toEqual([
      { address: 'addr', amount: 10_000_000n },
      { data: '00ff' },
    ]);
    expect(throughJson(outputs, [{ data: '00' }, { address: 'b', amount: 1n }])).toEqual([
      { data: '00' },
      { address: 'b', amount: 1n },
    ]);
    expect(refusal(outputs, '{"a":1,"a":2}')).toBe('-8 Invalid parameter, duplicated address: a');
    expect(refusal(outputs, '{"data":"00","data":"00"}')).toMatch(/duplicate key: data$/);
    expect(refusal(outputs, '[{"a":1,"b":1}]')).toMatch(/must contain exactly one key$/);
    expect(refusal(outputs, '{"data":"foo"}')).toBe(
      "-8 Data must be hexadecimal string (not 'foo')",
    );
  });
});

test('a remembered value is written once', () => {
  let times = 0;
  const counted = list(int(''));
  const codec = remembered({
    ...counted,
    encode: (value: readonly number[]) => {
      times++;
      return counted.encode(value);
    },
  });
  const value = [1, 2];
  expect([codec.encode(value), codec.encode(value)]).toEqual(['[1,2]', '[1,2]']);
  expect(times).toBe(1);
  expect(codec.encode([3])).toBe('[3]');
});

test('what holds a remembered value is written around its bytes', () => {
  const codec = nullable(
    oneOf([str(''), object({ a: int(''), kept: remembered(list(str(''))), b: optional(int('')) })]),
  );
  const kept = ['ä'];
  const value = { a: 1, kept };
  const parts = textParts(codec, value);
  const [before, bytes, after] = parts;
  expect([before?.length, after, parts.length]).toEqual([14, '}', 3]);
  expect(textParts(codec, { a: 2, kept })[1]).toBe(bytes);
  const text = Buffer.concat(parts.map((part) => Buffer.from(part))).toString();
  expect(text).toBe('{"a":1,"kept":["ä"]}');
  expect(codec.encode(value)).toBe(text);
  expect(textParts(codec, 'none')).toEqual(['"none"']);
  expect(textParts(codec, null)).toEqual(['null']);
  const lacking = { a: 1 } as unknown as typeof value;
  expect(() => textParts(codec, lacking)).toThrow('a result lacks its member kept');
});

test('a codec that writes otherwise keeps nothing of the one it was made from', () => {
  const codec = object({ a: optional(int('')), kept: remembered(list(int(''))) });
  expect(textParts(alwaysWith({ a: 7 }, codec), { kept: [1] })).toEqual(['{"a":7,"kept":[1]}']);
  expect(textParts(inGivenOrder(codec), { kept: [1], a: 2 })).toEqual(['{"kept":[1],"a":2}']);
});
