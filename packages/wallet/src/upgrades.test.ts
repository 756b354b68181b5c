import { expect, test } from 'vitest';
import { backupBytes, FOREIGN, fundedWallet } from './fake-chain.test.fixture.ts';
import { openTables, type UnspentRow, walletTables } from './tables.ts';
import { upgradeWallet } from './upgrades.ts';

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
  expect((await (await wallets.restore('copy', backup)).unspent()).length).toBe(1);
});
