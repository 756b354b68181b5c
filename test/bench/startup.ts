/**
 * What every test of every user pays: from the start of the process to the first answered
 * `getblockcount`, beside an empty `node` in the same minutes; idle memory; one call of coin-cli.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startDaemon, temporaryDirectory } from '../support/daemon.ts';
import { repositoryRoot } from '../support/root.ts';
import { type Result, residentMegabytes, summarise, timed } from './measure.ts';

const bin = (name: string) =>
  join(repositoryRoot(import.meta.dirname), 'packages', name, 'bin', `${name}.js`);
const ROUNDS = 7;
const BLOCKS = 2000;
/** Nobody's: its key is the program of BIP173's example. */
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
const AUTH = `Basic ${Buffer.from('u:p').toString('base64')}`;

/** Runs the benchmark. */
export async function startup(): Promise<readonly Result[]> {
  const full = temporaryDirectory();
  try {
    await mineInto(full);
    return await compare(full);
  } finally {
    rmSync(full, { recursive: true, force: true });
  }
}

async function mineInto(datadir: string): Promise<void> {
  await using daemon = await startDaemon({ datadir });
  for (let made = 0; made < BLOCKS; made += 500) {
    await daemon.client.generatetoaddress({ nblocks: 500, address: ADDRESS });
  }
}

type Kind = 'node' | 'empty' | 'again' | 'full' | 'cli';

async function compare(full: string): Promise<readonly Result[]> {
  const samples: Record<Kind, number[]> = { node: [], empty: [], again: [], full: [], cli: [] };
  const memory: number[] = [];
  // In turns, so that a busy minute hurts all alike.
  for (let round = 0; round < ROUNDS; round++) {
    const empty = temporaryDirectory();
    try {
      samples.node.push(await timed(() => run(['-e', '0'])));
      const first = await start(empty);
      samples.empty.push(first.ms);
      if (first.megabytes !== undefined) memory.push(first.megabytes);
      samples.again.push((await start(empty)).ms);
      const last = await start(full);
      samples.full.push(last.ms);
      samples.cli.push(last.cliMs);
    } finally {
      rmSync(empty, { recursive: true, force: true });
    }
  }
  const node = summarise('node -e 0', samples.node);
  const line = (name: string, key: Kind, note = '') => {
    const result = summarise(name, samples[key]);
    const times = `${(result.leastMs / node.leastMs).toFixed(1)} × node`;
    return { ...result, note: note ? `${times}, ${note}` : times };
  };
  const idle = memory.length > 0 ? `${Math.max(...memory).toFixed(0)} MB` : '';
  return [
    node,
    line('start, empty directory', 'empty', idle),
    line('start, the same again', 'again'),
    line(`start, ${BLOCKS} blocks`, 'full'),
    line('coin-cli getblockcount', 'cli'),
  ];
}

interface Start {
  readonly ms: number;
  readonly cliMs: number;
  readonly megabytes: number | undefined;
}

/** Starts a daemon, asks until it answers, looks at its memory, calls coin-cli once, stops it. */
async function start(datadir: string): Promise<Start> {
  const port = await freePort();
  const connection = ['-regtest', `-rpcport=${port}`, '-rpcuser=u', '-rpcpassword=p'];
  const where = [...connection, `-datadir=${datadir}`];
  const begun = performance.now();
  const child = spawn(process.execPath, [bin('coind'), ...where, '-printtoconsole=0'], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`coind ended with ${child.exitCode}`);
    await wait(2);
  }
  const ms = performance.now() - begun;
  await wait(300);
  const megabytes = residentMegabytes(child.pid as number);
  const cliMs = await timed(() => run([bin('coin-cli'), ...where, 'getblockcount']));
  child.kill('SIGTERM');
  await ended;
  return { ms, cliMs, megabytes };
}

async function run(args: readonly string[]): Promise<void> {
  const [status] = await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit');
  if (status !== 0) throw new Error(`node ${args.join(' ')}: status ${status}`);
}

/** True once a `getblockcount` is answered with success; false while nobody listens or it loads. */
function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const call = request(
      { port, host: '127.0.0.1', method: 'POST', agent: false, headers: { authorization: AUTH } },
      (response) => {
        response.resume().once('end', () => done(response.statusCode === 200));
      },
    );
    call.once('error', () => done(false));
    call.end('{"method":"getblockcount","params":[],"id":1}');
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
