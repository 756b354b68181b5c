import { bytesToHex, type Txid } from '@coind/primitives';
import { memoryStore } from '@coind/store';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OwnFilter } from './own-filter.ts';
import { openTables } from './tables.ts';

const id = (nth: number) => nth.toString(16).padStart(64, '0').replace(/^0{7}/, pad(nth)) as Txid;
const pad = (nth: number) => nth.toString(16).padStart(7, '0');

/** A filter that has been asked often enough to read its wallet. */
async function wornIn(tables: ReturnType<typeof openTables>): Promise<OwnFilter> {
  const filter = new OwnFilter();
  for (let i = 0; i < 2000; i++) filter.mayKnow(id(i));
  await filter.readWhenWorthwhile(tables);
  return filter;
}

test('everything may be the wallet’s until its rows are read', async () => {
  const tables = openTables(memoryStore());
  const filter = new OwnFilter();
  await filter.readWhenWorthwhile(tables);
  expect(filter.mayOwn(new Uint8Array(22))).toBe(true);
  expect(filter.mayKnow(id(1))).toBe(true);
  expect(filter.mayHaveAt(7)).toBe(true);
});

test('what is on disk or was added passes, and hardly anything else', async () => {
  const scripts = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 40 }), {
    maxLength: 20,
    selector: bytesToHex,
  });
  await fc.assert(
    fc.asyncProperty(scripts, scripts, async (stored, added) => {
      const store = memoryStore();
      const tables = openTables(store);
      await store.commit([
        ...stored.map((s) => tables.scripts.put(bytesToHex(s), { descriptor: 0, index: 0 })),
        tables.heights.put([7, id(1)], true),
        tables.unconfirmed.put(id(2), true),
        tables.spends.put({ txid: id(3), vout: 0 }, [id(1)]),
      ]);
      const filter = await wornIn(tables);
      for (const script of added) filter.addScript(bytesToHex(script));
      filter.addTxid(id(4));
      filter.addHeight(8);
      expect([...stored, ...added].every((script) => filter.mayOwn(script))).toBe(true);
      expect([1, 2, 3, 4].every((nth) => filter.mayKnow(id(nth)))).toBe(true);
      expect([7, 8].every((height) => filter.mayHaveAt(height))).toBe(true);
      expect([filter.mayKnow(id(5)), filter.mayHaveAt(9)]).toEqual([false, false]);
      const foreign = new Uint8Array(22).fill(0x5a);
      if (![...stored, ...added].some((s) => bytesToHex(s).includes('5a5a5a5a'))) {
        expect(filter.mayOwn(foreign)).toBe(false);
      }
    }),
    { numRuns: 50 },
  );
});

test('a wallet with too much to remember does without, whether it was read or added', async () => {
  const scriptOf = (nth: number) => `0014${nth.toString(16).padStart(40, '0')}`;
  const store = memoryStore();
  const tables = openTables(store);
  const rows = [0, 1, 2, 3].map((n) =>
    tables.scripts.put(scriptOf(n << 20), { descriptor: 0, index: n }),
  );
  await store.commit(rows);
  for (const [most, added] of [
    [3, 0],
    [6, 3],
  ] as const) {
    const filter = new OwnFilter(most);
    for (let i = 0; i < 2000; i++) filter.mayKnow(id(i));
    await filter.readWhenWorthwhile(tables);
    for (let n = 0; n < added; n++) filter.addTxid(id(n));
    filter.addHeight(3);
    expect(filter.mayOwn(new Uint8Array(22).fill(0x5a))).toBe(true);
    expect([filter.mayKnow(id(77)), filter.mayHaveAt(5)]).toEqual([true, true]);
    await filter.readWhenWorthwhile(tables);
    expect(filter.mayKnow(id(77))).toBe(true);
  }
});
