/** The public surface of @coind/consensus. */
export { type Coin, CoinsOverlay, type CoinsView, NO_COINS } from './coins.ts';
export type { BlockEffects } from './connect-block.ts';
export type { BlockRef, Follower } from './follower.ts';
export { type HeaderContext, headerContextOf, medianTimeOf } from './header-context.ts';
export * from './limits.ts';
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
export type { ScriptCheck } from './script-check.ts';
