/** The story of a first day: mine, pay, keep accounts, stop, start again, all through coin-cli. */
import { expect, onTestFinished, test } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';

async function started(args: readonly string[] = []): Promise<Daemon> {
  const daemon = await startDaemon({ args });
  onTestFinished(() => daemon[Symbol.asyncDispose]());
  return daemon;
}

/** Runs coin-cli and returns what it printed; fails when it complained. */
async function cli(daemon: Daemon, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await daemon.cli(...args);
  expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' });
  return stdout.trimEnd();
}

test('mines, pays, keeps accounts, and remembers after a restart', async () => {
  const daemon = await started();
  const miner = await cli(daemon, 'getnewaddress');
  const hashes = JSON.parse(await cli(daemon, 'generatetoaddress', '101', miner)) as string[];
  expect(hashes).toHaveLength(101);
  expect(await cli(daemon, 'getblockcount')).toBe('101');
  expect(await cli(daemon, 'getbestblockhash')).toBe(hashes.at(-1));
  expect(await cli(daemon, 'getbalance')).toBe('50.00000000');

  const alice = await cli(daemon, 'getnewaddress', 'alice');
  expect(await cli(daemon, 'getaccount', alice)).toBe('alice');
  const paid = await cli(daemon, 'sendtoaddress', alice, '10');
  expect(paid).toMatch(/^[0-9a-f]{64}$/);
  expect(await cli(daemon, 'getbalance', 'alice')).toBe('0.00000000');
  await cli(daemon, 'generatetoaddress', '1', miner);
  expect(await cli(daemon, 'getbalance', 'alice')).toBe('10.00000000');

  expect(await cli(daemon, 'move', 'alice', 'bob', '2.5')).toBe('true');
  const outside = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
  const sent = await cli(daemon, 'sendfrom', 'alice', outside, '1');
  const { fee } = JSON.parse(await cli(daemon, 'gettransaction', sent)) as { fee: number };
  const before = JSON.parse(await cli(daemon, 'listaccounts')) as Record<string, number>;
  expect(before.bob).toBe(2.5);
  expect(before.alice).toBeCloseTo(6.5 + fee, 8);

  const { status, stderr } = await daemon.stop();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const again = await startDaemon({ datadir: daemon.datadir });
  onTestFinished(() => again[Symbol.asyncDispose]());
  expect(JSON.parse(await cli(again, 'listaccounts'))).toEqual(before);
  expect(await cli(again, 'getblockcount')).toBe('102');
  expect(JSON.parse(await cli(again, 'gettransaction', paid))).toMatchObject({ confirmations: 1 });
});

test('an account cannot spend what it does not have', async () => {
  const daemon = await started();
  const { client } = daemon;
  await client.generatetoaddress({ nblocks: 101, address: await client.getnewaddress() });
  const { status, stdout, stderr } = await daemon.cli(
    'sendfrom',
    'nobody',
    'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn',
    '1',
  );
  expect({ status, stdout }).toEqual({ status: 6, stdout: '' });
  expect(stderr).toBe('error code: -6\nerror message:\nAccount has insufficient funds\n');
});
