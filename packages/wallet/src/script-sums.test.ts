import { memoryStore } from '@coind/store';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeScript, MOST_HEIGHTS, scriptFromHeight } from './script-sums.ts';
import { openTables, type Posting } from './tables.ts';
import { UnitOfWork } from './unit-of-work.ts';

const SCRIPT = '51';
const payment = fc.record({
  height: fc.option(fc.integer({ min: 0, max: 3000 }), { nil: undefined }),
  coinbase: fc.boolean(),
  amount: fc.bigInt({ min: 0n, max: 50n }),
  /** Also taken back at the end of its batch. */
  undone: fc.boolean(),
});

test('whatever came and went, a script has at any height what adding up gives', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(payment, { maxLength: 6 }), { maxLength: 6 }),
      async (all) => {
        const store = memoryStore();
        const tables = openTables(store);
        for (const batch of all) {
          const unit = new UnitOfWork();
          const apply = ({ height, coinbase, amount }: (typeof batch)[number], count: number) => {
            const at = height === undefined ? {} : { height };
            const posting: Posting = { kind: 'script', name: SCRIPT, amount, coinbase, ...at };
            changeScript(unit, tables, posting, count);
          };
          for (const one of batch) apply(one, 1);
          for (const one of batch) if (one.undone) apply(one, -1);
          await store.commit(unit.writes());
        }
        const kept = all.flat().filter(({ undone }) => !undone);
        const sumOf = (some: typeof kept) => some.reduce((sum, { amount }) => sum + amount, 0n);
        const plain = kept.filter(({ coinbase }) => !coinbase);
        const row = tables.scriptSums.getSync(SCRIPT);
        expect(row?.uses ?? 0).toBe(kept.length);
        expect(row?.received ?? 0n).toBe(sumOf(plain.filter(({ height }) => height !== undefined)));
        expect(row?.pendingReceived ?? 0n).toBe(
          sumOf(plain.filter(({ height }) => height === undefined)),
        );
        expect(row?.heights?.length ?? 0).toBeLessThanOrEqual(MOST_HEIGHTS);
        for (const coinbase of [false, true]) {
          for (const from of [0, 1, 1024, 2999]) {
            const above = kept.filter(
              (one) => one.coinbase === coinbase && one.height !== undefined && one.height >= from,
            );
            const found = await scriptFromHeight(tables, SCRIPT, coinbase, from, 3000);
            expect(found).toBe(sumOf(above));
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});
