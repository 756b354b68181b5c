/**
 * What the ways to satisfy an expression add up to. A way is a trace of the script's run: opcodes, parts that are
 * satisfied or dissatisfied, and what is taken from the witness. Read as numbers the traces give the limits of an
 * expression, read as stacks they give the witness itself; `fragments.ts` writes them down once.
 */

/** What a trace takes from the witness. */
export type Input = 'sig' | 'key' | 'preimage' | 'zero32' | 'one' | 'zero';

/** Opcodes as far as they change the size of the stack. */
export const effects = {
  // How many elements fewer there are afterwards, and how many more than afterwards there are at most meanwhile.
  push: [-1, 0],
  hash: [0, 0],
  lock: [0, 0],
  notzero: [0, 0],
  dup: [-1, 0],
  size: [-1, 0],
  ifdup0: [0, 0],
  ifdup1: [-1, 0],
  if: [1, 1],
  binary: [1, 1],
  equal: [1, 1],
  equalverify: [2, 2],
  checksig: [1, 1],
  verify: [1, 1],
} as const satisfies Record<string, readonly [number, number]>;
/** Names an effect. */
export type Effect = keyof typeof effects;

/** A check of `required` among `total` signatures, and what it does to the stack. */
export interface MultiCheck {
  readonly kind: 'multi' | 'multi_a';
  readonly required: number;
  readonly total: number;
}

/** A reading of traces. */
export interface Algebra<T> {
  /** No way at all. */
  readonly none: T;
  /** The way of doing nothing. */
  readonly empty: T;
  /** `first` runs before `then`. */
  chain(first: T, then: T): T;
  /** Either; the first one where they are equally good. */
  either(a: T, b: T): T;
  /** What is taken from the witness; `key` says whose signature or key. */
  take(input: Input, key: number): T;
  effect(name: Effect): T;
  check(multi: MultiCheck): T;
  /** A way that a satisfaction never needs; it counts only for what others could turn a witness into. */
  spare(way: T, isMalleable: boolean): T;
  /** `way` where others could use `other` instead, which can be made without a signature. */
  rivalled(way: T, other: T): T;
}

/** The ways to satisfy and to dissatisfy an expression. */
export interface Ways<T> {
  readonly sat: T;
  readonly dsat: T;
}

/**
 * Index n of the answer: the ways to satisfy n of `parts` and to dissatisfy the others, of which the last runs last.
 */
export function choose<T>(algebra: Algebra<T>, parts: readonly Ways<T>[]): T[] {
  const { chain, either, empty } = algebra;
  let ways = [empty];
  for (const { sat, dsat } of [...parts].reverse()) {
    const next = [chain(dsat, ways[0] as T)];
    for (let n = 1; n < ways.length; n++) {
      next.push(either(chain(dsat, ways[n] as T), chain(sat, ways[n - 1] as T)));
    }
    next.push(chain(sat, ways[ways.length - 1] as T));
    ways = next;
  }
  return ways;
}
