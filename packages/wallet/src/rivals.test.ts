import { feeRate, type OutPoint, type Tx } from '@coind/primitives';
import { decodeAddress } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { FOREIGN, fakeWallets, fundedWallet } from './fake-chain.test.fixture.ts';
import type { Wallet } from './wallet.ts';

const COIN = 100_000_000n;

/** The coins that could be spent, confirmed or not. */
async function free(wallet: Wallet): Promise<OutPoint[]> {
  const coins = await wallet.unspent({ minConfirmations: 0 });
  return coins.map(({ outpoint }) => outpoint);
}

/** A wallet with three coins of 50, and a way to spend some coins whole. */
async function threeCoins() {
  const { chain, wallet, ...rest } = await fundedWallet(3);
  const coins = (await free(wallet)) as [OutPoint, OutPoint, OutPoint];
  const spend = async (inputs: OutPoint[], rate: bigint, address = FOREIGN): Promise<Tx> => {
    const script = decodeAddress(address, chain.params);
    const amount = 50n * COIN * BigInt(inputs.length);
    const options = { inputs, feeRate: feeRate(rate * 1000n), replaceable: true };
    const recipients = [{ script, amount, subtractFee: true }];
    return (await wallet.createTransaction(recipients, options)).tx;
  };
  const send = async (tx: Tx): Promise<void> => {
    expect(await chain.broadcast(tx)).toEqual({ accepted: true });
    await wallet.idle();
  };
  return { chain, wallet, ...rest, coins, spend, send };
}

describe('rivals in the mempool', () => {
  test('what was replaced spends nothing while its rival is there, and spends it again after', async () => {
    const { wallet, errors, coins, spend, send } = await threeCoins();
    const [a, b, c] = coins;
    const [first, second, third] = [
      await spend([a, b], 10n),
      await spend([b, c], 20n),
      await spend([c], 30n),
    ];
    await send(first);
    expect(await free(wallet)).toEqual([c]);
    await send(second);
    expect(await free(wallet)).toEqual([a]);
    expect(await wallet.balances()).toMatchObject({ spendable: 50n * COIN, nonmempool: 0n });
    expect((await wallet.transaction(first.txid)).mempoolConflicts).toEqual([second.txid]);
    await send(third);
    expect(await free(wallet)).toEqual([]);
    expect(await wallet.balances()).toMatchObject({ spendable: 0n, nonmempool: -100n * COIN });
    expect((await wallet.transaction(first.txid)).mempoolConflicts).toEqual([]);
    expect((await wallet.audit()).faults).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('so does what spends it; a rival that left while nobody listened is found out', async () => {
    const { chain, wallet, wallets, coins, spend, send } = await threeCoins();
    const [a, b, c] = coins;
    const parent = await spend([a], 10n, await wallet.newAddress());
    await send(parent);
    const paid = { txid: parent.txid, vout: 0 };
    const script = decodeAddress(FOREIGN, chain.params);
    const recipients = [{ script, amount: 90n * COIN }];
    const child = (await wallet.createTransaction(recipients, { inputs: [paid, b] })).tx;
    const rival = await spend([a], 20n);
    await send(child);
    await chain.evict(child.txid);
    await chain.evict(parent.txid);
    await wallet.idle();
    expect(await free(wallet)).toEqual([c]);
    await send(rival);
    expect((await free(wallet)).length).toBe(2);
    expect((await wallet.transaction(child.txid)).mempoolConflicts).toEqual([rival.txid]);
    await wallets.unload('w');
    await chain.evict(rival.txid);
    const again = await wallets.load('w');
    // Sent once more, both are in the mempool again.
    expect(await free(again)).not.toContainEqual(b);
    expect((await again.transaction(child.txid)).mempoolConflicts).toEqual([]);
  });

  test('with unconfirmed change not to be spent it is not trusted either, whatever was before', async () => {
    const { chain, wallet, wallets, stores, coins, spend, send } = await threeCoins();
    await send(await spend([coins[0]], 10n, await wallet.newAddress()));
    const { spendable } = await wallet.balances();
    expect(spendable).toBeGreaterThan(100n * COIN);
    await wallets.unload('w');
    const strict = fakeWallets(chain, { spendUnconfirmedChange: false }, stores).wallets;
    const { spendable: less, untrustedPending } = await (await strict.load('w')).balances();
    expect([less, untrustedPending]).toEqual([100n * COIN, spendable - 100n * COIN]);
  });
});
