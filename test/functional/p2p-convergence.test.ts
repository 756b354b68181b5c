// Eight nodes on a bad network, all mining: after it heals they have one tip and one set of coins.
import { line, mineThroughStorm, randomGraph, ring, spawnSwarm } from '@coind/testing';
import { expect, test } from 'vitest';

const COUNT = 8;
const SEED = 1;

test.each([
  ['line', line(COUNT)],
  ['ring', ring(COUNT)],
  ['random graph', randomGraph(COUNT, SEED)],
])('a %s of eight nodes agrees after partitions', async (_, graph) => {
  const faults = { latencyMs: [0, 20], loss: 0.05 } as const;
  await using swarm = await spawnSwarm({ seed: SEED, count: COUNT, graph, ...faults });
  const { height, mined } = await mineThroughStorm(swarm, SEED);
  expect(height).toBeGreaterThan(1);
  expect(height).toBeLessThan(mined);
});
