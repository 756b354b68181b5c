import { memoryStore } from '@coind/store';
import { expect, test } from 'vitest';
import { FakeChain, FOREIGN, fakeWallets, fundedWallet } from './fake-chain.test.fixture.ts';
import { openTables } from './tables.ts';
import { DENSE, extendTrail, wayBack } from './trail.ts';
import { UnitOfWork } from './unit-of-work.ts';

test('a wallet ahead of its chain goes back to the last block both know', async () => {
  const { chain, wallet, wallets, errors } = await fundedWallet(3, { account: 'alice' });
  const before = chain.fork();
  const { tx: payment } = await wallet.send([{ address: FOREIGN, amount: 1_000_000_000n }], {
    fromAccount: 'alice',
  });
  await chain.mine(FOREIGN);
  for (let i = 0; i < 5; i++) await chain.mine(FOREIGN);
  expect((await wallet.transaction(payment.txid)).confirmations).toBe(6);
  await wallet.move('alice', 'bob', 7n);
  const balances = await wallet.listAccounts(1);
  await wallets.unload('w');

  chain.becomes(before);
  const again = await wallets.load('w');
  const view = await again.transaction(payment.txid);
  expect(view.confirmations).toBe(0);
  // It was offered to the mempool again, and the debit stands.
  expect(chain.inMempool(payment.txid)).toBe(true);
  expect(await again.listAccounts(1)).toEqual(balances);
  await chain.mine(FOREIGN);
  expect((await again.transaction(payment.txid)).confirmations).toBe(1);
  expect(errors).toEqual([]);
});

test('coinbases of lost blocks are orphans until a block has them again', async () => {
  const chain = new FakeChain();
  const { wallets } = fakeWallets(chain);
  const wallet = await wallets.create('w');
  const address = await wallet.newAddress();
  for (let i = 0; i < 5; i++) await chain.mine(address);
  const five = chain.fork();
  for (let i = 0; i < 98; i++) await chain.mine(address);
  expect((await wallet.balances()).spendable).toBe(3n * 5_000_000_000n);
  const long = chain.fork();
  await wallets.unload('w');
  chain.becomes(five);
  const short = await wallets.load('w');
  expect(await short.balances()).toMatchObject({ spendable: 0n, immature: 5n * 5_000_000_000n });
  await wallets.unload('w');
  chain.becomes(long);
  const whole = await wallets.load('w');
  expect(await whole.balances()).toMatchObject({
    spendable: 3n * 5_000_000_000n,
    immature: 100n * 5_000_000_000n,
  });
});

test('a chain that shares only genesis with the wallet is followed from there', async () => {
  const { chain, wallet, wallets } = await fundedWallet(2);
  expect((await wallet.balances()).spendable).toBe(10_000_000_000n);
  await wallets.unload('w');
  const other = new FakeChain();
  other.time = 1_600_000_000;
  for (let i = 0; i < 3; i++) await other.mine(FOREIGN);
  chain.becomes(other);
  const again = await wallets.load('w');
  expect((await again.balances()).lastBlock?.height).toBe(3);
  expect(await again.balances()).toMatchObject({ spendable: 0n, immature: 0n });
});

test('the trail keeps recent blocks and few of the older', async () => {
  const store = memoryStore();
  const tables = openTables(store);
  const hash = (height: number) => height.toString(16).padStart(64, '0') as never;
  for (let height = 0; height <= 5500; height++) {
    const unit = new UnitOfWork();
    extendTrail(unit, tables, { height, hash: hash(height) });
    await store.commit(unit.writes());
  }
  const heights: number[] = [];
  for await (const [height] of tables.trail.entries()) heights.push(height);
  expect(heights.slice(0, 5)).toEqual([0, 1000, 2000, 3000, 4000]);
  expect(heights.length).toBe(5 + DENSE);
  const known = (upTo: number) =>
    ({
      heightOf: (block: string) =>
        Number.parseInt(block, 16) <= upTo ? Number.parseInt(block, 16) : undefined,
      refAt: (height: number) => ({ height, hash: hash(height) }),
    }) as never;
  expect((await wayBack(tables, known(5498))).map(({ height }) => height)).toEqual([
    5500, 5499, 5498,
  ]);
  expect((await wayBack(tables, known(3500))).at(-1)?.height).toBe(3000);
});
