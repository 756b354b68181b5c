import { chainParams, hexToBytes, ZERO_TXID } from '@coind/primitives';
import { decodeAddress, encodeWif, publicKey } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { backupBytes, FOREIGN, fakeWallets, fundedWallet } from './fake-chain.test.fixture.ts';
import type { Wallet } from './wallet.ts';

const COIN = 100_000_000n;
const params = chainParams('regtest') as NonNullable<ReturnType<typeof chainParams>>;
const watching = { watched: true };
const history = (watched: boolean) => ({ by: 'all', moves: true, watched }) as const;

/** A wallet with a coin of its own and a coin of somebody else's key, which it does not watch yet. */
async function twoWallets() {
  const funded = await fundedWallet(3, { account: 'mine' });
  const { wallets, wallet, chain } = funded;
  const keeper = await wallets.create('keeper');
  const address = await keeper.newAddress();
  await wallet.send([{ address, amount: 4n * COIN }]);
  await chain.mine(FOREIGN);
  return { ...funded, keeper, address };
}

const watch = (wallet: Wallet, address: string, label = 'theirs', rescan = true) =>
  wallet.watch({ kind: 'script', bytes: decodeAddress(address, params) }, label, rescan);

async function expectClean(wallet: Wallet) {
  expect((await wallet.audit()).faults).toEqual([]);
}

describe('watched addresses in a wallet with private keys', () => {
  test('count where they are asked for, and nowhere else', async () => {
    const { wallet, address } = await twoWallets();
    const before = await wallet.balance();
    const accounts = await wallet.listAccounts();
    await watch(wallet, address);
    expect(await wallet.balance()).toBe(before);
    expect(await wallet.balance(1, watching)).toBe(before + 4n * COIN);
    expect(await wallet.accountBalance('theirs')).toBe(0n);
    expect(await wallet.accountBalance('theirs', 1, watching)).toBe(4n * COIN);
    expect(await wallet.accountBalance('theirs', 2, watching)).toBe(0n);
    expect(await wallet.listAccounts()).toEqual(accounts);
    expect((await wallet.listAccounts(1, watching)).get('theirs')).toBe(4n * COIN);
    expect((await wallet.balances()).watched).toEqual({
      trusted: 4n * COIN,
      untrustedPending: 0n,
      immature: 0n,
    });
    // What an address received is told without being asked for watched ones.
    expect(await wallet.receivedByAddress(address)).toBe(4n * COIN);
    expect(await wallet.receivedByLabel('theirs')).toBe(4n * COIN);
    expect(await wallet.receivedByLabel('theirs', 2)).toBe(0n);
    expect((await wallet.listReceivedByLabel()).map(({ label }) => label)).not.toContain('theirs');
    const [line] = await wallet.listReceivedByAddress(1, false, 'none', {
      only: address,
      ...watching,
    });
    expect(line).toMatchObject({ amount: 4n * COIN, involvesWatched: true });
    expect(await wallet.listReceivedByLabel(1, false, 'none', watching)).toContainEqual({
      label: 'theirs',
      amount: 4n * COIN,
      confirmations: 1,
      involvesWatched: true,
    });
    await expectClean(wallet);
  });

  test('are listed, and never spent', async () => {
    const { wallet, address, keeper } = await twoWallets();
    await watch(wallet, address);
    const coins = await wallet.unspent({ includeWatched: true });
    const [coin] = coins.filter(({ spendable }) => !spendable);
    expect(coin).toMatchObject({ address, value: 4n * COIN });
    expect(await wallet.unspent({ addresses: [address] })).toEqual([]);
    expect(await wallet.unspent({ addresses: [address], includeWatched: true })).toHaveLength(1);
    const all = await wallet.balance();
    await wallet.send([{ address: FOREIGN, amount: all, subtractFee: true }]);
    expect(await wallet.unspent({ minConfirmations: 0, includeWatched: true })).toEqual([coin]);
    await expect(wallet.send([{ address: FOREIGN, amount: COIN }])).rejects.toMatchObject({
      key: 'insufficient-funds',
    });
    // The keeper of the key spends it: the books of those who watch follow.
    await keeper.send([{ address: FOREIGN, amount: 3n * COIN }]);
    await wallet.idle();
    expect(await wallet.unspent({ minConfirmations: 0, includeWatched: true })).toEqual([]);
    const [entry] = await wallet.listTransactions(history(true), 1);
    expect(entry).toMatchObject({ detail: { category: 'send', involvesWatched: true } });
    expect(await wallet.listTransactions(history(false), 1)).not.toEqual([entry]);
    await expectClean(wallet);
  });

  test('show in the history of those who want to see them', async () => {
    const { wallet, keeper, chain, address } = await twoWallets();
    await watch(wallet, address);
    await chain.mine(address);
    const [shown] = await wallet.listTransactions(history(true), 1);
    expect(shown).toMatchObject({
      detail: { category: 'immature', account: 'theirs', address, involvesWatched: true },
    });
    const txid = shown?.kind === 'detail' ? shown.view.txid : ZERO_TXID;
    expect((await wallet.transaction(txid)).details).toEqual([]);
    expect((await wallet.transaction(txid, history(true))).details).toHaveLength(1);
    expect((await wallet.balances()).watched?.immature).toBe(50n * COIN);
    // An unconfirmed payment to a watched address is nobody's change, so it is not trusted.
    await keeper.send([{ address, amount: COIN }]);
    await wallet.idle();
    expect((await wallet.balances()).watched?.untrustedPending).toBeGreaterThan(COIN - 1n);
    expect((await wallet.balances()).untrustedPending).toBe(0n);
    await expectClean(wallet);
  });

  test('become own when their key comes, and the books with them', async () => {
    const { wallet, keeper, address, chain } = await twoWallets();
    await watch(wallet, address, 'theirs');
    const before = await wallet.balance();
    await wallet.importPrivateKey(await keeper.dumpPrivateKey(address), 'ours', false);
    expect(await wallet.balance()).toBe(before + 4n * COIN);
    expect(await wallet.balance(1, watching)).toBe(before + 4n * COIN);
    expect(await wallet.accountBalance('ours')).toBe(4n * COIN);
    expect((await wallet.addressInfo(address)).isMine).toBe(true);
    expect((await wallet.addressInfo(address)).isWatched).toBe(false);
    await expectClean(wallet);
    await expect(watch(wallet, address)).rejects.toMatchObject({ key: 'has-private-key' });
    await wallet.send([{ address: FOREIGN, amount: await wallet.balance(), subtractFee: true }]);
    await chain.mine(FOREIGN);
    await expectClean(wallet);
  });

  test('follow the chain back and forth, survive a restart and a backup', async () => {
    const { wallet, wallets, chain, address } = await twoWallets();
    await watch(wallet, address);
    const settled = await wallet.listAccounts(1, watching);
    await chain.disconnect();
    await wallet.idle();
    expect((await wallet.listAccounts(1, watching)).get('theirs')).toBe(0n);
    expect((await wallet.listAccounts(0, watching)).get('theirs')).toBe(4n * COIN);
    await expectClean(wallet);
    await chain.mine(FOREIGN);
    expect(await wallet.listAccounts(1, watching)).toEqual(settled);
    await wallets.unload('w');
    const again = await wallets.load('w');
    await chain.mine(address);
    expect((await again.balances()).watched?.immature).toBe(50n * COIN);
    const copy = await wallets.restore('copy', [await backupBytes(again)]);
    expect(await copy.listAccounts(1, watching)).toEqual(await again.listAccounts(1, watching));
    await expectClean(copy);
  });

  test('are found without a search from now on, and before with one', async () => {
    const { wallet, address, chain, keeper } = await twoWallets();
    const other = (await fakeWallets(chain).wallets.create('other')) as Wallet;
    await watch(other, address, 'x', false);
    expect(await other.balance(0, watching)).toBe(0n);
    await wallet.send([{ address, amount: COIN }]);
    await other.idle();
    expect(await other.accountBalance('x', 0, watching)).toBe(COIN);
    await other.rescan(0);
    expect(await other.accountBalance('x', 0, watching)).toBe(5n * COIN);
    await expectClean(other);
    await expectClean(keeper);
  });

  test('funding for another signer takes them; their names can change', async () => {
    const { address, chain } = await twoWallets();
    const key = hexToBytes('22'.repeat(32));
    const poor = await fakeWallets(chain).wallets.create('poor');
    await watch(poor, address);
    await poor.watch({ kind: 'public-key', bytes: publicKey(key) }, 'solved', true);
    const [solved] = await poor.addressesByLabel('solved');
    await chain.mine(solved?.address as string);
    for (let i = 0; i < 100; i++) await chain.mine(FOREIGN);
    const recipients = [{ script: hexToBytes('0014'.padEnd(44, '1')), amount: COIN }];
    await expect(poor.fundTransaction(recipients)).rejects.toMatchObject({
      key: 'insufficient-funds',
    });
    const { tx } = await poor.fundTransaction(recipients, { includeWatched: true });
    expect(tx.inputs).toHaveLength(1);
    await poor.setAccount(address, 'renamed');
    expect(await poor.accountBalance('renamed', 1, watching)).toBe(4n * COIN);
    expect(await poor.accountBalance('theirs', 1, watching)).toBe(0n);
    await expectClean(poor);
    await poor.importPrivateKey(encodeWif(key, true, params), '', false);
    expect(await poor.balance()).toBe(50n * COIN);
    await expectClean(poor);
  });
});

test('a wallet without private keys has what it watches as its own', async () => {
  const { chain, wallets } = await fundedWallet(0);
  const bare = await wallets.create('bare', { privateKeysDisabled: true });
  await watch(bare, FOREIGN, 'friend');
  await chain.mine(FOREIGN);
  expect((await bare.balances()).immature).toBeGreaterThan(0n);
  expect((await bare.balances()).watched).toBeUndefined();
});
