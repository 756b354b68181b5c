/** The public surface of @coind/testing. */
export {
  FaultyNetwork,
  type FaultyNetworkOptions,
  type LinkFaults,
  seededRandom,
} from './faulty-network.ts';
export { fund, mine } from './mine.ts';
export { type Spawned, type SpawnOptions, spawn } from './spawn.ts';
