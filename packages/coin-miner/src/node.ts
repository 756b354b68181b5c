/**
 * The node that is mined for, over RPC: coind or bitcoind. It may go away and come back, with another cookie;
 * who asks is told, and asks again.
 */
import { RpcError } from '@coind/rpc';
import { type CallValue, createClient, TransportError } from '@coind/rpc/client';
import { type DaemonPlace, daemonCredentials, daemonEndpoint } from '@coind/rpc/conf';
import type { Template } from './block.ts';

/** The node cannot be asked now, or cannot answer yet. */
export class NodeAway extends Error {
  override name = 'NodeAway';
}

/** What a miner asks of a node. Everything throws {@link NodeAway} while it is away. */
export interface MiningNode {
  /** The next block; with a long poll id, once there is a better one than that of the id. */
  template(signal: AbortSignal, longPollId?: string): Promise<Template>;
  /** Hands in a block, hex. Null when it was accepted, else a word that says why not. */
  submit(block: string): Promise<string | null>;
  /** A new address of the node's wallet. */
  newAddress(): Promise<string>;
}

/** Codes of errors that pass: loading, no peers, still downloading blocks, and whatever happens while it stops. */
const PASSING = new Set([-28, -9, -10, -1]);
/** Statuses that pass: no answer, a cookie that is out of date, stopping, and too many requests at once. */
const PASSING_STATUSES = new Set<number | undefined>([undefined, 401, 500, 503]);

/** The node that bitcoin-cli's options name. */
export function nodeAt(place: DaemonPlace): MiningNode {
  const { host, port } = daemonEndpoint(place);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;

  async function call(method: string, params: readonly CallValue[], signal?: AbortSignal) {
    // Read for every call: a node that was started anew has another cookie.
    const [user = '', password = ''] = daemonCredentials(place).text.split(/:(.*)/s);
    const client = createClient({ url, user, password, ...(signal && { signal }) });
    try {
      return await client.call(method, params);
    } catch (error) {
      throw whatWentWrong(error);
    }
  }

  return {
    async template(signal, longPollId) {
      const longPoll = longPollId === undefined ? {} : { longpollid: longPollId };
      return (await call(
        'getblocktemplate',
        [{ rules: ['segwit'], ...longPoll }],
        signal,
      )) as Template;
    },
    submit: async (block) => (await call('submitblock', [block])) as string | null,
    newAddress: async () => (await call('getnewaddress', [])) as string,
  };
}

function whatWentWrong(error: unknown): unknown {
  const passes =
    (error instanceof RpcError && PASSING.has(error.code)) ||
    (error instanceof TransportError && PASSING_STATUSES.has(error.status));
  return passes ? new NodeAway((error as Error).message, { cause: error }) : error;
}
