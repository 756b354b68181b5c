import { compareBytes, type Txid, Writer } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  afterPrefix,
  bool,
  bytes,
  type Codec,
  hash32,
  hex,
  i64be,
  json,
  list,
  optional,
  outpoint,
  struct,
  text,
  tuple,
  u8,
  u32be,
  u64be,
  uint,
  unit,
  varBytes,
  varText,
} from './codec.ts';

const hashes = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((raw) => Buffer.from(raw).toString('hex') as Txid);

/** A codec brings values back, and orders bytes as `compare` orders values. */
function keepsOrder<T>(codec: Codec<T>, values: fc.Arbitrary<T>, compare: (a: T, b: T) => number) {
  fc.assert(
    fc.property(values, values, (a, b) => {
      expect(codec.decode(codec.encode(a))).toEqual(a);
      expect(Math.sign(compareBytes(codec.encode(a), codec.encode(b)))).toBe(
        Math.sign(compare(a, b)),
      );
    }),
  );
}

const byNumber = (a: number | bigint, b: number | bigint) => (a < b ? -1 : a > b ? 1 : 0);
const byBytes = (a: Uint8Array, b: Uint8Array) => compareBytes(a, b);

describe('keys keep order', () => {
  test('whole numbers', () => {
    keepsOrder(u8, fc.nat(255), byNumber);
    keepsOrder(u32be, fc.nat(0xffffffff), byNumber);
    keepsOrder(uint, fc.maxSafeNat(), byNumber);
    keepsOrder(u64be, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), byNumber);
    keepsOrder(i64be, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), byNumber);
    keepsOrder(bool, fc.boolean(), (a, b) => Number(a) - Number(b));
  });

  test('bytes alone and inside a tuple, zero bytes included', () => {
    const raw = fc.uint8Array({ maxLength: 6, max: 2 });
    keepsOrder(bytes, raw, byBytes);
    keepsOrder(
      tuple(bytes, u32be),
      fc.tuple(raw, fc.nat(3)),
      (a, b) => byBytes(a[0], b[0]) || a[1] - b[1],
    );
  });

  test('tuples part by part', () => {
    keepsOrder(
      tuple(text, i64be, text),
      fc.tuple(
        fc.string({ unit: fc.constantFrom('a', 'b', '\0', 'é') }),
        fc.bigInt({ min: -3n, max: 3n }),
        fc.string(),
      ),
      (a, b) =>
        byBytes(text.encode(a[0]), text.encode(b[0])) ||
        byNumber(a[1], b[1]) ||
        byBytes(text.encode(a[2]), text.encode(b[2])),
    );
  });

  test('outpoints by wire bytes of the txid, then by vout', () => {
    const wire = (id: string) => Buffer.from(id, 'hex').reverse();
    keepsOrder(
      outpoint,
      fc.record({ txid: hashes, vout: fc.nat(0xffffffff) }),
      (a, b) => byBytes(wire(a.txid), wire(b.txid)) || a.vout - b.vout,
    );
  });
});

describe('values come back', () => {
  test('structs, lists, optional and nothing', () => {
    const row = struct<{ id: Txid; sizes: readonly number[]; memo: string | undefined }>({
      id: hash32<Txid>(),
      sizes: list(u32be),
      memo: optional(text),
    });
    fc.assert(
      fc.property(
        fc.record({
          id: hashes,
          sizes: fc.array(fc.nat()),
          memo: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
        }),
        (value) => {
          expect(row.decode(row.encode(value))).toEqual(value);
        },
      ),
    );
    expect(unit.encode(undefined)).toEqual(new Uint8Array(0));
    expect(list(varBytes).decode(list(varBytes).encode([new Uint8Array([0, 0])]))).toEqual([
      new Uint8Array([0, 0]),
    ]);
  });

  test('hex and text, alone and behind their lengths', () => {
    const pair = tuple(hex, varText);
    fc.assert(
      fc.property(fc.uint8Array(), fc.string({ unit: 'grapheme' }), (raw, words) => {
        const digits = Buffer.from(raw).toString('hex');
        expect(hex.decode(hex.encode(digits))).toBe(digits);
        expect(pair.decode(pair.encode([digits, words]))).toEqual([digits, words]);
      }),
    );
  });

  test('what is appended is what is encoded', () => {
    const one = 'ab'.repeat(32) as Txid;
    const check = <T>({ append, encode }: Codec<T>, value: T): void => {
      const writer = new Writer(1).u8(7);
      append?.(writer, value);
      expect(writer.finish()).toEqual(Uint8Array.of(7, ...encode(value)));
    };
    check(hex, '00ff');
    check(hash32<Txid>(), one);
    check(tuple(hex, outpoint), ['00ff', { txid: one, vout: 3 }]);
    check(list(u8), [1, 2]);
  });

  test('json with bigints and bytes', () => {
    const value = { amount: -5n, script: new Uint8Array([1, 0]), nested: [{ n: 2n ** 70n }] };
    expect(json<typeof value>().decode(json<typeof value>().encode(value))).toEqual(value);
  });
});

test('afterPrefix is the first string above all that begin with the prefix', () => {
  expect(afterPrefix(Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 3));
  expect(afterPrefix(Uint8Array.of(1, 0xff))).toEqual(Uint8Array.of(2));
  expect(afterPrefix(Uint8Array.of(0xff))).toBeUndefined();
});
