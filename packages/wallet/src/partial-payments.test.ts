import { feeRate, type Tx } from '@coind/primitives';
import { decodeAddress } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { FOREIGN, fakeWallets, fundedWallet } from './fake-chain.test.fixture.ts';
import { Psbt } from './psbt/psbt.ts';
import { extractTx, isPsbtComplete } from './psbt/psbt-signer.ts';

const COIN = 100_000_000n;

/** A wallet with coins, and one that watches it without its keys. */
async function watchedWallet() {
  const { chain, wallet } = await fundedWallet(2);
  const { wallets } = fakeWallets(chain);
  const watching = await wallets.create('watching', { privateKeysDisabled: true });
  const descriptors = await wallet.descriptors();
  const outcomes = await watching.importDescriptors(
    descriptors.map(({ text, internal }) => ({
      descriptor: text,
      timestamp: 0,
      active: true,
      internal,
      range: [0, 20] as const,
    })),
  );
  expect(outcomes.every(({ success }) => success)).toBe(true);
  const script = decodeAddress(FOREIGN, chain.params);
  return { chain, wallet, watching, script };
}

describe('payments that need other signers', () => {
  test('a wallet without keys leaves a PSBT that the one with the keys completes', async () => {
    const { chain, wallet, watching, script } = await watchedWallet();
    const recipients = [{ script, amount: 60n * COIN }];
    const { complete, psbt } = await watching.sendPartly(recipients);
    expect(complete).toBe(false);
    expect([...chain.mempoolTxs()]).toHaveLength(0);
    // By way of its text: nothing of it is in memory only.
    const received = Psbt.decode((psbt as Psbt).encode());
    const outcomes = await wallet.fillPsbt(received, { sign: true, origins: true });
    expect(outcomes).toEqual(['complete', 'complete']);
    expect(isPsbtComplete(received)).toBe(true);
    expect(await chain.broadcast(extractTx(received) as Tx)).toEqual({ accepted: true });
  });

  test('one that can sign alone sends, once for a key', async () => {
    const { chain, wallet, script } = await watchedWallet();
    const once = { key: 'rent', request: 'rent' };
    const recipients = [{ script, amount: COIN }];
    const first = await wallet.sendPartly(recipients, { once });
    expect(first).toMatchObject({ complete: true });
    expect(first.psbt).toBeUndefined();
    const again = await wallet.sendPartly(recipients, { once });
    expect(again.tx.txid).toBe(first.tx.txid);
    expect([...chain.mempoolTxs()]).toHaveLength(1);
  });

  test('what is not to be sent is complete, and its coins can be kept for it', async () => {
    const { chain, wallet, script } = await watchedWallet();
    const recipients = [{ script, amount: COIN }];
    const options = { send: false, lockCoins: true };
    const { tx, complete, psbt } = await wallet.sendPartly(recipients, options);
    expect(complete).toBe(true);
    expect(extractTx(psbt as Psbt)?.txid).toBe(tx.txid);
    expect(wallet.lockedCoins()).toEqual(tx.inputs.map(({ prevout }) => prevout));
    expect([...chain.mempoolTxs()]).toHaveLength(0);
  });

  test('coins that were kept are free again once they are spent after all', async () => {
    const { chain, wallet, script } = await watchedWallet();
    const { tx } = await wallet.sendPartly([{ script, amount: COIN }], {
      send: false,
      lockCoins: true,
    });
    expect(wallet.lockedCoins()).toHaveLength(1);
    await chain.broadcast(tx);
    await wallet.idle();
    expect(wallet.lockedCoins()).toEqual([]);
  });

  test('nothing to pay and no fee needs no coin, which no transaction can do without', async () => {
    const { wallet } = await watchedWallet();
    const data = { script: Uint8Array.of(0x6a, 1, 7), amount: 0n };
    const free = { feeRate: feeRate(0n), anyFeeRate: true };
    await expect(wallet.fundTransaction([data], free)).rejects.toThrow('a non-zero feerate');
  });

  test('what somebody put into an input stays there while it is funded', async () => {
    const { wallet, script } = await watchedWallet();
    const [coin] = await wallet.unspent();
    const proof = { scriptSig: Uint8Array.of(0), witness: [] };
    const { tx } = await wallet.fundTransaction([{ script, amount: 60n * COIN }], {
      inputs: [{ ...(coin as NonNullable<typeof coin>).outpoint, proof }],
      addInputs: true,
    });
    expect(tx.inputs.map(({ scriptSig }) => scriptSig.length)).toEqual([1, 0]);
  });

  test('a replacement for others to sign spends the same coins and pays more', async () => {
    const { wallet, watching, script } = await watchedWallet();
    const sent = await wallet.sendToScripts([{ script, amount: COIN }], {});
    await watching.idle();
    const plan = await watching.planReplacement(sent.tx.txid, {
      version: 2,
      feeRate: feeRate(50_000n),
    });
    expect(plan.oldFee).toBe(sent.fee);
    expect(plan.fee).toBeGreaterThan(sent.fee);
    expect(plan.psbt.inputs.map(({ outpoint }) => outpoint)).toEqual(
      sent.tx.inputs.map(({ prevout }) => prevout),
    );
  });
});

describe('spending everything', () => {
  test('leaves nothing behind, and those without amount share what is left', async () => {
    const { chain, wallet, script } = await watchedWallet();
    const own = decodeAddress(await wallet.newAddress(), chain.params);
    const { tx } = await wallet.sendAll([{ script, amount: 7n * COIN }, { script: own }], {});
    expect(tx.outputs[0]?.value).toBe(7n * COIN);
    expect(tx.inputs).toHaveLength(2);
    expect(await wallet.balance()).toBe(tx.outputs[1]?.value);
  });
});
