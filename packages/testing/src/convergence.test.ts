import { expect, test } from 'vitest';
import { line, mineOne, randomGraph, ring, spawnSwarm } from './convergence.ts';

test('graphs', () => {
  expect(line(3)).toEqual([
    [0, 1],
    [1, 2],
  ]);
  expect(ring(3)).toHaveLength(3);
  for (let seed = 0; seed < 50; seed++) {
    const reached = new Set([0]);
    const graph = randomGraph(8, seed);
    for (let i = 0; i < 8; i++) {
      for (const [a, b] of graph) {
        if (reached.has(a) || reached.has(b)) reached.add(a).add(b);
      }
    }
    expect(reached.size).toBe(8);
    expect(randomGraph(8, seed)).toEqual(graph);
  }
});

test('three nodes in a line agree, also after they were parted', { timeout: 60_000 }, async () => {
  await using swarm = await spawnSwarm({
    seed: 1,
    count: 3,
    graph: line(3),
    latencyMs: [0, 10],
    loss: 0.05,
  });
  const { nodes, network, hosts } = swarm;
  const [first, , last] = nodes;
  const [a = '', b = '', c = ''] = hosts;
  if (!first || !last) throw new Error('three nodes');
  await mineOne(first);
  await swarm.converge();
  network.part([[a, b], [c]]);
  await mineOne(first);
  await mineOne(last);
  const winner = await mineOne(last);
  expect(await first.client.getbestblockhash()).not.toBe(winner);
  network.heal();
  await swarm.converge();
  expect(await first.client.getbestblockhash()).toBe(winner);
});
