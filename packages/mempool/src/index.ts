/** The public surface of @coind/mempool. */

export type { BumpFees } from './bump-fees.ts';
export { createMempool } from './chain-mempool.ts';
export { type Chunk, type Entry, MEMPOOL_HEIGHT } from './entry.ts';
export type { HorizonName } from './fees/block-estimator.ts';
export type { HorizonEstimate, RateRange } from './fees/confirm-stats.ts';
export {
  decodeEstimates,
  decodeWindow,
  encodeEstimates,
  encodeWindow,
} from './fees/estimates-file.ts';
export {
  type EstimateOptions,
  type EstimatorName,
  type FeeEstimate,
  FeeEstimates,
  type FeeEstimatesModules,
  MAX_CONFIRM_TARGET,
  type SavedFeeEstimates,
} from './fees/fee-estimates.ts';
export { compareTxids, type Totals } from './graph.ts';
export { compareRates, type FeeFraction } from './linearize.ts';
export type {
  EntryOrigin,
  Mempool,
  MempoolInfo,
  MempoolListener,
  MempoolModules,
  PackageOptions,
  RemovalReason,
  SubmitOptions,
  TxOutcome,
} from './mempool.ts';
export { type MempoolOptions, mempoolDefaults } from './options.ts';
export {
  isChildWithParentsTree,
  MAX_PACKAGE_COUNT,
  type MemberOutcome,
  type PackageOutcome,
} from './packages.ts';
export {
  decodePool,
  encodePool,
  type ImportCounts,
  type ImportOptions,
  importPool,
  type SavedPool,
  type SavedTx,
  savedPool,
} from './persist.ts';
export { signalsReplacement } from './replacement.ts';
