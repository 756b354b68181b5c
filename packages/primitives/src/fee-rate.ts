/**
 * Fee rates: satoshis per 1,000 virtual bytes, as a bigint, the unit in which bitcoind keeps them.
 * RPC writes them as BTC/kvB (the same number through `formatBtc`) or sat/vB.
 */
import type { Sats } from './amount.ts';
import type { Brand } from './ids.ts';

/** Satoshis per 1,000 vbytes. */
export type FeeRate = Brand<bigint, 'FeeRate'>;

/** The rate of `satsPerKvb` satoshis per 1,000 vbytes. */
export function feeRate(satsPerKvb: bigint): FeeRate {
  return satsPerKvb as FeeRate;
}

/** What `vsize` vbytes cost at `rate`, rounded up, as bitcoind's CFeeRate::GetFee rounds. */
export function feeFor(rate: FeeRate, vsize: number): Sats {
  const product = rate * BigInt(vsize);
  return product >= 0n ? (product + 999n) / 1000n : product / 1000n;
}

/** The rate that `fee` over `vsize` vbytes amounts to, rounded down; zero for no size. */
export function feeRateOf(fee: Sats, vsize: number): FeeRate {
  return feeRate(vsize > 0 ? (fee * 1000n) / BigInt(vsize) : 0n);
}
