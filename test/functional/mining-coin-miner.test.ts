/** coin-miner as a user has it: the program beside a daemon that comes and goes. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { run, startDaemon, temporaryDirectory } from '../support/daemon.ts';
import { repositoryRoot } from '../support/root.ts';
import { until } from '../support/until.ts';

const script = join(repositoryRoot(import.meta.dirname), 'packages/coin-miner/bin/coin-miner.js');

test('mines for the wallet of the node, transactions and their witnesses included', async () => {
  await using daemon = await startDaemon();
  const { client } = daemon;
  await client.generatetoaddress({ nblocks: 101, address: await client.getnewaddress() });
  const address = await client.getnewaddress();
  const txid = await client.sendtoaddress({ address, amount: 1_000n });

  const { stdout, stderr, status } = await run(script, [...daemon.cliArgs, '-blocks=2']);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Mining on \d+ threads? for bcrt1/);
  expect(stdout).toContain(`Found block 103: ${await client.getbestblockhash()}`);
  expect(await client.getblockcount()).toBe(103);
  expect(await client.gettransaction({ txid: txid as never })).toMatchObject({ confirmations: 2 });
  // What waited is in the first of them.
  const blockhash = await client.getblockhash({ height: 102 });
  const { tx } = (await client.getblock({ blockhash, verbosity: 2 })) as {
    readonly tx: readonly { readonly txid: string }[];
  };
  expect(tx.map((one) => one.txid)).toContain(txid);
});

test('waits for a node that is away, and goes on with it', async () => {
  const datadir = temporaryDirectory();
  onTestFinished(() => rmSync(datadir, { recursive: true, force: true }));
  const network = 'coin';
  const first = await startDaemon({ datadir, network });
  const rpcport = new URL(first.url).port;
  const address = await first.client.getnewaddress();
  const miner = spawn(process.execPath, [
    script,
    ...[...first.cliArgs, `-address=${address}`, '-threads=1'],
  ]);
  onTestFinished(() => void miner.kill('SIGKILL'));
  let said = '';
  for (const stream of [miner.stdout, miner.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  await until('a block', () => said.includes('Found block 1:'));
  await first.stop();
  await until('a word', () => said.includes('Waiting for the node:'));

  // Its cookie is another one.
  const second = await startDaemon({ datadir, network, args: [`-rpcport=${rpcport}`] });
  onTestFinished(() => second.kill().then(() => undefined));
  const height = await second.client.getblockcount();
  await until('the node', () => said.includes('The node is back'));
  await until('a block', async () => (await second.client.getblockcount()) > height);
  const ended = new Promise((resolve) => miner.once('exit', resolve));
  miner.kill('SIGINT');
  expect(await ended).toBe(0);
});

test('says what is wrong', async () => {
  await using daemon = await startDaemon({ args: ['-disablewallet'] });
  const failure = async (...args: readonly string[]) => {
    const { stderr, status } = await run(script, [...daemon.cliArgs, ...args]);
    expect(status).toBe(1);
    return stderr;
  };
  expect(await failure()).toBe('Error: Method not found\n');
  expect(await failure('-address=nowhere')).toBe(
    "Error: Invalid -address: 'nowhere' is none of the network regtest\n",
  );
  expect(await failure('-adress=x')).toMatch(/^Error: Invalid parameter -adress=x/);
  expect(await failure('getblockcount')).toBe(
    'Error: coin-miner takes options only: getblockcount\n',
  );
  const help = await run(script, ['-help']);
  expect(help.stdout).toContain('-threads=<n>');
  expect(help.status).toBe(0);
});
