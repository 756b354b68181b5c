import { describe, expect, test } from 'vitest';
import { FOREIGN, fundedWallet } from './fake-chain.test.fixture.ts';

const COIN = 100_000_000n;

describe('pay once', () => {
  test('the same key and request: one payment and its answer; another request is refused', async () => {
    const { wallet, chain, wallets } = await fundedWallet(2, { account: 'alice' });
    const once = { key: 'withdrawal 17', request: 'one coin' };
    const pay = (amount: bigint, request = once.request) =>
      wallet.send([{ address: FOREIGN, amount }], {
        fromAccount: 'alice',
        accountConfirmations: 1,
        once: { ...once, request },
      });
    const first = await pay(COIN);
    const second = await pay(COIN);
    expect(second.tx.txid).toBe(first.tx.txid);
    expect(second).toMatchObject({ fee: first.fee, feeRate: first.feeRate });
    await expect(pay(2n * COIN, 'two coins')).rejects.toMatchObject({
      key: 'idempotency-mismatch',
    });
    expect(await wallet.accountBalance('alice')).toBe(99n * COIN - first.fee);

    // Even when the account has nothing left, and after a restart.
    await wallet.move('alice', 'bob', 99n * COIN);
    await chain.mine(FOREIGN);
    await wallets.unload('w');
    const again = await wallets.load('w');
    const third = await again.send([{ address: FOREIGN, amount: COIN }], {
      fromAccount: 'alice',
      accountConfirmations: 1,
      once,
    });
    expect(third.tx.txid).toBe(first.tx.txid);
  });

  test('at once: many callers with one key make one payment', async () => {
    const { wallet } = await fundedWallet(2, { account: 'alice' });
    const once = { key: 'k', request: 'r' };
    const sent = await Promise.all(
      Array.from({ length: 20 }, () =>
        wallet.send([{ address: FOREIGN, amount: COIN }], { fromAccount: 'alice', once }),
      ),
    );
    expect(new Set(sent.map(({ tx }) => tx.txid)).size).toBe(1);
    const [{ fee } = { fee: 0n }] = sent;
    expect(await wallet.accountBalance('alice')).toBe(99n * COIN - fee);
  });

  test('a move has its effect once', async () => {
    const { wallet } = await fundedWallet(0);
    const once = { key: 'rent of May', request: 'a to b' };
    await wallet.move('a', 'b', COIN, '', once);
    await wallet.move('a', 'b', COIN, '', once);
    expect(await wallet.accountBalance('b')).toBe(COIN);
    const other = { ...once, request: 'a to c' };
    await expect(wallet.move('a', 'c', COIN, '', other)).rejects.toMatchObject({
      key: 'idempotency-mismatch',
    });
    expect(await wallet.accountBalance('b')).toBe(COIN);
  });

  test('a replacement is made once, and asking again tells both fees', async () => {
    const { wallet, chain } = await fundedWallet(2);
    const { tx } = await wallet.send([{ address: FOREIGN, amount: COIN }]);
    const once = { key: 'hurry', request: 'bump' };
    const [first, second] = await Promise.all([
      wallet.bumpFee(tx.txid, { once }),
      wallet.bumpFee(tx.txid, { once }),
    ]);
    expect(second?.tx.txid).toBe(first?.tx.txid);
    expect(second).toMatchObject({ fee: first?.fee, oldFee: first?.oldFee });
    expect((await wallet.transaction(tx.txid)).row.replacedBy).toBe(first?.tx.txid);
    expect([...chain.mempoolTxs()]).toHaveLength(1);
  });

  test('a replacement that was refused leaves no trace', async () => {
    const { wallet, chain } = await fundedWallet(2);
    const { tx } = await wallet.send([{ address: FOREIGN, amount: COIN }]);
    const { broadcast } = chain;
    chain.broadcast = async () => ({ accepted: false, reason: 'no' });
    await expect(wallet.bumpFee(tx.txid)).rejects.toMatchObject({ key: 'broadcast-rejected' });
    chain.broadcast = broadcast;
    expect((await wallet.transaction(tx.txid)).row.replacedBy).toBeUndefined();
    expect((await wallet.bumpFee(tx.txid)).tx.txid).not.toBe(tx.txid);
    expect(await wallet.audit()).toMatchObject({ clean: true });
  });

  test('a payment that failed frees its key', async () => {
    const { wallet, chain } = await fundedWallet(1, { account: 'alice' });
    const once = { key: 'k', request: 'r' };
    const pay = (amount: bigint) => wallet.send([{ address: FOREIGN, amount }], { once });
    await expect(pay(60n * COIN)).rejects.toMatchObject({ key: 'insufficient-funds' });
    const { broadcast } = chain;
    chain.broadcast = async () => ({ accepted: false, reason: 'no' });
    await expect(pay(COIN)).rejects.toMatchObject({ key: 'broadcast-rejected' });
    chain.broadcast = broadcast;
    expect(await wallet.balance()).toBe(50n * COIN);
    await pay(COIN);
    expect(await wallet.balance()).toBeLessThan(49n * COIN);
    expect(await wallet.audit()).toMatchObject({ clean: true });
  });
});
