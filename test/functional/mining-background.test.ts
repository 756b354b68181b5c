/** The node that mines by itself: all the time as in 2011, on a network whose difficulty follows. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@coind/rpc/client';
import { expect, onTestFinished, test } from 'vitest';
import { type DaemonOptions, startDaemon, temporaryDirectory } from '../support/daemon.ts';
import { until } from '../support/until.ts';

async function started(options: DaemonOptions) {
  const daemon = await startDaemon(options);
  onTestFinished(() => daemon[Symbol.asyncDispose]());
  return daemon.client;
}

/** A network like coin's that changes its difficulty every ten blocks, for a block a second. */
function quickNetwork(): { chain: string; network: string } {
  const place = temporaryDirectory();
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  const chain = join(place, 'quick.json');
  const fields = { base: 'coin', name: 'quick', messageStart: '0badc0de' };
  writeFileSync(chain, JSON.stringify({ ...fields, powTargetSpacing: 1, powTargetTimespan: 10 }));
  return { chain, network: 'quick' };
}

const INTERVAL = 10;
const TIMESPAN = 10;
/** Coin's easiest target, which its first block has. */
const POW_LIMIT = 0xffffn << 224n;

async function headerAt(client: Client, height: number) {
  const blockhash = await client.getblockhash({ height });
  return (await client.getblockheader({ blockhash })) as {
    readonly time: number;
    readonly target: string;
  };
}

/** The target of the block at `height`, first of a period, by the rule, to the precision of bits. */
async function expectedTarget(client: Client, height: number): Promise<bigint> {
  const first = await headerAt(client, height - INTERVAL);
  const last = await headerAt(client, height - 1);
  const least = Math.floor(TIMESPAN / 4);
  const seconds = Math.min(4 * TIMESPAN, Math.max(least, last.time - first.time));
  // By BIP94 the new target is made from that of the first block of the period.
  const target = (BigInt(`0x${first.target}`) * BigInt(seconds)) / BigInt(TIMESPAN);
  return target < POW_LIMIT ? target : POW_LIMIT;
}

test('setgenerate finds blocks, difficulty follows, a second node agrees from the first block on', async () => {
  const network = quickNetwork();
  const client = await started(network);
  expect(await client.getgenerate()).toBe(false);
  expect(await client.gethashespersec()).toBe(0);

  await client.setgenerate({ generate: true, genproclimit: 2 });
  expect(await client.getgenerate()).toBe(true);
  await until('a block', async () => (await client.getblockcount()) > 2 * INTERVAL);
  expect(await client.getmininginfo()).toMatchObject({ generate: true, genproclimit: 2 });
  await client.setgenerate({ generate: false });
  expect(await client.getgenerate()).toBe(false);

  for (const height of [INTERVAL, 2 * INTERVAL]) {
    const { target } = await headerAt(client, height);
    const difference = BigInt(`0x${target}`) - (await expectedTarget(client, height));
    // Bits keep 23 of the target's bits at least.
    expect(difference <= 0n && -difference < BigInt(`0x${target}`) >> 15n).toBe(true);
  }
  // The first block is days old; since then they have come faster than one a second.
  const [first, second] = [await headerAt(client, INTERVAL), await headerAt(client, 2 * INTERVAL)];
  expect(BigInt(`0x${second.target}`)).toBeLessThan(BigInt(`0x${first.target}`));

  const height = await client.getblockcount();
  const other = await started(network);
  for (let at = 1; at <= height; at++) {
    const blockhash = await client.getblockhash({ height: at });
    const hexdata = (await client.getblock({ blockhash, verbosity: 0 })) as string;
    expect(await other.submitblock({ hexdata })).toBeNull();
  }
  expect(await other.getbestblockhash()).toBe(await client.getbestblockhash());
  // The wallet has what was mined, on an address for every block.
  const found = await client.listunspent({ minconf: 0, include_unsafe: true });
  expect(new Set(found.map(({ address }) => address)).size).toBe(found.length);
});

test('on regtest blocks are made on demand, and setgenerate says so', async () => {
  const client = await started({});
  await expect(client.setgenerate({ generate: true })).rejects.toMatchObject({
    code: -32601,
    message: 'Use the generate method instead of setgenerate on this network',
  });
});

test('-gen mines from the start', async () => {
  const client = await started({ ...quickNetwork(), args: ['-gen', '-genproclimit=1'] });
  await until('a block', async () => (await client.getblockcount()) >= 2);
  expect(await client.getminingmode()).toMatchObject({ mode: 'continuous', threads: 1 });
});
