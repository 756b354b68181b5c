import { bytesToHex } from '@coind/primitives';
import { decodeAddress } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { FakeChain, FOREIGN, fakeWallets, fundedWallet } from './fake-chain.test.fixture.ts';

const COIN = 100_000_000n;

/** A chain that has filters: exact ones, which count how often they spared a block. */
class FilteredChain extends FakeChain {
  read: number[] = [];

  async filterMatches({ hash }: { hash: never }, scripts: readonly Uint8Array[]): Promise<boolean> {
    const block = await super.block(hash);
    const wanted = new Set(scripts.map(bytesToHex));
    return (
      block?.txs.some((tx) =>
        tx.outputs.some(({ scriptPubKey }) => wanted.has(bytesToHex(scriptPubKey))),
      ) === true
    );
  }

  override async block(hash: never) {
    const height = this.heightOf(hash);
    if (height !== undefined) this.read.push(height);
    return super.block(hash);
  }
}

describe('a search of old blocks', () => {
  test('is the only one of its wallet, tells how far it is and can be broken off', async () => {
    const { wallet } = await fundedWallet(1);
    expect(wallet.abortRescan()).toBe(false);
    const first = wallet.rescan(0);
    await expect(wallet.rescan(0)).rejects.toMatchObject({ key: 'rescan-running' });
    const script = {
      kind: 'script',
      bytes: decodeAddress(FOREIGN, new FakeChain().params),
    } as const;
    await expect(wallet.watch(script, '', true)).rejects.toMatchObject({ key: 'rescan-running' });
    expect((await wallet.info()).scanning).toMatchObject({ progress: expect.any(Number) });
    expect(wallet.abortRescan()).toBe(true);
    expect(wallet.abortRescan()).toBe(false);
    expect(await first).toMatchObject({ start: 0, aborted: true });
    expect((await wallet.info()).scanning).toBeUndefined();
    expect(await wallet.rescan(0)).toMatchObject({ start: 0, stop: 101, aborted: false });
  });

  test('keeps the wallet unlocked until it is through', async () => {
    const { wallet } = await fundedWallet(1);
    await wallet.encryption.encrypt('p');
    await wallet.encryption.unlock('p', 1000);
    const search = wallet.rescan(0);
    await expect(wallet.encryption.lock()).rejects.toThrow('before locking the wallet');
    await expect(wallet.encryption.changePassphrase('p', 'q')).rejects.toThrow(
      'before changing the passphrase',
    );
    await search;
    await wallet.encryption.lock();
    expect(wallet.encryption.unlockedUntil).toBe(0);
  });

  test('passes over blocks that filters say have nothing', async () => {
    const chain = new FilteredChain();
    const { wallets } = fakeWallets(chain);
    const wallet = await wallets.create('w');
    const address = await wallet.newAddress();
    for (let i = 0; i < 20; i++) await chain.mine(i === 7 ? address : FOREIGN);
    chain.read = [];
    expect(await wallet.rescan(0)).toMatchObject({ start: 0, stop: 20 });
    expect(chain.read).toEqual([8]);
    expect((await wallet.balances()).immature).toBe(50n * COIN);
  });

  test('a wallet that comes late reads what concerns it, and what matures', async () => {
    const chain = new FilteredChain();
    const { wallets } = fakeWallets(chain);
    const wallet = await wallets.create('w');
    const address = await wallet.newAddress();
    await chain.mine(address);
    await wallets.unload('w');
    for (let i = 0; i < 120; i++) await chain.mine(i === 50 ? address : FOREIGN);
    chain.read = [];
    const again = await wallets.load('w');
    expect(chain.read).toEqual([52, 101]);
    expect((await again.balances()).lastBlock?.height).toBe(121);
    expect(await again.balance()).toBe(50n * COIN);
    expect((await again.audit()).faults).toEqual([]);
  });
});
