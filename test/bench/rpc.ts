/** Calls over one kept connection: HTTP, JSON, dispatch, handler and back. */
import { Agent, request } from 'node:http';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { type Result, repeat } from './measure.ts';

/** Runs the benchmark. */
export async function rpc(): Promise<readonly Result[]> {
  await using daemon = await startDaemon();
  const address = await daemon.client.getnewaddress();
  const hashes = await daemon.client.generatetoaddress({ nblocks: 110, address });
  const call = connection(daemon);
  const hashAt = (index: number) => hashes[index % hashes.length];
  const batch = JSON.stringify(
    Array.from({ length: 100 }, (_, i) => ({ method: 'getblockhash', params: [i], id: i })),
  );
  return [
    await repeat('getblockcount', 300, () => call('getblockcount')),
    await repeat('getblockhash', 300, (i) => call('getblockhash', 1 + (i % 100))),
    await repeat('getblock', 300, (i) => call('getblock', hashAt(i), 1)),
    await repeat('validateaddress', 300, () => call('validateaddress', address)),
    await repeat('getbalance', 300, () => call('getbalance')),
    await repeat('getnewaddress', 100, () => call('getnewaddress')),
    await repeat('sendtoaddress', 10, () => call('sendtoaddress', address, 0.001)),
    await repeat('batch of 100 getblockhash', 20, () => call.raw(batch)),
  ];
}

interface Call {
  (method: string, ...params: readonly unknown[]): Promise<string>;
  /** Sends a body as it is. */
  readonly raw: (body: string) => Promise<string>;
}

/** One socket, no client library in between. */
function connection({ url, credentials }: Daemon): Call {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const auth = `${credentials.user}:${credentials.password}`;
  const raw = (body: string) =>
    new Promise<string>((done, fail) => {
      const sent = request(url, { method: 'POST', agent, auth }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('end', () =>
          response.statusCode === 200 ? done(text) : fail(new Error(text)),
        );
      });
      sent.once('error', fail).end(body);
    });
  const call = (method: string, ...params: readonly unknown[]) =>
    raw(JSON.stringify({ method, params, id: 1 }));
  return Object.assign(call, { raw });
}
