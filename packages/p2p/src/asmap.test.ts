import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AsMap, AsMapError } from './asmap.ts';
import type { HostAddress } from './net-address.ts';
import { parseHost } from './net-address.ts';
import { netGroup } from './net-group.ts';

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** A number in the classes of the format, as bits. */
function numberBits(value: number, least: number, classes: readonly number[]): number[] {
  const bits: number[] = [];
  let from = least;
  for (const [index, size] of classes.entries()) {
    const isLast = index === classes.length - 1;
    if (value < from + 2 ** size) {
      if (!isLast) bits.push(0);
      for (let left = size - 1; left >= 0; left--) bits.push(((value - from) >> left) & 1);
      return bits;
    }
    bits.push(1);
    from += 2 ** size;
  }
  throw new RangeError(`${value}`);
}

const systemBits = (value: number) => numberBits(value, 1, range(15, 24));
const returns = (system: number) => [0, ...systemBits(system)];
const defaults = (system: number) => [1, 1, 1, ...systemBits(system)];
const matches = (byte: number) => [1, 1, 0, ...numberBits(256 + byte, 2, range(1, 8))];
const jumps = (over: readonly number[]) => [1, 0, ...numberBits(over.length, 17, range(5, 30))];
const ipv4Prefix = [...Array<number>(10).fill(0), 0xff, 0xff].flatMap(matches);

function bytesOf(bits: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [at, bit] of bits.entries())
    bytes[at >> 3] = (bytes[at >> 3] as number) | (bit << (at & 7));
  return bytes;
}
const mapOf = (...parts: readonly (readonly number[])[]) => new AsMap(bytesOf(parts.flat()));
const host = (text: string): HostAddress => parseHost(text) as HostAddress;
const at = (map: AsMap, ...texts: string[]) => texts.map((text) => map.systemOf(host(text)));

describe('a map', () => {
  test('of prefixes: what matches, and what does not', () => {
    const map = mapOf(defaults(9), ipv4Prefix, matches(101), returns(70_000));
    expect(at(map, '101.1.2.3', '102.1.2.3', '2001:41d0::1')).toEqual([70_000, 9, 9]);
  });

  test('that branches on one bit', () => {
    // Half of IPv4 each.
    const low = returns(3);
    const map = mapOf(ipv4Prefix, jumps(low), low, returns(4));
    expect(at(map, '100.1.1.1', '200.1.1.1', '2001:41d0::1')).toEqual([3, 4, 0]);
  });

  test('knows nothing of networks without systems', () => {
    const map = mapOf(returns(5));
    expect(at(map, '101.1.1.1', '10.0.0.1', '127.0.0.1')).toEqual([5, 0, 0]);
    expect(map.systemOf({ networkId: 4, bytes: new Uint8Array(32) })).toBe(0);
  });

  test('makes neighbours of what one operator holds, IPv4 and IPv6', () => {
    const map = mapOf(returns(5));
    expect(netGroup(host('101.1.1.1'), map)).toEqual(netGroup(host('2001:41d0::1'), map));
    expect(netGroup(host('101.1.1.1'), map)).toEqual(Uint8Array.of(2, 5, 0, 0, 0));
    expect(netGroup(host('101.1.1.1'))).not.toEqual(netGroup(host('102.1.1.1')));
  });
});

describe('what is no map', () => {
  test.each([
    ['nothing', []],
    ['a program without an end', defaults(1)],
    ['two defaults in a row', [...defaults(1), ...defaults(2), ...returns(3)]],
    ['a default that nothing needs', [...defaults(1), ...returns(3)]],
    ['a jump past the end', [...jumps(Array(5000).fill(0)), ...returns(3)]],
    ['more bits than an address has', [...Array(17).fill(matches(0)).flat(), ...returns(1)]],
    ['bits behind the end', [...returns(1), 1]],
    ['a byte behind the end', [...returns(1), ...Array<number>(16).fill(0)]],
  ])('%s', (_, bits) => {
    expect(() => new AsMap(bytesOf(bits))).toThrow(AsMapError);
  });

  test('any bytes are refused or can be asked about any address', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.ipV4(), (bytes, ip) => {
        let map: AsMap;
        try {
          map = new AsMap(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(AsMapError);
          return;
        }
        expect(map.systemOf(host(ip))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
