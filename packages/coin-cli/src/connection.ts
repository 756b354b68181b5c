/**
 * One request to the daemon, and what goes wrong on the way. node:http instead of fetch, because loading fetch takes longer than most calls.
 */
import { request } from 'node:http';
import { type Json, JsonNumber, JsonObject, parseJson } from '@coind/rpc';
import { type DaemonPlace, daemonCredentials, daemonEndpoint } from '@coind/rpc/conf';

/** The daemon cannot be reached now; worth another try under -rpcwait. */
export class ConnectionError extends Error {
  override name = 'ConnectionError';
}

/** What is known before the first request. */
export interface Target extends DaemonPlace {
  /** Named in the message about wrong passwords. */
  readonly confPath: string | undefined;
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
  const { host, port } = daemonEndpoint(target);
  const { text, refused } = daemonCredentials(target);
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
