/** The public surface of @coind/mempool. */

export { createMempool } from './chain-mempool.ts';
export { type Chunk, type Entry, MEMPOOL_HEIGHT } from './entry.ts';
export { compareTxids, type Totals } from './graph.ts';
export { compareRates, type FeeFraction } from './linearize.ts';
export type {
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
export { dustThreshold, isDust, MAX_STANDARD_WEIGHT } from './policy.ts';
export { signalsReplacement } from './replacement.ts';
