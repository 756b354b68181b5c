/** Taproot outputs with scripts (BIP341): from the leaves to the output key, and from what is known of one back to its tree. */
import { bytesToHex, compareBytes, concatBytes, equalBytes, hexToBytes } from '@coind/primitives';
import {
  LEAF_MASK,
  TAPSCRIPT_LEAF,
  tapbranchHash,
  tapleafHash,
  taprootOutputKey,
  taprootRoot,
} from '@coind/script';

/** A script of a taproot output. */
export interface TapLeaf {
  readonly depth: number;
  readonly version: number;
  readonly script: Uint8Array;
  readonly hash: Uint8Array;
  /** Proves that the script belongs to the output. */
  readonly controlBlock: Uint8Array;
}

/** How a taproot output may be spent. Keys are x-only. */
export interface TaprootOutput {
  readonly outputKey: Uint8Array;
  readonly internalKey: Uint8Array;
  /** Undefined without scripts. */
  readonly merkleRoot?: Uint8Array;
  /** From left to right. */
  readonly leaves: readonly TapLeaf[];
}

interface Subtree {
  readonly depth: number;
  readonly hash: Uint8Array;
  /** Leaves with the hashes beside their way up, so far. */
  readonly leaves: readonly { readonly at: number; readonly path: readonly Uint8Array[] }[];
}

function join(left: Subtree, right: Subtree): Subtree {
  const beside = ({ leaves }: Subtree, { hash }: Subtree) =>
    leaves.map(({ at, path }) => ({ at, path: [...path, hash] }));
  return {
    depth: left.depth - 1,
    hash: tapbranchHash(left.hash, right.hash),
    leaves: [...beside(left, right), ...beside(right, left)],
  };
}

/** A script and its place in the tree; a tapscript if it says nothing else. */
export interface PlacedScript {
  readonly script: Uint8Array;
  readonly depth: number;
  readonly version?: number;
}

/** The output of an internal key and scripts, from left to right. Throws `RangeError` for a key that is none. */
export function taprootOutput(
  internalKey: Uint8Array,
  scripts: readonly PlacedScript[],
): TaprootOutput {
  const open: Subtree[] = [];
  for (const [at, { script, depth, version = TAPSCRIPT_LEAF }] of scripts.entries()) {
    let tree: Subtree = {
      depth,
      hash: tapleafHash(version, script),
      leaves: [{ at, path: [] }],
    };
    for (let left = open[open.length - 1]; left?.depth === tree.depth; ) {
      tree = join(left, tree);
      open.pop();
      left = open[open.length - 1];
    }
    open.push(tree);
  }
  const [root] = open;
  const output = taprootOutputKey(internalKey, root?.hash);
  if (!output) throw new RangeError('internal key has no output key');
  const sorted = [...(root?.leaves ?? [])].sort((a, b) => a.at - b.at);
  const leaves = sorted.map(({ at, path }) => {
    const { script, depth, version = TAPSCRIPT_LEAF } = scripts[at] as PlacedScript;
    const hash = tapleafHash(version, script);
    const controlBlock = concatBytes(Uint8Array.of(version | output.parity), internalKey, ...path);
    return { depth, version, script, hash, controlBlock };
  });
  return {
    outputKey: output.xOnlyKey,
    internalKey,
    ...(root && { merkleRoot: root.hash }),
    leaves,
  };
}

/** A node of the tree that is put together again. */
interface Node {
  hash: string | undefined;
  children: [Node, Node] | undefined;
  leaf: TapLeaf | undefined;
}

const unknown = (hash?: string): Node => ({ hash, children: undefined, leaf: undefined });

/** The child that a leaf with this hash beside its way lies below; undefined when the tree says otherwise. */
function descend(node: Node, beside: string): Node | undefined {
  if (node.leaf) return undefined;
  if (!node.children) {
    node.children = [unknown(), unknown(beside)];
    return node.children[0];
  }
  const [left, right] = node.children;
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (one.hash === beside || (one.hash === undefined && other.hash !== beside)) {
      one.hash = beside;
      return other;
    }
  }
  return undefined;
}

/**
 * The leaves of an output, from left to right, as bitcoind puts them in order: scripts sorted by their bytes, each branch
 * with the side first that it met first. Undefined when some are not known or what is known does not fit together.
 */
export function inferLeaves(output: TaprootOutput): readonly TapLeaf[] | undefined {
  const { internalKey, outputKey, merkleRoot, leaves } = output;
  const tweaked = taprootOutputKey(internalKey, merkleRoot);
  if (!tweaked || !equalBytes(tweaked.xOnlyKey, outputKey)) return undefined;
  if (!merkleRoot) return [];
  const root = unknown(bytesToHex(merkleRoot));
  for (const leaf of distinct(leaves)) {
    if (!fits(leaf, merkleRoot)) continue;
    let node: Node | undefined = root;
    for (let at = leaf.controlBlock.length - 32; at >= 33 && node; at -= 32) {
      node = descend(node, bytesToHex(leaf.controlBlock.subarray(at, at + 32)));
    }
    if (!node || node.children) return undefined;
    node.leaf = leaf;
    node.hash = bytesToHex(leaf.hash);
  }
  return collect(root, 0);
}

/** Leaves sorted by script, of equal ones those with the shortest proof first; the same proof once. */
function distinct(leaves: readonly TapLeaf[]): TapLeaf[] {
  const sorted = [...leaves].sort(
    (a, b) =>
      compareBytes(a.script, b.script) ||
      a.controlBlock.length - b.controlBlock.length ||
      compareBytes(a.controlBlock, b.controlBlock),
  );
  return sorted.filter((leaf, nth) => {
    const before = sorted[nth - 1];
    const isSame = before && equalBytes(before.script, leaf.script);
    return !isSame || !equalBytes(before.controlBlock, leaf.controlBlock);
  });
}

function fits({ version, hash, controlBlock }: TapLeaf, merkleRoot: Uint8Array): boolean {
  const isOfVersion = ((controlBlock[0] as number) & LEAF_MASK) === version;
  return isOfVersion && equalBytes(taprootRoot(hash, controlBlock), merkleRoot);
}

function collect(node: Node, depth: number): readonly TapLeaf[] | undefined {
  if (node.leaf) return [{ ...node.leaf, depth }];
  if (!node.children) return undefined;
  const [left, right] = node.children.map((child) => collect(child, depth + 1));
  if (left && right) return [...left, ...right];
  // Of two equal subtrees every leaf has the same proof: all were found in the left one.
  const { hash } = node.children[1];
  const isTwice = hash !== undefined && node.hash === hashOfTwo(hash);
  return left && isTwice ? [...left, ...left] : undefined;
}

function hashOfTwo(hash: string): string {
  const bytes = hexToBytes(hash);
  return bytesToHex(tapbranchHash(bytes, bytes));
}
