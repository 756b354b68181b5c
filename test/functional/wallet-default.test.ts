/** The wallet nobody had to make: there when it is wanted, out of the way when it is not. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mine, spawn } from '@coind/testing';
import { expect, onTestFinished, test } from 'vitest';
import { startDaemon, temporaryDirectory } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';

const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';

test('a node whose wallet nobody asks for has none', async () => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 1, FOREIGN);
  await client.validateaddress({ address: FOREIGN });
  expect(await client.listwallets()).toEqual([]);
  // The first call that means a wallet gets one, and so do all that come at the same time.
  const addresses = await Promise.all([client.getnewaddress(), client.getnewaddress()]);
  expect(new Set(addresses).size).toBe(2);
  expect(await client.listwallets()).toEqual(['']);
});

test('on disk it comes into being with the first call, and is there at the next start', async () => {
  const datadir = temporaryDirectory();
  onTestFinished(() => rmSync(datadir, { recursive: true, force: true }));
  const wallets = join(datadir, 'regtest', 'wallets');
  const first = await startDaemon({ datadir });
  await first.client.getblockcount();
  expect(readdirSync(wallets)).toEqual([]);
  const address = await first.client.getnewaddress({ label: 'alice' });
  expect(readdirSync(wallets)).not.toEqual([]);
  await first.stop();
  const second = await startDaemon({ datadir });
  expect(await second.client.listwallets()).toEqual(['']);
  expect(await second.client.getaddressesbyaccount({ account: 'alice' })).toEqual([address]);
  await second.stop();
});

test('who makes a wallet of his own means that one, and is left without when it is unloaded', async () => {
  await using node = await spawn();
  const { client } = node;
  await client.createwallet({ wallet_name: 'mine' });
  await mine(client, 1, await client.getnewaddress());
  expect(await client.listwallets()).toEqual(['mine']);
  await client.unloadwallet({ wallet_name: 'mine' });
  await expect(client.getnewaddress()).rejects.toMatchObject({ code: -18 });
  expect(await client.listwallets()).toEqual([]);
});

test('-compat=core loads the one without a name as long as nobody says otherwise', async () => {
  const datadir = temporaryDirectory();
  onTestFinished(() => rmSync(datadir, { recursive: true, force: true }));
  const made = await startDaemon({ datadir });
  await made.client.getnewaddress();
  await made.stop();
  const args = ['-compat=core', `-rpcport=${await freePort()}`];
  const first = await startDaemon({ datadir, args });
  expect(await first.client.listwallets()).toEqual(['']);
  await first.client.createwallet({ wallet_name: 'w', load_on_startup: true });
  await first.stop();
  const second = await startDaemon({ datadir, args });
  expect(await second.client.listwallets()).toEqual(['', 'w']);
  await second.client.unloadwallet({ wallet_name: '', load_on_startup: false });
  await second.stop();
  const third = await startDaemon({ datadir, args });
  expect(await third.client.listwallets()).toEqual(['w']);
  await third.client.unloadwallet({ wallet_name: 'w', load_on_startup: false });
  await third.stop();
  // A list that has become empty says no more than none.
  const fourth = await startDaemon({ datadir, args });
  expect(await fourth.client.listwallets()).toEqual(['']);
  await fourth.stop();
});

test('-compat=core makes none, -compat=legacy has it from the start', async () => {
  await using core = await spawn({ args: ['-compat=core', `-rpcport=${await freePort()}`] });
  await expect(core.client.getnewaddress()).rejects.toMatchObject({ code: -18 });
  await using legacy = await spawn({ args: ['-compat=legacy'] });
  expect(await legacy.client.listwallets()).toHaveLength(1);
});
