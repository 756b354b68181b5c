/**
 * The keys of a wallet of 0.16 as its operator meets them: paths, the keypool that a locked wallet lives on, the stop
 * after encryption, and old copies of the wallet that have to find what was paid since.
 */
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Daemon, startDaemon, temporaryDirectory } from '../support/daemon.ts';

const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const RAN_OUT = { code: -12, message: 'Error: Keypool ran out, please call keypoolrefill first' };
const LOCKED = {
  code: -13,
  message: 'Error: Please enter the wallet passphrase with walletpassphrase first.',
};

function place(): string {
  const datadir = temporaryDirectory();
  onTestFinished(() => rmSync(datadir, { recursive: true, force: true }));
  return datadir;
}

const start = (datadir: string, ...args: string[]) =>
  startDaemon({ datadir, args: ['-compat=legacy', '-addresstype=legacy', ...args] });

type Call = <Result>(method: string, ...params: unknown[]) => Promise<Result>;
const caller =
  ({ client }: Daemon): Call =>
  (method, ...params) =>
    client.call(method, params as never) as never;

interface Info {
  readonly keypoolsize: number;
  readonly keypoolsize_hd_internal: number;
  readonly keypoololdest: number;
  readonly unlocked_until?: number;
  readonly hdmasterkeyid: string;
}
interface Address {
  readonly hdkeypath?: string;
  readonly hdmasterkeyid?: string;
  readonly timestamp?: number;
  readonly ismine: boolean;
}

test('encryption stops the node, flushes the pool and makes a seed; then the pool is all there is', async () => {
  const datadir = place();
  const first = await start(datadir, '-keypool=3');
  const before = caller(first);
  const old = await before<string>('getnewaddress', 'old');
  const oldSeed = (await before<Info>('getwalletinfo')).hdmasterkeyid;
  expect(await before<Address>('validateaddress', old)).toMatchObject({
    hdkeypath: "m/0'/0'/0'",
    hdmasterkeyid: oldSeed,
  });
  expect(await before('encryptwallet', 'secret')).toMatch(
    /^wallet encrypted; Bitcoin server stopping/,
  );
  expect(await first.ended).toMatchObject({ status: 0, stderr: '' });

  await using second = await start(datadir, '-keypool=3');
  const call = caller(second);
  const info = await call<Info>('getwalletinfo');
  expect(info).toMatchObject({
    keypoolsize: 3,
    keypoolsize_hd_internal: 3,
    unlocked_until: 0,
  });
  expect(info.hdmasterkeyid).not.toBe(oldSeed);
  for (const index of [0, 1, 2]) {
    const fresh = await call<string>('getnewaddress', 'new');
    const about = await call<Address>('validateaddress', fresh);
    expect(about).toMatchObject({
      ismine: true,
      hdkeypath: `m/0'/0'/${index}'`,
      hdmasterkeyid: info.hdmasterkeyid,
    });
  }
  await expect(call('getnewaddress')).rejects.toMatchObject(RAN_OUT);
  await expect(call('getaccountaddress', 'nobody')).rejects.toMatchObject(RAN_OUT);
  await expect(call('generate', 1)).rejects.toMatchObject(RAN_OUT);
  await expect(call('keypoolrefill')).rejects.toMatchObject(LOCKED);
  await expect(call('dumpprivkey', old)).rejects.toMatchObject(LOCKED);
  const change = await call<string>('getrawchangeaddress');
  expect((await call<Address>('validateaddress', change)).hdkeypath).toBe("m/0'/1'/0'");

  await call('walletpassphrase', 'secret', 600);
  await call('keypoolrefill', 6);
  await call('walletlock');
  expect(await call<Info>('getwalletinfo')).toMatchObject({
    keypoolsize: 6,
    keypoolsize_hd_internal: 6,
  });
  for (let i = 0; i < 6; i++) await call('getnewaddress');
  await expect(call('getnewaddress')).rejects.toMatchObject(RAN_OUT);
  // Keys of the old seed are the wallet's as before.
  await call('generatetoaddress', 1, old);
  expect(await call('listtransactions', 'old')).toMatchObject([{ category: 'immature' }]);
});

test('a copy of the wallet from long ago finds what was handed out and paid since', async () => {
  const datadir = place();
  const first = await start(datadir, '-keypool=30');
  await caller(first)('getnewaddress', 'first');
  await first.stop();
  const wallet = join(datadir, 'regtest/wallets/wallet.dat');
  const copy = join(place(), 'copy');
  expect(existsSync(wallet)).toBe(true);
  cpSync(wallet, copy, { recursive: true });

  const second = await start(datadir, '-keypool=30');
  const call = caller(second);
  const handedOut: string[] = [];
  for (let i = 0; i < 50; i++) handedOut.push(await call<string>('getnewaddress', 'later'));
  await call('generatetoaddress', 1, handedOut[28]);
  await call('generatetoaddress', 1, handedOut[49]);
  await call('generatetoaddress', 100, FOREIGN);
  const balance = await call<number>('getbalance');
  expect(balance).toBe(100);
  await second.stop();

  rmSync(wallet, { recursive: true });
  cpSync(copy, wallet, { recursive: true });
  await using third = await start(datadir, '-keypool=30');
  const again = caller(third);
  expect(await again('getbalance')).toBe(balance);
  expect(await again('getbalance', '')).toBe(balance);
  // The account names were in the wallet that was lost; the keys that were used are not handed out again.
  const fresh = await again<string>('getnewaddress');
  expect((await again<Address>('validateaddress', fresh)).hdkeypath).toBe("m/0'/0'/51'");
});

test('a dump marks the seed, the paths and what is in reserve; another node takes it in', async () => {
  const datadir = place();
  const file = join(place(), 'dump.txt');
  const first = await start(datadir, '-keypool=4');
  const call = caller(first);
  const paid = await call<string>('getnewaddress', 'a shop');
  await call('generatetoaddress', 1, paid);
  await call('dumpwallet', file);
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(/# extended private masterkey: tprv\w+\n/);
  expect(text).toMatch(/^\w+ \S+ hdmaster=1 # addr=\w+ hdkeypath=m$/m);
  expect(text).toMatch(
    new RegExp(`^\\w+ \\S+ label=a%20shop # addr=${paid} hdkeypath=m/0'/0'/0'$`, 'm'),
  );
  expect(text.match(/ reserve=1 # addr=\w+ hdkeypath=m\/0'\/[01]'\/\d'$/gm)).toHaveLength(8);
  // Addresses that were handed out after the dump, beyond the pool that is in it.
  const later: string[] = [];
  for (let i = 0; i < 10; i++) later.push(await call<string>('getnewaddress', 'later'));
  await call('generatetoaddress', 1, later[9]);
  await call('generatetoaddress', 100, FOREIGN);
  await first.stop();
  rmSync(join(datadir, 'regtest/wallets/wallet.dat'), { recursive: true });

  await using second = await start(datadir);
  const other = caller(second);
  expect(await other('getbalance')).toBe(0);
  await other('importwallet', file);
  expect(await other('getbalance', 'a shop')).toBe(50);
  expect(await other('getbalance')).toBe(100);
  // An imported key has no path, as in 0.16; one that was found along the seed has.
  expect(await other<Address>('validateaddress', paid)).not.toHaveProperty('hdkeypath');
  expect(await other<Address>('validateaddress', later[9])).toMatchObject({
    hdkeypath: "m/0'/0'/10'",
  });
  const own = await other<string>('getnewaddress');
  expect(await other<Address>('validateaddress', own)).toMatchObject({
    hdkeypath: "m/0'/0'/0'",
    hdmasterkeyid: (await other<Info>('getwalletinfo')).hdmasterkeyid,
  });
});

test('a wallet made without -compat stays as it was made', async () => {
  const datadir = place();
  const first = await startDaemon({ datadir });
  const address = await first.client.getnewaddress({ address_type: 'legacy' });
  await first.stop();
  await using second = await start(datadir);
  const call = caller(second);
  expect((await call<Address>('validateaddress', address)).hdkeypath).toBe("m/44'/1'/0'/0/0");
  const next = await call<string>('getnewaddress');
  expect((await call<Address>('validateaddress', next)).hdkeypath).toBe("m/44'/1'/0'/0/1");
});
