/** The public surface of @coind/miner. */
export { type CoinbaseFields, coinbaseTx } from './coinbase.ts';
export {
  BlockRefused,
  createMiner,
  DEFAULT_MAX_TRIES,
  type MineLimits,
  type Miner,
  type MinerModules,
} from './miner.ts';
export {
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
