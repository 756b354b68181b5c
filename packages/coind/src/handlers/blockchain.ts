/** Handlers of the methods about blocks, the chain and the unspent outputs. */
import {
  bytesToHex,
  type ChainParams,
  decodeBits,
  difficultyOf,
  formatUint256,
} from '@coind/primitives';
import { type Handlers, JsonNumber, JsonObject, type methods, rpcError } from '@coind/rpc';
import { bodyOf, bytesOf, infoOf, knownUndoOf } from '../chain-lookup.ts';
import type { RpcContext } from '../context.ts';
import { type BlockVerbosity, blockJson, formatBits, headerJson } from '../shapes/block-json.ts';
import { backgroundJson, verificationProgress } from '../shapes/chain-json.ts';
import { scriptPubKeyJson } from '../shapes/tx-json.ts';
import { warningsJson } from '../warnings.ts';
import { chainAddresses } from './chain-addresses.ts';
import { chainProofs } from './chain-proofs.ts';
import { chainScans } from './chain-scans.ts';
import { chainSnapshots } from './chain-snapshots.ts';
import { chainSpenders } from './chain-spenders.ts';
import { chainStats } from './chain-stats.ts';
import { pruningJson } from './chain-upkeep.ts';
import { chainWaits } from './chain-waits.ts';

/** Handlers of the methods about blocks, the chain and the unspent outputs. */
export const blockchain: Handlers<typeof methods.blockchain, RpcContext> = {
  ...chainStats,
  ...chainScans,
  ...chainSnapshots,
  ...chainSpenders,
  ...chainAddresses,
  ...chainProofs,
  ...chainWaits,

  getblockchaininfo({ node }) {
    const { chain, params, clock } = node;
    const { tip } = chain;
    const { bits, time } = tip.header;
    return {
      chain: params.name,
      blocks: tip.ref.height,
      headers: chain.bestHeader.ref.height,
      bestblockhash: tip.ref.hash,
      bits: formatBits(bits),
      target: formatUint256(decodeBits(bits).target),
      difficulty: difficultyOf(bits),
      time,
      mediantime: tip.medianTimePast,
      verificationprogress: verificationProgress(chain, clock.now()),
      initialblockdownload: chain.initialDownload,
      ...backgroundJson(chain),
      chainwork: formatUint256(tip.chainwork),
      size_on_disk: chain.sizeOnDisk(),
      ...pruningJson(chain),
      ...(params.signetChallenge !== undefined && { signet_challenge: params.signetChallenge }),
      warnings: warningsJson(node),
      ...legacySoftForks(tip.ref.height, params),
    };
  },

  getblockcount: ({ node }) => node.chain.tip.ref.height,

  getblocknumber: ({ node }) => node.chain.tip.ref.height,

  getbestblockhash: ({ node }) => node.chain.tip.ref.hash,

  getblockhash({ node }, { height }) {
    const info = node.chain.at(height);
    if (!info) throw rpcError('heightOutOfRange');
    return info.ref.hash;
  },

  getblockheader({ node: { chain } }, { blockhash, verbose }) {
    const info = infoOf(chain, blockhash);
    return verbose ? headerJson(chain, info) : bytesToHex(info.header.encode());
  },

  async getblock({ node: { chain } }, { blockhash, verbosity }) {
    const info = infoOf(chain, blockhash);
    if (verbosity <= 0) return bytesToHex(await bytesOf(chain, info));
    const block = await bodyOf(chain, info);
    const undo = verbosity >= 2 ? await knownUndoOf(chain, info) : undefined;
    return blockJson(chain, info, block, Math.min(verbosity, 3) as BlockVerbosity, undo);
  },

  getdifficulty: ({ node }) => difficultyOf(node.chain.tip.header.bits),

  getchaintips: ({ node: { chain } }) =>
    chain.tips().map(({ info, branchLength, status }) => ({
      height: info.ref.height,
      hash: info.ref.hash,
      branchlen: branchLength,
      status,
    })),

  async gettxout({ node }, { txid, n, include_mempool }) {
    const { chain, mempool, params } = node;
    const outpoint = { txid, vout: n };
    const { tip } = chain;
    const pooled = include_mempool ? mempool.get(txid)?.tx.outputs[n] : undefined;
    if (include_mempool && mempool.spender(outpoint) !== undefined) return null;
    const coin = pooled ? undefined : await chain.coin(outpoint);
    const output = pooled ?? coin?.output;
    if (!output) return null;
    return {
      bestblock: tip.ref.hash,
      confirmations: coin ? tip.ref.height - coin.height + 1 : 0,
      value: output.value,
      scriptPubKey: scriptPubKeyJson(output.scriptPubKey, params),
      coinbase: coin?.coinbase ?? false,
    };
  },

  async invalidateblock({ node: { chain } }, { blockhash }) {
    infoOf(chain, blockhash);
    await chain.invalidateBlock(blockhash);
    return null;
  },

  async reconsiderblock({ node: { chain } }, { blockhash }) {
    infoOf(chain, blockhash);
    await chain.reconsiderBlock(blockhash);
    return null;
  },
};

/** The soft forks as 0.16 listed them: three by block version, two by version bits. */
function legacySoftForks(height: number, { buried }: ChainParams) {
  const byVersion = [
    ['bip34', 2, buried.bip34],
    ['bip66', 3, buried.bip66],
    ['bip65', 4, buried.bip65],
  ] as const;
  const byBits = { csv: buried.csv, segwit: buried.segwit };
  return {
    softforks: byVersion.map(
      ([id, version, from]) =>
        new JsonObject([
          ['id', id],
          ['version', new JsonNumber(`${version}`)],
          ['reject', new JsonObject([['status', height + 1 >= from]])],
        ]),
    ),
    bip9_softforks: new Map(
      Object.entries(byBits).map(([name, since]) => [
        name,
        new JsonObject([
          ['status', height + 1 >= since ? 'active' : 'defined'],
          ['since', new JsonNumber(`${since}`)],
        ]),
      ]),
    ),
  };
}
