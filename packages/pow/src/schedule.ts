/**
 * What is known of a message's schedule (FIPS 180-4, 6.2.2) while some of its words are not: of the 64
 * words that a header makes, many depend on the nonce in part only, or not at all. Whoever tries
 * millions of nonces adds up what is known once.
 */
import { ROUND_CONSTANTS, ROUNDS } from '@coind/primitives/sha256-code';

/** Whether a word is known beforehand, and whether it is then always zero. */
export type Knowledge = 'unknown' | 'known' | 'zero';

/** The four words from which a later one is made, by their distance, with the sigma they pass through. */
const TERMS = [
  { back: 16, sigma: 'none' },
  { back: 15, sigma: 'small0' },
  { back: 7, sigma: 'none' },
  { back: 2, sigma: 'small1' },
] as const;

/** One of the unknown words from which a word is made. */
export interface Term {
  /** Its round. */
  readonly round: number;
  readonly sigma: (typeof TERMS)[number]['sigma'];
}

/** How the word of a round comes about. */
export interface PlannedWord {
  readonly knowledge: Knowledge;
  /** The unknown words that are added; none for a word of the message itself. */
  readonly terms: readonly Term[];
  /** Something known is added to them. */
  readonly hasPart: boolean;
}

/** The words of all rounds, from what is known of the message. */
export function planSchedule(message: readonly Knowledge[]): readonly PlannedWord[] {
  const planned: PlannedWord[] = message.map((knowledge) => ({
    knowledge,
    terms: [],
    hasPart: false,
  }));
  for (let round = planned.length; round < ROUNDS; round++) {
    const knowledge = (back: number) => (planned[round - back] as PlannedWord).knowledge;
    const terms = TERMS.filter(({ back }) => knowledge(back) === 'unknown').map(
      ({ back, sigma }) => ({ round: round - back, sigma }),
    );
    const hasPart = TERMS.some(({ back }) => knowledge(back) === 'known');
    const whole = hasPart ? 'known' : 'zero';
    planned.push({ knowledge: terms.length > 0 ? 'unknown' : whole, terms, hasPart });
  }
  return planned;
}

/** Numbers that the rounds of one compression need. */
export interface ScheduleNumbers {
  /** By round: its constant, and its word where that is known. */
  readonly inputs: Int32Array;
  /** By round: the known part of an unknown word. */
  readonly parts: Int32Array;
}

const rotated = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

const sigmas = {
  none: (word: number) => word,
  small0: (word: number) => rotated(word, 7) ^ rotated(word, 18) ^ (word >>> 3),
  small1: (word: number) => rotated(word, 17) ^ rotated(word, 19) ^ (word >>> 10),
} as const;

/** Fills in `numbers` for a message; unknown words of `message` are taken as 0. */
export function fillSchedule(
  plan: readonly PlannedWord[],
  message: Int32Array,
  { inputs, parts }: ScheduleNumbers,
): void {
  const words = new Int32Array(ROUNDS);
  words.set(message);
  for (const [round, { knowledge }] of plan.entries()) {
    if (round >= message.length) {
      for (const { back, sigma } of TERMS) {
        // Unknown words stay zero, and so does every sigma of them.
        words[round] = (words[round] as number) + sigmas[sigma](words[round - back] as number);
      }
    }
    const word = words[round] as number;
    const isKnown = knowledge !== 'unknown';
    inputs[round] = (ROUND_CONSTANTS[round] as number) + (isKnown ? word : 0);
    parts[round] = isKnown ? 0 : word;
    if (!isKnown) words[round] = 0;
  }
}
