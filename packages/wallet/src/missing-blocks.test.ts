import { expect, test } from 'vitest';
import { backupBytes, FOREIGN, fundedWallet } from './fake-chain.test.fixture.ts';

test('a wallet that needs blocks that are missing is not opened, and its copy leaves nothing', async () => {
  const { wallet, wallets, chain, stores } = await fundedWallet(1);
  const backup = await backupBytes(wallet);
  await wallets.unload('w');
  for (let i = 0; i < 5; i++) await chain.mine(FOREIGN);
  chain.missingBelow = chain.tip().height;
  await expect(wallets.load('w')).rejects.toMatchObject({ key: 'blocks-missing' });
  await expect(wallets.restore('copy', [backup])).rejects.toThrow('goes beyond pruned data');
  expect(stores.has('copy')).toBe(false);
  chain.missingBelow = 0;
  expect((await (await wallets.load('w')).audit()).clean).toBe(true);
  await expect(wallets.restore('copy', [backup])).resolves.toBeDefined();
});

test('one without keys goes on behind them', async () => {
  const { wallets, chain } = await fundedWallet(0);
  await wallets.create('blank', { blank: true });
  await wallets.unload('blank');
  for (let i = 0; i < 5; i++) await chain.mine(FOREIGN);
  chain.missingBelow = chain.tip().height - 1;
  const blank = await wallets.load('blank');
  expect((await blank.balances()).lastBlock).toMatchObject({ height: chain.tip().height });
});
