/** What several methods tell of the chain as a whole. */
import type { Chain } from '@coind/chain';

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
