/** Fee estimates as a caller sees them: none, learnt, and still there after a restart. */
import { existsSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FeeRate, feeRate } from '@coind/primitives';
import type { Client } from '@coind/rpc/client';
import { mine, spawn } from '@coind/testing';
import { expect, test } from 'vitest';
import { startDaemon, temporaryDirectory } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';

const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const byBlocks = { conf_target: 2, options: { fee_rate_estimator: 'block_policy' } } as const;

/** Blocks that each take one payment at this rate. */
async function history(client: Client, blocks: number, fee_rate: FeeRate): Promise<void> {
  for (let count = 0; count < blocks; count++) {
    await client.sendtoaddress({ address: FOREIGN, amount: 1_000_000n, fee_rate });
    await mine(client, 1, FOREIGN);
  }
}

test('on a test network there is always an answer, but not from bitcoind', async () => {
  await using friendly = await spawn({ args: ['-fallbackfee=0.0003'] });
  expect(await friendly.client.estimatesmartfee({ conf_target: 6 })).toEqual({
    feerate: 30_000n,
    estimator: 'fallback',
    blocks: 0,
  });
  const args = ['-compat=core', '-fallbackfee=0.0003', `-rpcport=${await freePort()}`];
  await using core = await spawn({ args });
  expect(await core.client.estimatesmartfee({ conf_target: 6 })).toEqual({
    errors: ['Insufficient data or no feerate found'],
    blocks: 0,
  });
});

test('with -blocksonly there is nothing to learn from', async () => {
  await using node = await spawn({ args: ['-blocksonly'] });
  await expect(node.client.estimatesmartfee({ conf_target: 6 })).rejects.toMatchObject({
    code: -32603,
    message: 'Fee estimation disabled',
  });
});

test('what was learnt is paid by the wallet, and survives a restart unless it is old', async () => {
  const datadir = temporaryDirectory();
  const estimates = join(datadir, 'regtest', 'fees', 'block_policy_estimates.dat');
  const old = join(datadir, 'regtest', 'fee_estimates.dat');
  try {
    let before: unknown;
    {
      await using node = await startDaemon({ datadir });
      const { client } = node;
      await mine(client, 110);
      await history(client, 22, feeRate(40_000n));
      before = await client.estimatesmartfee(byBlocks);
      expect(before).toMatchObject({ blocks: 2, feerate: expect.any(BigInt) });
      const raw = await client.estimaterawfee({ conf_target: 2 });
      expect(Object.keys(raw)).toEqual(['short', 'medium', 'long']);
      expect(raw.short?.pass).toMatchObject({ inmempool: 0, leftmempool: 0 });
      // The pool is empty, so the next block asks for no more than the minimum.
      expect(await client.estimatesmartfee({ conf_target: 2 })).toMatchObject({
        estimator: 'mempool_policy',
        feerate: 100n,
      });
      const { fee_reason } = (await client.sendtoaddress({
        address: FOREIGN,
        amount: 1_000_000n,
        verbose: true,
      })) as { readonly fee_reason: string };
      expect(fee_reason).toBe('Minimum Required Fee');
    }
    writeFileSync(old, 'of no use beside the new file');
    {
      await using node = await startDaemon({ datadir });
      expect(existsSync(old)).toBe(false);
      expect(await node.client.estimatesmartfee(byBlocks)).toEqual(before);
    }
    const longAgo = Date.now() / 1_000 - 61 * 3_600;
    utimesSync(estimates, longAgo, longAgo);
    {
      await using node = await startDaemon({ datadir, args: ['-acceptstalefeeestimates'] });
      expect(await node.client.estimatesmartfee(byBlocks)).toEqual(before);
    }
    utimesSync(estimates, longAgo, longAgo);
    {
      await using node = await startDaemon({ datadir, args: ['-fallbackfee=0'] });
      expect(await node.client.estimatesmartfee(byBlocks)).toMatchObject({ blocks: 0 });
    }
  } finally {
    rmSync(datadir, { recursive: true });
  }
});
