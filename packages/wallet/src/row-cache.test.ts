import type { Sats, Txid } from '@coind/primitives';
import { memoryStore } from '@coind/store';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowCache } from './row-cache.ts';
import { openTables } from './tables.ts';
import { UnitOfWork } from './unit-of-work.ts';

const txid = (n: number) => n.toString(16).padStart(64, '0') as Txid;

test('units that share a cache read what units without one would read', async () => {
  const step = fc.record({
    what: fc.constantFrom('get', 'put', 'del'),
    // More keys than a generation holds would take long to draw, so they lie apart.
    key: fc.nat(6).map((n) => n * 1000),
    value: fc.bigInt({ min: -5n, max: 5n }),
  });
  const units = fc.array(
    fc.record({ steps: fc.array(step), fate: fc.constantFrom('kept', 'lost') }),
  );
  await fc.assert(
    fc.asyncProperty(units, async (drawn) => {
      const store = memoryStore();
      const cache = new RowCache(openTables(store));
      const { tables } = cache;
      const model = new Map<number, Sats>();
      for (const { steps, fate } of drawn) {
        const unit = new UnitOfWork(cache);
        const inside = new Map(model);
        // Everything is read once, so that rows of the cache move up and the oldest leave it.
        for (let n = 0; n < 700; n++) unit.get(tables.sums, ['filler', 0, n]);
        for (const { what, key, value } of steps) {
          const row: [string, number, number] = ['a', 0, key];
          if (what === 'get') expect(unit.get(tables.sums, row)).toBe(inside.get(key));
          if (what === 'put') inside.set(key, value);
          if (what === 'put') unit.put(tables.sums, row, value);
          if (what === 'del') inside.delete(key);
          if (what === 'del') unit.del(tables.sums, row);
        }
        if (fate === 'lost') continue;
        await store.commit(unit.writes());
        unit.keepIn(cache);
        model.clear();
        for (const [key, value] of inside) model.set(key, value);
        for (const { key } of steps) {
          expect(tables.sums.getSync(['a', 0, key])).toBe(model.get(key));
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('what is said not to be there is not looked up, and not written', () => {
  const tables = openTables(memoryStore());
  const looked: Txid[] = [];
  const getSync = (id: Txid) => {
    looked.push(id);
    return tables.txBytes.getSync(id);
  };
  const txBytes = { ...tables.txBytes, getSync };
  const unit = new UnitOfWork();
  unit.hasNo(txBytes, txid(1));
  expect(unit.get(txBytes, txid(1))).toBeUndefined();
  expect(unit.get(txBytes, txid(2))).toBeUndefined();
  expect(looked).toEqual([txid(2)]);
  expect(unit.writes()).toEqual([]);
});

test('secrets, long lists and views of large buffers are not kept', () => {
  const cache = new RowCache(openTables(memoryStore()));
  const { tables } = cache;
  const unit = new UnitOfWork();
  unit.put(tables.secrets, 0, 'wpkh(tprv…)');
  unit.put(tables.txBytes, txid(1), new Uint8Array(100_000).subarray(0, 200));
  unit.put(tables.txBytes, txid(2), new Uint8Array(200));
  unit.put(
    tables.spends,
    { txid: txid(1), vout: 0 },
    Array.from({ length: 500 }, (_, n) => txid(n)),
  );
  unit.keepIn(cache);
  expect(cache.get(tables.secrets, '0')).toBeUndefined();
  expect(cache.get(tables.txBytes, txid(1))).toBeUndefined();
  expect(cache.get(tables.txBytes, txid(2))).toEqual(new Uint8Array(200));
  expect(cache.get(tables.spends, `${txid(1)}:0`)).toBeUndefined();
});

test('tables of one row are read once, until somebody writes', async () => {
  const store = memoryStore();
  const cache = new RowCache(openTables(store));
  const { tables } = cache;
  const [first, second] = [0, 1].map((height) => ({ hash: txid(height), height }));
  expect(tables.position.getSync(undefined)).toBeUndefined();
  for (const ref of [first, second]) {
    const unit = new UnitOfWork(cache);
    unit.put(tables.position, undefined, ref as never);
    await store.commit(unit.writes());
    unit.keepIn(cache);
    expect(tables.position.getSync(undefined)).toBe(ref);
  }
});
