/** Networks as data: coind's own, and a private one from a file, each minable by a CPU and apart from the others. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  type DaemonOptions,
  runCoind,
  startDaemon,
  temporaryDirectory,
} from '../support/daemon.ts';

async function started(options: DaemonOptions) {
  const daemon = await startDaemon(options);
  onTestFinished(() => daemon[Symbol.asyncDispose]());
  return daemon.client;
}

test('coin: the default network mines its first blocks with real proof of work', async () => {
  const client = await started({ network: 'coin' });
  expect(await client.getblockhash({ height: 0 })).toBe(
    '0000065e44388a27f564a63e64511044937c38bfd638dc9fcb554a8fef627c41',
  );
  const address = await client.getnewaddress();
  expect(address).toMatch(/^coin1q/);
  const [hash] = await client.generatetoaddress({ nblocks: 1, address, maxtries: 10_000_000 });
  expect(hash?.slice(0, 4)).toBe('0000');
  expect(await client.getblockchaininfo()).toMatchObject({
    chain: 'coin',
    blocks: 1,
    bits: '1f00ffff',
  });
});

test('a private network from a file has blocks, addresses and a directory of its own', async () => {
  const place = temporaryDirectory();
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  const file = join(place, 'classroom.json');
  writeFileSync(
    file,
    JSON.stringify({
      base: 'regtest',
      name: 'classroom',
      messageStart: '0badc0de',
      bech32Hrp: 'cls',
      genesis: { text: 'Our own coin', time: 1_795_219_200 },
    }),
  );
  const client = await started({ network: 'classroom', chain: file });
  const address = await client.getnewaddress();
  expect(address).toMatch(/^cls1q/);
  await client.generatetoaddress({ nblocks: 101, address });
  expect(await client.getbalance()).toBe(5_000_000_000n);
  expect(await client.getblockhash({ height: 0 })).not.toBe(
    '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
  );
  // An address of another network is none here.
  await expect(client.validateaddress({ address: 'bcrt1qfeesnyr2tx' })).resolves.toMatchObject({
    isvalid: false,
  });
});

test('a file that says what no network can have is refused by the name of the member', async () => {
  const place = temporaryDirectory();
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  const file = join(place, 'wrong.json');
  writeFileSync(file, JSON.stringify({ name: 'wrong', halvingIntervall: 5 }));
  const { status, stderr } = await runCoind([`-chain=${file}`, `-datadir=${place}`]);
  expect(status).toBe(1);
  expect(stderr).toContain('unknown member halvingIntervall');
});
