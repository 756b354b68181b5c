/** What several methods tell of the chain as a whole. */
import type { BlockInfo, Chain } from '@coind/chain';
import { decodeBits, difficultyOf, formatUint256 } from '@coind/primitives';
import { formatBits } from './block-json.ts';

/** Within so many seconds of the clock, the time a miner put into a block says little. */
const RECENT = 2 * 60 * 60;

/**
 * Part of all transactions there are that the chain has verified, 0 … 1, estimated as bitcoind does: by the
 * time since the tip, or near the clock by the blocks that are known but not there yet, so that 1 is reached.
 */
export function verificationProgress(chain: Chain, now: number): number {
  const { params, tip } = chain;
  const { txStats, powTargetSpacing } = params;
  const { chainTxCount, header, ref } = tip;
  const missing = chain.bestHeader.ref.height - ref.height;
  const isRecent = Math.abs(now - header.time) <= RECENT && missing >= 0;
  const time = isRecent ? now - missing * powTargetSpacing : header.time;
  const total =
    chainTxCount <= txStats.txCount
      ? txStats.txCount + (now - txStats.time) * txStats.txRate
      : chainTxCount + (now - time) * txStats.txRate;
  return Math.min(chainTxCount / total, 1);
}

/** The past of a snapshot as `getblockchaininfo` tells of it; nothing when there is none. */
export function backgroundJson({ background }: Chain) {
  if (!background) return {};
  const { tip, base } = background;
  return {
    backgroundvalidation: {
      snapshotheight: base.ref.height,
      blocks: tip.ref.height,
      bestblockhash: tip.ref.hash,
      mediantime: tip.medianTimePast,
      verificationprogress: pastProgress(tip, base),
      chainwork: formatUint256(tip.chainwork),
    },
  };
}

/** How far the past of a snapshot has come, 0 … 1, by transactions. */
function pastProgress(tip: BlockInfo, base: BlockInfo): number {
  return base.chainTxCount > 0 ? Math.min(tip.chainTxCount / base.chainTxCount, 1) : 0;
}

/** Memory of the coins of all chainstates, in bytes. */
export interface CoinsMemory {
  readonly database: number;
  readonly coins: number;
}

/** The chainstates as `getchainstates` lists them: the one that everybody can trust first. */
export function chainstatesJson(chain: Chain, now: number, memory: CoinsMemory) {
  const { background, tip } = chain;
  const active = {
    ...chainstateJson(tip, memory),
    verificationprogress: verificationProgress(chain, now),
    validated: background === undefined,
  };
  if (!background) return [active];
  const past = {
    ...chainstateJson(background.tip, memory),
    verificationprogress: pastProgress(background.tip, background.base),
    validated: true,
  };
  return [past, { ...active, snapshot_blockhash: background.base.ref.hash }];
}

function chainstateJson({ ref, header }: BlockInfo, memory: CoinsMemory) {
  return {
    blocks: ref.height,
    bestblockhash: ref.hash,
    bits: formatBits(header.bits),
    target: formatUint256(decodeBits(header.bits).target),
    difficulty: difficultyOf(header.bits),
    coins_db_cache_bytes: memory.database,
    coins_tip_cache_bytes: memory.coins,
  };
}
