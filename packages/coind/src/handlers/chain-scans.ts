/** Handlers of the methods that look for scripts: unspent outputs, block filters, blocks, mempool. */
import type { BlockInfo, Chain, FilterIndex } from '@coind/chain';
import { matchesAny } from '@coind/chain';
import type { BlockRef, Coin } from '@coind/consensus';
import { type Block, bytesToHex, type OutPoint, type Tx } from '@coind/primitives';
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import { bodyOf, infoOf, requireActive, undoOf } from '../chain-lookup.ts';
import type { Scan } from '../chain-scans.ts';
import type { NodeModules, RpcContext } from '../context.ts';
import { type Needles, needlesOf } from '../descriptor-scan.ts';
import { scriptPubKeyJson } from '../shapes/tx-json.ts';

type Scans = Pick<
  typeof methods.blockchain,
  'scantxoutset' | 'scanblocks' | 'getdescriptoractivity' | 'getblockfilter'
>;

/** Outputs looked at before others get a turn. */
const OUTPUTS_PER_TURN = 8192;

function invalidAction(action: string): RpcError {
  return new RpcError(-8, `Invalid action '${action}'`);
}

function requireObjects<T>(objects: T | undefined): T {
  if (objects !== undefined) return objects;
  throw new RpcError(-1, 'scanobjects argument is required for the start action');
}

/** The index of filters of a kind. Throws -5 for an unknown kind, -1 when it is not kept. */
function filterIndexOf({ indexes }: NodeModules, kind: string): FilterIndex {
  if (kind !== 'basic') throw new RpcError(-5, 'Unknown filtertype');
  if (indexes.filter) return indexes.filter;
  throw new RpcError(-1, `Index is not enabled for filtertype ${kind}`);
}

/** All coins of one moment, and the tip of that moment. */
async function coinsNow(chain: Chain) {
  const coins = chain.utxos()[Symbol.asyncIterator]();
  // The first read fixes the moment, so it must not fall between two blocks.
  const [first, tip] = await chain.exclusively(
    async () => [await coins.next(), chain.tip] as const,
  );
  async function* all(): AsyncGenerator<[OutPoint, Coin]> {
    try {
      for (let row = first; !row.done; row = await coins.next()) yield row.value;
    } finally {
      await coins.return?.();
    }
  }
  return { tip, coins: all() };
}

/** How far a walk in order of txids has come, in percent. */
function progressAt({ txid }: OutPoint): number {
  const high = 256 * Number.parseInt(txid.slice(62), 16) + Number.parseInt(txid.slice(60, 62), 16);
  return Math.floor((high * 100) / 65536 + 0.5);
}

async function scanCoins(chain: Chain, needles: Needles, scan: Scan) {
  const { tip, coins } = await coinsNow(chain);
  const unspents = [];
  let txouts = 0;
  let total = 0n;
  for await (const [outpoint, coin] of coins) {
    txouts++;
    if (txouts % OUTPUTS_PER_TURN === 0) {
      scan.progress = progressAt(outpoint);
      await new Promise(setImmediate);
      if (scan.aborted) break;
    }
    const desc = needles.describe(coin.output.scriptPubKey);
    if (desc === undefined) continue;
    total += coin.output.value;
    unspents.push({
      ...outpoint,
      scriptPubKey: bytesToHex(coin.output.scriptPubKey),
      desc,
      amount: coin.output.value,
      coinbase: coin.coinbase,
      height: coin.height,
      blockhash: (chain.ancestor(tip.ref.hash, coin.height) ?? tip).ref.hash,
      confirmations: tip.ref.height - coin.height + 1,
    });
  }
  return {
    success: !scan.aborted,
    txouts,
    height: tip.ref.height,
    bestblock: tip.ref.hash,
    unspents,
    total_amount: total,
  };
}

interface FilterScan {
  readonly first: BlockInfo;
  readonly last: BlockInfo;
  readonly needles: Needles;
  /** Look into the blocks as well. */
  readonly exact: boolean;
}

async function scanFilters(
  chain: Chain,
  index: FilterIndex,
  { first, last, needles, exact }: FilterScan,
  scan: Scan,
) {
  const { scripts } = needles;
  const from = first.ref.height;
  const relevant = [];
  let height = from;
  for (; height <= last.ref.height && !scan.aborted; height++) {
    scan.height = height;
    scan.progress = Math.floor((100 * (height - from)) / Math.max(1, last.ref.height - from));
    const info = chain.ancestor(last.ref.hash, height);
    const filter = info && (await index.filter(info.ref));
    if (!filter || !matchesAny(filter, info.ref.hash, scripts)) continue;
    if (exact && !(await concerns(chain, info, needles))) continue;
    relevant.push(info.ref.hash);
  }
  return {
    from_height: from,
    to_height: Math.max(from, height - 1),
    relevant_blocks: relevant,
    completed: !scan.aborted,
  };
}

/** True when a block pays to one of the scripts or spends from it. */
async function concerns(chain: Chain, info: BlockInfo, needles: Needles): Promise<boolean> {
  const [block, undo] = [await bodyOf(chain, info), await undoOf(chain, info)];
  return (
    block.txs.some((tx) => tx.outputs.some(({ scriptPubKey }) => needles.has(scriptPubKey))) ||
    undo.some((coins) => coins.some(({ output }) => needles.has(output.scriptPubKey)))
  );
}

/** What a transaction did to the scripts; `spent` holds the coins of its inputs, `at` its block. */
function activityOf(
  { params }: NodeModules,
  tx: Tx,
  spent: readonly (Coin | undefined)[],
  needles: Needles,
  at: BlockRef | undefined,
) {
  const place = at && { blockhash: at.hash, height: at.height };
  const spends = spent.flatMap((coin, i) => {
    const prevout = tx.inputs[i]?.prevout;
    if (!coin || !prevout || !needles.has(coin.output.scriptPubKey)) return [];
    return {
      type: 'spend',
      amount: coin.output.value,
      ...place,
      spend_txid: tx.txid,
      spend_vin: i,
      prevout_txid: prevout.txid,
      prevout_vout: prevout.vout,
      prevout_spk: scriptPubKeyJson(coin.output.scriptPubKey, params),
    };
  });
  const receipts = tx.outputs.flatMap(({ value, scriptPubKey }, vout) => {
    if (!needles.has(scriptPubKey)) return [];
    return {
      type: 'receive',
      amount: value,
      ...place,
      txid: tx.txid,
      vout,
      output_spk: scriptPubKeyJson(scriptPubKey, params),
    };
  });
  return [...spends, ...receipts];
}

/** Handlers of the methods that look for scripts. */
export const chainScans: Handlers<Scans, RpcContext> = {
  async scantxoutset({ node }, { action, scanobjects }) {
    const { chain, params, scans } = node;
    switch (action) {
      case 'status':
        return scans.coins.scan ? { progress: scans.coins.scan.progress } : null;
      case 'abort':
        return scans.coins.abort();
      case 'start':
        return scans.coins.run((scan) =>
          scanCoins(chain, needlesOf(requireObjects(scanobjects), params), scan),
        );
      default:
        throw invalidAction(action);
    }
  },

  async scanblocks({ node }, { action, scanobjects, filtertype, options, ...heights }) {
    const { chain, params, scans } = node;
    switch (action) {
      case 'status': {
        const { scan } = scans.filters;
        return scan ? { progress: scan.progress, current_height: scan.height } : null;
      }
      case 'abort':
        return scans.filters.abort();
      case 'start':
        return scans.filters.run(async (scan) => {
          const objects = requireObjects(scanobjects);
          const index = filterIndexOf(node, filtertype);
          const first = chain.at(heights.start_height);
          if (!first) throw new RpcError(-1, 'Invalid start_height');
          const { stop_height } = heights;
          const last = stop_height === undefined ? chain.tip : chain.at(stop_height);
          if (!last || last.ref.height < first.ref.height) {
            throw new RpcError(-1, 'Invalid stop_height');
          }
          const needles = needlesOf(objects, params);
          const exact = options?.filter_false_positives ?? false;
          return scanFilters(chain, index, { first, last, needles, exact }, scan);
        });
      default:
        throw invalidAction(action);
    }
  },

  async getdescriptoractivity({ node }, { blockhashes, scanobjects, include_mempool }) {
    const { chain, mempool, params } = node;
    const blocks = new Map<number, BlockInfo>();
    for (const hash of blockhashes) {
      const info = infoOf(chain, hash);
      requireActive(chain, info);
      blocks.set(info.ref.height, info);
    }
    const needles = needlesOf(scanobjects, params);
    const activity = [];
    for (const height of [...blocks.keys()].sort((a, b) => a - b)) {
      const info = blocks.get(height) as BlockInfo;
      const block: Block = await bodyOf(chain, info);
      const undo = await undoOf(chain, info);
      for (const [i, tx] of block.txs.entries()) {
        const spent = i === 0 ? [] : (undo[i - 1] ?? []);
        activity.push(...activityOf(node, tx, spent, needles, info.ref));
      }
    }
    if (include_mempool) {
      for (const { tx } of mempool.entries()) {
        const spent = await mempool.coins(tx.inputs.map(({ prevout }) => prevout));
        activity.push(...activityOf(node, tx, spent, needles, undefined));
      }
    }
    return { activity };
  },

  async getblockfilter({ node }, { blockhash, filtertype }) {
    const { chain } = node;
    const index = filterIndexOf(node, filtertype);
    const info = infoOf(chain, blockhash);
    const isReady = await index.caughtUp();
    const [filter, hashes] = await Promise.all([index.filter(info.ref), index.hashes(info.ref)]);
    if (filter && hashes) return { filter: bytesToHex(filter), header: hashes.header };
    if (info.status !== 'active' && info.status !== 'valid-fork') {
      throw new RpcError(-5, 'Filter not found. Block was not connected to active chain.');
    }
    throw isReady
      ? new RpcError(
          -32603,
          'Filter not found. This error is unexpected and indicates index corruption.',
        )
      : new RpcError(
          -1,
          'Filter not found. Block filters are still in the process of being indexed.',
        );
  },
};
