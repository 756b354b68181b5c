import { bytesToHex, feeRate, hash160, hexToBytes, Tx, type Txid } from '@coind/primitives';
import { decodeAddress, encodeAddress, encodeWif, multisig, p2sh, publicKey } from '@coind/script';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ADDRESS_TYPES } from './address-type.ts';
import { FakeChain, FOREIGN, fakeWallets, fundedWallet } from './fake-chain.test.fixture.ts';
import { verifyMessage } from './message.ts';
import { signWithKeys } from './sign-request.ts';

const COIN = 100_000_000n;
const { params } = new FakeChain();

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

  test('every type of coin is spent, and the fee is that of the signed size', async () => {
    const { chain, wallet } = await fundedWallet(1);
    for (const type of ADDRESS_TYPES) {
      const address = await wallet.newAddress({ type });
      await wallet.send([{ address, amount: 2n * COIN }], { changeType: type });
    }
    await chain.mine(FOREIGN);
    const inputs = (await wallet.unspent()).map(({ outpoint }) => outpoint);
    expect(inputs.length).toBe(5);
    const { tx, fee } = await wallet.send([{ address: FOREIGN, amount: 5n * COIN }], {
      inputs,
      feeRate: feeRate(7_000n),
    });
    expect(tx.inputs.length).toBe(5);
    // An ECDSA signature may come out a byte shorter than was reckoned with.
    const exact = BigInt(tx.vsize) * 7n;
    expect(fee).toBeGreaterThanOrEqual(exact);
    expect(fee).toBeLessThanOrEqual(exact + 7n * 5n);
  });

  test('many small payments are spread over the coins before any chain gets too long', async () => {
    const { chain, wallet } = await fundedWallet(2);
    const pay = () => wallet.send([{ address: FOREIGN, amount: COIN / 100n }]);
    for (let count = 0; count < 2 * chain.chainLimit; count++) {
      const { tx } = await pay();
      expect(chain.chainLength([tx.txid])).toBeLessThanOrEqual(chain.chainLimit);
    }
    await expect(pay()).rejects.toMatchObject({ key: 'chain-too-long' });
    // Given by hand, the coins are taken, and the payment refused afterwards.
    const coins = await wallet.unspent({ minConfirmations: 0 });
    const inputs = coins.map(({ outpoint }) => outpoint);
    const together = wallet.send([{ address: FOREIGN, amount: 60n * COIN }], { inputs });
    await expect(together).rejects.toThrow('too many unconfirmed transactions in cluster');
    await chain.mine(FOREIGN);
    expect((await pay()).tx.inputs.length).toBe(1);
  });

  test('a node that estimates is paid what it says, unless the payer says otherwise', async () => {
    const { chain, wallet } = await fundedWallet(3);
    const rateOf = async (options = {}) => {
      const { fee, tx } = await wallet.send([{ address: FOREIGN, amount: COIN }], options);
      return Math.round(Number(fee) / tx.vsize);
    };
    chain.estimate = feeRate(30_000n);
    expect(await rateOf()).toBe(30);
    expect(await rateOf({ feeRate: feeRate(5_000n) })).toBe(5);
    chain.estimate = undefined;
    expect(await rateOf()).toBe(20);
  });

  test('an exact amount leaves no change, dust goes to the fee', async () => {
    const { wallet } = await fundedWallet(1);
    const rate = feeRate(1_000n);
    const { tx, fee } = await wallet.send([{ address: FOREIGN, amount: 50n * COIN - 200n }], {
      feeRate: rate,
    });
    expect(tx.outputs.length).toBe(1);
    expect(fee).toBe(200n);
    expect(await wallet.balance()).toBe(0n);
  });

  test('the fee can come out of the amounts', async () => {
    const { wallet } = await fundedWallet(1);
    const other = await wallet.newAddress();
    const { tx, fee } = await wallet.send(
      [
        { address: FOREIGN, amount: 20n * COIN, subtractFee: true },
        { address: other, amount: 30n * COIN, subtractFee: true },
      ],
      { feeRate: feeRate(10_000n) },
    );
    expect(tx.outputs.reduce((sum, { value }) => sum + value, 0n)).toBe(50n * COIN - fee);
    const paid = tx.outputs.find(
      ({ scriptPubKey }) => encodeAddress(scriptPubKey, params) === FOREIGN,
    );
    expect(paid?.value).toBe(20n * COIN - fee / 2n - (fee % 2n));
  });

  test('refusals have keys, and change nothing', async () => {
    const { wallet } = await fundedWallet(1, { account: 'a' });
    const refused = async (amount: bigint, key: string, options = {}): Promise<void> => {
      const payment = wallet.send([{ address: FOREIGN, amount }], options);
      await expect(payment).rejects.toMatchObject({ key });
    };
    await refused(51n * COIN, 'insufficient-funds');
    await refused(50n * COIN, 'fee-exceeds-balance');
    await refused(COIN, 'fee-exceeds-balance', { feeRate: feeRate(100_000_000_000n) });
    await refused(100n, 'amount-too-small');
    await refused(COIN, 'fee-rate-too-low', { feeRate: feeRate(10n) });
    await refused(COIN, 'fee-too-high', { feeRate: feeRate(1_000_000_000n) });
    await expect(wallet.send([])).rejects.toMatchObject({ key: 'no-recipients' });
    await expect(wallet.send([{ address: 'x', amount: 1n }])).rejects.toMatchObject({
      key: 'invalid-address',
    });
    const [coin] = await wallet.unspent();
    await wallet.lock([coin?.outpoint as { txid: Txid; vout: number }]);
    await refused(COIN, 'coins-unavailable');
    expect(await wallet.unspent()).toEqual([]);
    await wallet.unlock();
    expect((await wallet.info()).transactions).toBe(1);
    expect(await wallet.balance()).toBe(50n * COIN);
  });

  test('what the mempool will not have is forgotten', async () => {
    const { chain, wallet } = await fundedWallet(1, { account: 'alice' });
    chain.broadcast = async () => ({ accepted: false, reason: 'too-long-mempool-chain' });
    const payment = wallet.send([{ address: FOREIGN, amount: COIN }], { fromAccount: 'alice' });
    await expect(payment).rejects.toMatchObject({
      key: 'broadcast-rejected',
      details: { reason: 'too-long-mempool-chain' },
    });
    expect(await wallet.balance()).toBe(50n * COIN);
    expect(await wallet.accountBalance('alice', 0)).toBe(50n * COIN);
    expect((await wallet.info()).transactions).toBe(1);
    expect((await wallet.listTransactions({ by: 'all', moves: true })).length).toBe(1);
  });

  test('as in bitcoind it stays where that is wanted, and can be given up', async () => {
    const { chain, wallet } = await fundedWallet(1, { keepRejected: true });
    chain.broadcast = async () => ({ accepted: false, reason: 'datacarrier' });
    const { tx } = await wallet.send([{ address: FOREIGN, amount: COIN }]);
    expect(await wallet.transaction(tx.txid)).toMatchObject({ confirmations: 0, trusted: false });
    expect(await wallet.balance()).toBe(0n);
    await wallet.abandon(tx.txid);
    expect(await wallet.balance()).toBe(50n * COIN);
  });
});

test('what spends a reward that left the chain is given up', async () => {
  const { chain, wallet } = await fundedWallet(1);
  const { tx } = await wallet.send([{ address: FOREIGN, amount: COIN }]);
  const [{ prevout }] = tx.inputs as [(typeof tx.inputs)[number]];
  while ((await wallet.transaction(prevout.txid)).confirmations > 0) await chain.disconnect();
  expect(await wallet.transaction(tx.txid)).toMatchObject({ abandoned: true });
  expect(await wallet.balances()).toMatchObject({
    trusted: 0n,
    untrustedPending: 0n,
    nonmempool: 0n,
  });
});

describe('restarts', () => {
  test('an unloaded wallet catches up, also through a reorganisation', async () => {
    const { chain, wallet, wallets } = await fundedWallet(2, { account: 'alice' });
    const address = await wallet.newAddress({ label: 'bob' });
    const { tx } = await wallet.send([{ address: FOREIGN, amount: COIN }]);
    await wallets.unload('w');
    await chain.disconnect();
    await chain.mine(address);
    await chain.mine(FOREIGN);
    const again = await wallets.load('w');
    expect((await again.transaction(tx.txid)).confirmations).toBe(2);
    expect((await again.balances()).lastBlock?.height).toBe(chain.tip().height);
    expect((await again.balances()).immature).toBe(50n * COIN);
    await expect(wallets.load('w')).rejects.toMatchObject({ key: 'wallet-already-loaded' });
    await expect(wallets.create('w')).rejects.toMatchObject({ key: 'wallet-exists' });
    await expect(wallets.load('nope')).rejects.toMatchObject({ key: 'wallet-not-found' });
  });

  test('a payment that the mempool lost is offered again at the next start', async () => {
    const { chain, wallet, wallets } = await fundedWallet(1);
    const { tx } = await wallet.send([{ address: FOREIGN, amount: COIN }]);
    await wallets.unload('w');
    await chain.evict(tx.txid);
    await wallets.load('w');
    expect(chain.inMempool(tx.txid)).toBe(true);
  });
});

describe('keys', () => {
  test('a private key travels, with its past', async () => {
    const { chain, wallet, wallets } = await fundedWallet(1, { addressType: 'legacy' });
    const address = (await wallet.unspent())[0]?.address as string;
    const wif = await wallet.dumpPrivateKey(address);
    const other = await wallets.create('other', { blank: true });
    await other.importPrivateKey(wif, 'mine');
    expect(await other.balance()).toBe(50n * COIN);
    expect(await other.accountBalance('mine')).toBe(50n * COIN);
    const { tx } = await other.send([{ address: FOREIGN, amount: COIN, subtractFee: true }], {
      changeScript: decodeAddress(address, params),
    });
    await chain.mine(FOREIGN);
    expect((await wallet.transaction(tx.txid)).confirmations).toBe(1);
    await expect(other.importPrivateKey('rubbish')).rejects.toMatchObject({
      key: 'invalid-private-key',
    });
    await expect(other.dumpPrivateKey(FOREIGN)).rejects.toMatchObject({
      key: 'private-key-unknown',
    });
  });

  test('importing without a search adopts what is already known', async () => {
    const { chain, wallet, wallets } = await fundedWallet(1);
    const key = hexToBytes('11'.repeat(32));
    const wif = encodeWif(key, true, params);
    const probe = await wallets.create('probe', { blank: true });
    await probe.importPrivateKey(wif, '', false);
    const { address } = (await probe.addressesByLabel(''))[0] as { address: string };
    await wallet.send([{ address, amount: 3n * COIN }], { fromAccount: 'payer' });
    await chain.mine(FOREIGN);
    const before = await wallet.balance();
    await wallet.importPrivateKey(wif, 'found', false);
    expect(await wallet.balance()).toBe(before + 3n * COIN);
    expect(await wallet.accountBalance('found')).toBe(3n * COIN);
    expect(await wallet.receivedByAddress(address)).toBe(3n * COIN);
  });

  test('messages: signed, verified, and refused when changed', async () => {
    const wallet = await fakeWallets(new FakeChain()).wallets.create('w');
    const address = await wallet.newAddress({ type: 'legacy' });
    const signature = await wallet.signMessage(address, 'hello');
    expect(verifyMessage(address, signature, 'hello', params)).toBe(true);
    expect(verifyMessage(address, signature, 'hullo', params)).toBe(false);
    expect(verifyMessage(FOREIGN, signature, 'hello', params)).toBe(false);
    expect(() => verifyMessage(address, 'x', 'hello', params)).toThrow('Malformed base64');
    const segwit = await wallet.newAddress({ type: 'bech32' });
    await expect(wallet.signMessage(segwit, 'x')).rejects.toMatchObject({
      key: 'not-a-key-address',
    });
    await expect(wallet.signMessage(FOREIGN, 'x')).rejects.toMatchObject({
      key: 'private-key-unknown',
    });
  });

  test('a multisig input is signed by one key after the other', async () => {
    const keys = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
    const redeemScript = multisig(
      2,
      keys.map((key) => publicKey(key)),
    );
    const scriptPubKey = p2sh(hash160(redeemScript));
    const prevout = { txid: '22'.repeat(32) as Txid, vout: 1 };
    const tx = new Tx({
      version: 2,
      inputs: [{ prevout, scriptSig: new Uint8Array(0), sequence: 0xffffffff, witness: [] }],
      outputs: [{ value: 1000n, scriptPubKey: decodeAddress(FOREIGN, params) }],
      locktime: 0,
    });
    const spent = [{ value: 2000n, scriptPubKey }];
    const known = [{ outpoint: prevout, scriptPubKey, redeemScript }];
    const key = (n: number) => [{ privateKey: keys[n] as Uint8Array, compressed: true }];
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([0, 1, 2], { minLength: 2, maxLength: 2 }),
        async ([a, b]) => {
          const first = signWithKeys(tx, spent, known, key(a as number));
          expect(first.complete).toBe(false);
          const second = signWithKeys(first.tx, spent, known, key(b as number));
          expect(second.errors).toEqual([]);
          expect(second.complete).toBe(true);
        },
      ),
      { numRuns: 6 },
    );
    const none = signWithKeys(tx, [undefined], [], key(0));
    expect(none.errors[0]?.message).toBe('Input not found or already spent');
    expect(bytesToHex(none.tx.encode())).toBe(bytesToHex(tx.encode()));
  });

  test('a watch-only wallet sees and does not sign', async () => {
    const { wallet, wallets } = await fundedWallet(1);
    const address = (await wallet.unspent())[0]?.address as string;
    const watch = await wallets.create('watch', { privateKeysDisabled: true });
    const { withChecksum } = await import('@coind/descriptors');
    const [outcome] = await watch.importDescriptors([
      { descriptor: withChecksum(`addr(${address})`), timestamp: 0 },
    ]);
    expect(outcome).toMatchObject({ success: true });
    expect(await watch.balance()).toBe(50n * COIN);
    await expect(watch.send([{ address: FOREIGN, amount: COIN }])).rejects.toMatchObject({
      key: 'private-keys-disabled',
    });
    await expect(watch.newAddress()).rejects.toMatchObject({ key: 'no-available-keys' });
  });
});
