/** Payments with chosen coins, fees that are raised, and files a wallet is kept in: as a caller sees them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { feeRate, type Txid } from '@coind/primitives';
import { mine, spawn } from '@coind/testing';
import { expect, test } from 'vitest';

const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const COIN = 100_000_000n;

test('send with a named coin, then pay more for it', async () => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 101);
  const [coin] = await client.listunspent();
  if (!coin) throw new Error('no coin');
  const sent = await client.send({
    outputs: [{ address: FOREIGN, amount: COIN }],
    fee_rate: feeRate(10_000n),
    options: { inputs: [{ txid: coin.txid, vout: coin.vout }], change_position: 1 },
  });
  expect(sent.complete).toBe(true);
  const txid = sent.txid as Txid;
  const entry = await client.getmempoolentry({ txid });
  const bumped = await client.bumpfee({ txid });
  expect(bumped.origfee).toBe(entry.fees.base);
  expect(bumped.fee).toBeGreaterThan(bumped.origfee);
  expect(await client.getrawmempool()).toEqual([bumped.txid]);
  await mine(client, 1, FOREIGN);
  expect(await client.gettransaction({ txid })).toMatchObject({
    confirmations: -1,
    replaced_by_txid: bumped.txid,
  });
});

test('a payment that is not sent is nobody else’s business', async () => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 101);
  const made = await client.send({
    outputs: [{ address: FOREIGN, amount: COIN }],
    options: { add_to_wallet: false },
  });
  expect(made.hex).toMatch(/^02000000/);
  expect(await client.getrawmempool()).toEqual([]);
  expect(await client.getbalance()).toBe(50n * COIN);
  expect(await client.sendrawtransaction({ hexstring: made.hex ?? '' })).toBe(made.txid);
});

test('a backup becomes a wallet with the same keys and the same accounts', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'coind-'));
  try {
    await using node = await spawn();
    const { client } = node;
    const address = await client.getnewaddress({ label: 'alice' });
    await mine(client, 101, address);
    await client.move({ fromaccount: 'alice', toaccount: 'bob', amount: COIN });
    const backup_file = join(directory, 'w.bak');
    await client.backupwallet({ destination: backup_file });
    expect(await client.restorewallet({ wallet_name: 'copy', backup_file })).toEqual({
      name: 'copy',
    });
    await client.unloadwallet({ wallet_name: '' });
    expect(await client.getbalance({ account: 'bob' })).toBe(COIN);
    expect(await client.getaccount({ address })).toBe('alice');
    await expect(client.restorewallet({ wallet_name: 'copy', backup_file })).rejects.toMatchObject({
      code: -36,
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a block of given transactions, checked before it is found valid', async () => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 101);
  const txid = await client.sendtoaddress({ address: FOREIGN, amount: COIN });
  const output = await client.getnewaddress();
  const shown = await client.generateblock({
    output,
    transactions: [txid as string],
    submit: false,
  });
  expect(await client.getblockcount()).toBe(101);
  expect(await client.submitblock({ hexdata: shown.hex ?? '' })).toBeNull();
  expect(await client.getblockcount()).toBe(102);
  expect(await client.getrawmempool()).toEqual([]);
  await expect(client.generateblock({ output, transactions: ['00'] })).rejects.toMatchObject({
    code: -22,
  });
  await expect(
    client.generateblock({ output, transactions: [txid as string] }),
  ).rejects.toMatchObject({ code: -5 });
});

test('what lies behind scripts and descriptors', async () => {
  await using node = await spawn();
  const { client } = node;
  const key = '02d2d09a20d3f7f73967ac1a83626729e3731e2a1375e48c33318584387f50fd8a';
  const made = await client.createmultisig({ nrequired: 1, keys: [key], address_type: 'bech32' });
  const script = await client.decodescript({ hexstring: made.redeemScript });
  expect(script.segwit?.address).toBe(made.address);
  expect(script.segwit?.desc).toBe(made.descriptor);
  const { checksum } = await client.getdescriptorinfo({ descriptor: `wsh(multi(1,${key}))` });
  expect(made.descriptor.endsWith(`#${checksum}`)).toBe(true);
  expect(await client.deriveaddresses({ descriptor: made.descriptor })).toEqual([made.address]);
});

test('history by cursor: pages do not move while payments come, and bitcoind’s callers see no cursor', async () => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 12, await client.getnewaddress({ label: 'alice' }));
  const whole = await client.listtransactions({ label: '*', count: 100 });
  expect(whole).toHaveLength(12);
  expect(whole.every((entry) => entry.cursor === undefined)).toBe(true);
  const seen: string[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page = await client.listtransactions({ label: '*', count: 5, cursor });
    seen.unshift(...page.map(({ txid }) => `${txid}`));
    cursor = page[0]?.cursor;
    await mine(client, 1);
  }
  expect(seen).toEqual(whole.map(({ txid }) => txid));
  await expect(client.listtransactions({ label: '*', cursor: '7' })).rejects.toMatchObject({
    code: -8,
  });
});

test('coins by cursor: each once, by value, and those of some addresses', async () => {
  await using node = await spawn();
  const { client } = node;
  const [one, other] = [await client.getnewaddress(), await client.getnewaddress()];
  await mine(client, 4, one);
  await mine(client, 3, other);
  await mine(client, 100, FOREIGN);
  await client.sendtoaddress({ address: one, amount: COIN });
  await client.sendtoaddress({ address: other, amount: 2n * COIN });
  const pages = async (asked: object) => {
    const seen: string[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const query_options = {
        maximumCount: 3,
        minimumAmount: 0n,
        include_immature_coinbase: false,
      };
      const page = await client.listunspent({ minconf: 0, ...asked, query_options, cursor });
      expect(page.length).toBeLessThanOrEqual(3);
      seen.push(...page.map(({ txid, vout }) => `${txid}:${vout}`));
      cursor = page.at(-1)?.cursor;
    }
    return seen;
  };
  for (const asked of [{}, { addresses: [other, one] }]) {
    const whole = await client.listunspent({ minconf: 0, ...asked });
    expect(whole.length).toBeGreaterThan(6);
    expect(whole.every(({ cursor }) => cursor === undefined)).toBe(true);
    expect(await pages(asked)).toEqual(whole.map(({ txid, vout }) => `${txid}:${vout}`));
  }
  await expect(client.listunspent({ cursor: '1.2' })).rejects.toMatchObject({ code: -8 });
});

test('sums by cursor: of addresses and of accounts, each line once', async () => {
  await using node = await spawn();
  const { client } = node;
  const names = ['', 'alice', 'bob', 'carol', '=', 'dave'];
  for (const label of names) await client.getnewaddress({ label });
  await mine(client, 2, await client.getnewaddress({ label: 'alice' }));
  const follow = async <Line extends { cursor?: string | undefined }>(
    next: (cursor: string) => Promise<readonly Line[]>,
  ) => {
    const lines: Omit<Line, 'cursor'>[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const page: readonly Line[] = await next(cursor);
      lines.push(...page.map(({ cursor: _, ...line }) => line));
      cursor = page.at(-1)?.cursor;
    }
    return lines;
  };
  const all = { minconf: 0, include_empty: true };
  const addresses = await client.listreceivedbyaddress(all);
  expect(addresses.length).toBeGreaterThan(6);
  expect(
    await follow((cursor) => client.listreceivedbyaddress({ ...all, cursor, count: 2 })),
  ).toEqual(addresses);
  const accounts = await client.listreceivedbyaccount(all);
  expect(accounts.map(({ account }) => account)).toEqual(names.toSorted());
  expect(
    await follow((cursor) => client.listreceivedbyaccount({ ...all, cursor, count: 1 })),
  ).toEqual(accounts);
  expect(
    await follow((cursor) => client.listreceivedbylabel({ ...all, cursor, count: 4 })),
  ).toEqual(await client.listreceivedbylabel(all));
  for (const cursor of ['nowhere', '0']) {
    await expect(client.listreceivedbyaddress({ cursor })).rejects.toMatchObject({ code: -8 });
    await expect(client.listreceivedbyaccount({ cursor })).rejects.toMatchObject({ code: -8 });
  }
});
