/** A fee rate and where it came from: the words of `fee_reason`. How it is chosen: `fee-rate.ts`. */
import type { FeeRate } from '@coind/primitives';

/** Where a fee rate came from, in the words of `fee_reason`. */
export type FeeReason =
  | 'User Specified Fee'
  | 'PayTxFee set'
  | 'Fee Rate Estimator'
  | 'Mempool Min Fee'
  | 'Fallback fee'
  | 'Minimum Required Fee';

/** A fee rate and why it is that one. */
export interface ChosenFeeRate {
  readonly rate: FeeRate;
  readonly reason: FeeReason;
}
