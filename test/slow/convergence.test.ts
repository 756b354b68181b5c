// The same as test/functional/p2p-convergence, for many seeds: a failure names its seed and graph.
// COIND_SEEDS says how many, COIND_FIRST_SEED where to begin.
import { line, mineThroughStorm, randomGraph, ring, spawnSwarm } from '@coind/testing';
import { expect, test } from 'vitest';

const COUNT = 8;
const first = Number(process.env.COIND_FIRST_SEED ?? 0);
const seeds = Array.from({ length: Number(process.env.COIND_SEEDS ?? 200) }, (_, i) => first + i);

test('eight nodes agree after partitions, for every seed', async () => {
  const failed: string[] = [];
  for (const seed of seeds) {
    const [name, graph] = [
      ['line', line(COUNT)] as const,
      ['ring', ring(COUNT)] as const,
      ['random', randomGraph(COUNT, seed)] as const,
    ][seed % 3] as readonly [string, ReturnType<typeof line>];
    const faults = { latencyMs: [0, (seed % 5) * 10], loss: (seed % 4) * 0.05 } as const;
    await using swarm = await spawnSwarm({ seed, count: COUNT, graph, ...faults });
    try {
      await mineThroughStorm(swarm, seed);
    } catch (error) {
      failed.push(`seed ${seed} (${name}): ${error}`);
    }
  }
  expect(failed).toEqual([]);
});
