/** Handlers of the methods about transactions that wait for a block. */
import { type Entry, type Mempool, signalsReplacement } from '@coind/mempool';
import { bytesToHex, type Txid, ZERO_HASH } from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import type { NodeModules, RpcContext } from '../context.ts';

const NO_TXID = ZERO_HASH as string as Txid;

/** What an entry is looked at with. */
type Surroundings = Pick<NodeModules, 'mempool' | 'era'>;

/** The members of getmempoolentry, today's, those of 0.16, and what -deprecatedrpc brings back. */
export function entryJson({ mempool, era }: Surroundings, entry: Entry) {
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
    spentby: mempool.children(tx.txid).map((child) => child.tx.txid),
    unbroadcast: entry.unbroadcast,
    'bip125-replaceable': era.allowed.has('bip125') ? isReplaceable(mempool, entry) : undefined,
  };
}

/** Whether it, or something it depends on, says that it may be replaced (BIP125). */
function isReplaceable(mempool: Mempool, { tx }: Entry): boolean {
  const ancestors = mempool.ancestors(tx.txid).map((ancestor) => ancestor.tx);
  return [tx, ...ancestors].some(signalsReplacement);
}

/** Entries as ids, or with details by id. */
function relativesJson(node: Surroundings, entries: readonly Entry[], verbose: boolean) {
  if (!verbose) return entries.map(({ tx }) => tx.txid);
  return new Map(entries.map((entry) => [entry.tx.txid, entryJson(node, entry)]));
}

function checkPresent(pool: Mempool, txid: Txid): void {
  if (!pool.has(txid)) throw rpcError('notInMempool');
}

/** Handlers of the methods about transactions that wait for a block. */
export const mempool: Handlers<typeof methods.mempool, RpcContext> = {
  getrawmempool({ node }, { verbose, mempool_sequence }) {
    const { mempool: pool } = node;
    if (verbose) {
      if (mempool_sequence) {
        throw new RpcError(-8, 'Verbose results cannot contain mempool sequence values.');
      }
      return relativesJson(node, [...pool.entries()], true);
    }
    const txids = [...pool.entries()].map(({ tx }) => tx.txid);
    return mempool_sequence ? { txids, mempool_sequence: pool.sequence } : txids;
  },

  getmempoolinfo({ node: { mempool: pool, mempoolFile: file, era } }) {
    const { size, vbytes, usage, fees, minFee, unbroadcast, options } = pool.info();
    return {
      loaded: file.loaded,
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
      ...(era.allowed.has('fullrbf') && { fullrbf: true }),
    };
  },

  getmempoolancestors({ node }, { txid, verbose }) {
    checkPresent(node.mempool, txid);
    return relativesJson(node, node.mempool.ancestors(txid), verbose);
  },

  getmempooldescendants({ node }, { txid, verbose }) {
    checkPresent(node.mempool, txid);
    return relativesJson(node, node.mempool.descendants(txid), verbose);
  },

  getmempoolcluster({ node: { mempool: pool } }, { txid }) {
    checkPresent(pool, txid);
    const chunks = pool.cluster(txid);
    return {
      clusterweight: chunks.reduce((weight, { size }) => weight + size, 0),
      txcount: chunks.reduce((count, { entries }) => count + entries.length, 0),
      chunks: chunks.map(({ fee, size, entries }) => ({
        chunkfee: fee,
        chunkweight: size,
        txs: entries.map(({ tx }) => tx.txid),
      })),
    };
  },

  async gettxspendingprevout({ node }, { outputs, options }) {
    const { mempool: pool, indexes } = node;
    if (outputs.length === 0) throw new RpcError(-8, 'Invalid parameter, outputs are missing');
    const { mempool_only, return_spending_tx = false } = options ?? {};
    const index = mempool_only === true ? undefined : indexes.spender;
    return Promise.all(
      outputs.map(async (outpoint) => {
        const spender = pool.get(pool.spender(outpoint) ?? NO_TXID);
        const mined = spender ? undefined : await index?.find(outpoint);
        if (!spender && !index && mempool_only === false) {
          throw new RpcError(
            -1,
            'Mempool lacks a relevant spend, and txospenderindex is unavailable.',
          );
        }
        const tx = spender?.tx ?? mined?.tx;
        return {
          ...outpoint,
          ...(tx && { spendingtxid: tx.txid }),
          ...(tx && return_spending_tx && { spendingtx: bytesToHex(tx.encode()) }),
          ...(mined && { blockhash: mined.block }),
        };
      }),
    );
  },

  getmempoolentry({ node }, { txid }) {
    const entry = node.mempool.get(txid);
    if (!entry) throw rpcError('notInMempool');
    return entryJson(node, entry);
  },
};
