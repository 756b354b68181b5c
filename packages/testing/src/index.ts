/** The public surface of @coind/testing. */
export { fund, mine } from './mine.ts';
export { type Spawned, type SpawnOptions, spawn } from './spawn.ts';
