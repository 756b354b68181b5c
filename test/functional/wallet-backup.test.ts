/** A backup carries everything: accounts with their moves, labels, history. Restored into another node, on another disk. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlockHash } from '@coind/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';

const COIN = 100_000_000n;
const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const args = ['-fallbackfee=0.0002', '-keypool=20'];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coind-backup-'));
  for (const name of ['first', 'second']) mkdirSync(join(directory, name));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Every block but the first, in hex. */
async function blocksOf({ client }: Daemon): Promise<string[]> {
  const blocks: string[] = [];
  for (let height = 1; height <= (await client.getblockcount()); height++) {
    const blockhash = (await client.getblockhash({ height })) as BlockHash;
    blocks.push((await client.getblock({ blockhash, verbosity: 0 })) as string);
  }
  return blocks;
}

/** What a service would reconcile: every account at several depths, its book, the whole history, the audit. */
async function booksOf({ client }: Daemon) {
  const accounts: Record<string, unknown> = {};
  for (const [account] of await client.listaccounts({ minconf: 0 })) {
    const balances: bigint[] = [];
    for (const minconf of [0, 1, 2, 6, 50, 101]) {
      balances.push(await client.getbalance({ account, minconf }));
    }
    const received = await client.getreceivedbyaccount({ account });
    const addresses = await client.getaddressesbyaccount({ account });
    accounts[account] = {
      balances,
      received,
      addresses,
      book: await client.listjournal({ account }),
      entries: await client.listtransactions({ account, count: 1000 }),
    };
  }
  return {
    accounts,
    balance: await client.getbalance(),
    labels: await client.listlabels(),
    history: await client.listtransactions({ account: '*', count: 1000 }),
    received: await client.listreceivedbyaddress({ minconf: 0, include_empty: true }),
    unspent: await client.listunspent({ minconf: 0 }),
    audit: await client.auditaccounts(),
  };
}

/** Deposits, moves, payments with and without accounts, labels given and changed; the last payment waits. */
async function keepBooks({ client }: Daemon): Promise<void> {
  const addressOf = (label: string) => client.getnewaddress({ label });
  await client.generatetoaddress({ nblocks: 3, address: await addressOf('mined') });
  await client.generatetoaddress({ nblocks: 100, address: FOREIGN });
  await client.move({
    fromaccount: 'mined',
    toaccount: 'alice',
    amount: 20n * COIN,
    comment: 'wages',
  });
  await client.move({ fromaccount: 'alice', toaccount: 'bob', amount: 3n * COIN });
  await client.sendfrom({
    fromaccount: 'alice',
    toaddress: await addressOf('carol'),
    amount: 2n * COIN,
  });
  await client.sendtoaddress({
    address: FOREIGN,
    amount: COIN,
    comment: 'rent',
    comment_to: 'them',
  });
  await client.generatetoaddress({ nblocks: 1, address: FOREIGN });
  await client.setlabel({ address: FOREIGN, label: 'landlord' });
  const renamed = await addressOf('dave');
  await client.sendfrom({ fromaccount: 'bob', toaddress: renamed, amount: COIN, comment: 'lent' });
  await client.generatetoaddress({ nblocks: 5, address: FOREIGN });
  await client.setaccount({ address: renamed, account: 'erin' });
  await client.move({ fromaccount: 'erin', toaccount: '', amount: 5n });
  await client.sendfrom({ fromaccount: 'carol', toaddress: FOREIGN, amount: COIN / 2n });
}

test('restored on the same chain, every account, entry and line of the books is what it was', async () => {
  const file = join(directory, 'backup');
  const first = await startDaemon({ args, datadir: join(directory, 'first') });
  await keepBooks(first);
  const before = await booksOf(first);
  expect(before.audit).toMatchObject({ clean: true, moves: 6, settled: false });
  await first.client.backupwallet({ destination: file });
  // What comes later is not in it.
  await first.client.move({ fromaccount: 'mined', toaccount: 'alice', amount: COIN });
  const blocks = await blocksOf(first);
  await first.kill();
  rmSync(join(directory, 'first'), { recursive: true });

  await using second = await startDaemon({ args, datadir: join(directory, 'second') });
  for (const hexdata of blocks) expect(await second.client.submitblock({ hexdata })).toBeNull();
  await second.client.restorewallet({ wallet_name: 'again', backup_file: file });
  expect(await booksOf(second)).toEqual(before);
});

test('a damaged backup, or one that was being restored when the power went, leaves no wallet', async () => {
  const file = join(directory, 'backup');
  const datadir = join(directory, 'first');
  await using daemon = await startDaemon({ args, datadir });
  const { client } = daemon;
  await client.createwallet({ wallet_name: 'w' });
  await client.backupwallet({ destination: file });
  const bytes = readFileSync(file);
  const place = join(datadir, 'regtest', 'wallets', 'copy');
  const restore = () => client.restorewallet({ wallet_name: 'copy', backup_file: file });
  writeFileSync(file, bytes.subarray(0, bytes.length - 1));
  await expect(restore()).rejects.toThrow('damaged');
  writeFileSync(file, 'something else');
  await expect(restore()).rejects.toMatchObject({
    code: -18,
    message: `Wallet file verification failed. Failed to load database path '${place}'. Data is not in recognized format.`,
  });
  expect(existsSync(place)).toBe(false);
  // As a process that died in the middle leaves it.
  mkdirSync(join(place, 'wallet.dat.draft'), { recursive: true });
  writeFileSync(join(place, 'wallet.dat.draft', 'CURRENT'), 'half');
  const names = async () => (await client.listwalletdir()).wallets.map(({ name }) => name);
  expect(await names()).not.toContain('copy');
  await expect(client.loadwallet({ filename: 'copy' })).rejects.toMatchObject({ code: -18 });
  writeFileSync(file, bytes);
  await restore();
  expect(await names()).toContain('copy');
  expect(existsSync(join(place, 'wallet.dat.draft'))).toBe(false);
});
