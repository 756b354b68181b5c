/**
 * Real daemons for functional tests: the built command, a data directory of its own, a free port. Everything is
 * black box: what these tests know of a node they learn through RPC, so they can be pointed at bitcoind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '@coind/rpc/client';
import { repositoryRoot } from './root.ts';

const root = repositoryRoot(import.meta.dirname);
const coindPath = join(root, 'packages/coind/bin/coind.js');
const cliPath = join(root, 'packages/coin-cli/bin/coin-cli.js');

/** What a finished process left. */
export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script of the repository to its end. */
export function run(script: string, args: readonly string[], stdin = ''): Promise<Outcome> {
  const child = spawn(process.execPath, [script, ...args], { stdio: 'pipe' });
  child.stdin.end(stdin);
  return outcomeOf(child);
}

/** Runs coind to its end: for starts that are refused, -help and -version. */
export const runCoind = (args: readonly string[]): Promise<Outcome> => run(coindPath, args);

/** Runs coin-cli to its end. */
export const runCli = (args: readonly string[], stdin?: string): Promise<Outcome> =>
  run(cliPath, args, stdin);

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (status, signal) => done({ status, signal, ...texts }));
  });
}

/** How a daemon shall be started. */
export interface DaemonOptions {
  /** Further options. */
  readonly args?: readonly string[];
  /** An existing data directory; a new one otherwise, removed at the end. */
  readonly datadir?: string;
  /** The network's name, which is also its directory; regtest otherwise. */
  readonly network?: string;
  /** What `-chain=` is given; the network's name otherwise. */
  readonly chain?: string;
}

/** A daemon that serves. */
export interface Daemon extends AsyncDisposable {
  readonly client: Client;
  readonly url: string;
  readonly datadir: string;
  readonly pid: number;
  /** Arguments with which coin-cli reaches it. */
  readonly cliArgs: readonly string[];
  /** `-rpcuser` of the cookie, and its password. */
  readonly credentials: { readonly user: string; readonly password: string };
  /** Runs coin-cli against it. */
  cli(...args: readonly string[]): Promise<Outcome>;
  /** How it went, once it has ended by itself. */
  readonly ended: Promise<Outcome>;
  /** Ends it as `stop` does and says how it went. */
  stop(): Promise<Outcome>;
  /** Ends it as a power switch does. */
  kill(): Promise<Outcome>;
}

/** A new directory below the system's place for such. */
export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'coind-test-'));
}

/** Starts coind and waits for its ready line. Throws with what it printed when it ends instead. */
export async function startDaemon(options: DaemonOptions = {}): Promise<Daemon> {
  const { args = [], datadir, network = 'regtest', chain = network } = options;
  const directory = datadir ?? temporaryDirectory();
  const child = spawn(
    process.execPath,
    [
      coindPath,
      `-chain=${chain}`,
      `-datadir=${directory}`,
      '-rpcport=0',
      '-rpcbind=127.0.0.1',
      '-rpcallowip=127.0.0.1',
      '-printtoconsole=0',
      // Several at a time would want the same port.
      '-listen=0',
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = outcomeOf(child);
  const port = await new Promise<number>((found, fail) => {
    let text = '';
    child.stdout.on('data', (chunk: string) => {
      text += chunk;
      const match = /RPC at http:\/\/127\.0\.0\.1:(\d+)\//.exec(text);
      if (match) found(Number(match[1]));
    });
    void ended.then(({ status, stderr }) => fail(new Error(`coind ended (${status}): ${stderr}`)));
  });
  const cookie = readFileSync(join(directory, network, '.cookie'), 'utf8');
  const [user = '', password = ''] = cookie.split(':');
  const url = `http://127.0.0.1:${port}/`;
  const cliArgs = [`-chain=${chain}`, `-datadir=${directory}`, `-rpcport=${port}`];
  const close = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  return {
    client: createClient({ url, user, password }),
    url,
    datadir: directory,
    pid: child.pid as number,
    cliArgs,
    credentials: { user, password },
    cli: (...words) => runCli([...cliArgs, ...words]),
    ended,
    stop: () => close('SIGTERM'),
    kill: () => close('SIGKILL'),
    async [Symbol.asyncDispose]() {
      await close('SIGTERM');
      if (datadir === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}
