/** Handlers of the methods that count: blocks, windows of blocks, soft forks, the UTXO set. */
import { type CoinStats, totalUnspendable } from '@coind/chain';
import {
  type BlockRef,
  type BuriedName,
  buriedNames,
  type DeploymentName,
  deploymentInfo,
  type HeaderContext,
  scriptFlagsAt,
} from '@coind/consensus';
import type { ChainParams } from '@coind/primitives';
import { type Handlers, JsonNumber, type methods, RpcError, type ValueOf } from '@coind/rpc';
import { flagNames } from '@coind/script';
import { type BlockStats, blockStats } from '../chain-block-stats.ts';
import { blockAt, bodyOf, infoOf, requireActive, undoOf } from '../chain-lookup.ts';
import type { NodeModules, RpcContext } from '../context.ts';
import { chainstatesJson } from '../shapes/chain-json.ts';

type Stats = Pick<
  typeof methods.blockchain,
  | 'getblockstats'
  | 'getchaintxstats'
  | 'getdeploymentinfo'
  | 'getchainstates'
  | 'gettxoutsetinfo'
  | 'preciousblock'
>;

const MONTH = 30 * 24 * 60 * 60;
const hashTypes = ['none', 'hash_serialized_3', 'muhash', 'hash_serialized_2'] as const;
type DeploymentJson =
  ValueOf<(typeof methods.blockchain.getdeploymentinfo)['result']> extends {
    deployments: ReadonlyMap<string, infer Deployment>;
  }
    ? Deployment
    : never;
/** What bitcoind says where a deployment never times out: the greatest int64. */
const NO_TIMEOUT = '9223372036854775807';

/** The statistics called `names`, or all. Throws -8 for a name that is none. */
function selected(stats: BlockStats, names: readonly string[]): Partial<BlockStats> {
  if (names.length === 0) return stats;
  const unknown = [...names].sort().find((name) => !Object.hasOwn(stats, name));
  if (unknown !== undefined) throw new RpcError(-8, `Invalid selected statistic '${unknown}'`);
  // Whoever chooses gets them by name, as bitcoind goes through a sorted set.
  const chosen = [...new Set(names)].sort() as (keyof BlockStats)[];
  return Object.fromEntries(chosen.map((name) => [name, stats[name]]));
}

function buriedJson(
  name: BuriedName,
  { ref }: HeaderContext,
  { buried }: ChainParams,
): DeploymentJson {
  const height = buried[name];
  return { type: 'buried', active: ref.height + 1 >= height, height };
}

function bip9Json(
  name: DeploymentName,
  block: HeaderContext,
  { deployments }: ChainParams,
): DeploymentJson {
  const deployment = deployments[name];
  const { startTime, timeout, minActivationHeight } = deployment;
  const { state, since, nextState, activeSince, statistics, signalling } = deploymentInfo(
    deployment,
    block,
  );
  return {
    type: 'bip9',
    ...(activeSince !== undefined && { height: activeSince }),
    active: activeSince !== undefined && activeSince <= block.ref.height + 1,
    bip9: {
      ...(statistics && { bit: deployment.bit }),
      start_time: startTime,
      timeout: new JsonNumber(timeout === null ? NO_TIMEOUT : `${timeout}`),
      min_activation_height: minActivationHeight,
      status: state,
      since,
      status_next: nextState,
      ...(statistics && { statistics: { ...statistics, ...statistics.vote } }),
      ...(signalling !== undefined && { signalling }),
    },
  };
}

const NEVER_ACTIVE = -2;

function deploymentsJson(block: HeaderContext, params: ChainParams) {
  const bip9 = (Object.keys(params.deployments) as DeploymentName[]).filter(
    (name) => params.deployments[name].startTime !== NEVER_ACTIVE,
  );
  return new Map<string, DeploymentJson>([
    ...buriedNames.map((name) => [name, buriedJson(name, block, params)] as const),
    ...bip9.map((name) => [name, bip9Json(name, block, params)] as const),
  ]);
}

/** What an index knows of the set as of a block, and what the block changed. */
function indexedStats(ref: BlockRef, kind: string, stats: CoinStats, before: CoinStats) {
  const change = (name: 'prevoutSpent' | 'coinbase' | 'newOutputsExCoinbase') =>
    stats[name] - before[name];
  return {
    height: ref.height,
    bestblock: ref.hash,
    txouts: stats.txouts,
    bogosize: stats.bogosize,
    ...(kind === 'muhash' && { muhash: stats.muhash }),
    total_amount: stats.totalAmount,
    total_unspendable_amount: totalUnspendable(stats),
    block_info: {
      prevout_spent: change('prevoutSpent'),
      coinbase: change('coinbase'),
      new_outputs_ex_coinbase: change('newOutputsExCoinbase'),
      unspendable: totalUnspendable(stats) - totalUnspendable(before),
      unspendables: {
        genesis_block: stats.unspendableGenesis - before.unspendableGenesis,
        bip30: stats.unspendableBip30 - before.unspendableBip30,
        scripts: stats.unspendableScripts - before.unspendableScripts,
        unclaimed_rewards: stats.unclaimedRewards - before.unclaimedRewards,
      },
    },
  };
}

async function statsFromIndex(
  { chain, indexes: { coinStats } }: NodeModules,
  wanted: BlockRef | undefined,
  kind: string,
) {
  if (!coinStats) {
    throw new RpcError(-8, 'Querying specific block heights requires coinstatsindex');
  }
  const isReady = await coinStats.caughtUp();
  const { height } = coinStats.status;
  if (!isReady && wanted && wanted.height > height) {
    throw new RpcError(
      -32603,
      `Unable to get data because coinstatsindex is still syncing. Current height: ${height}`,
    );
  }
  const ref = wanted ?? chain.tip.ref;
  const [stats, before] = await Promise.all([coinStats.stats(ref), coinStats.statsBefore(ref)]);
  if (!stats || !before) throw new RpcError(-32603, 'Unable to read UTXO set');
  return indexedStats(ref, kind, stats, before);
}

/** Handlers of the methods that count. */
export const chainStats: Handlers<Stats, RpcContext> = {
  async getblockstats({ node: { chain } }, { hash_or_height, stats = [] }) {
    const info = blockAt(chain, hash_or_height);
    const [block, undo] = [await bodyOf(chain, info), await undoOf(chain, info)];
    return selected(blockStats(info, block, undo, chain.params), stats);
  },

  getchaintxstats({ node: { chain, params } }, { nblocks, blockhash }) {
    const last = blockhash === undefined ? chain.tip : infoOf(chain, blockhash);
    if (blockhash !== undefined) requireActive(chain, last);
    const { hash, height } = last.ref;
    const month = Math.floor(MONTH / params.powTargetSpacing);
    const count = nblocks ?? Math.max(0, Math.min(month, height - 1));
    if (count < 0 || (count > 0 && count >= height)) {
      throw new RpcError(-8, "Invalid block count: should be between 0 and the block's height - 1");
    }
    const first = chain.ancestor(hash, height - count) ?? last;
    const seconds = last.medianTimePast - first.medianTimePast;
    const isKnown = last.chainTxCount !== 0 && first.chainTxCount !== 0;
    const txs = last.chainTxCount - first.chainTxCount;
    return {
      time: last.header.time,
      ...(last.chainTxCount !== 0 && { txcount: last.chainTxCount }),
      window_final_block_hash: hash,
      window_final_block_height: height,
      window_block_count: count,
      ...(count > 0 && {
        window_interval: seconds,
        ...(isKnown && {
          window_tx_count: txs,
          ...(seconds > 0 && { txrate: txs / seconds }),
        }),
      }),
    };
  },

  getdeploymentinfo({ node: { chain, params } }, { blockhash }) {
    const { ref } = blockhash === undefined ? chain.tip : infoOf(chain, blockhash);
    return {
      ...ref,
      script_flags: flagNames(scriptFlagsAt(ref, params)).sort(),
      deployments: deploymentsJson(chain.headerContext(ref.hash), params),
    };
  },

  getchainstates: ({ node: { chain, clock, cacheBytes } }) => ({
    headers: chain.bestHeader.ref.height,
    chainstates: chainstatesJson(chain, clock.now(), cacheBytes),
  }),

  async gettxoutsetinfo({ node }, { hash_type, hash_or_height, use_index }) {
    const { chain, indexes } = node;
    const kind = hashTypes.find((type) => type === hash_type);
    const isOld = kind === 'hash_serialized_2';
    if (!kind || (isOld && node.profile === 'core'))
      throw new RpcError(-8, `'${hash_type}' is not a valid hash_type`);
    if (hash_or_height !== undefined) {
      if (!indexes.coinStats) return statsFromIndex(node, undefined, kind);
      if (kind !== 'none' && kind !== 'muhash') {
        throw new RpcError(-8, `${kind} hash type cannot be queried for a specific block`);
      }
      if (!use_index) {
        throw new RpcError(-8, 'Cannot set use_index to false when querying for a specific block');
      }
      return statsFromIndex(node, blockAt(chain, hash_or_height).ref, kind);
    }
    const isInIndex = kind === 'none' || kind === 'muhash';
    if (use_index && indexes.coinStats?.status.synced && isInIndex) {
      return statsFromIndex(node, undefined, kind);
    }
    const stats = await chain.utxoStats(kind);
    return {
      height: stats.ref.height,
      bestblock: stats.ref.hash,
      txouts: stats.txouts,
      bogosize: stats.bogosize,
      ...(kind !== 'none' && { [kind]: stats.hash }),
      total_amount: stats.totalAmount,
      transactions: stats.transactions,
      disk_size: stats.diskSize,
    };
  },

  async preciousblock({ node: { chain } }, { blockhash }) {
    infoOf(chain, blockhash);
    await chain.preciousBlock(blockhash);
    return null;
  },
};
