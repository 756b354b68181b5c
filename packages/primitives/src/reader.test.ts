import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hexToBytes } from './bytes.ts';
import { DecodeError, MAX_SIZE, Reader } from './reader.ts';
import { compactSizeLength, Writer } from './writer.ts';

describe('what Writer writes, Reader reads', () => {
  test('compact sizes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_SIZE }), (size) => {
        const bytes = new Writer(1).compactSize(size).finish();
        expect(bytes.length).toBe(compactSizeLength(size));
        expect(new Reader(bytes).compactSize()).toBe(size);
      }),
    );
  });

  test('hex in both directions', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (raw) => {
        const text = Buffer.from(raw).toString('hex');
        const writer = new Writer(1).hex(text).reversedHex(text.toUpperCase());
        expect(writer.finish()).toEqual(Uint8Array.from([...raw, ...raw.toReversed()]));
      }),
    );
    for (const text of ['0', '0g', 'g0', '-1', ' 1', 'é0', '٣0']) {
      expect(() => new Writer().hex(text)).toThrow(RangeError);
    }
  });

  test('integers at their edges', () => {
    const bytes = new Writer(1)
      .u8(255)
      .u16(0xffff)
      .u32(0xffffffff)
      .i32(-1)
      .u64(0xffffffffffffffffn)
      .i64(-(2n ** 63n))
      .varBytes(new Uint8Array([7]))
      .finish();
    const reader = new Reader(bytes);
    expect([reader.u8(), reader.u16(), reader.u32(), reader.i32()]).toEqual([
      255, 0xffff, 0xffffffff, -1,
    ]);
    expect([reader.u64(), reader.i64()]).toEqual([0xffffffffffffffffn, -(2n ** 63n)]);
    expect([...reader.varBytes()]).toEqual([7]);
    reader.end();
  });
});

describe('refusals', () => {
  test.each([
    ['a size not in its shortest form', 'fdfc00'],
    ['a size not in its shortest form', 'feffff0000'],
    ['a size not in its shortest form', 'ffffffffff00000000'],
    ['a size beyond the limit', 'fe01000002'],
    ['a size cut short', 'fd01'],
    ['nothing', ''],
  ])('%s (%s)', (_, hex) => {
    expect(() => new Reader(hexToBytes(hex)).compactSize()).toThrow(DecodeError);
  });

  test('a byte string longer than what is left', () => {
    expect(() => new Reader(hexToBytes('0501')).varBytes()).toThrow('unexpected end of data');
  });

  test('bytes left over', () => {
    expect(() => new Reader(hexToBytes('00')).end()).toThrow('1 bytes too many');
  });
});
