/** The guide to REST and ZeroMQ, run as it stands; its program listens to what the node publishes. */
import { spawn as spawnProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@coind/rpc/client';
import { spawn } from '@coind/testing';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { readGuide, runGuide } from '../support/guide.ts';
import { repositoryRoot } from '../support/root.ts';
import { until } from '../support/until.ts';

/** The program of the page, running; what it has printed so far. */
function startListener(markdown: string, address: string): () => string {
  const [, program = ''] = /```js\n\/\/ listen\.mjs\n(.*?)```/s.exec(markdown) ?? [];
  expect(program).toContain('new Subscriber()');
  // Beside the tests, where it finds the package that it imports.
  const directory = mkdtempSync(
    join(repositoryRoot(import.meta.dirname), 'test', 'dist', 'guide-'),
  );
  writeFileSync(join(directory, 'listen.mjs'), program);
  const child = spawnProcess(process.execPath, [join(directory, 'listen.mjs'), address]);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      printed += text;
    });
  }
  onTestFinished(() => {
    child.kill();
    rmSync(directory, { recursive: true, force: true });
  });
  return () => printed;
}

/** Waits until the program hears the node; every block made for that is taken back. */
async function connected(client: Client, printed: () => string): Promise<void> {
  await until('a first message', async () => {
    const address = await client.getnewaddress();
    const [blockhash] = await client.generatetoaddress({ nblocks: 1, address });
    if (blockhash) await client.invalidateblock({ blockhash });
    return printed() !== '';
  });
}

test('the guide to REST and ZeroMQ does what it says', async () => {
  const address = `tcp://127.0.0.1:${await freePort()}`;
  const topics = ['hashblock', 'hashtx', 'sequence'].map((topic) => `-zmqpub${topic}=${address}`);
  await using node = await spawn({
    args: ['-rest', '-txindex', '-blockfilterindex', '-fallbackfee=0.0002', ...topics],
  });
  const markdown = readGuide('rest-and-zmq');
  const printed = startListener(markdown, address);
  await connected(node.client, printed);
  const steps = await runGuide(markdown, {
    node,
    programs: {
      node: async ([script]) => {
        expect(script).toBe('listen.mjs');
        const tip = await node.client.getbestblockhash();
        const told = new RegExp(`hashblock \\d+ ${tip}\\n`);
        await until(`the tip in "${printed()}"`, () => told.test(printed()));
        return printed();
      },
    },
  });
  expect(steps).toBe(12);
}, 60_000);
