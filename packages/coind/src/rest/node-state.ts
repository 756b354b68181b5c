/** REST: what the node knows of the chain as a whole, of soft forks and of the mempool, as RPC tells it. */
import type { Entry } from '@coind/mempool';
import { formatJson } from '@coind/rpc';
import type { RpcContext } from '../context.ts';
import { blockchain } from '../handlers/blockchain.ts';
import { entryJson, mempool as mempoolHandlers } from '../handlers/mempool.ts';
import { type Endpoint, type RestContext, shown } from './answer.ts';
import { parseHash, parseSwitch, RestError } from './request.ts';

/** What RPC handlers are given. */
function rpcContext({ node }: RestContext): RpcContext {
  return { node, walletName: undefined };
}

/** `/rest/chaininfo`: `getblockchaininfo`. */
export const chainInfo: Endpoint = (context) => ({
  caching: 'no-store',
  json: async () =>
    shown(
      context,
      'getblockchaininfo',
      await blockchain.getblockchaininfo(rpcContext(context), {}),
    ),
});

/** `/rest/deploymentinfo` and `/rest/deploymentinfo/HASH`: `getdeploymentinfo`. */
export const deploymentInfo: Endpoint = (context, { argument }) => {
  const isTip = argument === '';
  return {
    caching: isTip ? 'no-store' : 'immutable',
    async json() {
      const blockhash = isTip ? undefined : parseHash(argument);
      if (blockhash !== undefined && !context.node.chain.info(blockhash)) {
        throw new RestError(400, 'Block not found');
      }
      const info = await blockchain.getdeploymentinfo(rpcContext(context), { blockhash });
      return shown(context, 'getdeploymentinfo', info);
    },
  };
};

/** `/rest/mempool/info` and `/rest/mempool/contents`: `getmempoolinfo` and `getrawmempool`. */
export const mempool: Endpoint = (context, request) => {
  const { argument } = request;
  if (argument === 'info') {
    return {
      caching: 'no-store',
      json: async () =>
        shown(
          context,
          'getmempoolinfo',
          await mempoolHandlers.getmempoolinfo(rpcContext(context), {}),
        ),
    };
  }
  if (argument === 'contents') {
    return {
      caching: 'no-store',
      async json() {
        const verbose = parseSwitch(request, 'verbose', true);
        const mempool_sequence = parseSwitch(request, 'mempool_sequence', false);
        if (verbose && mempool_sequence) {
          throw new RestError(
            400,
            'Verbose results cannot contain mempool sequence values. (hint: set "verbose=false")',
          );
        }
        if (verbose) return entriesJson(context);
        const options = { verbose, mempool_sequence };
        const txids = await mempoolHandlers.getrawmempool(rpcContext(context), options);
        return shown(context, 'getrawmempool', txids);
      },
    };
  }
  throw new RestError(400, 'Invalid URI format. Expected /rest/mempool/<info|contents>.json');
};

/** Entries that are written before others get a turn. */
const ENTRIES_PER_PIECE = 250;

/**
 * All entries of the pool by txid. A full pool is hundreds of megabytes as text, so they are written piece by
 * piece; one that has left by its turn is left out.
 */
async function* entriesJson(context: RestContext): AsyncGenerator<string> {
  const { node } = context;
  const all: readonly Entry[] = [...node.mempool.entries()];
  let lead = '{';
  for (let first = 0; first < all.length; first += ENTRIES_PER_PIECE) {
    const present = all
      .slice(first, first + ENTRIES_PER_PIECE)
      .filter((entry) => node.mempool.get(entry.tx.txid) === entry);
    if (present.length === 0) continue;
    const members = present.map(
      (entry) =>
        `${formatJson(entry.tx.txid)}:${shown(context, 'getmempoolentry', entryJson(node, entry))}`,
    );
    yield lead + members.join(',');
    lead = ',';
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  yield lead === '{' ? '{}' : '}';
}
