/** The public surface of @coind/consensus. */
export {
  type BlockCheckOptions,
  checkBlock,
  checkMerkleRoot,
  contextualCheckBlock,
  isMutated,
} from './check-block.ts';
export { checkHeader } from './check-header.ts';
export {
  checkAmounts,
  checkInputs,
  checkTx,
  formatMoney,
  spentCoins,
  valueOut,
} from './check-tx.ts';
export {
  addCoin,
  bogoSize,
  encodeCoinForHash,
  removeCoin,
  SerializedCoinsHash,
  type Sha256Stream,
} from './coin-hash.ts';
export { type Coin, CoinsOverlay, type CoinsView, NO_COINS } from './coins.ts';
export {
  type BlockEffects,
  type BlockReversal,
  connectBlock,
  disconnectBlock,
  outpointsToLoad,
} from './connect-block.ts';
export {
  type BuriedName,
  buriedNames,
  isBuriedActive,
  withActivationHeight,
  withVersionBits,
} from './deployments.ts';
export type { BlockRef, BlockStep, Follower } from './follower.ts';
export { type HeaderContext, headerContextOf, medianTimeOf } from './header-context.ts';
export * from './limits.ts';
export { areLocksPassed, isFinalTx, type SequenceLocks, sequenceLocks } from './locks.ts';
export { MuHash } from './muhash.ts';
export {
  checkProofOfWork,
  hasProofOfWork,
  isPossibleTransition,
  nextBits,
  type PowParams,
  retargetBits,
  retargetInterval,
  targetOf,
} from './pow.ts';
export {
  check,
  fail,
  type Kind,
  kinds,
  type RejectKind,
  type RejectReason,
  type RejectRule,
  type Rule,
  rejects,
  ruleOf,
  ValidationError,
} from './rejects.ts';
export { isOverwritten, namingRepeats, type Rules, rulesFor, scriptFlagsAt } from './rules.ts';
export { ScriptCache } from './script-cache.ts';
export { failScript, runScriptCheck, type ScriptCheck, scriptChecksOf } from './script-check.ts';
export { hasSignetSolution, type SignetTxs, signetSolutionPush, signetTxs } from './signet.ts';
export { legacySigops, redeemSigops, sigopCost, sigopCostOf } from './sigops.ts';
export { subsidy } from './subsidy.ts';
export {
  blockVersion,
  type DeploymentCache,
  type DeploymentCaches,
  type DeploymentInfo,
  type DeploymentName,
  type DeploymentState,
  type DeploymentStatistics,
  deploymentCaches,
  deploymentInfo,
  deploymentState,
  hasSignal,
  type UnknownDeployment,
  type UnknownRulesCache,
  unknownDeployments,
  unknownRulesCache,
} from './version-bits.ts';
export {
  checkWitnessCommitment,
  WITNESS_RESERVED_VALUE,
  witnessCommitmentIndex,
  witnessCommitmentOutput,
} from './witness-commitment.ts';
