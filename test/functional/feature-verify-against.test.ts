/** A node that follows one it trusts says so when their chains part, and takes it back when they meet. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { until } from '../support/until.ts';

/** Whoever mines; blocks of another are other blocks, also in the same second. */
const [FIRST, SECOND] = ['raw(51)', 'raw(52)'] as const;

async function started(...args: string[]): Promise<Daemon> {
  const daemon = await startDaemon({ args: ['-noconnect', ...args] });
  onTestFinished(() => daemon[Symbol.asyncDispose]());
  return daemon;
}

const mine = (daemon: Daemon, num_blocks: number, descriptor: string) =>
  daemon.client.generatetodescriptor({ num_blocks, descriptor });

/** Hands the active chain of one node to another, from a height on. */
async function copy(from: Daemon, to: Daemon, first: number): Promise<void> {
  const top = await from.client.getblockcount();
  for (let height = first; height <= top; height++) {
    const blockhash = await from.client.getblockhash({ height });
    const hexdata = (await from.client.call('getblock', [blockhash, 0])) as string;
    await to.client.submitblock({ hexdata });
  }
}

test('a split is an alarm in getnetworkinfo, getinfo and the log, until it heals', async () => {
  const trusted = await started('-coinstatsindex');
  const { user, password } = trusted.credentials;
  const address = `${user}:${password}@${new URL(trusted.url).host}`;
  const follower = await started(`-verifyagainst=${address}`);
  const { client } = follower;
  const warnings = async () => (await client.getnetworkinfo()).warnings as unknown as string[];

  await mine(trusted, 10, FIRST);
  await copy(trusted, follower, 1);
  // Past the first hour: chains and coins have been compared, and agree.
  await client.mockscheduler({ delta_time: 3600 });
  const log = join(follower.datadir, 'regtest', 'debug.log');
  await until('the comparison', () =>
    readFileSync(log, 'utf8').includes('The coins at height 10 are those of'),
  );
  expect(await warnings()).toEqual([]);

  // The trusted node goes another way.
  await trusted.client.invalidateblock({
    blockhash: await trusted.client.getblockhash({ height: 6 }),
  });
  await mine(trusted, 4, SECOND);
  await client.mockscheduler({ delta_time: 61 });
  await until('the alarm', async () => (await warnings()).length > 0);
  const [alarm = ''] = await warnings();
  expect(alarm).toContain('blocks differ from height 6 on');
  expect(alarm).not.toContain(password);
  expect(await client.getinfo()).toMatchObject({ errors: alarm });

  // It wins: the follower reorganises and all is well.
  await mine(trusted, 2, SECOND);
  await copy(trusted, follower, 6);
  await client.mockscheduler({ delta_time: 61 });
  await until('peace', async () => (await warnings()).length === 0);
});
