/** Calls over one kept socket with no client library in between: what is measured is the daemon. */
import { Agent, request } from 'node:http';
import type { Daemon } from '../support/daemon.ts';

/** Calls a method and gives the text of the answer. Throws it when it is no success. */
export interface Call {
  (method: string, ...params: readonly unknown[]): Promise<string>;
  /** Sends a body as it is. */
  readonly raw: (body: string) => Promise<string>;
}

/** A connection to the node, or to the wallet that `path` names. */
export function connection({ url, credentials }: Daemon, path = ''): Call {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const auth = `${credentials.user}:${credentials.password}`;
  const raw = (body: string) =>
    new Promise<string>((done, fail) => {
      const sent = request(`${url}${path}`, { method: 'POST', agent, auth }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => {
          // Long answers are counted, not kept as text: V8 has no strings of half a gigabyte.
          const text = Buffer.concat(chunks).toString('utf8', 0, LONGEST_TEXT);
          if (response.statusCode === 200) done(text);
          else fail(new Error(text));
        });
      });
      sent.once('error', fail).end(body);
    });
  const call = (method: string, ...params: readonly unknown[]) =>
    raw(JSON.stringify({ method, params, id: 1 }));
  return Object.assign(call, { raw });
}

const LONGEST_TEXT = 64 << 20;
