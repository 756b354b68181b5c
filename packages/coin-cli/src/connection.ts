/**
 * One request to the daemon: where it is, who asks, and what goes wrong on the way. node:http instead of
 * fetch, because loading fetch takes longer than most calls.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { isAbsolute, join } from 'node:path';
import type { ChainParams } from '@coind/primitives';
import { type Json, JsonNumber, JsonObject, parseJson } from '@coind/rpc';
import { pathSetting, type Settings } from '@coind/rpc/conf';

/** The daemon cannot be reached now; worth another try under -rpcwait. */
export class ConnectionError extends Error {
  override name = 'ConnectionError';
}

/** What is known before the first request. */
export interface Target {
  readonly settings: Settings;
  readonly params: ChainParams;
  readonly dataDir: string;
  /** Named in the message about wrong passwords. */
  readonly confPath: string | undefined;
  /** From -stdinrpcpass. */
  readonly password: string | undefined;
  /** Hears of things that are odd but no error. */
  readonly warn: (line: string) => void;
}

interface Credentials {
  readonly text: string;
  /** What to tell when they are refused. */
  readonly refused: string;
}

function credentials({ settings, params, dataDir, password: typed }: Target): Credentials {
  const password = typed ?? settings.text('rpcpassword', '');
  if (password !== '') {
    const text = `${settings.text('rpcuser', '')}:${password}`;
    return { text, refused: 'Incorrect rpcuser or rpcpassword were specified.' };
  }
  const given = pathSetting(settings, 'rpccookiefile');
  if (given === '') {
    const refused =
      'Cookie file was disabled via -norpccookiefile and no rpcpassword was specified.';
    return { text: '', refused };
  }
  const file = given ?? '.cookie';
  const path = isAbsolute(file) ? file : join(dataDir, params.dataSubdirectory, file);
  try {
    const [line = ''] = readFileSync(path, 'utf8').split('\n');
    const refused = 'Cookie file credentials were invalid and no rpcpassword was specified.';
    return { text: line, refused };
  } catch {
    return {
      text: '',
      refused: 'Failed to read cookie file and no rpcpassword was specified.',
    };
  }
}

const isPort = (text: string) => /^[0-9]{1,5}$/.test(text) && +text > 0 && +text <= 65535;

/** Host and port: -rpcport over the port in -rpcconnect over the network's own. */
export function endpoint({ settings, params, warn }: Target): { host: string; port: number } {
  const connect = settings.text('rpcconnect', '127.0.0.1');
  const colon = connect.lastIndexOf(':');
  const bracketed = connect.startsWith('[') && connect[colon - 1] === ']';
  const hasPort = colon >= 0 && (bracketed || connect.indexOf(':') === colon);
  const portText = hasPort ? connect.slice(colon + 1) : undefined;
  if (portText !== undefined && !isPort(portText)) {
    throw new Error(`Invalid port provided in -rpcconnect: ${connect}`);
  }
  const host = (hasPort ? connect.slice(0, colon) : connect).replace(/^\[(.*)\]$/, '$1');
  const rpcPort = settings.text('rpcport');
  if (rpcPort === undefined) return { host, port: Number(portText ?? params.rpcPort) };
  if (!isPort(rpcPort)) throw new Error(`Invalid port provided in -rpcport: ${rpcPort}`);
  if (portText !== undefined) {
    warn(`Warning: Port specified in both -rpcconnect and -rpcport. Using -rpcport ${+rpcPort}`);
  }
  return { host, port: Number(rpcPort) };
}

interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** Why there is no answer, in bitcoin-cli's words. */
function reasonOf(error: NodeJS.ErrnoException, host: string): string {
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    return `Could not resolve host: ${host}`;
  }
  if (error.code === 'ETIMEDOUT' && error.syscall === undefined) return 'timeout';
  if (error.syscall === 'connect' || error.code === 'ECONNREFUSED') {
    return 'Could not connect to the server';
  }
  return error.code === 'ECONNRESET' ? 'EOF' : error.message;
}

/** Posts `body` once and returns the JSON of the answer. Throws {@link ConnectionError} or `Error`. */
export async function post(target: Target, path: string, body: string): Promise<Json> {
  const { host, port } = endpoint(target);
  const { text, refused } = credentials(target);
  const timeoutMs = target.settings.int('rpcclienttimeout', 900) * 1000;
  const payload = Buffer.from(`${body}\n`);
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': payload.length,
    Authorization: `Basic ${Buffer.from(text).toString('base64')}`,
    Connection: 'close',
  };
  const { status, body: answer } = await new Promise<HttpAnswer>((done, failed) => {
    const outgoing = request({ host, port, path, method: 'POST', headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', failed);
      incoming.on('end', () =>
        done({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    if (timeoutMs > 0) {
      const late = Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' });
      outgoing.setTimeout(timeoutMs, () => outgoing.destroy(late));
    }
    outgoing.on('error', failed);
    outgoing.end(payload);
  }).catch((error: NodeJS.ErrnoException) => {
    throw new ConnectionError(
      `Error while attempting to communicate with server ${host}:${port} (${reasonOf(error, host)})\n\n` +
        'Make sure the bitcoind server is running and that you are connecting to the correct RPC port.\n' +
        'Use "bitcoin-cli -help" for more info.',
    );
  });
  if (status === 401) {
    throw new Error(
      `Authorization failed: ${refused} Configuration file: (${target.confPath ?? ''})`,
    );
  }
  if (status === 503) throw new Error(`Server response: ${answer}`);
  if (status >= 400 && status !== 400 && status !== 404 && status !== 500) {
    throw new Error(`server returned HTTP error ${status}`);
  }
  if (answer === '') throw new Error('no response from server');
  try {
    return parseJson(answer);
  } catch {
    throw new Error("couldn't parse reply from server");
  }
}

const IN_WARMUP = '-28';

/** True for an answer that says the daemon is still starting. */
function isWarmup(reply: Json): boolean {
  const error = reply instanceof JsonObject ? reply.get('error') : undefined;
  const code = error instanceof JsonObject ? error.get('code') : undefined;
  return code instanceof JsonNumber && code.text === IN_WARMUP;
}

const RETRY_MS = 1000;

/** As {@link post}, patient under -rpcwait. `wallet` undefined asks the daemon itself. */
export async function call(target: Target, body: string, wallet?: string): Promise<Json> {
  const { settings } = target;
  const path = wallet === undefined ? '/' : `/wallet/${encodeURIComponent(wallet)}`;
  if (!settings.bool('rpcwait', false)) return post(target, path, body);
  const waitSeconds = settings.int('rpcwaittimeout', 0);
  const deadline = Date.now() + waitSeconds * 1000;
  for (;;) {
    try {
      const reply = await post(target, path, body);
      if (!isWarmup(reply)) return reply;
      throw new ConnectionError('server in warmup');
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      if (waitSeconds > 0 && Date.now() >= deadline) {
        throw new ConnectionError(`timeout on transient error: ${error.message}`);
      }
      await new Promise((resume) => setTimeout(resume, RETRY_MS));
    }
  }
}
