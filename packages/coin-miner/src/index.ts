/** The public surface of coin-miner. */
export { blockFor, type Template } from './block.ts';
export { type MinerEvents, type MinerOptions, mineFor } from './mine.ts';
export { type MiningNode, NodeAway } from './node.ts';
