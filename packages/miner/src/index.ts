/** The public surface of @coind/miner. */
export { type CoinbaseFields, coinbaseTx } from './coinbase.ts';
export { Digger, type DiggerModules } from './digger.ts';
export {
  BlockRefused,
  createMiner,
  DEFAULT_MAX_TRIES,
  type MineLimits,
  type Miner,
  type MinerModules,
} from './miner.ts';
export { Mining, type MiningMode, type MiningModules, miningModes } from './modes.ts';
export { fixedPayee, freshPayee, type Payee } from './payee.ts';
export {
  type BlockChoices,
  type BlockTemplate,
  blockOf,
  createTemplate,
  emptyTemplate,
  minimumTime,
  type TemplateModules,
  type TemplateOptions,
  templateDefaults,
} from './template.ts';
export { type SharedTemplate, TemplateCache, watchedBlock } from './template-cache.ts';
export { WorkDesk, type WorkDeskModules } from './work-desk.ts';
