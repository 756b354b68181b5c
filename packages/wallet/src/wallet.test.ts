import { describe, expect, test } from 'vitest';
import { FOREIGN, fundedWallet } from './fake-chain.fixture.ts';

const COIN = 100_000_000n;

describe('paying', () => {
  test('a payment debits the account and its change is spendable at once', async () => {
    const { chain, wallet, errors } = await fundedWallet(2, { account: 'alice' });
    expect(await wallet.balance()).toBe(100n * COIN);
    expect(await wallet.accountBalance('alice')).toBe(100n * COIN);
    const { tx, fee } = await wallet.send([{ address: FOREIGN, amount: 10n * COIN }], {
      fromAccount: 'alice',
      accountConfirmations: 1,
      comment: 'rent',
    });
    expect(chain.inMempool(tx.txid)).toBe(true);
    expect(await wallet.accountBalance('alice')).toBe(90n * COIN - fee);
    expect(await wallet.balance()).toBe(90n * COIN - fee);
    const view = await wallet.transaction(tx.txid);
    expect(view).toMatchObject({ confirmations: 0, amount: -10n * COIN, fee: -fee, trusted: true });
    expect(view.details).toMatchObject([
      { category: 'send', account: 'alice', amount: -10n * COIN },
    ]);
    await chain.mine(FOREIGN);
    expect((await wallet.transaction(tx.txid)).confirmations).toBe(1);
    expect(await wallet.balance()).toBe(90n * COIN - fee);
    expect(errors).toEqual([]);
  });
});
