/** Handlers of the methods about what spent an output. */
import { bytesToHex, type OutPoint } from '@coind/primitives';
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import type { NodeModules, RpcContext } from '../context.ts';

type Spenders = Pick<typeof methods.blockchain, 'gettxspendingprevout'>;

/** The transaction of the mempool that spends `prevout`. */
function pooledSpender({ mempool }: NodeModules, prevout: OutPoint) {
  const txid = mempool.spender(prevout);
  const tx = txid === undefined ? undefined : mempool.get(txid)?.tx;
  return tx && { tx };
}

/** Handlers of the methods about what spent an output. */
export const chainSpenders: Handlers<Spenders, RpcContext> = {
  async gettxspendingprevout({ node }, { outputs, options }) {
    if (outputs.length === 0) {
      throw new RpcError(-8, 'Invalid parameter, outputs are missing');
    }
    const { spender: index } = node.indexes;
    const mempoolOnly = options?.mempool_only ?? index === undefined;
    // All of the mempool in one go: it may change while the index is asked.
    const pooled = outputs.map((prevout) => pooledSpender(node, prevout));
    const isComplete = mempoolOnly || pooled.every((found) => found);
    if (!isComplete && !(await index?.caughtUp())) {
      throw new RpcError(-1, 'Mempool lacks a relevant spend, and txospenderindex is unavailable.');
    }
    const answers = outputs.map(async (prevout, i) => {
      const found = pooled[i] ?? (mempoolOnly ? undefined : await index?.find(prevout));
      return {
        ...prevout,
        ...(found && { spendingtxid: found.tx.txid }),
        ...(found && options?.return_spending_tx && { spendingtx: bytesToHex(found.tx.encode()) }),
        ...(found && 'block' in found && { blockhash: found.block }),
      };
    });
    return Promise.all(answers);
  },
};
