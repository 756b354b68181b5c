import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeChain, FOREIGN, fakeWallets, fundedWallet } from './fake-chain.test.fixture.ts';
import type { Wallet } from './wallet.ts';

const COIN = 100_000_000n;
const UNLIMITED = 10_000_000;

/**
 * Formula 4.2 of the account ledger, computed from nothing but what the wallet lists: the slow and
 * obvious way, to compare the running sums with.
 */
async function accountsBySumming(wallet: Wallet, minConfirmations: number) {
  const entries = await wallet.listTransactions({ by: 'all', moves: true }, UNLIMITED);
  const sums = new Map<string, bigint>();
  const add = (account: string, amount: bigint): void => {
    sums.set(account, (sums.get(account) ?? 0n) + amount);
  };
  const feesPaid = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === 'move') {
      add(entry.move.account, entry.move.amount);
      continue;
    }
    const { view, detail } = entry;
    if (view.confirmations < 0 || detail.category === 'orphan') continue;
    if (detail.category === 'immature') continue;
    add(view.row.fromAccount, 0n);
    if (detail.category === 'send') {
      add(detail.account, detail.amount);
      if (!feesPaid.has(view.txid)) add(detail.account, detail.fee ?? 0n);
      feesPaid.add(view.txid);
    } else {
      add(detail.account, view.confirmations >= minConfirmations ? detail.amount : 0n);
    }
  }
  return sums;
}

async function expectBooksToBalance(wallet: Wallet): Promise<void> {
  for (const minConfirmations of [0, 1, 2, 6, 110]) {
    const slow = await accountsBySumming(wallet, minConfirmations);
    const fast = await wallet.listAccounts(minConfirmations);
    for (const [account, amount] of slow) {
      expect([account, fast.get(account)]).toEqual([account, amount]);
    }
    for (const [account, amount] of fast) {
      if (!slow.has(account)) expect([account, amount]).toEqual([account, 0n]);
      expect(await wallet.accountBalance(account, minConfirmations)).toBe(amount);
    }
    let all = 0n;
    for (const amount of fast.values()) all += amount;
    expect(await wallet.allAccountsBalance(minConfirmations)).toBe(all);
  }
  for (const account of (await wallet.listAccounts()).keys()) {
    const { lines } = await wallet.journal(account, 0, UNLIMITED);
    let balance = 0n;
    for (const line of lines) {
      balance += line.amount;
      expect(line.balance).toBe(balance);
    }
    expect(balance).toBe(await wallet.accountBalance(account, 1));
  }
  expect(await wallet.audit()).toMatchObject({ clean: true, faults: [] });
}

describe('accounts', () => {
  test('move needs no funds and cancels out', async () => {
    const wallet = await fakeWallets(new FakeChain()).wallets.create('w');
    await wallet.move('a', 'b', 3n * COIN, 'why not');
    expect(await wallet.listAccounts()).toEqual(
      new Map([
        ['a', -3n * COIN],
        ['b', 3n * COIN],
      ]),
    );
    expect(await wallet.listTransactions({ by: 'account', name: 'b', moves: true })).toMatchObject([
      { kind: 'move', move: { otherAccount: 'a', amount: 3n * COIN, comment: 'why not' } },
    ]);
  });

  test('an account may not send more than it has, the fee not counted', async () => {
    const { wallet } = await fundedWallet(2, { account: 'alice' });
    const pay = (fromAccount: string, amount: bigint, accountConfirmations = 1) =>
      wallet.send([{ address: FOREIGN, amount }], { fromAccount, accountConfirmations });
    await expect(pay('bob', 1n)).rejects.toMatchObject({ key: 'account-insufficient-funds' });
    await expect(pay('alice', 100n * COIN + 1n)).rejects.toMatchObject({
      key: 'account-insufficient-funds',
    });
    await expect(pay('alice', COIN, 103)).rejects.toMatchObject({
      key: 'account-insufficient-funds',
    });
    await wallet.move('bob', 'alice', 60n * COIN);
    await wallet.move('alice', 'dora', 120n * COIN);
    const { fee } = await pay('alice', 40n * COIN);
    expect(await wallet.accountBalance('alice')).toBe(-fee);
    await expect(pay('dora', 70n * COIN)).rejects.toMatchObject({ key: 'insufficient-funds' });
    await expectBooksToBalance(wallet);
  });

  test('200 payments at once are exact', async () => {
    // Enough coins that none of them needs a longer chain of payments than the mempool takes.
    const { wallet, chain } = await fundedWallet(12, { account: 'alice' });
    const sent = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        wallet.send([{ address: FOREIGN, amount: 1_000_000n + BigInt(i) }], {
          fromAccount: 'alice',
          accountConfirmations: 1,
        }),
      ),
    );
    const spent = sent.reduce((sum, { fee }, i) => sum + fee + 1_000_000n + BigInt(i), 0n);
    expect(new Set(sent.map(({ tx }) => tx.txid)).size).toBe(200);
    expect(await wallet.accountBalance('alice')).toBe(600n * COIN - spent);
    expect(await wallet.balance()).toBe(600n * COIN - spent);
    await chain.mine(FOREIGN);
    expect(await wallet.balance(1)).toBe(600n * COIN - spent);
    await expectBooksToBalance(wallet);
  }, 30_000);

  test('random histories: the running sums are what summing everything gives', async () => {
    const names = ['', 'alice', 'bob', 'carol'];
    const name = fc.constantFrom(...names);
    const amount = fc.bigInt({ min: 10_000n, max: 20n * COIN });
    const step = fc.oneof(
      fc.record({ kind: fc.constant('mine' as const), to: name }),
      fc.record({ kind: fc.constant('mineForeign' as const) }),
      fc.record({ kind: fc.constant('send' as const), from: name, to: name, amount }),
      fc.record({ kind: fc.constant('pay' as const), from: name, amount }),
      fc.record({ kind: fc.constant('move' as const), from: name, to: name, amount }),
      fc.record({ kind: fc.constant('rename' as const), which: fc.nat(20), to: name }),
      fc.record({ kind: fc.constant('bookChange' as const), to: name }),
      fc.record({ kind: fc.constant('reorg' as const), depth: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constant('evict' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const { chain, wallet, errors } = await fundedWallet(3, { account: 'alice' });
        const addresses: string[] = [];
        for (const label of names) addresses.push(await wallet.newAddress({ label }));
        const addressOf = (label: string): string => addresses[names.indexOf(label)] as string;
        const quietly = async (payment: Promise<unknown>): Promise<void> => {
          await payment.catch((error: { key?: string }) => {
            if (error.key === undefined) throw error;
          });
        };
        for (const action of steps) {
          switch (action.kind) {
            case 'mine':
              await chain.mine(addressOf(action.to));
              break;
            case 'mineForeign':
              await chain.mine(FOREIGN);
              break;
            case 'send':
              await quietly(
                wallet.send([{ address: addressOf(action.to), amount: action.amount }], {
                  fromAccount: action.from,
                }),
              );
              break;
            case 'pay':
              await quietly(
                wallet.send([{ address: FOREIGN, amount: action.amount }], {
                  fromAccount: action.from,
                  accountConfirmations: 1,
                }),
              );
              break;
            case 'move':
              await wallet.move(action.from, action.to, action.amount);
              break;
            case 'rename':
              await wallet.setAccount(
                addresses[action.which % addresses.length] as string,
                action.to,
              );
              break;
            case 'bookChange': {
              const coins = await wallet.unspent({ minConfirmations: 0 });
              const change = coins.find(({ book }) => book === undefined)?.address;
              if (change) await wallet.setLabel(change, action.to);
              break;
            }
            case 'reorg':
              for (let i = 0; i < action.depth; i++) await chain.disconnect();
              for (let i = 0; i < action.depth; i++) await chain.mine(FOREIGN);
              break;
            case 'evict': {
              const [tx] = [...chain.mempoolTxs()].slice(-1);
              if (tx) await chain.evict(tx.txid);
              break;
            }
          }
        }
        await wallet.idle();
        await expectBooksToBalance(wallet);
        const coins = await wallet.unspent({ minConfirmations: 0, includeUnsafe: false });
        const worth = coins.reduce((sum, { value }) => sum + value, 0n);
        expect(await wallet.balance()).toBe(worth);
        expect(errors).toEqual([]);
      }),
      { numRuns: 15 },
    );
  }, 60_000);
});
