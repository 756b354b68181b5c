import { BlockHeader, ZERO_HASH } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headerContextOf, medianTimeOf } from './header-context.ts';

const headers = Array.from(
  { length: 30 },
  (_, height) =>
    new BlockHeader({
      version: 4,
      prevHash: ZERO_HASH,
      merkleRoot: '0'.repeat(64),
      time: 1000 + 10 * height,
      bits: 0x207fffff,
      nonce: 0,
    }),
);

describe('median time', () => {
  test('of few blocks is the later of the middle two', () => {
    expect(medianTimeOf([5])).toBe(5);
    expect(medianTimeOf([5, 9])).toBe(9);
    expect(medianTimeOf([9, 5, 7])).toBe(7);
  });

  test('has as many before it as after, in any order', () => {
    const times = fc.uniqueArray(fc.nat(), { minLength: 11, maxLength: 11 });
    fc.assert(
      fc.property(times, (eleven) => {
        const median = medianTimeOf(eleven);
        expect(eleven.filter((time) => time < median)).toHaveLength(5);
        expect(medianTimeOf([...eleven].reverse())).toBe(median);
      }),
    );
  });
});

describe('a branch of headers', () => {
  const tip = headerContextOf(headers);

  test('knows its last block and the median of eleven', () => {
    expect(tip.ref).toEqual({ hash: headers[29]!.hash, height: 29 });
    expect(tip.medianTimePast).toBe(headers[24]!.time);
  });

  test('leads to every ancestor and no further', () => {
    expect(tip.ancestor(29)?.header).toBe(headers[29]);
    expect(tip.ancestor(0)?.medianTimePast).toBe(1000);
    expect(tip.ancestor(3)?.medianTimePast).toBe(headers[2]!.time);
    expect(tip.ancestor(-1)).toBeUndefined();
    expect(tip.ancestor(30)).toBeUndefined();
    expect(() => headerContextOf([])).toThrow(RangeError);
  });
});
