/**
 * SHA-256 (FIPS 180-4) as instructions of WebAssembly: its constants and its rounds, on words that are plain
 * numbers or, for whoever hashes several messages at once, vectors of them. What is hashed, and how it gets
 * into the words, is up to the caller.
 */
import { type Code, constant, get, I32, join, set } from './wasm-code.ts';

/** The first 32 bits of the fractional parts of the square roots of the first eight primes. */
export const INITIAL_STATE: readonly number[] = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

export const ROUNDS = 64;

/** One constant a round. */
export const ROUND_CONSTANTS: readonly number[] = cubeRootFractions(ROUNDS);

/** The first 32 bits of the fractional parts of the cube roots of the first `count` primes. */
function cubeRootFractions(count: number): number[] {
  const fractions: number[] = [];
  for (let candidate = 2; fractions.length < count; candidate++) {
    let prime = true;
    for (let i = 2; i * i <= candidate; i++) if (candidate % i === 0) prime = false;
    if (prime) fractions.push(Number(cubeRoot(BigInt(candidate) << 96n) & 0xffffffffn));
  }
  return fractions;
}

/** The largest number whose cube is at most `value`. */
function cubeRoot(value: bigint): bigint {
  let root = 0n;
  for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) {
    const next = root + bit;
    if (next * next * next <= value) root = next;
  }
  return root;
}

/** What the rounds are made of. */
export interface WordOperations {
  readonly add: Code;
  readonly and: Code;
  readonly xor: Code;
  /** Pushes the word in `local` rotated, or shifted, right by so many bits. */
  rotated(local: number, bits: number): Code;
  shifted(local: number, bits: number): Code;
}

/** Words that are numbers. */
export const scalarWords: WordOperations = {
  add: [I32.add],
  and: [I32.and],
  xor: [I32.xor],
  rotated: (local, bits) => [...get(local), ...constant(bits), I32.rotateRight],
  shifted: (local, bits) => [...get(local), ...constant(bits), I32.shiftRight],
};

/** A function of one word: the word turned by three amounts, added without carry. */
type Sigma = (words: WordOperations, local: number) => Code;

function sigma(first: number, second: number, third: number, last: 'rotated' | 'shifted'): Sigma {
  return (words, local) => [
    ...words.rotated(local, first),
    ...words.rotated(local, second),
    ...words.xor,
    ...words[last](local, third),
    ...words.xor,
  ];
}

/** The sigmas of the message schedule. */
export const smallSigma0 = sigma(7, 18, 3, 'shifted');
export const smallSigma1 = sigma(17, 19, 10, 'shifted');
/** Those of the rounds. */
const bigSigma0 = sigma(2, 13, 22, 'rotated');
const bigSigma1 = sigma(6, 11, 25, 'rotated');

/** Where the rounds find what they work on. */
export interface RoundsSpec {
  readonly words: WordOperations;
  /** The first of eight locals: a to h before the first round. */
  readonly state: number;
  /** The first of three locals for what is between. */
  readonly scratch: number;
  /** Pushes the message word of a round with the round's constant added. */
  readonly input: (round: number) => Code;
  /** The first round, and the one behind the last; all unless told otherwise. */
  readonly from?: number;
  readonly to?: number;
  /** Nothing is wanted of the result but the last round's e: what it does not need is left out. */
  readonly onlyE?: boolean;
}

/** Instructions that leave a to h in locals: `names` says in which, for they change places. */
export interface Rounds {
  readonly code: Code;
  readonly names: readonly number[];
}

type State = [number, number, number, number, number, number, number, number];

/** Consecutive rounds of one compression. */
export function rounds(spec: RoundsSpec): Rounds {
  const { words, state, scratch, input, from = 0, to = ROUNDS, onlyE = false } = spec;
  const { add, and, xor } = words;
  const code: Code[] = [];
  const temp = scratch;
  // a xor b of this round is b xor c of the next: the two change places.
  let [differs, differed] = [scratch + 1, scratch + 2];
  let names = Array.from({ length: 8 }, (_, i) => state + i) as State;
  code.push(get(names[1]), get(names[2]), xor, set(differed));
  for (let i = from; i < to; i++) {
    const [a, b, c, d, e, f, g, h] = names;
    code.push(input(i), get(h), add, bigSigma1(words, e), add);
    // The choice of f or g by e.
    code.push(get(g), get(f), get(g), xor, get(e), and, xor, add, set(temp));
    code.push(get(d), get(temp), add, set(d));
    // A new a becomes part of e four rounds later, and not before.
    if (!onlyE || i < to - 4) {
      code.push(get(temp), bigSigma0(words, a), add);
      // The majority of a, b and c.
      code.push(get(a), get(b), xor, set(differs));
      code.push(get(differs), get(differed), and, get(b), xor, add, set(h));
      [differs, differed] = [differed, differs];
    }
    names = [h, a, b, c, d, e, f, g];
  }
  return { code: join(...code), names };
}
