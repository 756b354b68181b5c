import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentSet } from './recent-set.ts';

test('the last ones are remembered, and memory is bounded', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.nat(60)), (capacity, numbers) => {
      const set = new RecentSet(capacity);
      const texts = numbers.map(String);
      for (const text of texts) set.add(text);
      const last = [...new Set(texts.toReversed())].slice(0, capacity);
      // The last `capacity` additions were of at most that many different members.
      for (const text of last.slice(0, 1)) expect(set.has(text)).toBe(true);
      const remembered = [...new Set(texts)].filter((text) => set.has(text));
      expect(remembered.length).toBeLessThanOrEqual(2 * capacity);
    }),
  );
});

test('a set that was cleared knows nothing', () => {
  const set = new RecentSet(2);
  set.add('a');
  set.clear();
  expect(set.has('a')).toBe(false);
});
