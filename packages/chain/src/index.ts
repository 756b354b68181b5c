/** The public surface of @coind/chain. */
export type { BlockStep, TipChange } from './activate.ts';
export type { BlockInfo, BlockStatus, ChainTip } from './block-info.ts';
export {
  type BlockOutcome,
  type Chain,
  type ChainLog,
  type ChainModules,
  type ChainOptions,
  type Clock,
  type HeaderOutcome,
  openChain,
  type TipListener,
} from './chain.ts';
export { ChainError, type ChainErrorCode } from './chain-error.ts';
export { inlineScripts, type ScriptVerifier } from './script-checks.ts';
export { CHAIN_SCHEMA } from './tables.ts';
export type { BlockUndo } from './undo.ts';
export type { UtxoHashKind, UtxoStats } from './utxo-stats.ts';
