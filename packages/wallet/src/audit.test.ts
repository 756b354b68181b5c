import { memoryStore, type Store, type Write } from '@coind/store';
import { describe, expect, test } from 'vitest';
import { accountBalance } from './books.ts';
import { FakeChain, FOREIGN, fakeWallets } from './fake-chain.test.fixture.ts';
import { openTables, type WalletTables } from './tables.ts';
import type { Wallet } from './wallet.ts';

const COIN = 100_000_000n;

/** A wallet with some history, and its tables to spoil. */
async function busyWallet(): Promise<{ wallet: Wallet; chain: FakeChain; store: Store }> {
  const chain = new FakeChain();
  const { wallets, stores } = fakeWallets(chain);
  const wallet = await wallets.create('w');
  const alice = await wallet.newAddress({ label: 'alice' });
  const bob = await wallet.newAddress({ label: 'bob' });
  for (let i = 0; i < 3; i++) await chain.mine(alice);
  for (let i = 0; i < 100; i++) await chain.mine(FOREIGN);
  await wallet.send([{ address: bob, amount: 7n * COIN }], { fromAccount: 'alice' });
  await chain.mine(FOREIGN);
  await wallet.send([{ address: FOREIGN, amount: COIN }], { fromAccount: 'bob' });
  await chain.mine(FOREIGN);
  await wallet.move('alice', 'carol', 5n * COIN, 'rent');
  await wallet.setAccount(bob, 'robert');
  return { wallet, chain, store: stores.get('w') ?? memoryStore() };
}

async function spoil(store: Store, change: (tables: WalletTables) => Promise<Write[]> | Write[]) {
  await store.commit(await change(openTables(store)));
}

describe('audit', () => {
  test('sound books: everything is counted and nothing is found', async () => {
    const { wallet } = await busyWallet();
    expect(await wallet.audit()).toMatchObject({
      clean: true,
      settled: true,
      transactions: 5,
      moves: 2,
      accountsTotal: await wallet.balance(),
      balance: await wallet.balance(),
      faults: [],
      faultCount: 0,
    });
  });

  test('with payments under way the sums need not be equal but have to follow', async () => {
    const { wallet, chain } = await busyWallet();
    await wallet.send([{ address: FOREIGN, amount: COIN }], { fromAccount: 'alice' });
    expect(await wallet.audit()).toMatchObject({ clean: true, settled: false });
    await chain.mine(FOREIGN);
    expect(await wallet.audit()).toMatchObject({ clean: true, settled: true });
    await chain.disconnect();
    expect(await wallet.audit()).toMatchObject({ clean: true, settled: false });
  });

  test('a wrong running sum is found, by account and field', async () => {
    const { wallet, store } = await busyWallet();
    await spoil(store, ({ accounts }) => {
      const row = accounts.getSync('alice');
      return row ? [accounts.put('alice', { ...row, credits: row.credits + 1n })] : [];
    });
    const { clean, faults } = await wallet.audit();
    expect(clean).toBe(false);
    expect(faults).toEqual([
      { where: 'account "alice"', fault: expect.stringMatching(/^credits is \d+1, not \d+0$/) },
    ]);
  });

  test('a changed line of the journal breaks the balance there and the cause', async () => {
    const { wallet, store } = await busyWallet();
    const { lines } = await wallet.journal('alice');
    const victim = lines[1];
    if (!victim) throw new Error('too few lines');
    await spoil(store, ({ journal }) => {
      const { number, ...row } = victim;
      return [journal.put(['alice', number], { ...row, amount: row.amount + 5n })];
    });
    const { faults } = await wallet.audit();
    expect(faults).toEqual([
      {
        where: `account "alice", line ${victim.number}`,
        fault: expect.stringContaining('its balance'),
      },
      { where: 'account "alice"', fault: expect.stringContaining(`about ${victim.about} miss -5`) },
    ]);
  });

  test('a line without a cause, a lost move, a lost transaction', async () => {
    const { wallet, store } = await busyWallet();
    await spoil(store, ({ journal, accounts }) => {
      const before = accounts.getSync('carol');
      const line = { kind: 'move', about: 'nobody', cause: 'move', time: 1 } as const;
      const balance = before ? accountBalance(before) + 3n : 3n;
      return [journal.put(['carol', 1e6], { ...line, amount: 3n, balance })];
    });
    const first = await wallet.audit();
    expect(first.faults.map(({ where }) => where)).toEqual(['account "carol"', 'account "carol"']);
    await spoil(store, async ({ moves }) => {
      for await (const [order] of moves.entries()) return [moves.del(order)];
      return [];
    });
    const second = await wallet.audit();
    expect(second.faults.map(({ where }) => where)).toContain('moves');
  });

  test('a coin nobody made is found', async () => {
    const { wallet, store } = await busyWallet();
    await spoil(store, async ({ coins }) => {
      for await (const [outpoint, coin] of coins.entries()) {
        return [coins.put({ ...outpoint, vout: 99 }, { ...coin, class: 'confirmed' })];
      }
      return [];
    });
    const { faults } = await wallet.audit();
    expect(faults.map(({ where }) => where)).toContain('the wallet');
    expect(faults.some(({ where }) => where.endsWith(':99'))).toBe(true);
  });
});

describe('journal', () => {
  test('pages follow each other and say why', async () => {
    const { wallet } = await busyWallet();
    const whole = await wallet.journal('alice');
    expect(whole.next).toBeUndefined();
    const first = await wallet.journal('alice', 0, 2);
    const rest = await wallet.journal('alice', first.next, 1000);
    expect([...first.lines, ...rest.lines]).toEqual(whole.lines);
    const { lines } = await wallet.journal('robert');
    expect(lines.map(({ kind, cause, amount }) => [kind, cause, amount])).toEqual([
      ['receive', 'rename', 7n * COIN],
    ]);
    const old = await wallet.journal('bob');
    expect(old.lines.at(-1)).toMatchObject({ cause: 'rename', amount: -7n * COIN });
  });
});
