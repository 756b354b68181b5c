/** The public surface of @coind/testing. */
export {
  type Graph,
  line,
  mineOne,
  mineThroughStorm,
  randomGraph,
  ring,
  type StormOutcome,
  type Swarm,
  type SwarmOptions,
  spawnSwarm,
} from './convergence.ts';
export {
  FaultyNetwork,
  type FaultyNetworkOptions,
  type LinkFaults,
  seededRandom,
} from './faulty-network.ts';
export { fund, mine } from './mine.ts';
export { type Spawned, type SpawnOptions, spawn } from './spawn.ts';
