import { type BlockHeader, ZERO_HASH } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BlockIndex, type BlockNode } from './block-index.ts';
import { asParent, genesis, mineChain, mineOn, params } from './mining.test.support.ts';

const position = { file: 0, offset: 8, size: 100 };

/** An index with genesis as its tip. */
function withGenesis(): { index: BlockIndex; root: BlockNode } {
  const index = new BlockIndex();
  const root = index.add(params.genesis.header, undefined);
  index.receiveBody(root, 1, position);
  index.setTip(root);
  index.prune();
  return { index, root };
}

/** Enters headers, each on the one before. */
function addAll(index: BlockIndex, on: BlockNode, headers: readonly BlockHeader[]): BlockNode[] {
  const nodes: BlockNode[] = [];
  for (const header of headers) nodes.push(index.add(header, nodes.at(-1) ?? on));
  return nodes;
}

const headersOf = (count: number) => mineChain(genesis, count).map(({ header }) => header);

test('any ancestor is found, as walking there finds it', () => {
  const { index, root } = withGenesis();
  const nodes = [root, ...addAll(index, root, headersOf(400))];
  fc.assert(
    fc.property(fc.nat(400), fc.integer({ min: -1, max: 401 }), (from, to) => {
      const expected = to >= 0 && to <= from ? nodes[to] : undefined;
      expect(nodes[from]?.ancestor(to)).toBe(expected);
    }),
  );
});

test('a chain of ancestors is reached in few steps', () => {
  const { index, root } = withGenesis();
  const top = addAll(index, root, headersOf(1000)).at(-1) as BlockNode;
  let steps = 0;
  for (let node = top; node.height > 1; steps++) {
    node = node.skip.height >= 1 ? node.skip : (node.parent as BlockNode);
  }
  expect(steps).toBeLessThan(40);
});

test('work adds up, and median time is that of eleven', () => {
  const { index, root } = withGenesis();
  const nodes = addAll(index, root, headersOf(20));
  expect(nodes[19]?.chainwork).toBe(42n);
  expect(nodes[19]?.medianTimePast).toBe(nodes[14]?.time);
  expect(nodes[3]?.medianTimePast).toBe(nodes[1]?.time);
  expect(root.header.prevHash).toBe(ZERO_HASH);
});

test('a stored row becomes the same node', () => {
  const { index, root } = withGenesis();
  const nodes = [root, ...addAll(index, root, headersOf(5))];
  for (const node of nodes.slice(1, 4)) index.receiveBody(node, 3, position);
  (nodes[2] as BlockNode).connected = true;
  (nodes[5] as BlockNode).invalid = true;
  const again = new BlockIndex();
  for (const node of nodes) again.addRecord(node.hash, node.record());
  again.setActive(again.get((nodes[2] as BlockNode).hash) as BlockNode);
  for (const node of nodes) {
    expect(again.get(node.hash)).toMatchObject({
      ref: node.ref,
      chainwork: node.chainwork,
      chainTxCount: node.chainTxCount,
      connected: node.connected,
      invalid: node.invalid,
      time: node.header.time,
      header: { merkleRoot: node.header.merkleRoot },
    });
  }
  expect(again.bestCandidate()?.ref).toEqual(nodes[3]?.ref);
  expect(again.bestHeader.ref).toEqual(nodes[4]?.ref);
  const orphan = new BlockIndex();
  orphan.addRecord(genesis.hash, root.record());
  expect(orphan.addRecord((nodes[3] as BlockNode).hash, (nodes[3] as BlockNode).record())).toBe(
    undefined,
  );
});

describe('candidates', () => {
  test('need every body on the way', () => {
    const { index, root } = withGenesis();
    const [a, b, c] = addAll(index, root, headersOf(3)) as [BlockNode, BlockNode, BlockNode];
    index.receiveBody(c, 1, position);
    index.receiveBody(a, 1, position);
    expect(index.bestCandidate()).toBe(a);
    index.receiveBody(b, 2, position);
    expect(index.bestCandidate()).toBe(c);
    expect(c.chainTxCount).toBe(5);
  });

  test('of equal work stand in the order in which they were complete', () => {
    const { index, root } = withGenesis();
    const [late, early] = [mineOn(genesis), mineOn(genesis)].map(({ header }) =>
      index.add(header, root),
    ) as [BlockNode, BlockNode];
    index.receiveBody(early, 1, position);
    index.receiveBody(late, 1, position);
    expect(index.bestCandidate()).toBe(early);
    index.setTip(early);
    index.prune();
    expect(index.bestCandidate()).toBe(early);
    index.makePrecious(late);
    expect(index.bestCandidate()).toBe(late);
  });

  test('are never invalid, and neither are their descendants', () => {
    const { index, root } = withGenesis();
    const nodes = addAll(index, root, headersOf(4));
    for (const node of nodes) index.receiveBody(node, 1, position);
    index.invalidate(nodes[1] as BlockNode);
    expect(nodes.map(({ isInvalid }) => isInvalid)).toEqual([false, true, true, true]);
    expect(index.bestCandidate()).toBe(nodes[0]);
    expect(index.bestHeader).toBe(nodes[0]);
    const child = index.add(
      mineOn({ ...asParent(mineOn(genesis), 4), hash: (nodes[3] as BlockNode).hash }).header,
      nodes[3],
    );
    expect(child.isInvalid).toBe(true);
    expect(index.reconsider(nodes[3] as BlockNode)).toEqual([nodes[1]]);
    expect(index.bestCandidate()).toBe(nodes[3]);
    expect(index.bestHeader).toBe(child);
  });
});

test('forks and tips', () => {
  const { index, root } = withGenesis();
  const trunk = addAll(index, root, headersOf(5));
  for (const node of trunk) {
    index.receiveBody(node, 1, position);
    index.setTip(node);
  }
  const [side] = addAll(index, trunk[1] as BlockNode, [
    mineOn({ hash: (trunk[1] as BlockNode).hash, height: 2, time: (trunk[1] as BlockNode).time })
      .header,
  ]) as [BlockNode];
  expect(index.forkOf(side)).toBe(trunk[1]);
  expect(index.forkOf(trunk[4] as BlockNode)).toBe(trunk[4]);
  expect(index.tips()).toEqual([trunk[4], side]);
  expect(index.isActive(side)).toBe(false);
});
