import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withChecksum } from '@coind/descriptors';
import { memoryStore, openStore } from '@coind/store';
import { describe, expect, test } from 'vitest';
import { FakeChain, FOREIGN, fakeWallets, fundedWallet } from './fake-chain.test.fixture.ts';
import { openTables, WALLET_SCHEMA } from './tables.ts';
import { UnitOfWork } from './unit-of-work.ts';
import { Vault } from './vault.ts';
import { defaultWalletOptions, Wallets } from './wallets.ts';

const COIN = 100_000_000n;
const LOCKED = { key: 'wallet-locked' };

describe('an encrypted wallet', () => {
  test('signs only while it is unlocked, and locks itself by the clock', async () => {
    const { wallet, chain } = await fundedWallet(3, { account: 'alice' });
    const { encryption } = wallet;
    expect(encryption.unlockedUntil).toBeUndefined();
    await expect(encryption.lock()).rejects.toMatchObject({ key: 'wallet-unencrypted' });
    await encryption.encrypt('secret');
    await expect(encryption.encrypt('again')).rejects.toMatchObject({ key: 'wallet-encrypted' });
    const pay = () => wallet.send([{ address: FOREIGN, amount: COIN }], { fromAccount: 'alice' });
    await expect(pay()).rejects.toMatchObject(LOCKED);
    expect(await wallet.accountBalance('alice')).toBe(150n * COIN);
    await expect(encryption.unlock('wrong', 10)).rejects.toMatchObject({
      key: 'passphrase-incorrect',
    });
    await encryption.unlock('secret', 10);
    expect(encryption.unlockedUntil).toBe(chain.time + 10);
    await pay();
    // A wrong passphrase does not lock what is open.
    await expect(encryption.unlock('wrong', 10)).rejects.toMatchObject({
      key: 'passphrase-incorrect',
    });
    await pay();
    chain.time += 10;
    await expect(pay()).rejects.toMatchObject(LOCKED);
    expect(encryption.unlockedUntil).toBe(0);
    await encryption.unlock('secret', 1000);
    await encryption.lock();
    await expect(pay()).rejects.toMatchObject(LOCKED);
    await encryption.unlock('secret', 0);
    await expect(pay()).rejects.toMatchObject(LOCKED);
    expect(await wallet.audit()).toMatchObject({ clean: true });
  });

  test('everything that shows or takes a private key is refused while locked', async () => {
    const { wallet } = await fundedWallet(1);
    const address = await wallet.newAddress({ type: 'legacy' });
    const key = await wallet.dumpPrivateKey(address);
    await wallet.encryption.encrypt('p');
    for (const refused of [
      () => wallet.dumpPrivateKey(address),
      () => wallet.signMessage(address, 'hi'),
      () => wallet.importPrivateKey(key),
      () => wallet.importDescriptors([]),
      () => wallet.descriptors({ secrets: true }),
      () => wallet.refillKeypool(),
    ]) {
      await expect(refused()).rejects.toMatchObject(LOCKED);
    }
    for (const { hasPrivate, xprv } of await wallet.hdKeys()) {
      expect([hasPrivate, xprv]).toEqual([true, undefined]);
    }
    await wallet.encryption.unlock('p', 60);
    expect(await wallet.dumpPrivateKey(address)).toBe(key);
    expect((await wallet.hdKeys()).every(({ xprv }) => xprv !== undefined)).toBe(true);
  });

  test('new addresses come from new keys; they are found, kept and spent after a restart', async () => {
    const { wallet, wallets, chain } = await fundedWallet(1);
    const before = await wallet.newAddress();
    const oldKeys = (await wallet.hdKeys({ activeOnly: true })).map(({ xpub }) => xpub);
    await wallet.encryption.encrypt('p');
    const after = await wallet.newAddress({ label: 'new' });
    expect((await wallet.hdKeys({ activeOnly: true })).map(({ xpub }) => xpub)).not.toEqual(
      oldKeys,
    );
    await wallets.unload('w');
    const again = await wallets.load('w');
    expect(again.encryption.unlockedUntil).toBe(0);
    for (const address of [before, after]) await chain.mine(address);
    for (let i = 0; i < 100; i++) await chain.mine(FOREIGN);
    expect(await again.balance()).toBe(150n * COIN);
    await again.encryption.unlock('p', 60);
    await again.send([{ address: FOREIGN, amount: 149n * COIN }]);
  });

  test('the passphrase changes, the lock does not', async () => {
    const { wallet } = await fundedWallet(1);
    const { encryption } = wallet;
    await encryption.encrypt('one');
    await expect(encryption.changePassphrase('two', 'three')).rejects.toMatchObject({
      key: 'passphrase-incorrect',
    });
    await encryption.changePassphrase('one', 'two');
    expect(encryption.unlockedUntil).toBe(0);
    await expect(encryption.unlock('one', 5)).rejects.toMatchObject({
      key: 'passphrase-incorrect',
    });
    await encryption.unlock('two', 5);
    await encryption.changePassphrase('two', 'three');
    await wallet.send([{ address: FOREIGN, amount: COIN }]);
  });

  test('a zero byte at the end of a passphrase is a part of it', async () => {
    const { wallet } = await fundedWallet(1);
    const { encryption } = wallet;
    const incorrect = { key: 'passphrase-incorrect' };
    await encryption.encrypt('p\0q');
    for (const wrong of ['p', 'p\0', 'p\0q\0', 'p\0q\x01']) {
      await expect(encryption.unlock(wrong, 5)).rejects.toMatchObject(incorrect);
    }
    await encryption.changePassphrase('p\0q', 'p\0');
    await expect(encryption.unlock('p', 5)).rejects.toMatchObject(incorrect);
    await encryption.unlock('p\0', 5);
  });

  test('with the keypool of 0.16 a locked wallet runs out of addresses', async () => {
    const { wallet } = await fundedWallet(1, { keypool: 3, keyScheme: '0.16' });
    await wallet.encryption.encrypt('p');
    for (let i = 0; i < 3; i++) await wallet.newAddress();
    const ranOut = { key: 'keypool-ran-out' };
    await expect(wallet.newAddress()).rejects.toMatchObject(ranOut);
    for (let i = 0; i < 3; i++) await wallet.changeAddress();
    await expect(wallet.changeAddress()).rejects.toMatchObject(ranOut);
    await wallet.encryption.unlock('p', 60);
    await wallet.newAddress();
  });

  test('one may be born with a passphrase, and a watching one cannot have any', async () => {
    const { wallets } = fakeWallets(new FakeChain());
    const born = await wallets.create('born', { passphrase: 'p p' });
    expect(born.encryption.unlockedUntil).toBe(0);
    const address = await born.newAddress({ type: 'legacy' });
    await expect(born.signMessage(address, 'x')).rejects.toMatchObject(LOCKED);
    await born.encryption.unlock('p p', 9);
    await born.signMessage(address, 'x');
    const watching = await wallets.create('watching', { privateKeysDisabled: true });
    await expect(watching.encryption.encrypt('p')).rejects.toMatchObject({
      key: 'nothing-to-encrypt',
    });
  });

  test('a hardened chain hands out what is derived while locked, and goes on when unlocked', async () => {
    const { wallets, chain } = fakeWalletsWithChain();
    const wallet = await wallets.create('w', { blank: true });
    const root =
      'tprv8ZgxMBicQKsPdDdJFAqvG3mt4VqsVV125X4vsor5NxK366upt6qvovLQqaCi5SJiCE1aLkt3HtxsnTpzeGu27kPC5RUCr4h3oPBPYnAvhdE';
    const [outcome] = await wallet.importDescriptors([
      {
        descriptor: withChecksum(`wpkh(${root}/0h/*h)`),
        timestamp: 'now',
        active: true,
        internal: false,
      },
    ]);
    expect(outcome).toMatchObject({ success: true });
    const first = await wallet.newAddress();
    await wallet.encryption.encrypt('p');
    for (let i = 0; i < 10; i++) await wallet.newAddress();
    await expect(wallet.newAddress()).rejects.toMatchObject({ key: 'keypool-ran-out' });
    await chain.mine(first);
    await wallet.encryption.unlock('p', 60);
    expect(await wallet.newAddress()).not.toBe(first);
  });
});

function fakeWalletsWithChain() {
  const chain = new FakeChain();
  return { chain, ...fakeWallets(chain) };
}

test('a sealed secret cannot be moved to another place or changed', async () => {
  const { stores, wallets } = fakeWallets(new FakeChain());
  await wallets.create('w', { passphrase: 'p' });
  const store = stores.get('w');
  if (!store) throw new Error('no store');
  const tables = openTables(store);
  const vault = new Vault({ cost: 16, blockSize: 8, parallelization: 1 }, { tables });
  expect(() => vault.get(0)).toThrow('walletpassphrase');
  await vault.unlock('p');
  expect(vault.get(0)).toMatch(/^pkh\(tprv/);
  const unit = new UnitOfWork();
  unit.put(tables.sealed, 1, tables.sealed.getSync(0) ?? new Uint8Array());
  const changed = (tables.sealed.getSync(2) ?? new Uint8Array()).slice();
  changed[20] = (changed[20] ?? 0) ^ 1;
  unit.put(tables.sealed, 2, changed);
  await store.commit(unit.writes());
  expect(() => vault.get(1)).toThrow('damaged');
  expect(() => vault.get(2)).toThrow('damaged');
  vault.lock();
  expect(() => vault.get(0)).toThrow('walletpassphrase');
});

test('a wallet encrypted before passphrases had an end of their own opens as it did', async () => {
  const store = memoryStore();
  const tables = openTables(store);
  const kdf = { cost: 16, blockSize: 8, parallelization: 1 };
  const unit = new UnitOfWork();
  unit.put(tables.encryption, undefined, {
    kdf: 'scrypt',
    ...kdf,
    salt: '07'.repeat(32),
    masterKey:
      '0505050505050505050505052f8e53ca0c8ac26d43581295866f884ce13b93903b7c179be685514f150767ec1c89bab22161f422e7fdb444da992adb',
  });
  await store.commit(unit.writes());
  const vault = new Vault(kdf, { tables });
  const incorrect = { key: 'passphrase-incorrect' };
  await expect(vault.unlock('older')).rejects.toMatchObject(incorrect);
  await vault.unlock('old');
  await vault.unlock('old\0');
  // With the next passphrase it is as strict as a new one.
  const next = new UnitOfWork();
  next.put(tables.encryption, undefined, await vault.reseal('old\0', 'new'));
  await store.commit(next.writes());
  await vault.unlock('new');
  await expect(vault.unlock('new\0')).rejects.toMatchObject(incorrect);
});

test('after encryption no secret can be read from the files', async () => {
  const path = mkdtempSync(join(tmpdir(), 'coind-vault-'));
  try {
    const chain = new FakeChain();
    const wallets = new Wallets(
      {
        ...defaultWalletOptions,
        keypool: 5,
        kdfCost: { cost: 16, blockSize: 8, parallelization: 1 },
      },
      {
        source: chain,
        storeFor: () =>
          openStore(path, { network: 'regtest', schema: WALLET_SCHEMA, kind: 'wallet' }),
        draftFor: () => Promise.reject(new Error('nothing is restored here')),
        exists: async () => false,
        onError: (error) => {
          throw error;
        },
      },
    );
    const wallet = await wallets.create('w');
    const secrets = (await wallet.hdKeys()).map(({ xprv = '' }) => xprv);
    expect(secrets.length).toBeGreaterThan(0);
    const found = () =>
      readdirSync(path)
        .map((name) => readFileSync(join(path, name), 'latin1'))
        .some((bytes) => secrets.some((secret) => bytes.includes(secret)));
    expect(found()).toBe(true);
    await wallet.encryption.encrypt('p');
    expect(found()).toBe(false);
    await wallets.close();
    expect(found()).toBe(false);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
});
