/** Wallets whose keys are derived as 0.16 did: one pool for all types of addresses, every step hardened. */
import { derivePath, HARDENED, masterKey } from '@coind/descriptors';
import { bytesToHex, hash160 } from '@coind/primitives';
import { encodeAddress, encodeWif, p2pkh, p2sh, p2wpkh, publicKey } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { backupBytes, FakeChain, FOREIGN, fakeWallets } from './fake-chain.test.fixture.ts';
import type { Wallet } from './wallet.ts';

const COIN = 100_000_000n;
const SEED = new Uint8Array(32).fill(7);
const RAN_OUT = { key: 'keypool-ran-out' };
const chain = () => new FakeChain();
const { params } = chain();

/** The public key that 0.16 derives from `SEED`. */
function keyAt(index: number, internal = false): Uint8Array {
  const root = masterKey(SEED);
  if (!root) throw new Error('no master key');
  return derivePath(root, [HARDENED, (internal ? 1 : 0) + HARDENED, index + HARDENED]).publicKey;
}

/** The three addresses of a key. */
function formsOf(key: Uint8Array) {
  const hash = hash160(key);
  const scripts = [p2pkh(hash), p2sh(hash160(p2wpkh(hash))), p2wpkh(hash)];
  const [legacy = '', nested = '', bech32 = ''] = scripts.map((s) => encodeAddress(s, params));
  return { legacy, 'p2sh-segwit': nested, bech32 } as const;
}

async function earlyWallet({ keypool = 5, on = chain() } = {}) {
  const made = fakeWallets(on, { keypool, keyScheme: '0.16', addressType: 'legacy' });
  const wallet = await made.wallets.create('w', { seed: SEED });
  return { ...made, wallet, chain: on };
}

async function drain(wallet: Wallet): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    try {
      found.push(await wallet.newAddress());
    } catch (error) {
      expect(error).toMatchObject(RAN_OUT);
      return found;
    }
  }
}

async function dumped(wallet: Wallet): Promise<string> {
  let text = '';
  await wallet.dumpKeys('a test', (piece) => {
    text += piece;
  });
  return text;
}

describe('the chains', () => {
  test('one pool serves every type of address, another one change', async () => {
    const { wallet } = await earlyWallet();
    for (const [index, type] of (
      ['legacy', 'bech32', 'p2sh-segwit', 'legacy'] as const
    ).entries()) {
      expect(await wallet.newAddress({ type })).toBe(formsOf(keyAt(index))[type]);
    }
    expect(await wallet.changeAddress('bech32')).toBe(formsOf(keyAt(0, true)).bech32);
    expect(await wallet.changeAddress('legacy')).toBe(formsOf(keyAt(1, true)).legacy);
    await expect(wallet.newAddress({ type: 'bech32m' })).rejects.toMatchObject(RAN_OUT);
  });

  test('addresses tell their path, their birth and the seed they follow from', async () => {
    const { wallet, chain } = await earlyWallet();
    const born = chain.time;
    chain.time += 1000;
    const seedKey = publicKey(SEED, true);
    const id = bytesToHex(hash160(seedKey).reverse());
    for (let i = 0; i < 6; i++) await wallet.newAddress();
    const about = async (address: string) => wallet.addressInfo(address);
    expect(await about(formsOf(keyAt(2)).bech32)).toMatchObject({
      isMine: true,
      isSolvable: true,
      keyPath: 'm/0h/0h/2h',
      timestamp: born,
      masterKeyId: id,
      parentDescriptor: expect.stringMatching(/^combo\(\[[0-9a-f]{8}\/0h\/0h\]tpub\w+\/\*h\)#/),
      descriptor: expect.stringMatching(/^wpkh\(\[[0-9a-f]{8}\/0h\/0h\/2h\]0[23]/),
    });
    expect((await about(formsOf(keyAt(6)).legacy)).timestamp).toBe(chain.time);
    expect(await about(formsOf(seedKey).legacy)).toMatchObject({ keyPath: 'm', masterKeyId: id });
    expect((await wallet.info()).meta.masterKeyId).toBe(id);
    expect((await wallet.descriptors()).map(({ active }) => active)).toEqual([false, true, true]);
    expect(await wallet.hdKeys()).toHaveLength(1);
  });

  test('coins on every form of every key can be spent, also those on the seed', async () => {
    const { wallet, chain } = await earlyWallet();
    const { legacy, bech32, 'p2sh-segwit': nested } = formsOf(keyAt(0));
    await wallet.newAddress();
    const seedAddress = formsOf(publicKey(SEED, true)).legacy;
    for (const address of [legacy, bech32, nested, seedAddress]) await chain.mine(address);
    for (let i = 0; i < 100; i++) await chain.mine(FOREIGN);
    await wallet.send([{ address: FOREIGN, amount: 199n * COIN }]);
    expect(await wallet.audit()).toMatchObject({ clean: true });
  });

  test('a wallet stays what it was made as', async () => {
    const { wallets, stores, chain } = await earlyWallet();
    await wallets.close();
    const modern = fakeWallets(chain, { keypool: 5 }, stores);
    const early = await modern.wallets.load('w');
    expect(await early.newAddress({ type: 'bech32' })).toBe(formsOf(keyAt(0)).bech32);
    await early.encryption.encrypt('p');
    expect((await early.addressInfo(await early.newAddress({ type: 'legacy' }))).keyPath).toBe(
      'm/0h/0h/0h',
    );
    await modern.wallets.create('new');
    await modern.wallets.close();
    const again = fakeWallets(chain, { keypool: 5, keyScheme: '0.16' }, stores);
    const kept = await again.wallets.load('new');
    expect((await kept.addressInfo(await kept.newAddress({ type: 'legacy' }))).keyPath).toBe(
      'm/44h/1h/0h/0/0',
    );
  });
});

test('change is of segwit where somebody of segwit is paid, else of the usual type; without change no key is taken', async () => {
  const on = chain();
  const { wallets } = fakeWallets(on, {
    keypool: 5,
    keyScheme: '0.16',
    addressType: 'p2sh-segwit',
  });
  const wallet = await wallets.create('w', { seed: SEED });
  for (let i = 0; i < 2; i++) await on.mine(await wallet.newAddress());
  for (let i = 0; i < 100; i++) await on.mine(FOREIGN);
  const first = await wallet.send([{ address: FOREIGN, amount: COIN }]);
  const changeOf = ({ outputs }: { outputs: readonly { scriptPubKey: Uint8Array }[] }) =>
    outputs.map(({ scriptPubKey }) => encodeAddress(scriptPubKey, params));
  expect(changeOf(first.tx)).toContain(formsOf(keyAt(0, true))['p2sh-segwit']);
  const toSegwit = formsOf(publicKey(new Uint8Array(32).fill(9), true)).bech32;
  const second = await wallet.send([{ address: toSegwit, amount: COIN }]);
  expect(changeOf(second.tx)).toContain(formsOf(keyAt(1, true)).bech32);
  const { keypoolSizeInternal } = await wallet.info();
  const everything = await wallet.balance();
  await wallet.send([{ address: FOREIGN, amount: everything, subtractFee: true }]);
  expect((await wallet.info()).keypoolSizeInternal).toBe(keypoolSizeInternal);
});

describe('the keypool', () => {
  test('is all that a locked wallet has; unlocking fills it', async () => {
    const { wallet } = await earlyWallet();
    await wallet.encryption.encrypt('p');
    expect(await wallet.info()).toMatchObject({ keypoolSize: 5, keypoolSizeInternal: 5 });
    const first = await drain(wallet);
    expect(first).toHaveLength(5);
    expect(await wallet.info()).toMatchObject({ keypoolSize: 0, keypoolSizeInternal: 5 });
    for (const address of first) {
      expect(await wallet.addressInfo(address)).toMatchObject({ isMine: true, isSolvable: true });
    }
    await expect(wallet.accountAddress('new')).rejects.toMatchObject(RAN_OUT);
    await wallet.encryption.unlock('p', 60);
    expect(await wallet.info()).toMatchObject({ keypoolSize: 5, keypoolSizeInternal: 5 });
    await wallet.refillKeypool(8);
    await wallet.refillKeypool(3);
    await wallet.encryption.lock();
    const more = await drain(wallet);
    expect(more).toHaveLength(8);
    expect(new Set([...first, ...more]).size).toBe(13);
  });

  test('survives a restart, and a key of it that was paid is not handed out', async () => {
    const { wallet, wallets, chain } = await earlyWallet();
    await wallet.encryption.encrypt('p');
    await wallet.encryption.unlock('p', 60);
    const text = await dumped(wallet);
    const reserve = [...text.matchAll(/reserve=1 # addr=(\S+) hdkeypath=m\/0'\/0'/g)].map(
      ([, address = '']) => address,
    );
    expect(reserve).toHaveLength(5);
    await wallets.unload('w');
    const again = await wallets.load('w');
    await chain.mine(reserve[2] ?? '');
    expect((await again.balances()).immature).toBe(50n * COIN);
    expect(await drain(again)).toEqual(reserve.slice(3));
  });

  test('says when its next key was made', async () => {
    const { wallet, chain } = await earlyWallet();
    const born = chain.time;
    chain.time += 500;
    expect((await wallet.info()).keypoolOldest).toBe(born);
    for (let i = 0; i < 5; i++) await wallet.newAddress();
    expect((await wallet.info()).keypoolOldest).toBe(chain.time);
  });

  test('passes over a key that was imported before', async () => {
    const { wallet } = await earlyWallet();
    const root = masterKey(SEED);
    const secret = root && derivePath(root, [HARDENED, HARDENED, 7 + HARDENED]).privateKey;
    await wallet.importPrivateKey(encodeWif(secret ?? SEED, true, params), 'mine', false);
    const handed: string[] = [];
    for (let i = 0; i < 9; i++) handed.push(await wallet.newAddress());
    expect(handed[7]).toBe(formsOf(keyAt(8)).legacy);
    expect(await wallet.addressInfo(formsOf(keyAt(7)).legacy)).toMatchObject({ keyPath: 'm' });
  });
});

test('encryption makes a new seed; keys of the old one stay, handed out or not', async () => {
  const { wallet, chain } = await earlyWallet();
  const before = await wallet.newAddress();
  await wallet.encryption.encrypt('p');
  const { masterKeyId } = (await wallet.info()).meta;
  const after = await wallet.newAddress();
  expect((await wallet.addressInfo(after)).masterKeyId).toBe(masterKeyId);
  expect((await wallet.addressInfo(before)).masterKeyId).not.toBe(masterKeyId);
  for (const address of [before, after, formsOf(keyAt(3)).legacy]) await chain.mine(address);
  expect((await wallet.balances()).immature).toBe(150n * COIN);
  await wallet.encryption.unlock('p', 60);
  const text = await dumped(wallet);
  expect(text.match(/ hdmaster=1 # addr=\S+ hdkeypath=m\n/g)).toHaveLength(1);
  expect(text.match(/ inactivehdmaster=1 # addr=\S+ hdkeypath=m\n/g)).toHaveLength(1);
  expect(text.match(/extended private masterkey/g)).toHaveLength(1);
  expect(text.match(/ reserve=1 /g)).toHaveLength(10);
});

describe('an old copy', () => {
  test('of the wallet finds what was handed out since', async () => {
    const { wallet, wallets, chain } = await earlyWallet({ keypool: 40 });
    const backup = await backupBytes(wallet);
    const later: string[] = [];
    for (let i = 0; i < 60; i++) later.push(await wallet.newAddress());
    await chain.mine(later[38] ?? '');
    await chain.mine(later[59] ?? '');
    const copy = await wallets.restore('copy', [backup]);
    expect((await copy.balances()).immature).toBe(100n * COIN);
    expect(await copy.newAddress()).toBe(formsOf(keyAt(60)).legacy);
  });

  test('of its keys as text does as well, from the seed', async () => {
    const { wallet, chain } = await earlyWallet({ keypool: 3 });
    const named = await wallet.newAddress({ label: 'a b' });
    const text = await dumped(wallet);
    expect(text).toContain(` label=a%20b # addr=${named} hdkeypath=m/0'/0'/0'\n`);
    const later: string[] = [];
    for (let i = 0; i < 20; i++) later.push(await wallet.newAddress());
    await chain.mine(named);
    await chain.mine(later[19] ?? '');
    const { wallets } = fakeWallets(chain, { keyScheme: '0.16' });
    const other = await wallets.create('other');
    await other.importDump(text);
    expect((await other.balances()).immature).toBe(100n * COIN);
    expect(await other.addressesByLabel('a b')).toContainEqual({
      address: named,
      purpose: 'receive',
    });
    // Its own keys are still the ones that it hands out.
    expect((await other.addressInfo(await other.newAddress())).keyPath).toBe('m/0h/0h/0h');
  });
});
