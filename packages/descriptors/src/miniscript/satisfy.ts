/**
 * The witness of an expression: of all ways for which signatures, preimages and lock times are there, the smallest that
 * nobody else can change.
 */
import type { Algebra } from './algebra.ts';
import type { FragmentName } from './fragments.ts';
import type { Miniscript } from './node.ts';

/** What there is to satisfy an expression with. */
export interface Means {
  /** A signature by the key of this place in the list; undefined when there is none. */
  sign(key: number): Uint8Array | undefined;
  /** The public key as the script has it. */
  publicKey(key: number): Uint8Array;
  /** What hashes to `hash` by the fragment `name`. */
  preimage(name: FragmentName, hash: Uint8Array): Uint8Array | undefined;
  /** Whether the transaction satisfies a lock. */
  isUnlocked(name: 'older' | 'after', lock: number): boolean;
}

/** Elements of a witness, the last on top of the stack; undefined where there is no way. */
type Stack =
  | {
      readonly items: readonly Uint8Array[];
      readonly size: number;
      readonly isSigned: boolean;
      readonly isMalleable: boolean;
    }
  | undefined;

const item = (bytes: Uint8Array, more: { isSigned?: true; isMalleable?: true } = {}): Stack => ({
  items: [bytes],
  size: bytes.length + 1,
  isSigned: false,
  isMalleable: false,
  ...more,
});

const EMPTY_STACK: Stack = { items: [], size: 0, isSigned: false, isMalleable: false };
const constants = {
  zero: item(new Uint8Array(0)),
  one: item(Uint8Array.of(1)),
  zero32: item(new Uint8Array(32), { isMalleable: true }),
} as const;

function chain(first: Stack, then: Stack): Stack {
  if (!first || !then) return undefined;
  return {
    items: [...then.items, ...first.items],
    size: first.size + then.size,
    isSigned: first.isSigned || then.isSigned,
    isMalleable: first.isMalleable || then.isMalleable,
  };
}

function either(a: Stack, b: Stack): Stack {
  if (!a || !b) return a ?? b;
  // Whoever sees a witness with a signature could replace it by one without: only that one is safe to give away.
  if (a.isSigned !== b.isSigned) return a.isSigned ? b : a;
  if (!a.isSigned) return { ...(a.size <= b.size ? a : b), isMalleable: true };
  if (a.isMalleable !== b.isMalleable) return a.isMalleable ? b : a;
  return a.size <= b.size ? a : b;
}

function stacks(node: Miniscript, means: Means): Algebra<Stack> {
  return {
    none: undefined,
    empty: EMPTY_STACK,
    chain,
    either,
    check: () => EMPTY_STACK,
    take(input, key) {
      if (input === 'key') return item(means.publicKey(key));
      if (input !== 'sig' && input !== 'preimage') return constants[input];
      const found = input === 'sig' ? means.sign(key) : means.preimage(node.name, node.data);
      return found && item(found, input === 'sig' ? { isSigned: true } : {});
    },
    effect(name) {
      if (name !== 'lock') return EMPTY_STACK;
      return means.isUnlocked(node.name as 'older' | 'after', node.k) ? EMPTY_STACK : undefined;
    },
    spare: (way, isMalleable) => (way && isMalleable ? { ...way, isMalleable } : way),
    rivalled: (way, other) =>
      way && other && !other.isSigned ? { ...way, isMalleable: true } : way,
  };
}

/** The witness without the script; undefined when what there is does not make one that is safe. */
export function satisfyMiniscript(
  root: Miniscript,
  means: Means,
): readonly Uint8Array[] | undefined {
  const { sat } = root.fold<{ sat: Stack; dsat: Stack }>((node, parts) =>
    node.fragment.ways(stacks(node, means), node, parts),
  );
  return sat?.isSigned && !sat.isMalleable ? sat.items : undefined;
}
