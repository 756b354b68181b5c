import type { Coin } from '@coind/consensus';
import type { OutPoint, Txid } from '@coind/primitives';
import { memoryStore } from '@coind/store';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CoinsCache } from './coins-cache.ts';
import { tables } from './tables.ts';

const at = (n: number): OutPoint => ({
  txid: n.toString(16).padStart(64, '0') as Txid,
  vout: n % 3,
});
const coinOf = (n: number): Coin => ({
  output: { value: BigInt(n), scriptPubKey: new Uint8Array(n % 50).fill(n) },
  height: n,
  coinbase: n % 2 === 1,
});

test('any cache size answers like a map, after any writes', async () => {
  const step = fc.record({
    add: fc.array(fc.nat(60)),
    spend: fc.array(fc.nat(60)),
    look: fc.array(fc.nat(60)),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step), fc.constantFrom(0, 2000, 1e6), async (steps, limit) => {
      const store = memoryStore();
      const cache = new CoinsCache(store.table(tables.coins), limit);
      const model = new Map<number, Coin>();
      for (const { add, spend, look } of steps) {
        const spent = spend.filter((n) => !add.includes(n)).map(at);
        const created = add.map((n) => [at(n), coinOf(n)] as const);
        await store.commit(cache.writes(spent, created));
        cache.apply(spent, created);
        for (const n of spend) model.delete(n);
        for (const n of add) model.set(n, coinOf(n));
        const view = await cache.load(look.map(at));
        for (const n of look) {
          expect(view.get(at(n))).toEqual(model.get(n));
          expect(cache.get(at(n))).toEqual(model.get(n));
        }
      }
      let rows = 0;
      for await (const chunk of cache.chunks()) rows += chunk.length;
      expect(rows).toBe(model.size);
    }),
    { numRuns: 60 },
  );
});

test('many coins are loaded at once', async () => {
  const store = memoryStore();
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  const writer = new CoinsCache(store.table(tables.coins), 0);
  await store.commit(
    writer.writes(
      [],
      numbers.map((n) => [at(n), coinOf(n)] as const),
    ),
  );
  const view = await new CoinsCache(store.table(tables.coins), 1e6).load(numbers.map(at));
  expect(numbers.map((n) => view.get(at(n)))).toEqual(numbers.map(coinOf));
  expect(view.get(at(100))).toBeUndefined();
});
