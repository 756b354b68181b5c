/**
 * Output descriptors (BIP380 to BIP390): which scripts a wallet watches and which keys sign for them. What lives here is
 * their shape and the questions about it; `parse.ts` reads them, `format.ts` writes them, `expand.ts` makes the scripts.
 */
import {
  hasPrivateKey,
  hasWholePrivateKey,
  isRangedKey,
  type KeyExpression,
  publicKeyOnly,
} from './key-expression.ts';
import type { Miniscript } from './miniscript/node.ts';

/** Functions of one key. `unused` makes no script; it brings a key into a wallet. */
export type KeyFunction = 'pk' | 'pkh' | 'wpkh' | 'combo' | 'rawtr' | 'unused';
/** Functions of some keys of which a number must sign; those with `_a` are tapscript's. */
export type MultiFunction = 'multi' | 'sortedmulti' | 'multi_a' | 'sortedmulti_a';

/** A descriptor, or what stands inside another one. */
export type Descriptor =
  | { readonly kind: KeyFunction; readonly key: KeyExpression }
  | { readonly kind: 'tr'; readonly key: KeyExpression; readonly tree?: TapTree }
  | {
      readonly kind: MultiFunction;
      readonly required: number;
      readonly keys: readonly KeyExpression[];
    }
  | {
      readonly kind: 'miniscript';
      readonly node: Miniscript;
      /** What the numbers of keys in `node` mean. */
      readonly keys: readonly KeyExpression[];
    }
  | { readonly kind: 'sh' | 'wsh'; readonly inner: Descriptor }
  | { readonly kind: 'addr'; readonly address: string; readonly script: Uint8Array }
  | { readonly kind: 'raw'; readonly script: Uint8Array };

/** The scripts of a taproot output. */
export type TapTree =
  | { readonly kind: 'leaf'; readonly script: Descriptor }
  | { readonly kind: 'branch'; readonly left: TapTree; readonly right: TapTree };

/** The leaves of a tree with their depths, from left to right. */
export function leavesOf(
  tree: TapTree,
  depth = 0,
): { readonly script: Descriptor; readonly depth: number }[] {
  if (tree.kind === 'leaf') return [{ script: tree.script, depth }];
  return [...leavesOf(tree.left, depth + 1), ...leavesOf(tree.right, depth + 1)];
}

/** Every key expression, in the order in which `mapKeys` goes through them: that of the text, if it came from one. */
export function keysOf(descriptor: Descriptor): readonly KeyExpression[] {
  switch (descriptor.kind) {
    case 'sh':
    case 'wsh':
      return keysOf(descriptor.inner);
    case 'multi':
    case 'sortedmulti':
    case 'multi_a':
    case 'sortedmulti_a':
    case 'miniscript':
      return descriptor.keys;
    case 'addr':
    case 'raw':
      return [];
    case 'tr': {
      const leaves = descriptor.tree ? leavesOf(descriptor.tree) : [];
      return [descriptor.key, ...leaves.flatMap(({ script }) => keysOf(script))];
    }
    default:
      return [descriptor.key];
  }
}

/** The same descriptor with each key replaced. */
export function mapKeys(
  descriptor: Descriptor,
  change: (key: KeyExpression) => KeyExpression,
): Descriptor {
  switch (descriptor.kind) {
    case 'sh':
    case 'wsh':
      return { ...descriptor, inner: mapKeys(descriptor.inner, change) };
    case 'multi':
    case 'sortedmulti':
    case 'multi_a':
    case 'sortedmulti_a':
    case 'miniscript':
      return { ...descriptor, keys: descriptor.keys.map(change) };
    case 'addr':
    case 'raw':
      return descriptor;
    case 'tr': {
      const key = change(descriptor.key);
      const { tree } = descriptor;
      return tree ? { kind: 'tr', key, tree: mapTree(tree, change) } : { kind: 'tr', key };
    }
    default:
      return { ...descriptor, key: change(descriptor.key) };
  }
}

function mapTree(tree: TapTree, change: (key: KeyExpression) => KeyExpression): TapTree {
  if (tree.kind === 'leaf') return { kind: 'leaf', script: mapKeys(tree.script, change) };
  const left = mapTree(tree.left, change);
  return { kind: 'branch', left, right: mapTree(tree.right, change) };
}

/** The descriptor that looks ahead without secrets. */
export function withoutSecrets(descriptor: Descriptor): Descriptor {
  return mapKeys(descriptor, publicKeyOnly);
}

/** True when it makes a script for every index. */
export function isRanged(descriptor: Descriptor): boolean {
  return keysOf(descriptor).some(isRangedKey);
}

/** True when the keys to spend its scripts are named. */
export function isSolvable(descriptor: Descriptor): boolean {
  return descriptor.kind !== 'addr' && descriptor.kind !== 'raw';
}

/** True when at least one secret is in it. */
export function hasPrivateKeys(descriptor: Descriptor): boolean {
  return keysOf(descriptor).some(hasPrivateKey);
}

/** True when every key has its secret. */
export function hasAllPrivateKeys(descriptor: Descriptor): boolean {
  const keys = keysOf(descriptor);
  return keys.length > 0 && keys.every(hasWholePrivateKey);
}

const TIME_FLAG = 1 << 22;
const LOCK_MASK = 0xffff;

function warningOf(node: Miniscript): string | undefined {
  if (node.name !== 'older' || (node.k & ~TIME_FLAG) <= LOCK_MASK) return undefined;
  return node.k & TIME_FLAG
    ? `time-based relative locktime: older(${node.k}) > (65535 * 512) seconds is unsafe`
    : `height-based relative locktime: older(${node.k}) > 65535 blocks is unsafe`;
}

/** What is allowed but hardly meant: relative locks of which a part has no effect. */
export function warningsOf(descriptor: Descriptor): readonly string[] {
  switch (descriptor.kind) {
    case 'sh':
    case 'wsh':
      return warningsOf(descriptor.inner);
    case 'tr': {
      const leaves = descriptor.tree ? leavesOf(descriptor.tree) : [];
      return leaves.flatMap(({ script }) => warningsOf(script));
    }
    case 'miniscript':
      return [...descriptor.node.walk()].flatMap((node) => warningOf(node) ?? []);
    default:
      return [];
  }
}
