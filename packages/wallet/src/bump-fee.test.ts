import { feeFor, feeRate } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { FOREIGN, fundedWallet } from './fake-chain.test.fixture.ts';

const COIN = 100_000_000n;
const rate = (satsPerVbyte: bigint) => feeRate(satsPerVbyte * 1000n);

async function payment() {
  const { chain, wallet } = await fundedWallet(1, { account: 'alice' });
  const sent = await wallet.send([{ address: FOREIGN, amount: COIN }], {
    feeRate: rate(10n),
    fromAccount: 'alice',
    comment: 'rent',
  });
  return { chain, wallet, sent };
}

describe('replacing a payment', () => {
  test('the recipient gets the same, the change pays, account and note stay', async () => {
    const { chain, wallet, sent } = await payment();
    const { tx, fee, oldFee } = await wallet.bumpFee(sent.tx.txid, { feeRate: rate(20n) });
    expect(oldFee).toBe(sent.fee);
    // Signatures may come out a byte shorter than they were reckoned.
    expect(Number(fee) / tx.vsize).toBeGreaterThanOrEqual(20);
    expect(Number(fee) / tx.vsize).toBeLessThan(20.2);
    expect(tx.inputs.map(({ prevout }) => prevout)).toEqual(
      sent.tx.inputs.map(({ prevout }) => prevout),
    );
    const paid = (outputs: typeof tx.outputs) =>
      outputs.reduce((sum, { value }) => sum + value, 0n);
    expect(paid(sent.tx.outputs) - paid(tx.outputs)).toBe(fee - oldFee);
    expect((await wallet.transaction(tx.txid)).row).toMatchObject({
      fromAccount: 'alice',
      comment: 'rent',
      replaces: sent.tx.txid,
    });
    expect((await wallet.transaction(sent.tx.txid)).row.replacedBy).toBe(tx.txid);
    await chain.mine(FOREIGN);
    expect(await wallet.accountBalance('alice')).toBe(49n * COIN - fee);
    expect((await wallet.transaction(sent.tx.txid)).confirmations).toBe(-1);
  });

  test('without a rate the old one and a step above it; an exact fee when asked for', async () => {
    const { wallet, sent } = await payment();
    const first = await wallet.bumpFee(sent.tx.txid);
    expect(first.fee - sent.fee).toBeGreaterThanOrEqual(feeFor(feeRate(5000n), sent.tx.vsize));
    const second = await wallet.bumpFee(first.tx.txid, { totalFee: 7_777n });
    expect(second.fee).toBe(7_777n);
  });

  test('outputs may be others, and an output may be named that takes the difference', async () => {
    const { wallet, sent } = await payment();
    const [foreign] = sent.tx.outputs.filter(({ value }) => value === COIN);
    const outputs = [{ value: 2n * COIN, scriptPubKey: foreign?.scriptPubKey as Uint8Array }];
    const other = await wallet.bumpFee(sent.tx.txid, { feeRate: rate(20n), outputs });
    expect(other.tx.outputs.map(({ value }) => value)).toContain(2n * COIN);
    const changeIndex = other.tx.outputs.findIndex(({ value }) => value === 2n * COIN);
    const third = await wallet.bumpFee(other.tx.txid, { feeRate: rate(40n), changeIndex });
    expect(third.tx.outputs.map(({ value }) => value)).not.toContain(2n * COIN);
  });

  test('refusals change nothing', async () => {
    const { chain, wallet, sent } = await payment();
    const bump = (options: Parameters<typeof wallet.bumpFee>[1]) =>
      wallet.bumpFee(sent.tx.txid, options);
    await expect(bump({ feeRate: rate(10n) })).rejects.toThrow('Insufficient total fee 0.0000');
    await expect(bump({ feeRate: rate(200_000n) })).rejects.toThrow('is too high');
    await expect(bump({ changeIndex: 9 })).rejects.toThrow('Change position is out of range');
    await expect(bump({ changeIndex: 0, outputs: [] })).rejects.toThrow('incompatible');
    const unknown = 'ff'.repeat(32) as typeof sent.tx.txid;
    await expect(wallet.bumpFee(unknown)).rejects.toMatchObject({ key: 'unknown-transaction' });
    expect((await wallet.transaction(sent.tx.txid)).row.replacedBy).toBeUndefined();

    const child = await wallet.send([{ address: FOREIGN, amount: COIN }], { feeRate: rate(10n) });
    await expect(bump({})).rejects.toThrow('has descendants in the wallet');
    expect((await wallet.bumpFee(child.tx.txid, { feeRate: rate(20n) })).oldFee).toBe(child.fee);
    await chain.mine(FOREIGN, [sent.tx]);
    await expect(bump({})).rejects.toMatchObject({ key: 'bump-spent' });
  });

  test('one that does not signal is left alone when only signalling ones are wanted', async () => {
    const { wallet } = await fundedWallet(1);
    const options = { feeRate: rate(10n), replaceable: false };
    const { tx } = await wallet.send([{ address: FOREIGN, amount: COIN }], options);
    await expect(wallet.bumpFee(tx.txid, { onlySignalling: true })).rejects.toThrow('BIP 125');
  });

  test('its change is not safe to spend before one of the two is in a block', async () => {
    const { chain, wallet, sent } = await payment();
    const safe = async () =>
      (await wallet.unspent({ minConfirmations: 0, includeUnsafe: false })).map(({ safe }) => safe);
    const again = () => wallet.send([{ address: FOREIGN, amount: COIN }]);
    expect(await safe()).toEqual([true]);
    await wallet.bumpFee(sent.tx.txid, { feeRate: rate(20n) });
    expect(await safe()).toEqual([]);
    const all = await wallet.unspent({ minConfirmations: 0 });
    expect(all.map(({ safe }) => safe)).toEqual([false]);
    // It still counts as the wallet's own money.
    expect((await wallet.balances()).trusted).toBe(all[0]?.value);
    await expect(again()).rejects.toMatchObject({ key: 'coins-unavailable' });
    await chain.mine(FOREIGN);
    expect(await safe()).toEqual([true]);
    await again();
  });

  test('without change and coins it says that the fee is too much, not that there is no money', async () => {
    for (const address of [FOREIGN, undefined]) {
      const { wallet } = await fundedWallet(1);
      const to = address ?? (await wallet.newAddress());
      const sent = await wallet.send([{ address: to, amount: 50n * COIN, subtractFee: true }]);
      const refused = wallet.bumpFee(sent.tx.txid, { feeRate: rate(100n) });
      await expect(refused).rejects.toMatchObject({ key: 'fee-exceeds-balance' });
    }
  });
});
