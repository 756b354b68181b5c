import { memoryStore } from '@coind/store';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addAtHeight, lastHeight, sumFromHeight } from './height-sums.ts';
import { openTables } from './tables.ts';
import { UnitOfWork } from './unit-of-work.ts';

describe('sums by height', () => {
  test('are what adding everything up gives, at any height and distance', async () => {
    const height = fc.oneof(fc.nat(40), fc.nat(5000), fc.nat(900_000));
    const amount = fc.bigInt({ min: -1000n, max: 1000n });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(height, amount), { maxLength: 60 }),
        fc.array(height, { minLength: 1, maxLength: 5 }),
        async (additions, questions) => {
          const store = memoryStore();
          const tables = openTables(store);
          for (const [at, value] of additions) {
            const unit = new UnitOfWork();
            addAtHeight(unit, tables, 'a:x', at, value);
            addAtHeight(unit, tables, 'a:x2', at, 7n);
            await store.commit(unit.writes());
          }
          const sums = new Map<number, bigint>();
          for (const [at, value] of additions) sums.set(at, (sums.get(at) ?? 0n) + value);
          const tip = Math.max(0, ...sums.keys());
          for (const from of questions) {
            let expected = 0n;
            for (const [at, value] of sums) if (at >= from) expected += value;
            expect(await sumFromHeight(tables, 'a:x', from, tip)).toBe(expected);
            const filled = [...sums].filter(([at, value]) => value !== 0n && at <= from);
            const last = filled.length > 0 ? Math.max(...filled.map(([at]) => at)) : undefined;
            expect(await lastHeight(tables, 'a:x', from)).toBe(last);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('however many heights there are, half a bucket of them is read and one row for each bucket above', async () => {
  const store = memoryStore();
  const tables = openTables(store);
  const tip = 5000;
  const unit = new UnitOfWork();
  for (let at = 0; at <= tip; at++) addAtHeight(unit, tables, 'a:x', at, 3n);
  await store.commit(unit.writes());
  let rows = 0;
  const counting = {
    ...tables,
    sums: {
      ...tables.sums,
      async *entries(range?: Parameters<typeof tables.sums.entries>[0]) {
        for await (const row of tables.sums.entries(range)) {
          rows++;
          yield row;
        }
      },
    },
  };
  for (const from of [0, 1, 511, 512, 513, 1023, 1024, 2600, 3000, 4096, 4900]) {
    rows = 0;
    expect(await sumFromHeight(counting, 'a:x', from, tip)).toBe(3n * BigInt(tip + 1 - from));
    expect(rows).toBeLessThanOrEqual(512 + 5);
  }
});
