/**
 * The limits of an expression over all ways to satisfy it: bytes of the witness, keys of the multisignature checks that
 * run, elements on the stack. Undefined where there is no way.
 */
import { type Algebra, effects, type MultiCheck } from './algebra.ts';
import type { Context } from './context.ts';

/** The largest of some numbers; undefined for none. */
export type Most = number | undefined;

/** How the stack changes at most. */
export interface StackChange {
  /** Elements fewer at the end than at the start. */
  readonly shrinks: number;
  /** Elements more, at some time, than at the end. */
  readonly peak: number;
}

function numbers(parts: Pick<Algebra<Most>, 'take' | 'check'>): Algebra<Most> {
  return {
    none: undefined,
    empty: 0,
    chain: (a, b) => (a === undefined || b === undefined ? undefined : a + b),
    either: (a, b) => (a === undefined ? b : b === undefined ? a : Math.max(a, b)),
    effect: () => 0,
    spare: () => undefined,
    rivalled: (way) => way,
    ...parts,
  };
}

/** Lengths in the witness, with their prefixes: a signature at its longest, whoever makes it. */
const sizes = {
  wsh: { sig: 1 + 72, key: 1 + 33, preimage: 1 + 32, zero32: 1 + 32, one: 2, zero: 1 },
  tapscript: { sig: 1 + 65, key: 1 + 32, preimage: 1 + 32, zero32: 1 + 32, one: 2, zero: 1 },
} as const;

/** Bytes of the witness, without the script and the count of elements. */
export const witnessSize: Readonly<Record<Context, Algebra<Most>>> = {
  wsh: numbers({ take: (input) => sizes.wsh[input], check: () => 0 }),
  tapscript: numbers({ take: (input) => sizes.tapscript[input], check: () => 0 }),
};

/** Keys of OP_CHECKMULTISIGs that run; they count as opcodes. */
export const checkedKeys: Algebra<Most> = numbers({
  take: () => 0,
  check: ({ kind, total }) => (kind === 'multi' ? total : 0),
});

const change = (shrinks: number, peak: number): StackChange => ({ shrinks, peak });

/** The multisignature check, its keys and numbers included. */
function checkChange({ kind, required, total }: MultiCheck): StackChange {
  // CHECKMULTISIG starts with the signatures and one element too many, and pushes all keys and both numbers on them;
  // CHECKSIGADD starts with an element for each key and pushes one key at a time.
  return kind === 'multi' ? change(required, required + total + 2) : change(total - 1, total);
}

/** Elements on the stack. */
export const stackChange: Algebra<StackChange | undefined> = {
  none: undefined,
  empty: change(0, 0),
  chain(a, b) {
    if (!a || !b) return undefined;
    return change(a.shrinks + b.shrinks, Math.max(b.peak, b.shrinks + a.peak));
  },
  either(a, b) {
    if (!a || !b) return a ?? b;
    return change(Math.max(a.shrinks, b.shrinks), Math.max(a.peak, b.peak));
  },
  take: () => change(0, 0),
  effect(name) {
    const [shrinks, peak] = effects[name];
    return change(shrinks, peak);
  },
  check: checkChange,
  spare: () => undefined,
  rivalled: (way) => way,
};
