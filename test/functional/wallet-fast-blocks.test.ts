/** Blocks that come faster than a wallet commits them: whoever asks it sees all of them, and kill -9 loses none. */
import { spawn } from '@coind/testing';
import { expect, test } from 'vitest';
import { startDaemon } from '../support/daemon.ts';

const COIN = 100_000_000n;
const BLOCKS = 250;
/** 101 confirmations have 150 of them, of which the last one came after the first halving. */
const MATURE = 149n * 50n * COIN + 25n * COIN;

test('what a wallet answers while blocks come is of no earlier tip than that of the call', async () => {
  await using node = await spawn();
  const { client } = node;
  const address = await client.getnewaddress({ label: 'miner' });
  let isMining = true;
  const mined = client.generatetoaddress({ nblocks: BLOCKS, address }).finally(() => {
    isMining = false;
  });
  while (isMining) {
    const height = await client.getblockcount();
    const { txcount } = await client.getwalletinfo();
    expect(txcount).toBeGreaterThanOrEqual(height);
  }
  await mined;
  expect(await client.getwalletinfo()).toMatchObject({ txcount: BLOCKS });
  expect(await client.getbalance()).toBe(MATURE);
  expect(await client.auditaccounts()).toMatchObject({ clean: true });
});

test('a wallet that was killed amid blocks goes on from its last commit', async () => {
  await using first = await startDaemon();
  const address = await first.client.getnewaddress({ label: 'miner' });
  await first.client.generatetoaddress({ nblocks: BLOCKS, address });
  await first.kill();

  await using second = await startDaemon({ datadir: first.datadir });
  const { client } = second;
  expect(await client.getblockcount()).toBe(BLOCKS);
  expect(await client.getwalletinfo()).toMatchObject({ txcount: BLOCKS });
  expect(await client.getbalance({ account: 'miner' } as never)).toBe(MATURE);
  expect(await client.auditaccounts()).toMatchObject({ clean: true });
});
