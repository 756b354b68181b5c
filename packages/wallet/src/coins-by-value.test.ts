import type { OutPoint, Sats, Txid } from '@coind/primitives';
import { memoryStore } from '@coind/store';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CoinsByValue, type ValuedCoin, type ValueRange } from './coins-by-value.ts';
import { openTables } from './tables.ts';
import { UnitOfWork } from './unit-of-work.ts';

const GROUP = 1;
const row = { script: '51', height: 7, coinbase: false } as const;

/** Ids that differ at either end: shown, the first digits come first; on disk, the last ones do. */
const outpoints: fc.Arbitrary<OutPoint> = fc.record({
  txid: fc
    .tuple(fc.constantFrom('0', '1', 'a'), fc.constantFrom('00', '01', '10', 'a0'))
    .map(([first, last]) => `${first}${'0'.repeat(61)}${last}` as Txid),
  vout: fc.nat(1),
});
const values: fc.Arbitrary<Sats> = fc.bigInt({ min: 0n, max: 4n });

async function seen(coins: CoinsByValue, range: ValueRange, most: number): Promise<ValuedCoin[]> {
  const found: ValuedCoin[] = [];
  await coins.walk(GROUP, range, (coin) => {
    found.push(coin);
    return found.length < most;
  });
  return found;
}

test('in memory and on disk the same coins come in the same order', async () => {
  const changes = fc.array(
    fc.array(fc.record({ value: values, outpoint: outpoints, isThere: fc.boolean() })),
    { maxLength: 6 },
  );
  const range = fc.oneof(
    fc.constant({}),
    fc.record({ atLeast: values }),
    fc.record({ atMost: values }),
  );
  await fc.assert(
    fc.asyncProperty(
      changes,
      range,
      fc.integer({ min: 1, max: 30 }),
      async (drawn, where, most) => {
        const store = memoryStore();
        const tables = openTables(store);
        const near = new CoinsByValue(tables);
        const far = new CoinsByValue(tables, { most: 0 });
        for (const some of drawn) {
          const unit = new UnitOfWork();
          for (const { value, outpoint, isThere } of some) {
            if (isThere) unit.put(tables.unspent, [GROUP, value, outpoint], row);
            else unit.del(tables.unspent, [GROUP, value, outpoint]);
            unit.put(tables.unspent, [GROUP + 1, value, outpoint], row);
          }
          await store.commit(unit.writes());
          near.follow(unit);
          far.follow(unit);
          expect(await seen(near, where, most)).toEqual(await seen(far, where, most));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('a group that becomes large is left on disk, and a lost one is read again', async () => {
  const store = memoryStore();
  const tables = openTables(store);
  const coins = new CoinsByValue(tables, { most: 3 });
  const add = async (value: Sats, follow = true): Promise<void> => {
    const unit = new UnitOfWork();
    unit.put(tables.unspent, [GROUP, value, { txid: '0'.repeat(64) as Txid, vout: 0 }], row);
    await store.commit(unit.writes());
    if (follow) coins.follow(unit);
  };
  const all = async () => (await seen(coins, {}, 10)).map(({ value }) => value);
  await add(1n);
  expect(await all()).toEqual([1n]);
  await add(2n, false);
  expect(await all()).toEqual([1n]);
  coins.clear();
  expect(await all()).toEqual([2n, 1n]);
  await add(3n);
  await add(4n);
  expect(await all()).toEqual([4n, 3n, 2n, 1n]);
  await add(5n);
  expect(await all()).toEqual([5n, 4n, 3n, 2n, 1n]);
});
