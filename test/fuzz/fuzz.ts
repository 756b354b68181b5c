/**
 * The fuzzer: runs cases of a target and counts how they ended. A case ends well when it is taken or is
 * refused with a reason of a type meant for it; anything else that is thrown is a finding, and names the
 * seed and the index that bring it back.
 */
import { ValidationError } from '@coind/consensus';
import { DescriptorError } from '@coind/descriptors';
import { DecodeError } from '@coind/primitives';
import { AddressError, AsmError, ScriptError } from '@coind/script';
import { Chance } from './chance.ts';

/** Something that is fed cases. */
export interface FuzzTarget {
  readonly name: string;
  /** Runs one case and says how it ended, in a word; throws for what must never happen. */
  run(chance: Chance): string | Promise<string>;
  /** Ends what the target keeps open. */
  close?(): Promise<void>;
}

/** Which cases to run. */
export interface FuzzRange {
  readonly seed: number;
  readonly first?: number;
  readonly count: number;
  /** Ends it after so many seconds though there are cases left. */
  readonly seconds?: number;
}

/** What a run found out. */
export interface FuzzReport {
  readonly cases: number;
  /** How often cases ended in which way. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** The case that took longest. */
  readonly slowest: { readonly index: number; readonly ms: number };
}

/** A case that ended as none may. */
export class FuzzFinding extends Error {
  override name = 'FuzzFinding';

  constructor(target: FuzzTarget, seed: number, index: number, cause: unknown) {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    super(`${target.name}, seed ${seed}, case ${index}: ${text}`, { cause });
  }
}

/** The word for a refusal. Throws `error` again when it is not of a type that a refusal has. */
export function refusal(error: unknown): string {
  if (error instanceof ScriptError) return error.code;
  if (error instanceof ValidationError) return error.reason.replace(/\(.*/, '');
  if (error instanceof DecodeError) return 'DecodeError';
  if (error instanceof AddressError || error instanceof AsmError) return error.name;
  if (error instanceof DescriptorError) return error.name;
  throw error;
}

/** Runs `work`, which may refuse; its word, or the refusal's. */
export function attempt(work: () => string): string {
  try {
    return work();
  } catch (error) {
    return refusal(error);
  }
}

/** Throws unless a law holds that every input must obey. */
export function law(holds: boolean, text: string): asserts holds {
  if (!holds) throw new Error(`the law is broken: ${text}`);
}

/** Runs the cases of a range, one after the other. Throws `FuzzFinding`. */
export async function fuzz(
  target: FuzzTarget,
  { seed, first = 0, count, seconds = Number.POSITIVE_INFINITY }: FuzzRange,
  progress: (index: number) => void = () => undefined,
): Promise<FuzzReport> {
  const outcomes = new Map<string, number>();
  let slowest = { index: first, ms: 0 };
  const end = performance.now() + seconds * 1000;
  let index = first;
  for (; index < first + count; index++) {
    progress(index);
    const started = performance.now();
    if (started > end) break;
    let outcome: string;
    try {
      const ending = target.run(new Chance(seed, index));
      outcome = typeof ending === 'string' ? ending : await ending;
    } catch (error) {
      throw new FuzzFinding(target, seed, index, error);
    }
    const ms = performance.now() - started;
    if (ms > slowest.ms) slowest = { index, ms };
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  return { cases: index - first, outcomes, slowest };
}
