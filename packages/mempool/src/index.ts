/** The public surface of @coind/mempool. */
export { type Chunk, type Entry, MEMPOOL_HEIGHT } from './entry.ts';
export { compareTxids, type Totals } from './graph.ts';
export { compareRates, type FeeFraction } from './linearize.ts';
export {
  createMempool,
  type Mempool,
  type MempoolInfo,
  type MempoolListener,
  type MempoolModules,
  type PackageOptions,
  type RemovalReason,
  type SubmitOptions,
  type TxOutcome,
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
