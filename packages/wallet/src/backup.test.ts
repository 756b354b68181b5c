import { feeRate } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBackup } from './backup.ts';
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

    const copy = await wallets.restore('copy', [bytes]);
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
    const copy = await wallets.restore('copy', pieces);
    const accounts = await copy.listAccounts();
    expect([...accounts.values()].filter((balance) => balance !== 0n)).toEqual([100n * COIN]);
    expect([accounts.has('bob'), accounts.has('later')]).toEqual([false, false]);
    expect(await copy.audit()).toMatchObject({ clean: true, moves: 0 });
  });

  test('what is no backup, damaged, or of another name in use is refused', async () => {
    const { wallet, wallets } = await fundedWallet(1);
    const bytes = await backupBytes(wallet);
    await expect(wallets.restore('w', [bytes])).rejects.toMatchObject({ key: 'wallet-exists' });
    const damaged = bytes.slice();
    damaged[200] = (damaged[200] ?? 0) ^ 1;
    await expect(wallets.restore('x', [damaged])).rejects.toThrow('damaged');
    for (const wrong of [new Uint8Array(0), bytes.subarray(1), bytes.subarray(0, 40)]) {
      await expect(wallets.restore('x', [wrong])).rejects.toMatchObject({ key: 'invalid-backup' });
    }
    await expect(wallets.restore('x', [bytes.subarray(1)])).rejects.toThrow('recognized format');
    const other = decodeBackup([bytes], 'signet');
    await expect(other.next()).rejects.toThrow('another network');
    const elsewhere = fakeWallets(new FakeChain()).wallets;
    expect((await elsewhere.restore('x', [bytes])).name).toBe('x');
  });
});

describe('reading a backup', () => {
  test('gives the same rows however it is cut, and never more than some at a time', async () => {
    const { wallet } = await fundedWallet(2, { account: 'alice' });
    const bytes = await backupBytes(wallet);
    const rowsOf = async (pieces: readonly Uint8Array[], rowsSize?: number) => {
      const batches: string[][] = [];
      for await (const { writes } of decodeBackup(pieces, 'regtest', rowsSize)) {
        batches.push(writes.map((write) => Buffer.from(write.key).toString('hex')));
      }
      return batches;
    };
    const [whole] = await rowsOf([bytes]);
    for (const size of [1, 7, 31, 32, 33, 1000, 4096]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const batches = await rowsOf(pieces, 500);
      expect(batches.flat()).toEqual(whole);
      expect(batches.length).toBeGreaterThan(bytes.length / 10_000);
    }
  });

  test('whatever byte of it is wrong, there is no wallet', async () => {
    const { wallet, wallets, stores } = await fundedWallet(1);
    const bytes = await backupBytes(wallet);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const wrong = bytes.slice();
          wrong[at] = (wrong[at] as number) ^ by;
          const restored = wallets.restore('x', [wrong, bytes.subarray(0, 0)]);
          await expect(restored).rejects.toMatchObject({ key: 'invalid-backup' });
          expect(stores.has('x')).toBe(false);
        },
      ),
      { numRuns: 40 },
    );
    const cut = wallets.restore('x', [bytes.subarray(0, bytes.length - 1)]);
    await expect(cut).rejects.toThrow('damaged');
    const broken = async function* () {
      yield bytes.subarray(0, bytes.length / 2);
      throw new Error('the disk is gone');
    };
    await expect(wallets.restore('x', broken())).rejects.toThrow('the disk is gone');
    expect(stores.has('x')).toBe(false);
    expect((await wallets.restore('x', [bytes])).name).toBe('x');
  });
});

/** Accounts that were there when the backup was made. */
function withoutLater(accounts: ReadonlyMap<string, bigint>): ReadonlyMap<string, bigint> {
  return new Map([...accounts].filter(([name]) => name !== 'later'));
}

test('a copy of a wallet that was asleep for a day finds what was handed out meanwhile', async () => {
  const { wallet, wallets, chain, stores } = await fundedWallet(0, { keypool: 60 });
  const backup = await backupBytes(wallet);
  const later: string[] = [];
  for (let i = 0; i < 50; i++) later.push(await wallet.newAddress());
  await chain.mine(later[49] ?? '');
  for (let i = 0; i < 10; i++) await chain.mine(FOREIGN);
  const expected = await wallet.balances();
  // Restored by the call: at once, however near the copy is.
  const restored = await wallets.restore('restored', [backup]);
  expect((await restored.balances()).immature).toBe(expected.immature);
  expect(stores.size).toBe(2);
});
