/** What an operator is told, and how: warnings in answers, and commands that the node runs. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startDaemon, temporaryDirectory } from '../support/daemon.ts';

const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
const OTHER_ADDRESS = 'bcrt1q7ze6gjl48sg8pf4zg0u9e5anq72qa22q60ukpc';
const INVALID_CHAIN =
  'Warning: Found invalid chain more than 6 blocks longer than our best chain. This could be due to database corruption or consensus incompatibility with peers.';

/** Waits for what another process writes. */
async function lines(path: string, count: number): Promise<string[]> {
  await expect
    .poll(() => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').length : 0), {
      timeout: 20_000,
    })
    .toBe(count);
  return readFileSync(path, 'utf8').trim().split('\n');
}

test('start, blocks, alerts and the end are told to commands, warnings to callers', async () => {
  const place = temporaryDirectory();
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  const file = (name: string) => join(place, name);
  const told = (name: string, text: string) => `-${name}notify=echo ${text} >> "${file(name)}"`;
  const args = [
    told('startup', 'up'),
    told('block', '%s'),
    told('alert', '%s'),
    told('shutdown', 'down'),
  ];
  const first = await startDaemon({ datadir: place, args });
  expect(await lines(file('startup'), 1)).toEqual(['up']);
  const hashes = await first.client.generatetoaddress({ nblocks: 12, address: ADDRESS });
  // Each is a process of its own, so they come in any order.
  expect((await lines(file('block'), 12)).sort()).toEqual([...hashes].sort());
  const second = hashes[1] as (typeof hashes)[number];
  await first.client.invalidateblock({ blockhash: second });
  expect((await lines(file('block'), 13)).filter((hash) => hash === hashes[0])).toHaveLength(2);
  const { status, stderr } = await first.stop();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(await lines(file('shutdown'), 1)).toEqual(['down']);

  await using daemon = await startDaemon({ datadir: place, args });
  const { client } = daemon;
  expect((await client.getblockchaininfo()).warnings).toEqual([]);
  // To somebody else: within one second it would be the very block that was refused.
  await client.generatetoaddress({ nblocks: 1, address: OTHER_ADDRESS });
  for (const { warnings } of [
    await client.getblockchaininfo(),
    await client.getmininginfo(),
    await client.getnetworkinfo(),
  ]) {
    expect(warnings).toEqual([INVALID_CHAIN]);
  }
  expect(await lines(file('alert'), 1)).toEqual([INVALID_CHAIN]);
  await client.reconsiderblock({ blockhash: second });
  expect((await client.getblockchaininfo()).warnings).toEqual([]);
});

test('a wallet tells a command of each of its transactions, and of each turn they take', async () => {
  const place = temporaryDirectory();
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  const file = join(place, 'told');
  await using daemon = await startDaemon({
    datadir: place,
    args: [`-walletnotify=echo %w"|%s|%b|%h" >> "${file}"`, '-fallbackfee=0.0002'],
  });
  const { client } = daemon;
  const name = "it's $HOME";
  await client.createwallet({ wallet_name: name });
  const address = await client.getnewaddress();
  const [hash = ''] = await client.generatetoaddress({ nblocks: 1, address });
  const { tx } = (await client.getblock({ blockhash: hash as never })) as { tx: readonly string[] };
  const mined = `${name}|${tx[0]}|${hash}|1`;
  expect(await lines(file, 1)).toEqual([mined]);
  await client.generatetoaddress({ nblocks: 100, address: ADDRESS });
  await client.rescanblockchain();
  expect(await lines(file, 2)).toEqual([mined, mined]);
  const txid = (await client.sendtoaddress({ address: ADDRESS, amount: 1_000n })) as string;
  expect((await lines(file, 3))[2]).toBe(`${name}|${txid}|unconfirmed|-1`);
  await client.generatetoaddress({ nblocks: 1, address: ADDRESS });
  expect((await lines(file, 4))[3]).toBe(`${name}|${txid}|${await client.getbestblockhash()}|102`);
});
