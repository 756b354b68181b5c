/** New coins: 50 BTC a block, halved at every interval of the network (main: 210,000 blocks; BIP42). */
import { type ChainParams, COIN, type Sats } from '@coind/primitives';

/** What a block at `height` may create beyond its fees. */
export function subsidy(height: number, params: Pick<ChainParams, 'halvingInterval'>): Sats {
  const halvings = Math.floor(height / params.halvingInterval);
  return (50n * COIN) >> BigInt(halvings);
}
