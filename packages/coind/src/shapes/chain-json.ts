/** What several methods tell of the chain as a whole. */
import type { BlockInfo } from '@coind/chain';
import type { ChainParams } from '@coind/primitives';

/** Part of all transactions there are that the chain has verified, 0 … 1, estimated as bitcoind does. */
export function verificationProgress(
  tip: BlockInfo,
  now: number,
  { txStats }: ChainParams,
): number {
  const { chainTxCount, header } = tip;
  const total =
    chainTxCount <= txStats.txCount
      ? txStats.txCount + (now - txStats.time) * txStats.txRate
      : chainTxCount + (now - header.time) * txStats.txRate;
  return Math.min(chainTxCount / total, 1);
}
