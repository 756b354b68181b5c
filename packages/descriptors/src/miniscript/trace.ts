/**
 * Traces as text: what a script does on one way through it, word by word. `X+` satisfies the first part and `X-`
 * dissatisfies it, `<sig>` takes a signature from the witness, all other words are effects of opcodes. A mark in front
 * says that the way is never needed, `?`, that others could change a witness made this way into another, `!`, or that
 * they can where X can be dissatisfied without a signature, `~`.
 */
import { type Algebra, type Effect, effects, type Input, type Ways } from './algebra.ts';

type Word =
  | { readonly part: number; readonly wanted: keyof Ways<never> }
  | { readonly input: Input }
  | { readonly effect: Effect };

/** A trace, read. */
interface Trace {
  readonly words: readonly Word[];
  readonly marks: string;
}

const PARTS = 'XYZ';

function readWord(word: string): Word {
  const part = PARTS.indexOf(word[0] as string);
  if (part >= 0) return { part, wanted: word[1] === '+' ? 'sat' : 'dsat' };
  if (word.startsWith('<')) return { input: word.slice(1, -1) as Input };
  if (!Object.hasOwn(effects, word)) throw new RangeError(`no trace has a word ${word}`);
  return { effect: word as Effect };
}

function readTrace(text: string): Trace {
  const [, marks = '', words = ''] = /^([?!~]*) ?(.*)$/.exec(text) ?? [];
  return { marks, words: words.split(' ').flatMap((word) => (word ? [readWord(word)] : [])) };
}

/** The ways of an expression with at most one key, from those of its parts. */
export type Reading = <T>(algebra: Algebra<T>, key: number, parts: readonly Ways<T>[]) => Ways<T>;

function follow<T>(
  { words, marks }: Trace,
  algebra: Algebra<T>,
  key: number,
  parts: readonly Ways<T>[],
): T {
  let way = algebra.empty;
  for (const word of words) {
    if ('part' in word) way = algebra.chain(way, (parts[word.part] as Ways<T>)[word.wanted]);
    else if ('input' in word) way = algebra.chain(way, algebra.take(word.input, key));
    else way = algebra.chain(way, algebra.effect(word.effect));
  }
  if (marks.includes('~')) way = algebra.rivalled(way, (parts[0] as Ways<T>).dsat);
  return marks.includes('?') ? algebra.spare(way, marks.includes('!')) : way;
}

/** Reads the traces that satisfy an expression and those that dissatisfy it; the first is taken where two are as good. */
export function traces(sat: readonly string[], dsat: readonly string[]): Reading {
  const [good, bad] = [sat.map(readTrace), dsat.map(readTrace)];
  return (algebra, key, parts) => {
    const best = (of: readonly Trace[]) =>
      of.map((trace) => follow(trace, algebra, key, parts)).reduce(algebra.either, algebra.none);
    return { sat: best(good), dsat: best(bad) };
  };
}
