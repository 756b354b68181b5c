/**
 * A regtest node in the process of the test: in memory, on a free port, with a typed client. Nothing is left behind
 * when it is closed: no file, no socket, no timer.
 */
import { type Client, createClient } from '@coind/rpc/client';
import { type Network, type Node, openLog, parseOptions, startNode } from 'coind';

/** How the node shall be. */
export interface SpawnOptions {
  /** Further options as on coind's command line: `['-fallbackfee=0.0001']`. */
  readonly args?: readonly string[];
  /** Unix seconds at which the node's clock stands still; the real clock without it. */
  readonly mockTime?: number;
  /** What carries bytes to other nodes: see `FaultyNetwork`; TCP without it. */
  readonly network?: Network;
}

/** A node that runs. */
export interface Spawned extends AsyncDisposable {
  /** Calls it: named arguments, amounts in bigint satoshis. */
  readonly client: Client;
  /** For other clients: `http://127.0.0.1:PORT/`. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** The node itself, for what RPC does not reach. */
  readonly node: Node;
  /** Stops it; resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** Every option that would look at a file or a terminal is off; time is the caller's. */
const QUIET = [
  '-regtest',
  // Nodes of one process would want the same port; who wants peers says -listen=1 and a -bind.
  '-listen=0',
  '-rpcport=0',
  '-rpcbind=127.0.0.1',
  '-rpcallowip=127.0.0.1',
  '-nodebuglogfile',
  '-noprinttoconsole',
  '-nosettings',
];

/**
 * Starts a node with the default wallet. Throws what the daemon would print as `Error: …`.
 *
 * @example
 * const { client, close } = await spawn();
 * await client.generatetoaddress({ nblocks: 101, address: await client.getnewaddress() });
 * console.log(await client.getbalance()); // 5000000000n
 * await close();
 */
export async function spawn({ args = [], mockTime, network }: SpawnOptions = {}): Promise<Spawned> {
  const time = mockTime === undefined ? [] : [`-mocktime=${mockTime}`];
  // No environment: a conf file in somebody's home must not change a test.
  const request = parseOptions([...QUIET, '-noconf', ...time, ...args], {});
  if (request.kind !== 'start') throw new RangeError(`spawn cannot take -${request.kind}`);
  const log = openLog(request.options.log);
  const node = await startNode(request.options, network ? { log, network } : { log });
  const close = async () => {
    await node.stop();
    log.close();
  };
  const { rpc, credentials } = node;
  if (!rpc || !credentials) {
    await close();
    throw new RangeError('spawn needs RPC: take -server=0 away');
  }
  const url = `http://127.0.0.1:${rpc.port}/`;
  const client = createClient({ url, ...credentials });
  return { client, url, ...credentials, node, close, [Symbol.asyncDispose]: close };
}
