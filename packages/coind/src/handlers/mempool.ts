/** Handlers of the methods about transactions that wait for a block. */
import type { Entry, Mempool } from '@coind/mempool';
import { type Handlers, type methods, rpcError } from '@coind/rpc';
import type { RpcContext } from '../context.ts';

/** The members of getmempoolentry, today's and those of 0.16. */
function entryJson(mempool: Mempool, entry: Entry) {
  const { tx } = entry;
  const ancestors = mempool.ancestorTotals(tx.txid);
  const descendants = mempool.descendantTotals(tx.txid);
  const chunk = mempool
    .cluster(tx.txid)
    .find(({ entries }) => entries.some((member) => member.tx.txid === tx.txid));
  const txidsOf = (entries: Iterable<Entry>) => [...entries].map((member) => member.tx.txid).sort();
  return {
    vsize_adjusted: entry.vsize,
    vsize: entry.vsize,
    size: entry.vsize,
    vsize_bip141: tx.vsize,
    weight: tx.weight,
    fee: entry.fee,
    modifiedfee: entry.modifiedFee,
    time: entry.time,
    height: entry.height,
    descendantcount: descendants.count,
    descendantsize: descendants.vsize,
    descendantfees: Number(descendants.fees),
    ancestorcount: ancestors.count,
    ancestorsize: ancestors.vsize,
    ancestorfees: Number(ancestors.fees),
    wtxid: tx.wtxid,
    chunkweight: chunk?.size ?? entry.weight,
    fees: {
      base: entry.fee,
      modified: entry.modifiedFee,
      ancestor: ancestors.fees,
      descendant: descendants.fees,
      chunk: chunk?.fee ?? entry.modifiedFee,
    },
    depends: txidsOf(entry.parents),
    spentby: txidsOf(entry.children),
    unbroadcast: entry.unbroadcast,
  };
}

/** Handlers of the methods about transactions that wait for a block. */
export const mempool: Handlers<typeof methods.mempool, RpcContext> = {
  getrawmempool({ node: { mempool: pool } }, { verbose, mempool_sequence }) {
    if (verbose) {
      return new Map([...pool.entries()].map((entry) => [entry.tx.txid, entryJson(pool, entry)]));
    }
    const txids = [...pool.entries()].map(({ tx }) => tx.txid);
    return mempool_sequence ? { txids, mempool_sequence: pool.sequence } : txids;
  },

  getmempoolinfo({ node: { mempool: pool } }) {
    const { size, vbytes, usage, fees, minFee, unbroadcast, options } = pool.info();
    return {
      loaded: true,
      size,
      bytes: vbytes,
      usage,
      total_fee: fees,
      maxmempool: options.maxBytes,
      mempoolminfee: minFee,
      minrelaytxfee: options.minRelayFee,
      incrementalrelayfee: options.incrementalFee,
      unbroadcastcount: unbroadcast,
      permitbaremultisig: options.permitBareMultisig,
      maxdatacarriersize: options.dataCarrierBytes ?? 0,
      limitclustercount: options.clusterCount,
      limitclustersize: options.clusterVbytes,
      optimal: true,
    };
  },

  getmempoolentry({ node: { mempool: pool } }, { txid }) {
    const entry = pool.get(txid);
    if (!entry) throw rpcError('notInMempool');
    return entryJson(pool, entry);
  },
};
