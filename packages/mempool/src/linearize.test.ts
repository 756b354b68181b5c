import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ClusterNode,
  compareDiagrams,
  compareRates,
  type FeeFraction,
  linearize,
} from './linearize.ts';

const node = (fee: number, size: number, ...parents: number[]): ClusterNode => ({
  fee: BigInt(fee),
  size,
  parents,
});

/** Any small graph: a node's parents stand before it. */
const graphs = fc
  .array(
    fc.record({ fee: fc.integer({ min: 0, max: 20 }), size: fc.integer({ min: 1, max: 9 }) }),
    { minLength: 1, maxLength: 6 },
  )
  .chain((sizes) =>
    fc.array(fc.boolean(), { minLength: 15, maxLength: 15 }).map((edges) =>
      sizes.map(({ fee, size }, index): ClusterNode => {
        const first = (index * (index - 1)) / 2;
        const parents = Array.from({ length: index }, (_, i) => i).filter((i) => edges[first + i]);
        return node(fee, size, ...parents);
      }),
    ),
  );

/** Every order of the nodes in which parents come first. */
function* orders(nodes: readonly ClusterNode[], done: number[] = []): Generator<number[]> {
  if (done.length === nodes.length) yield done;
  for (let i = 0; i < nodes.length; i++) {
    if (done.includes(i) || !nodes[i]?.parents.every((parent) => done.includes(parent))) continue;
    yield* orders(nodes, [...done, i]);
  }
}

/** Chunks of a given order: a later part joins the one before it while it pays better. */
function chunked(nodes: readonly ClusterNode[], order: readonly number[]): FeeFraction[] {
  const chunks: FeeFraction[] = [];
  for (const index of order) {
    let { fee, size } = nodes[index] as FeeFraction;
    for (let last = chunks.at(-1); last && compareRates({ fee, size }, last) > 0; ) {
      fee += last.fee;
      size += last.size;
      chunks.pop();
      last = chunks.at(-1);
    }
    chunks.push({ fee, size });
  }
  return chunks;
}

test('a child that pays for its parent is mined with it', () => {
  const chunks = linearize([node(0, 100), node(300, 100, 0), node(200, 100)]);
  expect(chunks).toEqual([
    { fee: 200n, size: 100, members: [2] },
    { fee: 300n, size: 200, members: [0, 1] },
  ]);
});

test('a chain of equal rates stays in chunks of one', () => {
  const chunks = linearize([node(10, 4), node(10, 4, 0), node(10, 4, 1)]);
  expect(chunks.map(({ members }) => members)).toEqual([[0], [1], [2]]);
});

test('two children share the cost of a parent, a poor third waits', () => {
  const chunks = linearize([node(0, 10), node(50, 10, 0), node(50, 10, 0), node(1, 10, 0)]);
  expect(chunks.map(({ members }) => members)).toEqual([[0, 1, 2], [3]]);
});

test('equal rates that depend on each other crosswise still come out parents first', () => {
  const chunks = linearize([node(0, 1), node(4, 4, 0), node(4, 3, 0, 1)]);
  expect(chunks).toEqual([{ fee: 8n, size: 8, members: [0, 1, 2] }]);
});

test('no chunk can be cut into parts that pay the same', () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      for (const { members, fee, size } of linearize(nodes)) {
        for (let mask = 1; mask < (1 << members.length) - 1; mask++) {
          const part = members.filter((_, i) => mask & (1 << i));
          const closed = part.every((member) =>
            nodes[member]?.parents.every((p) => part.includes(p) || !members.includes(p)),
          );
          if (!closed) continue;
          const sum = { fee: 0n, size: 0 };
          for (const member of part) {
            sum.fee += (nodes[member] as ClusterNode).fee;
            sum.size += (nodes[member] as ClusterNode).size;
          }
          expect(compareRates(sum, { fee, size })).toBeLessThan(0);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('no order of a small cluster earns more at any size', () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      const best = linearize(nodes);
      for (const order of orders(nodes)) {
        expect(['better', 'equal']).toContain(compareDiagrams(best, chunked(nodes, order)));
      }
    }),
    { numRuns: 300 },
  );
});

test('chunks hold every node once, parents first, at falling rates', () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      const chunks = linearize(nodes);
      const order = chunks.flatMap(({ members }) => members);
      expect([...order].sort()).toEqual(nodes.map((_, index) => index));
      for (const [place, index] of order.entries()) {
        for (const parent of nodes[index]?.parents ?? []) {
          expect(order.indexOf(parent)).toBeLessThan(place);
        }
      }
      for (const [i, chunk] of chunks.slice(1).entries()) {
        expect(compareRates(chunks[i] as FeeFraction, chunk)).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});

test('rates compare exactly where doubles would not', () => {
  const fee = 2_100_000_000_000_000n;
  expect(compareRates({ fee, size: 400_001 }, { fee: fee + 1n, size: 400_001 })).toBeLessThan(0);
  expect(compareRates({ fee, size: 400_000 }, { fee: fee / 2n, size: 200_000 })).toBe(0);
});

test('diagrams that cross are incomparable, and a longer tail counts', () => {
  const steep = [{ fee: 10n, size: 1 }];
  const long = [{ fee: 12n, size: 10 }];
  expect(compareDiagrams(steep, long)).toBe('incomparable');
  expect(compareDiagrams([...steep, { fee: 5n, size: 9 }], long)).toBe('better');
  expect(compareDiagrams(long, [...steep, { fee: 5n, size: 9 }])).toBe('worse');
  expect(
    compareDiagrams(long, [
      { fee: 6n, size: 5 },
      { fee: 6n, size: 5 },
    ]),
  ).toBe('equal');
});

test('64 connected transactions are ordered in reasonable time', () => {
  const nodes = Array.from({ length: 64 }, (_, i) =>
    node(
      (i * 7919) % 1000,
      400 + ((i * 31) % 97),
      ...(i > 0
        ? [(i * 13) % i, i >> 1].filter((p, at, all) => p < i && all.indexOf(p) === at)
        : []),
    ),
  );
  const start = performance.now();
  const chunks = linearize(nodes);
  expect(chunks.flatMap(({ members }) => members)).toHaveLength(64);
  expect(performance.now() - start).toBeLessThan(2_000);
});
