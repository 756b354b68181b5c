/** The public surface of coind for programs that run a node inside themselves; the command is `bin/coind.js`. */
export type { Connection, ConnectionEvents, Endpoint, Listener, Network } from '@coind/p2p';
export { createClock, type NodeClock } from './clock.ts';
export { type Options, parseOptions } from './config.ts';
export { type Log, openLog } from './log.ts';
export { type Node, type Surroundings, startNode } from './node.ts';
export { optionsOf, optionTitles } from './options.ts';
export { COIND_VERSION } from './version.ts';
