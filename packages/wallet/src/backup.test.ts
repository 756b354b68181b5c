import { feeRate } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import {
  backupBytes,
  FakeChain,
  FOREIGN,
  fakeWallets,
  fundedWallet,
} from './fake-chain.test.fixture.ts';

const COIN = 100_000_000n;

describe('backup', () => {
  test('a restored wallet has the keys, the history and the accounts of its moment', async () => {
    const { wallet, wallets } = await fundedWallet(2, { account: 'alice' });
    await wallet.move('alice', 'bob', 3n * COIN);
    await wallet.send([{ address: FOREIGN, amount: COIN }], {
      fromAccount: 'alice',
      feeRate: feeRate(2000n),
    });
    const bytes = await backupBytes(wallet);
    await wallet.newAddress({ label: 'later' });

    const copy = await wallets.restore('copy', bytes);
    expect(await copy.listAccounts()).toEqual(await wallet.listAccounts().then(withoutLater));
    expect(await copy.listLabels()).toEqual(['alice']);
    const filter = { by: 'all', moves: true } as const;
    expect(await copy.listTransactions(filter)).toEqual(await wallet.listTransactions(filter));
    const [coin] = await copy.unspent();
    expect(await copy.dumpPrivateKey(coin?.address ?? '')).toBe(
      await wallet.dumpPrivateKey(coin?.address ?? ''),
    );
  });

  test('a backup is the wallet of the moment it was asked for', async () => {
    const { wallet, wallets } = await fundedWallet(2, { account: 'alice' });
    const pieces: Uint8Array[] = [];
    for await (const piece of await wallet.backup()) {
      pieces.push(piece);
      await wallet.move('alice', 'bob', COIN);
      await wallet.newAddress({ label: 'later' });
    }
    const copy = await wallets.restore('copy', new Uint8Array(Buffer.concat(pieces)));
    const accounts = await copy.listAccounts();
    expect([...accounts.values()].filter((balance) => balance !== 0n)).toEqual([100n * COIN]);
    expect([accounts.has('bob'), accounts.has('later')]).toEqual([false, false]);
    expect(await copy.audit()).toMatchObject({ clean: true, moves: 0 });
  });

  test('what is no backup, damaged, or of another name in use is refused', async () => {
    const { wallet, wallets } = await fundedWallet(1);
    const bytes = await backupBytes(wallet);
    await expect(wallets.restore('w', bytes)).rejects.toMatchObject({ key: 'wallet-exists' });
    const damaged = bytes.slice();
    damaged[200] = (damaged[200] ?? 0) ^ 1;
    await expect(wallets.restore('x', damaged)).rejects.toThrow('damaged');
    for (const wrong of [new Uint8Array(0), bytes.subarray(1), bytes.subarray(0, 40)]) {
      await expect(wallets.restore('x', wrong)).rejects.toMatchObject({ key: 'invalid-backup' });
    }
    const elsewhere = fakeWallets(new FakeChain()).wallets;
    expect((await elsewhere.restore('x', bytes)).name).toBe('x');
  });
});

/** Accounts that were there when the backup was made. */
function withoutLater(accounts: ReadonlyMap<string, bigint>): ReadonlyMap<string, bigint> {
  return new Map([...accounts].filter(([name]) => name !== 'later'));
}
