import { describe, expect, test } from 'vitest';
import { FakeChain, FOREIGN, fakeWallets, fundedWallet } from './fake-chain.test.fixture.ts';

const COIN = 100_000_000n;
const MASTER =
  'tprv8ZgxMBicQKsPeE8tpmx7AUSMU1E6wWh92xtiduJWQdcgpHsNNNTutFTLoFMRmekbdMjync8oMRW2CkuruzP3nneLc9kzz7z2LNZ26j6kyw6';
const OF_MASTER =
  'tpubD6NzVbkrYhZ4XhAgiRchZt6U32k36qt3cGVVvRLopuR5en88zmHW4k5CyPjxsBPBHHgYJKUpczuL7mtEbpPoFzf911Juv7ebiu8HYD5BoEz';

const blankWallet = () => fakeWallets(new FakeChain()).wallets.create('w', { blank: true });

describe('extended keys', () => {
  test('are kept until chains are made from them', async () => {
    const wallet = await blankWallet();
    expect(await wallet.addHdKey(MASTER)).toBe(OF_MASTER);
    await expect(wallet.addHdKey(MASTER)).rejects.toThrow('HD key already exists');
    await expect(wallet.newAddress()).rejects.toMatchObject({ key: 'no-available-keys' });
    await expect(wallet.createChains({ type: 'bech32' })).rejects.toThrow(
      "Unable to determine which HD key to use from active descriptors. Please specify with 'hdkey'",
    );
    const made = await wallet.createChains({ type: 'bech32', xpub: OF_MASTER });
    expect(made).toHaveLength(2);
    expect(await wallet.newAddress({ type: 'bech32' })).toMatch(/^bcrt1q/);
    expect((await wallet.info()).meta.flags.blank).toBe(false);
    await expect(wallet.createChains({ type: 'bech32' })).rejects.toThrow(
      'Descriptor already exists',
    );
    expect(await wallet.createChains({ type: 'legacy', internal: true })).toHaveLength(1);
    await expect(wallet.changeAddress('legacy')).resolves.toMatch(/^[mn]/);
  });

  test.each([
    ['x', 'Could not parse HD key'],
    [OF_MASTER, 'Extended public key (xpub) provided, but extended private key (xprv) is required'],
  ])('%s is none to keep', async (text, refusal) => {
    await expect((await blankWallet()).addHdKey(text)).rejects.toThrow(refusal);
  });

  test.each([
    ['m', 'Derivation path requires at least one hardened step'],
    ['', 'Derivation path requires at least one hardened step'],
    ['m/0/1', 'Derivation path requires at least one hardened step'],
    ['x', 'Invalid BIP32 keypath'],
    ['m/2147483648', 'Invalid BIP32 keypath'],
    ['m/m/0h', 'Invalid BIP32 keypath'],
  ])('nothing is derived by the path %j', async (path, refusal) => {
    const wallet = await blankWallet();
    await wallet.addHdKey(MASTER);
    await expect(wallet.deriveHdKey(path)).rejects.toThrow(refusal);
  });

  test('have children by paths with hardened steps', async () => {
    const wallet = await blankWallet();
    await wallet.addHdKey(MASTER);
    const child = await wallet.deriveHdKey("m/84'/1h/0h");
    expect(child.origin).toBe('[6e7542f4/84h/1h/0h]');
    expect(child.xpub).toMatch(/^tpubDDfcVr84BBvpbxvF1x/);
    await expect(wallet.deriveHdKey('0h', child.xpub)).rejects.toThrow(
      'HD key is not used by an active or unused(KEY) descriptor',
    );
    await wallet.encryption.encrypt('p');
    await expect(wallet.deriveHdKey('0h')).rejects.toMatchObject({ key: 'wallet-locked' });
  });
});

test('a wallet without its private keys has the rest', async () => {
  const { wallet, wallets, chain } = await fundedWallet(2, { account: 'alice' });
  await wallet.move('alice', 'bob', COIN);
  const pieces: Uint8Array[] = [];
  for await (const piece of await wallet.watchOnlyBackup()) pieces.push(piece);
  const copy = await wallets.restore('watching', pieces);
  expect(await copy.listAccounts()).toEqual(await wallet.listAccounts());
  expect((await copy.audit()).clean).toBe(true);
  await expect(copy.send([{ address: FOREIGN, amount: COIN }])).rejects.toMatchObject({
    key: 'private-keys-disabled',
  });
  const address = await wallet.newAddress();
  expect(await copy.newAddress()).toBe(address);
  await chain.mine(address);
  expect((await copy.balances()).immature).toBe(50n * COIN);
  await expect(copy.descriptors({ secrets: true })).rejects.toThrow('private');
  const empty = await wallets.create('empty', { blank: true });
  await expect(empty.watchOnlyBackup()).rejects.toMatchObject({ key: 'nothing-to-export' });
});

test('transactions that are not sent would change the balance', async () => {
  const { wallet } = await fundedWallet(2);
  const { tx, fee } = await wallet.send([{ address: FOREIGN, amount: 3n * COIN }]);
  expect(await wallet.simulate([])).toBe(0n);
  expect(await wallet.simulate([tx])).toBe(-3n * COIN - fee);
  await expect(wallet.simulate([tx, tx])).rejects.toThrow(
    'Transaction(s) are spending the same output more than once',
  );
});
