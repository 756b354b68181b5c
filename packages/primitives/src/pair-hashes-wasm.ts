/**
 * The double SHA-256 of many messages of 64 bytes, four at a time in vectors of WebAssembly: what a merkle tree
 * consists of. Like `sha256-wasm.ts` a module that is written down here, so there is no binary to trust.
 *
 * Three compressions: of the message, of its padding, which is always the same, and of the digest. The first and
 * the last are the same code, run twice, and each is sixteen rounds and sixteen that are run three times: all
 * rounds in a row would be more machine code than a processor's instruction cache holds.
 */
import {
  INITIAL_STATE,
  ROUND_CONSTANTS,
  ROUNDS,
  rounds,
  smallSigma0,
  smallSigma1,
} from './sha256-code.ts';
import {
  loadSplat,
  loadVector,
  storeVector,
  transposed,
  turned,
  VECTOR_LANES,
  vectorWords,
} from './vector-code.ts';
import {
  type Code,
  canRun,
  constant,
  get,
  I32,
  instantiate,
  loopWhile,
  set,
  when,
  writeModule,
} from './wasm-code.ts';

const HASH = 32;
const PAIR = 2 * HASH;
const PHASE = 16;
const BYTES_IN_WORD = 4;

/** Memory, in bytes: round constants, the same with the padding's words added, two messages, the pairs. */
const CONSTANTS = 0;
const PADDING = BYTES_IN_WORD * ROUNDS;
const INITIAL = 2 * PADDING;
const DIGEST_TAIL = INITIAL + HASH;
const PAIRS = 1024;
/** So many pairs fit into the one page there is. */
const MOST_PAIRS = 512;

// Locals: the parameter (groups of four left), where the group lies and where its digests go, the constants of the
// rounds at work, whether this is the last compression; then vectors: state, words, a state kept, between.
const LEFT = 0;
const FROM = 1;
const TO = 2;
const CONSTANT = 3;
const LAST = 4;
const NUMBERS = 4;
const STATE = 5;
const WORDS = 13;
const KEPT = 29;
const SCRATCH = 37;
const VECTORS = 36;

const eight = [0, 1, 2, 3, 4, 5, 6, 7];
const word = (round: number): number => WORDS + (round & 15);
const { add } = vectorWords;
const splatAt = (address: number): Code => [...constant(address), ...loadSplat(0)];
const advance = (local: number, by: number): Code => [
  ...[...get(local), ...constant(by), I32.add, ...set(local)],
];

/** Sixteen rounds, with what `input` pushes besides the constants that CONSTANT points at. */
function phase(input: (round: number) => Code): Code {
  const { code } = rounds({
    words: vectorWords,
    state: STATE,
    scratch: SCRATCH,
    // After sixteen rounds a to h are where they were.
    to: PHASE,
    input: (round) => [...get(CONSTANT), ...loadSplat(BYTES_IN_WORD * round), ...input(round)],
  });
  return [...code, ...advance(CONSTANT, BYTES_IN_WORD * PHASE)];
}

/** Runs a phase until the constants up to `end` are used up. */
const phases = (end: number, input: (round: number) => Code): Code =>
  loopWhile([...phase(input), ...get(CONSTANT), ...constant(end), I32.lessUnsigned]);

/** Makes the word of a round from those before it. */
const scheduled = (round: number): Code => [
  ...get(word(round)),
  ...[...smallSigma0(vectorWords, word(round + 1)), ...add],
  ...[...get(word(round + 9)), ...add],
  ...[...smallSigma1(vectorWords, word(round + 14)), ...add],
  ...set(word(round)),
];

const pointAt = (address: number): Code => [...constant(address), ...set(CONSTANT)];
const begin: Code = eight.flatMap((i) => [
  ...[...splatAt(INITIAL + BYTES_IN_WORD * i), ...set(STATE + i)],
]);

/** Compresses the words in the locals, from the initial state. */
const compress: Code = [
  ...[...begin, ...pointAt(CONSTANTS)],
  ...phase((round) => [...get(word(round)), ...add]),
  ...phases(PADDING, (round) => [...scheduled(round), ...get(word(round)), ...add]),
];

/** Brings four pairs into the words, one in each lane. */
const loadPairs: Code = [0, 4, 8, 12].flatMap((first) => [
  ...[0, 1, 2, 3].flatMap((lane) => [
    ...[...get(FROM), ...loadVector(PAIR * lane + BYTES_IN_WORD * first), ...set(SCRATCH)],
    ...[...turned(SCRATCH), ...set(WORDS + first + lane)],
  ]),
  ...transposed(WORDS + first, SCRATCH),
]);

/** Goes on with the padding of the message, and makes the digest the next message. */
const digestAsMessage: Code = [
  ...eight.flatMap((i) => [
    ...[...splatAt(INITIAL + BYTES_IN_WORD * i), ...get(STATE + i), ...add, ...set(STATE + i)],
    ...[...get(STATE + i), ...set(KEPT + i)],
  ]),
  ...[...pointAt(PADDING), ...phases(INITIAL, () => [])],
  ...eight.flatMap((i) => [...get(STATE + i), ...get(KEPT + i), ...add, ...set(WORDS + i)]),
  ...eight.flatMap((i) => [
    ...[...splatAt(DIGEST_TAIL + BYTES_IN_WORD * i), ...set(WORDS + 8 + i)],
  ]),
];

/** Writes four digests down, one behind the other. */
const storeDigests: Code = [
  ...eight.flatMap((i) => [
    ...[...splatAt(INITIAL + BYTES_IN_WORD * i), ...get(STATE + i), ...add, ...set(SCRATCH)],
    ...[...turned(SCRATCH), ...set(WORDS + i)],
  ]),
  ...[0, 4].flatMap((first) => [
    ...transposed(WORDS + first, SCRATCH),
    ...[0, 1, 2, 3].flatMap((lane) => [
      ...[...get(TO), ...get(WORDS + first + lane)],
      ...storeVector(HASH * lane + BYTES_IN_WORD * first),
    ]),
  ]),
];

/** A function of one number: so many groups of four pairs are hashed in place, from the first on. */
const hashCode: Code = [
  ...[...constant(PAIRS), ...set(FROM), ...constant(PAIRS), ...set(TO)],
  ...loopWhile([
    ...[...loadPairs, ...constant(0), ...set(LAST)],
    ...loopWhile([
      ...compress,
      ...[...get(LAST), I32.equalZero],
      ...when(digestAsMessage),
      ...[...advance(LAST, 1), ...get(LAST), ...constant(2), I32.lessUnsigned],
    ]),
    ...storeDigests,
    ...[...advance(FROM, PAIR * VECTOR_LANES), ...advance(TO, HASH * VECTOR_LANES)],
    ...[...advance(LEFT, -1), ...get(LEFT)],
  ]),
];

const ONE_BIT = 0x80000000;

/** Words of the padding of a message of 64 bytes, through all rounds. */
function paddingSchedule(): Int32Array {
  const words = new Int32Array(ROUNDS);
  words[0] = ONE_BIT;
  words[15] = 8 * PAIR;
  const at = (round: number): number => words[round] as number;
  const turnedRight = (value: number, bits: number): number =>
    (value >>> bits) | (value << (32 - bits));
  for (let round = PHASE; round < ROUNDS; round++) {
    const [x, y] = [at(round - 15), at(round - 2)];
    const small0 = turnedRight(x, 7) ^ turnedRight(x, 18) ^ (x >>> 3);
    const small1 = turnedRight(y, 17) ^ turnedRight(y, 19) ^ (y >>> 10);
    words[round] = at(round - 16) + small0 + at(round - 7) + small1;
  }
  return words;
}

/** Replaces the first `pairs` pairs of hashes of a byte string by their double SHA-256, closed up. */
export type HashPairs = (bytes: Uint8Array, pairs: number) => void;

/** Makes such a function; undefined where there are no vectors. Compiles, which takes a few milliseconds. */
export function compileHashPairs(): HashPairs | undefined {
  const module = writeModule({
    parameters: 1,
    returns: false,
    locals: [
      [NUMBERS, 'i32'],
      [VECTORS, 'v128'],
    ],
    code: hashCode,
  });
  if (!canRun(module)) return undefined;
  const { memory, run } = instantiate(module);
  const words = new Int32Array(memory.buffer);
  const wordsAt = (address: number): Int32Array => words.subarray(address / BYTES_IN_WORD);
  const padding = paddingSchedule();
  wordsAt(CONSTANTS).set(ROUND_CONSTANTS);
  wordsAt(PADDING).set(padding.map((value, round) => value + (ROUND_CONSTANTS[round] as number)));
  wordsAt(INITIAL).set(INITIAL_STATE);
  wordsAt(DIGEST_TAIL).set([ONE_BIT, 0, 0, 0, 0, 0, 0, 8 * HASH]);
  const held = new Uint8Array(memory.buffer, PAIRS, PAIR * MOST_PAIRS);
  return (bytes, pairs) => {
    for (let done = 0; done < pairs; done += MOST_PAIRS) {
      const count = Math.min(pairs - done, MOST_PAIRS);
      held.set(bytes.subarray(PAIR * done, PAIR * (done + count)));
      run(Math.ceil(count / VECTOR_LANES));
      bytes.set(held.subarray(0, HASH * count), HASH * done);
    }
  };
}
