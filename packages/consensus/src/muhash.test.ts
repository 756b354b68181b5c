import { bytesToHex, hexToBytes } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MuHash } from './muhash.ts';

/** The element that bitcoind's own tests call "from int": 32 bytes that begin with `value`. */
function element(value: number): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes[0] = value;
  return bytes;
}

describe('MuHash', () => {
  test("matches bitcoind's known value", () => {
    const hash = new MuHash();
    hash.add(element(0));
    hash.add(element(1));
    hash.remove(element(2));
    expect(hash.digest()).toBe('10d312b100cbd32ada024a6646e40d3482fcff103668d2625f10002a607d5863');
  });

  test("serialises as bitcoind's does", () => {
    const hash = new MuHash();
    hash.add(element(1));
    hash.add(element(2));
    const encoded = bytesToHex(hash.encode());
    expect(encoded).toMatch(/^1fa093295ea30a6a3acdc7b3f770fa538eff537528e990e2910e40bbcfd7f669/);
    expect(encoded.slice(0, 768)).toMatch(/b16392e18036cb13e48c5c$/);
    expect(encoded.slice(768)).toBe(`01${'00'.repeat(383)}`);
    expect(MuHash.decode(hash.encode()).digest()).toBe(hash.digest());
  });

  test('reduces a stored number that is not below the modulus', () => {
    const stored = hexToBytes(`${'ff'.repeat(384)}01${'00'.repeat(383)}`);
    // 2^3072 - 1 is 1103716 modulo the prime.
    const small = hexToBytes(`64d710${'00'.repeat(381)}01${'00'.repeat(383)}`);
    expect(MuHash.decode(stored).digest()).toBe(MuHash.decode(small).digest());
  });

  test('refuses a state of another length', () => {
    expect(() => MuHash.decode(new Uint8Array(767))).toThrow(RangeError);
  });

  test('does not depend on order, nor on what came and went', () => {
    const elements = fc.uniqueArray(fc.uint8Array({ maxLength: 80 }), {
      maxLength: 12,
      selector: bytesToHex,
    });
    fc.assert(
      fc.property(elements, elements, (kept, passing) => {
        const straight = new MuHash();
        for (const bytes of kept) straight.add(bytes);
        const other = new MuHash();
        for (const bytes of passing) other.add(bytes);
        for (const bytes of kept.toReversed()) other.add(bytes);
        other.digest();
        for (const bytes of passing) other.remove(bytes);
        expect(other.digest()).toBe(straight.digest());
      }),
      { numRuns: 30 },
    );
  });

  test('a clone goes its own way, and halves combine', () => {
    const whole = new MuHash();
    whole.add(element(1));
    const half = whole.clone();
    whole.add(element(2));
    expect(half.digest()).not.toBe(whole.digest());
    const rest = new MuHash();
    rest.add(element(2));
    half.combine(rest);
    expect(half.digest()).toBe(whole.digest());
  });
});
