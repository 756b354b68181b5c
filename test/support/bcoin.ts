/**
 * bcoin (npm, 1.0.2) as a peer: another implementation of the same protocol, not a dependency of ours. Its regtest
 * decides segwit by version bits and has address prefixes of its own; everything else is as everywhere.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { temporaryDirectory } from './daemon.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

const KEY = 'key';

/** Where bcoin is installed: the folder of its npm package, by COIND_BCOIN. */
export const bcoinPath = process.env.COIND_BCOIN;

/**
 * Options under which coind's regtest has bcoin's rules: by version bits segwit and relative lock times are
 * decided at block 432, when miners signal for them.
 */
export const bcoinRules: readonly string[] = [
  '-testactivationheight=segwit@432',
  '-testactivationheight=csv@432',
  `-blockversion=${0x20000003}`,
];

/** A bcoin that runs. */
export interface Bcoin extends AsyncDisposable {
  readonly p2pPort: number;
  /** Calls a method of the node. Throws with bcoin's message. */
  call<T>(method: string, ...params: readonly unknown[]): Promise<T>;
  /** Calls a method of its wallet. */
  wallet<T>(method: string, ...params: readonly unknown[]): Promise<T>;
}

/** Starts bcoin on regtest, listening, without peers. */
export async function startBcoin(path: string): Promise<Bcoin> {
  const [p2pPort, rpcPort, walletPort] = [await freePort(), await freePort(), await freePort()];
  const directory = temporaryDirectory();
  const child = spawn(
    process.execPath,
    [
      join(path, 'bin/node'),
      '--network=regtest',
      '--memory=true',
      `--prefix=${directory}`,
      `--api-key=${KEY}`,
      `--wallet-api-key=${KEY}`,
      `--http-port=${rpcPort}`,
      `--wallet-http-port=${walletPort}`,
      '--host=127.0.0.1',
      `--port=${p2pPort}`,
      '--listen=true',
      // Nobody: it would look for others otherwise.
      '--only=127.0.0.1:1',
      '--log-console=false',
    ],
    // Its wallet does not look at --network.
    { stdio: 'ignore', env: { ...process.env, HOME: directory, BCOIN_NETWORK: 'regtest' } },
  );
  const bcoin: Bcoin = {
    p2pPort,
    call: (method, ...params) => call(rpcPort, method, params),
    wallet: (method, ...params) => call(walletPort, method, params),
    async [Symbol.asyncDispose]() {
      await ended(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  const answers = (ask: Bcoin['call'], method: string) =>
    until(`bcoin's ${method}`, () =>
      ask(method).then(
        () => true,
        () => false,
      ),
    );
  await answers(bcoin.call, 'getblockcount');
  await answers(bcoin.wallet, 'getwalletinfo');
  // It listens for peers a little later than for calls.
  await until('bcoin to listen for peers', () => isListening(p2pPort));
  return bcoin;
}

async function call<T>(port: number, method: string, params: readonly unknown[]): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`x:${KEY}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ method, params, id: 1 }),
  });
  const { result, error } = (await response.json()) as {
    result: T;
    error: { message: string } | null;
  };
  if (error) throw new Error(`bcoin, ${method}: ${error.message}`);
  return result;
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
