import { json, type Store, type TableSpec } from '@coind/store';
import { expect, test } from 'vitest';
import { backupBytes, FOREIGN, fundedWallet } from './fake-chain.test.fixture.ts';
import { addAtHeight, subject } from './height-sums.ts';
import { openTables, type Posting, type UnspentRow, walletTables } from './tables.ts';
import { UnitOfWork } from './unit-of-work.ts';
import { schema2, upgradeWallet } from './upgrades.ts';

/** As schema 1 wrote them: own scripts without keys, unspent coins with nothing but their place. */
async function asSchema1(wallet: Awaited<ReturnType<typeof fundedWallet>>) {
  const store = wallet.stores.get('w');
  if (!store) throw new Error('the wallet has a store');
  const tables = openTables(store);
  const bare = store.table({
    ...walletTables.unspent,
    value: { encode: () => new Uint8Array(0), decode: () => ({}) as UnspentRow },
  });
  for await (const [script, { descriptor, index }] of tables.scripts.entries()) {
    await store.commit([tables.scripts.put(script, { descriptor, index })]);
  }
  for await (const chunk of tables.unspent.chunks()) {
    await store.commit(chunk.map(([key, row]) => bare.put(key, row)));
  }
  return store;
}

test('a wallet of schema 1 lists and spends its coins as before', async () => {
  const funded = await fundedWallet(3, { account: 'alice' });
  const { wallet, wallets, chain } = funded;
  const coins = await wallet.unspent();
  expect(coins).toHaveLength(3);
  const backup = await backupBytes(wallet);
  await wallets.unload('w');
  const store = await asSchema1(funded);
  await upgradeWallet(store, 1);
  // Cut off and run again.
  await upgradeWallet(store, 1);
  const again = await wallets.load('w');
  expect(await again.unspent()).toEqual(coins);
  await again.send([{ address: FOREIGN, amount: 12_000_000_000n }]);
  await chain.mine(FOREIGN);
  expect((await again.audit()).clean).toBe(true);
  expect((await (await wallets.restore('copy', [backup])).unspent()).length).toBe(1);
});

/** As schema 2 wrote them: JSON, postings output by output, and every height of a script in a table. */
async function asSchema2(store: Store) {
  const tables = openTables(store);
  const asJson = async <K, V>(spec: TableSpec<K, V>) => {
    const old = store.table({ ...spec, value: json<V>() });
    for await (const chunk of store.table(spec).chunks()) {
      await store.commit(chunk.map(([key, row]) => old.put(key, row)));
    }
  };
  await asJson(walletTables.txs);
  await asJson(walletTables.book);
  await asJson(walletTables.moves);
  await asJson(walletTables.journal);
  const postings = store.table(schema2.postings);
  for await (const [txid, rows] of tables.postings.entries()) {
    const halves = (row: Posting): Posting[] =>
      row.kind === 'credit' || row.kind === 'label'
        ? [
            { ...row, amount: row.amount - 1n },
            { ...row, amount: 1n },
          ]
        : [row];
    await store.commit([postings.put(txid, rows.flatMap(halves)), tables.postings.del(txid)]);
  }
  const scriptSums = store.table(schema2.scriptSums);
  for await (const [script, { heights = [], ...row }] of tables.scriptSums.entries()) {
    const unit = new UnitOfWork();
    for (const { height, coinbase, amount } of heights) {
      addAtHeight(unit, tables, subject.script(script, coinbase), height, amount);
    }
    unit.put(scriptSums, script, row);
    unit.del(tables.scriptSums, script);
    await store.commit(unit.writes());
  }
}

/** Every row, as it lies there. */
async function rowsOf(store: Store): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for (const [name, table] of Object.entries(openTables(store))) {
    for await (const [key, row] of table.entries()) {
      found.set(`${name} ${JSON.stringify(json().encode(key))}`, row);
    }
  }
  return found;
}

test('a wallet of schema 2 is row by row what today would have written', async () => {
  const funded = await fundedWallet(3, { account: 'alice' });
  const { wallet, wallets, chain, stores } = funded;
  const address = await wallet.accountAddress('much paid');
  for (let n = 0; n < 12; n++) await chain.mine(address);
  await wallet.setLabel(FOREIGN, '{"not": "json"}');
  await wallet.setLabel(address, `{${'x'.repeat(122)}`);
  await wallet.move('alice', 'bob', 5n, '{}');
  const payment = [{ address: FOREIGN, amount: 100_000_000n }];
  await wallet.send(payment, { fromAccount: 'alice', comment: 'for the house', to: 'them' });
  await chain.mine(FOREIGN);
  await wallet.send(payment, { fromAccount: 'alice' });
  const expected = await wallet.listReceivedByAddress(5, false, 'all');
  await wallets.unload('w');
  const store = stores.get('w');
  if (!store) throw new Error('the wallet has a store');
  const before = await rowsOf(store);
  await asSchema2(store);
  await upgradeWallet(store, 2);
  // Cut off and run again.
  await upgradeWallet(store, 2);
  expect(await rowsOf(store)).toEqual(before);
  const again = await wallets.load('w');
  expect(await again.listReceivedByAddress(5, false, 'all')).toEqual(expected);
  expect((await again.audit()).faults).toEqual([]);
});
