/** The public surface of @coind/chain. */
export type { BlockStep } from '@coind/consensus';
export type { TipChange } from './activate.ts';
export type { BlockInfo, BlockStatus, ChainTip } from './block-info.ts';
export {
  type BlockOutcome,
  type Chain,
  type ChainBackground,
  type ChainModules,
  type ChainOptions,
  type Clock,
  type HeaderOutcome,
  openChain,
  type TipListener,
} from './chain.ts';
export { ChainError, type ChainErrorCode } from './chain-error.ts';
export type { ChainLog } from './chain-log.ts';
export { importBlocksFile } from './import.ts';
export {
  AddressIndex,
  type HistoryRange,
  type ScriptBalance,
  type ScriptCoin,
  type ScriptEvent,
  type ScriptHash,
  scriptHashOf,
} from './indexes/address-index.ts';
export {
  encodeFilter,
  filterElements,
  filterHash,
  filterHeader,
  matchesAny,
} from './indexes/block-filter.ts';
export {
  ChainIndex,
  INDEX_SCHEMA,
  type IndexedChain,
  type IndexModules,
  type IndexStatus,
} from './indexes/chain-index.ts';
export { type CoinStats, CoinStatsIndex, totalUnspendable } from './indexes/coin-stats-index.ts';
export { type FilterHashes, FilterIndex } from './indexes/filter-index.ts';
export { SpenderIndex } from './indexes/spender-index.ts';
export { type IndexedTx, TxIndex } from './indexes/tx-index.ts';
export { SnapshotError } from './load-snapshot.ts';
export { MIN_BLOCKS_TO_KEEP, type PruneOptions } from './prune.ts';
export type { ScriptVerifier } from './script-checks.ts';
export {
  createScriptThreads,
  type ScriptThreads,
  type ScriptThreadsOptions,
} from './script-threads.ts';
export type { SnapshotSource } from './snapshots.ts';
export { CHAIN_SCHEMA, tables as chainTables } from './tables.ts';
export { type BlockUndo, decodeUndo, encodeUndo } from './undo.ts';
export {
  decodeSnapshotHeader,
  encodeSnapshotHeader,
  SNAPSHOT_HEADER_SIZE,
  type SnapshotHeader,
  type SnapshotSink,
  type SnapshotSummary,
  writeSnapshot,
} from './utxo-snapshot.ts';
export type { UtxoHashKind, UtxoStats } from './utxo-stats.ts';
export type { Verification } from './verify.ts';
