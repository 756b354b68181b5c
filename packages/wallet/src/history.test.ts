import type { Txid } from '@coind/primitives';
import { decodeAddress } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { FOREIGN, fundedWallet } from './fake-chain.test.fixture.ts';
import type { HistoryEntry, HistoryFilter, HistoryPlace } from './history.ts';
import type { Wallet } from './wallet.ts';

const COIN = 100_000_000n;
const all: HistoryFilter = { by: 'all', moves: true };

/** `category account amount` of each entry. */
async function summary(wallet: Wallet, filter: HistoryFilter, count = 100, skip = 0) {
  const entries = await wallet.listTransactions(filter, count, skip);
  return entries.map((entry) =>
    entry.kind === 'move'
      ? `move ${entry.move.account} ${entry.move.amount / COIN}`
      : `${entry.detail.category} ${entry.detail.account} ${entry.detail.amount / COIN}`,
  );
}

describe('history', () => {
  test('a payment to oneself shows twice, moves stand in between, skip counts entries', async () => {
    const { chain, wallet } = await fundedWallet(1, { account: 'alice' });
    const bob = await wallet.newAddress({ label: 'bob' });
    await wallet.move('alice', 'carol', 2n * COIN);
    await wallet.send([{ address: bob, amount: 3n * COIN }], { fromAccount: 'alice' });
    const everything = [
      'generate alice 50',
      'move alice -2',
      'move carol 2',
      'receive bob 3',
      'send alice -3',
    ];
    expect(await summary(wallet, all)).toEqual(everything);
    expect(await summary(wallet, all, 2)).toEqual(everything.slice(-2));
    expect(await summary(wallet, all, 2, 1)).toEqual(everything.slice(2, 4));
    expect(await summary(wallet, all, 100, 5)).toEqual([]);
    expect(await summary(wallet, { by: 'account', name: 'alice', moves: true })).toEqual([
      'generate alice 50',
      'move alice -2',
      'send alice -3',
    ]);
    expect(await summary(wallet, { by: 'account', name: 'bob', moves: true })).toEqual([
      'receive bob 3',
    ]);
    // A label asks for what its addresses received, not for who paid them.
    expect(await summary(wallet, { by: 'label', name: 'bob', moves: false })).toEqual([
      'receive bob 3',
    ]);
    await chain.mine(FOREIGN);
    expect((await wallet.transactionsSince(chain.tip().height - 1)).length).toBe(1);
  });

  test('coinbase: immature up to 100 confirmations, orphan off the chain, never received', async () => {
    const { chain, wallet } = await fundedWallet(0);
    const miner = await wallet.newAddress({ label: 'miner' });
    await chain.mine(miner);
    expect(await summary(wallet, all)).toEqual(['immature miner 50']);
    expect(await wallet.listAccounts()).toEqual(
      new Map([
        ['', 0n],
        ['miner', 0n],
      ]),
    );
    expect((await wallet.balances()).immature).toBe(50n * COIN);
    expect(await wallet.receivedByLabel('miner', 0)).toBe(0n);
    expect(await wallet.receivedByLabel('miner', 1, 'all')).toBe(50n * COIN);
    expect(await wallet.receivedByLabel('miner', 1, 'mature')).toBe(0n);
    for (let i = 0; i < 99; i++) await chain.mine(FOREIGN);
    expect(await summary(wallet, all)).toEqual(['immature miner 50']);
    expect(await wallet.balance()).toBe(0n);
    await chain.mine(FOREIGN);
    expect(await summary(wallet, all)).toEqual(['generate miner 50']);
    expect(await wallet.balance()).toBe(50n * COIN);
    expect(await wallet.accountBalance('miner', 101)).toBe(50n * COIN);
    expect(await wallet.accountBalance('miner', 102)).toBe(0n);
    expect(await wallet.receivedByLabel('miner', 1, 'mature')).toBe(50n * COIN);
    for (let i = 0; i < 101; i++) await chain.disconnect();
    expect(await summary(wallet, all)).toEqual(['orphan miner 50']);
    expect(await wallet.balances()).toMatchObject({ trusted: 0n, immature: 0n, nonmempool: 0n });
  });

  test('of two transactions that spend one coin, the mined one wins', async () => {
    const { chain, wallet, errors } = await fundedWallet(1, { account: 'alice' });
    const pay = (amount: bigint) =>
      wallet.createTransaction([{ script: new Uint8Array([0x51]), amount }]);
    const loser = await pay(5n * COIN);
    const winner = await pay(7n * COIN);
    expect(winner.tx.inputs[0]?.prevout).toEqual(loser.tx.inputs[0]?.prevout);
    await chain.broadcast(loser.tx);
    await wallet.idle();
    expect(await wallet.balance()).toBe(45n * COIN - loser.fee);
    await chain.mine(FOREIGN, [winner.tx]);
    expect(await wallet.balance()).toBe(43n * COIN - winner.fee);
    const [lost, won] = [loser, winner].map(({ tx }) => wallet.transaction(tx.txid));
    expect(await lost).toMatchObject({ confirmations: -1, conflicts: [winner.tx.txid] });
    expect(await won).toMatchObject({ confirmations: 1, conflicts: [loser.tx.txid] });
    // Change has no label, which is to have the empty one.
    const change = { by: 'label', name: '', moves: false, change: true } as const;
    expect(await summary(wallet, change)).toEqual(['receive  42']);
    // Sent as raw transactions, they were charged to the default account.
    expect(await wallet.accountBalance('')).toBe(-7n * COIN - winner.fee);
    await expect(wallet.abandon(loser.tx.txid)).rejects.toMatchObject({ key: 'not-abandonable' });
    await wallet.abandon(loser.tx.txid, { conflictedToo: true });
    expect((await wallet.transaction(loser.tx.txid)).abandoned).toBe(false);
    await chain.disconnect();
    expect(await wallet.balance()).toBe(43n * COIN - winner.fee);
    expect(errors).toEqual([]);
  });

  test('of what a block contradicts only the sending side is listed, unless its block is asked for', async () => {
    const { chain, wallet } = await fundedWallet(1, { account: 'alice' });
    const bob = await wallet.newAddress({ label: 'bob' });
    const pay = (amount: bigint, address: string) =>
      wallet.createTransaction([{ script: decodeAddress(address, chain.params), amount }]);
    const loser = await pay(5n * COIN, bob);
    const winner = await pay(7n * COIN, FOREIGN);
    await chain.mine(FOREIGN, [loser.tx]);
    const left = await chain.disconnect();
    const fork = chain.tip().height;
    await chain.mine(FOREIGN, [winner.tx]);
    await wallet.idle();
    expect((await wallet.transaction(loser.tx.txid)).confirmations).toBe(-1);
    expect(await summary(wallet, all)).toEqual(['generate alice 50', 'send  -5', 'send  -7']);
    const since = await wallet.transactionsSince(fork);
    expect(since.map(({ details }) => details.length)).toEqual([1, 1]);
    const [removed] = await wallet.transactionsIn(left);
    expect(removed?.details.map(({ category }) => category)).toEqual(['send', 'receive']);
  });

  test('what left the mempool is spent until it is abandoned', async () => {
    const { chain, wallet } = await fundedWallet(1);
    const { tx } = await wallet.send([{ address: FOREIGN, amount: COIN }]);
    await expect(wallet.abandon(tx.txid)).rejects.toMatchObject({ key: 'not-abandonable' });
    await chain.evict(tx.txid);
    expect(await wallet.balances()).toMatchObject({
      spendable: 0n,
      trusted: 50n * COIN,
      nonmempool: -50n * COIN,
    });
    await wallet.abandon(tx.txid);
    expect(await wallet.balances()).toMatchObject({ trusted: 50n * COIN, nonmempool: 0n });
    expect((await wallet.transaction(tx.txid)).abandoned).toBe(true);
    await expect(wallet.abandon('00'.repeat(32) as Txid)).rejects.toMatchObject({
      key: 'unknown-transaction',
    });
  });
});

/** What an entry says, without all that belongs to its transaction. */
const essence = (entries: readonly HistoryEntry[]) =>
  entries.map((one) => [one.place, one.kind === 'move' ? one.move : one.detail]);

/** Pages of one entry to `size` entries, from the newest back, put together in the order of time. */
async function paged(
  wallet: Wallet,
  filter: HistoryFilter,
  size: number,
  between = async () => {},
) {
  const found: HistoryEntry[] = [];
  for (let before: HistoryPlace | undefined; ; await between()) {
    const page = await wallet.listTransactions(filter, size, 0, before);
    const [oldest] = page;
    if (!oldest) return found;
    found.unshift(...page);
    before = oldest.place;
  }
}

describe('paging by place', () => {
  test('pages of any size are the whole, also of one account and one label', async () => {
    const { wallet } = await fundedWallet(3, { account: 'alice' });
    const bob = await wallet.newAddress({ label: 'bob' });
    for (let i = 0; i < 3; i++) {
      await wallet.move('alice', 'carol', COIN);
      await wallet.send([{ address: bob, amount: COIN }], { fromAccount: 'alice' });
    }
    const filters: HistoryFilter[] = [
      all,
      { by: 'account', name: 'alice', moves: true },
      { by: 'label', name: 'bob', moves: false },
    ];
    for (const filter of filters) {
      const whole = await wallet.listTransactions(filter, 1000);
      expect(whole.length).toBeGreaterThan(2);
      for (const size of [1, 2, 3, 7, 1000])
        expect(essence(await paged(wallet, filter, size))).toEqual(essence(whole));
    }
  });

  test('what comes meanwhile neither shifts a page nor shows twice', async () => {
    const { wallet } = await fundedWallet(5);
    const whole = await wallet.listTransactions(all, 1000);
    const found = await paged(wallet, all, 2, () => wallet.move('x', 'y', 1n));
    expect(essence(found)).toEqual(essence(whole));
    // By count and skip the same reader sees entries again.
    expect(essence(await wallet.listTransactions(all, 2, 2))).not.toEqual(
      essence(whole.slice(-4, -2)),
    );
  });
});
