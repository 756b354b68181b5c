/** Starting and stopping: nothing on stderr, status 0, files where programs look, and nothing left behind. */
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runCli, runCoind, startDaemon, temporaryDirectory } from '../support/daemon.ts';

const place = () => {
  const datadir = temporaryDirectory();
  onTestFinished(() => rmSync(datadir, { recursive: true, force: true }));
  return datadir;
};

test('the stop method ends it cleanly', async () => {
  const datadir = place();
  const daemon = await startDaemon({ datadir });
  const { stdout } = await daemon.cli('stop');
  expect(stdout).toBe('Bitcoin server stopping\n');
  const { status, stderr } = await daemon.ended;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(existsSync(join(datadir, 'regtest/.cookie'))).toBe(false);
  expect(existsSync(join(datadir, 'regtest/bitcoind.pid'))).toBe(false);
});

test('files lie where bitcoind has them, the cookie for its owner alone', async () => {
  const datadir = place();
  const daemon = await startDaemon({ datadir });
  const network = join(datadir, 'regtest');
  const files = ['.cookie', 'debug.log', 'settings.json', 'blocks/blk00000.dat'];
  for (const name of [...files, 'chainstate', 'wallets']) {
    expect(existsSync(join(network, name)), name).toBe(true);
  }
  expect(statSync(join(network, '.cookie')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(network, 'bitcoind.pid'), 'utf8')).toBe(`${daemon.pid}\n`);
  await daemon.stop();
});

test('a second process gets neither the directory nor a wallet, in words that name the program', async () => {
  const datadir = place();
  await using daemon = await startDaemon({ datadir });
  const network = join(datadir, 'regtest');
  await daemon.client.createwallet({ wallet_name: 'taken' });
  const refused = async (...args: string[]) => (await runCoind(['-regtest', ...args])).stderr;
  const lock = `Error: Cannot obtain a lock on directory ${network}.`;
  expect(await refused(`-datadir=${datadir}`)).toBe(`${lock} coind is probably already running.\n`);
  expect(await refused(`-datadir=${datadir}`, '-compat=core')).toBe(
    `${lock} Bitcoin Core is probably already running.\n`,
  );
  const wallets = `-walletdir=${join(network, 'wallets')}`;
  expect(await refused(`-datadir=${place()}`, wallets, '-wallet=taken', '-server=0')).toContain(
    'exclusive lock on the database, is it being used by another instance of coind?',
  );
});

test('after kill -9 the next start needs no help', async () => {
  const datadir = place();
  const first = await startDaemon({ datadir });
  await first.client.generatetoaddress({ nblocks: 5, address: await first.client.getnewaddress() });
  await first.kill();
  const second = await startDaemon({ datadir });
  expect(await second.client.getblockcount()).toBe(5);
  const { status, stderr } = await second.stop();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('-daemonwait returns when the node answers, and the node goes on', async () => {
  const datadir = place();
  const args = ['-regtest', `-datadir=${datadir}`];
  const port = 20_000 + (process.pid % 20_000);
  const started = await runCoind([
    ...args,
    `-rpcport=${port}`,
    '-rpcbind=127.0.0.1',
    '-rpcallowip=127.0.0.1',
    '-listen=0',
    '-daemonwait',
  ]);
  expect(started).toMatchObject({ status: 0, stderr: '' });
  const client = [...args, `-rpcport=${port}`];
  expect((await runCli([...client, 'getblockcount'])).stdout).toBe('0\n');
  expect((await runCli([...client, 'stop'])).status).toBe(0);
  await expect
    .poll(() => existsSync(join(datadir, 'regtest/bitcoind.pid')), { timeout: 10_000 })
    .toBe(false);
});

test('-version and -help answer on stdout and start nothing', async () => {
  const datadir = place();
  for (const flag of ['-version', '-help']) {
    const { status, stdout, stderr } = await runCoind([flag, `-datadir=${datadir}`]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('coind daemon version v');
  }
  expect(existsSync(join(datadir, 'coin'))).toBe(false);
});

test('coin-cli without a node says what to do, with status 1', async () => {
  const { status, stdout, stderr } = await runCli([
    '-regtest',
    `-datadir=${place()}`,
    'getblockcount',
  ]);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/Could not connect to the server[\s\S]*Make sure/);
});
