/** `fetch` as far as the RPC client needs it, over kept sockets: half the time of the full one in long runs. */
import { Agent, type IncomingMessage, request } from 'node:http';
import type { Fetch } from '@coind/rpc/client';

/** A `fetch` of its own sockets, which close when the other side does. */
export function leanFetch(): Fetch {
  const agent = new Agent({ keepAlive: true });
  return async (url, { method, headers, body }) => {
    const response = await new Promise<IncomingMessage>((done, fail) => {
      request(url, { method, headers, agent }, done).once('error', fail).end(body);
    });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const { statusCode = 0, statusMessage = '' } = response;
    const text = Buffer.concat(chunks).toString();
    return { status: statusCode, statusText: statusMessage, text: () => Promise.resolve(text) };
  };
}
