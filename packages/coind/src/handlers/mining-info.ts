/** Handlers of the methods about the next block. */
import type { BlockInfo, Chain } from '@coind/chain';
import { nextBits, retargetInterval } from '@coind/consensus';
import { compareTxids } from '@coind/mempool';
import { decodeBits, difficultyOf, formatUint256 } from '@coind/primitives';
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import { isDust } from '@coind/script';
import type { RpcContext } from '../context.ts';
import { formatBits } from '../shapes/block-json.ts';
import { warningsJson } from '../warnings.ts';

function difficultyJson(bits: number) {
  return {
    bits: formatBits(bits),
    difficulty: difficultyOf(bits),
    target: formatUint256(decodeBits(bits).target),
  };
}

/** Hashes per second that the last `count` blocks up to `last` took; zero when they took no time. */
function hashRate(chain: Chain, count: number, last: BlockInfo): number {
  const { height } = last.ref;
  const since = count > 0 ? count : (height % retargetInterval(chain.params)) + 1;
  const times: number[] = [];
  const lowest = Math.max(0, height - since);
  for (let at = lowest; at <= height; at++) times.push(chain.at(at)?.header.time ?? 0);
  const seconds = Math.max(...times) - Math.min(...times);
  const first = chain.at(lowest);
  if (seconds === 0 || !first) return 0;
  return Number(last.chainwork - first.chainwork) / seconds;
}

/** Handlers of the methods about the next block. */
export const miningInfo: Handlers<typeof methods.miningInfo, RpcContext> = {
  getmininginfo({ node }) {
    const { chain, mempool, miner, mining, params, clock } = node;
    const { tip } = chain;
    const context = chain.headerContext(tip.ref.hash);
    const { last } = miner;
    return {
      blocks: tip.ref.height,
      ...(last && { currentblockweight: last.weight, currentblocktx: last.entries.length }),
      ...difficultyJson(tip.header.bits),
      networkhashps: hashRate(chain, 120, tip),
      pooledtx: mempool.size,
      blockmintxfee: miner.options.minFee,
      chain: params.name,
      next: {
        height: tip.ref.height + 1,
        ...difficultyJson(nextBits(context, clock.now(), params)),
      },
      ...(params.signetChallenge !== undefined && { signet_challenge: params.signetChallenge }),
      warnings: warningsJson(node),
      generate: mining.mode.kind === 'continuous',
      genproclimit: mining.mode.kind === 'continuous' ? mining.mode.threads : -1,
      hashespersec: Math.round(mining.hashesPerSecond),
    };
  },

  getnetworkhashps({ node: { chain, profile } }, { nblocks: asked, height }) {
    // In 0.16 whatever is not above zero meant: since the last change of difficulty.
    const nblocks = profile === 'legacy' ? Math.max(-1, asked || -1) : asked;
    if (nblocks < -1 || nblocks === 0) {
      throw new RpcError(-8, 'Invalid nblocks. Must be a positive number or -1.');
    }
    const last = height === -1 ? chain.tip : height < 0 ? undefined : chain.at(height);
    if (!last) throw new RpcError(-8, 'Block does not exist at specified height');
    return last.ref.height === 0 ? 0 : hashRate(chain, nblocks, last);
  },

  prioritisetransaction({ node }, { txid, fee_delta }) {
    const { mempool } = node;
    const tx = mempool.get(txid)?.tx;
    const { requireStandard, dustFee } = mempool.options;
    // With a fee somebody might mine it without the transaction that takes the dust away.
    if (requireStandard && tx?.outputs.some((output) => isDust(output, dustFee))) {
      throw new RpcError(-8, 'Priority is not supported for transactions with dust outputs.');
    }
    mempool.prioritise(txid, BigInt(fee_delta));
    return true;
  },

  getprioritisedtransactions({ node: { mempool } }) {
    const priorities = [...mempool.priorities()].sort(([a], [b]) => compareTxids(a, b));
    return new Map(
      priorities.map(([txid, delta]) => {
        const entry = mempool.get(txid);
        return [
          txid,
          {
            fee_delta: Number(delta),
            in_mempool: entry !== undefined,
            ...(entry && { modified_fee: Number(entry.modifiedFee) }),
          },
        ];
      }),
    );
  },
};
