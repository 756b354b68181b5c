/**
 * The best order in which to mine a cluster of connected transactions. A cluster is cut into chunks,
 * sets that go into a block together, of falling fee rate, such that no other order earns more at any
 * size (the "spanning forest" method of Bitcoin Core's cluster mempool). Knows no transactions: nodes
 * are numbers with a fee, a size and parents. Limits and bookkeeping are in `graph.ts`.
 */
import type { Sats } from '@coind/primitives';

/** A fee for a size, to be compared as a ratio. */
export interface FeeFraction {
  readonly fee: Sats;
  /** Weight units, more than 0. */
  readonly size: number;
}

/** One transaction of a cluster; its index in the array is its place in the tie-breaking order. */
export interface ClusterNode extends FeeFraction {
  /** Indices of the nodes whose outputs it spends. */
  readonly parents: readonly number[];
}

/** Nodes that belong into a block together, parents first. */
export interface NodeChunk extends FeeFraction {
  readonly members: readonly number[];
}

/** Positive when `a` pays more per size than `b`, zero when equal. */
export function compareRates(a: FeeFraction, b: FeeFraction): number {
  const left = Number(a.fee) * b.size;
  const right = Number(b.fee) * a.size;
  // Doubles are exact up to 2^53; a large fee times a large weight is not, and ties must be exact.
  if (Math.abs(left) < Number.MAX_SAFE_INTEGER && Math.abs(right) < Number.MAX_SAFE_INTEGER) {
    return left - right;
  }
  const difference = a.fee * BigInt(b.size) - b.fee * BigInt(a.size);
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

interface Dependency {
  readonly parent: number;
  readonly child: number;
  /** Active dependencies form a forest; its trees are the chunks. */
  active: boolean;
}

interface Tree {
  fee: Sats;
  size: number;
  members: number[];
}

/** The state of the search: which dependencies hold chunks together. */
class SpanningForest {
  readonly #nodes: readonly ClusterNode[];
  readonly #dependencies: Dependency[] = [];
  /** The dependencies that a node has a part in. */
  readonly #links: Dependency[][];
  readonly #trees: Tree[];

  constructor(nodes: readonly ClusterNode[]) {
    this.#nodes = nodes;
    this.#trees = nodes.map(({ fee, size }, index) => ({ fee, size, members: [index] }));
    this.#links = nodes.map(() => []);
    for (const [child, { parents }] of nodes.entries()) {
      for (const parent of parents) {
        const dependency = { parent, child, active: false };
        this.#dependencies.push(dependency);
        this.#links[parent]?.push(dependency);
        this.#links[child]?.push(dependency);
      }
    }
  }

  /**
   * Joins a chunk with the chunk it depends on wherever it pays more, until none does. With `equals`
   * also where it pays the same: then no two chunks can depend on each other.
   */
  merge(equals: boolean): void {
    for (;;) {
      let best: Dependency | undefined;
      for (const dependency of this.#dependencies) {
        const lower = this.#treeOf(dependency.child);
        const upper = this.#treeOf(dependency.parent);
        if (lower === upper) continue;
        const gain = compareRates(lower, upper);
        if (gain < 0 || (gain === 0 && !equals)) continue;
        if (!best || compareRates(lower, this.#treeOf(best.child)) > 0) best = dependency;
      }
      if (!best) return;
      best.active = true;
      const tree = this.#treeOf(best.parent);
      const joined = this.#treeOf(best.child);
      tree.fee += joined.fee;
      tree.size += joined.size;
      for (const member of joined.members) {
        tree.members.push(member);
        this.#trees[member] = tree;
      }
    }
  }

  /** Cuts one chunk whose upper part pays better than its lower part; false when there is none. */
  split(): boolean {
    for (const dependency of this.#dependencies) {
      if (!dependency.active) continue;
      const tree = this.#treeOf(dependency.parent);
      dependency.active = false;
      const upper = this.#component(dependency.parent);
      const lower = { fee: tree.fee - upper.fee, size: tree.size - upper.size };
      if (compareRates(upper, lower) > 0) {
        this.#claim(upper);
        this.#claim(this.#component(dependency.child));
        return true;
      }
      dependency.active = true;
    }
    return false;
  }

  trees(): Tree[] {
    return [...new Set(this.#trees)];
  }

  #treeOf(node: number): Tree {
    return this.#trees[node] as Tree;
  }

  #claim(tree: Tree): void {
    for (const member of tree.members) this.#trees[member] = tree;
  }

  /** What active dependencies connect with `start`. */
  #component(start: number): Tree {
    const seen = new Set([start]);
    for (const node of seen) {
      for (const { active, parent, child } of this.#links[node] ?? []) {
        if (active) seen.add(parent === node ? child : parent);
      }
    }
    const members = [...seen];
    let fee = 0n;
    let size = 0;
    for (const member of members) {
      fee += (this.#nodes[member] as ClusterNode).fee;
      size += (this.#nodes[member] as ClusterNode).size;
    }
    return { fee, size, members };
  }
}

/**
 * Chunks of a cluster in the order in which they should be mined: falling rate, parents first. Among
 * equals the smaller chunk comes first, then the one whose greatest index is lower.
 */
export function linearize(nodes: readonly ClusterNode[]): NodeChunk[] {
  const [only] = nodes;
  if (nodes.length === 1 && only) return [{ fee: only.fee, size: only.size, members: [0] }];
  const trees = bestTrees(nodes, false).flatMap((tree) => smallestTrees(nodes, tree));
  const chunks = orderTrees(nodes, trees);
  if (chunks) return chunks;
  // Two chunks of the same rate depend on each other: rare, and dearer to do without.
  const acyclic = bestTrees(nodes, true).flatMap((tree) => smallestTrees(nodes, tree));
  const ordered = orderTrees(nodes, acyclic);
  if (!ordered) throw new Error('chunks depend on each other');
  return ordered;
}

/** Trees of an order that nothing beats; with `equals` they never depend on each other. */
function bestTrees(nodes: readonly ClusterNode[], equals: boolean): Tree[] {
  const forest = new SpanningForest(nodes);
  forest.merge(equals);
  // Each cut improves the order. Rounds of cuts that gain nothing are possible in theory, and what
  // the forest holds is a valid order at any time, so a bound is all that is needed.
  for (let steps = 0; steps < 20 * nodes.length && forest.split(); steps++) forest.merge(equals);
  return forest.trees();
}

/** Cuts a tree into parts of its own rate, wherever dependencies allow. */
function smallestTrees(nodes: readonly ClusterNode[], tree: Tree): Tree[] {
  if (tree.members.length === 1) return [tree];
  const placeOf = new Map(tree.members.map((member, place) => [member, place]));
  // Fees so large that one unit more or less decides between equals and changes nothing else: a part
  // with the first member then pays a little more than the rest, or a little less.
  const scale = BigInt(tree.size + 1);
  for (const nudge of [1n, -1n]) {
    const nudged = tree.members.map((member, place): ClusterNode => {
      const { fee, size, parents } = nodes[member] as ClusterNode;
      return {
        fee: fee * scale + (place === 0 ? nudge : 0n),
        size,
        parents: parents.flatMap((parent) => placeOf.get(parent) ?? []),
      };
    });
    const parts = bestTrees(nudged, true);
    if (parts.length === 1) continue;
    return parts.flatMap(({ members, size }) => {
      const original = members.map((place) => tree.members[place] as number);
      let fee = 0n;
      for (const member of original) fee += (nodes[member] as ClusterNode).fee;
      return smallestTrees(nodes, { fee, size, members: original });
    });
  }
  return [tree];
}

/** Chunks in mining order; undefined when two of them depend on each other. */
function orderTrees(
  nodes: readonly ClusterNode[],
  trees: readonly Tree[],
): NodeChunk[] | undefined {
  const treeOf = new Map<number, Tree>();
  for (const tree of trees) for (const member of tree.members) treeOf.set(member, tree);
  const greatest = new Map(trees.map((tree) => [tree, Math.max(...tree.members)]));
  const order = (a: Tree, b: Tree): number =>
    compareRates(b, a) ||
    a.size - b.size ||
    (greatest.get(a) as number) - (greatest.get(b) as number);
  const waiting = [...trees].sort(order);
  const done = new Set<number>();
  const chunks: NodeChunk[] = [];
  while (waiting.length > 0) {
    const ready = waiting.findIndex((tree) =>
      tree.members.every((member) =>
        nodes[member]?.parents.every((parent) => done.has(parent) || treeOf.get(parent) === tree),
      ),
    );
    if (ready < 0) return undefined;
    const [tree] = waiting.splice(ready, 1) as [Tree];
    const members = orderMembers(nodes, tree.members, done);
    chunks.push({ fee: tree.fee, size: tree.size, members });
  }
  return chunks;
}

/** Members of one chunk: parents first, then by rate, size and index. Adds them to `done`. */
function orderMembers(
  nodes: readonly ClusterNode[],
  members: readonly number[],
  done: Set<number>,
): number[] {
  const node = (index: number): ClusterNode => nodes[index] as ClusterNode;
  const waiting = [...members].sort(
    (a, b) => compareRates(node(b), node(a)) || node(a).size - node(b).size || a - b,
  );
  const ordered: number[] = [];
  while (waiting.length > 0) {
    const ready = waiting.findIndex((index) => node(index).parents.every((p) => done.has(p)));
    const [index] = waiting.splice(ready, 1) as [number];
    done.add(index);
    ordered.push(index);
  }
  return ordered;
}

/**
 * Compares what two mining orders earn at every size: 'better' when `a` never earns less than `b` and
 * somewhere more, 'worse' the other way round, 'equal', or 'incomparable'. Chunks by falling rate.
 */
export function compareDiagrams(
  a: readonly FeeFraction[],
  b: readonly FeeFraction[],
): 'better' | 'worse' | 'equal' | 'incomparable' {
  let above = false;
  let below = false;
  // Both curves are straight between corners, so comparing at the corners of both is enough.
  for (const [curve, corners] of [
    [b, a],
    [a, b],
  ] as const) {
    let size = 0;
    let fee = 0n;
    for (const chunk of corners) {
      size += chunk.size;
      fee += chunk.fee;
      const difference = compareAt(curve, size, fee);
      if (difference === 0) continue;
      if (difference > 0 === (curve === b)) above = true;
      else below = true;
    }
  }
  if (above) return below ? 'incomparable' : 'better';
  return below ? 'worse' : 'equal';
}

/** Positive when `fee` is more than what `curve` earns within `size`. */
function compareAt(curve: readonly FeeFraction[], size: number, fee: Sats): number {
  let left = size;
  let earned = 0n;
  for (const chunk of curve) {
    if (left < chunk.size) {
      const difference = (fee - earned) * BigInt(chunk.size) - chunk.fee * BigInt(left);
      return difference > 0n ? 1 : difference < 0n ? -1 : 0;
    }
    left -= chunk.size;
    earned += chunk.fee;
  }
  return fee > earned ? 1 : fee < earned ? -1 : 0;
}
