/**
 * The double SHA-256 of many messages of 64 bytes, four at a time in vectors of WebAssembly: what a merkle tree
 * consists of. Like `sha256-wasm.ts` a module that is written down here, so there is no binary to trust.
 *
 * Three compressions: of the message, of its padding, which is always the same, and of the digest. Each goes four
 * times through the same sixteen rounds: all in a row would take long to write down, and be more machine code than
 * a processor's instruction cache holds.
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
  V128,
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
  join,
  loopWhile,
  set,
  when,
  writeModule,
} from './wasm-code.ts';

const HASH = 32;
const PAIR = 2 * HASH;
const PHASE = 16;
const BYTES_IN_WORD = 4;

/** Memory, in bytes: round constants, the same with the padding's words added, other words, the pairs. */
const CONSTANTS = 0;
const PADDING = BYTES_IN_WORD * ROUNDS;
const INITIAL = 2 * PADDING;
const DIGEST_TAIL = INITIAL + HASH;
const PAIRS = 1024;
/** So many pairs fit into the one page there is. */
const MOST_PAIRS = 512;

// Locals: the parameter (groups of four left), where the group lies and where its digests go, the constants of the
// next rounds, which compression it is; then vectors: state, words, the state before, three and one for between.
const LEFT = 0;
const FROM = 1;
const TO = 2;
const CONSTANT = 3;
const STEP = 4;
const NUMBERS = 4;
const STATE = 5;
const WORDS = 13;
const BEFORE = 29;
const SCRATCH = 37;
const VECTORS = 36;

const eight = [0, 1, 2, 3, 4, 5, 6, 7];
const word = (round: number): number => WORDS + (round & 15);
const { add } = vectorWords;
const splatAt = (address: number): Code => [...constant(address), ...loadSplat(0)];
const advance = (local: number, by: number): Code => [
  ...[...get(local), ...constant(by), I32.add, ...set(local)],
];
const isStep = (step: number): Code => [
  ...[...get(STEP), ...constant(step), I32.xor, I32.equalZero],
];

/** Makes the word of a round from those before it. */
const scheduled = (round: number): Code => [
  ...get(word(round)),
  ...[...smallSigma0(vectorWords, word(round + 1)), ...add],
  ...[...get(word(round + 9)), ...add],
  ...[...smallSigma1(vectorWords, word(round + 14)), ...add],
  ...set(word(round)),
];

/** Whether these are not the first rounds of a compression: constants of each begin at a multiple of 256. */
const isUnderWay: Code = [...get(CONSTANT), ...constant(PADDING - 1), I32.and];

/** Compresses the words in the locals into the state before, with the constants that CONSTANT points at. */
function compress(): Code {
  const sixteen = Array.from({ length: PHASE }, (_, round) => round);
  const { code } = rounds({
    words: vectorWords,
    state: STATE,
    scratch: SCRATCH,
    // After sixteen rounds a to h are where they were.
    to: PHASE,
    input: (round) => [
      ...[...get(CONSTANT), ...loadSplat(BYTES_IN_WORD * round), ...get(word(round)), ...add],
    ],
  });
  // The padding's words are part of its constants.
  const schedule = when(join(isStep(1), [I32.equalZero], when(sixteen.flatMap(scheduled))));
  const next = [...advance(CONSTANT, BYTES_IN_WORD * PHASE), ...isUnderWay];
  return join(
    eight.flatMap((i) => [...get(BEFORE + i), ...set(STATE + i)]),
    loopWhile(join(isUnderWay, schedule, code, next)),
    eight.flatMap((i) => [...get(BEFORE + i), ...get(STATE + i), ...add, ...set(BEFORE + i)]),
  );
}

const startAnew: Code = eight.flatMap((i) => [
  ...[...splatAt(INITIAL + BYTES_IN_WORD * i), ...set(BEFORE + i)],
]);

/** Brings four pairs into the words, one in each lane. */
function loadPairs(): Code {
  const rows = (first: number): Code =>
    [0, 1, 2, 3].flatMap((lane) => [
      ...[...get(FROM), ...loadVector(PAIR * lane + BYTES_IN_WORD * first), ...set(SCRATCH)],
      ...[...turned(SCRATCH), ...set(WORDS + first + lane)],
    ]);
  return [0, 4, 8, 12].flatMap((first) => join(rows(first), transposed(WORDS + first, SCRATCH)));
}

/** Behind the message comes its padding, the words of which are zero here. */
const toPadding: Code = Array.from({ length: PHASE }, (_, i) => [
  ...[...constant(0), ...V128.splat, ...set(WORDS + i)],
]).flat();

/** The digest is the next message. */
const toDigest: Code = [
  ...[...constant(CONSTANTS), ...set(CONSTANT)],
  ...eight.flatMap((i) => [...get(BEFORE + i), ...set(WORDS + i)]),
  ...eight.flatMap((i) => [
    ...[...splatAt(DIGEST_TAIL + BYTES_IN_WORD * i), ...set(WORDS + 8 + i)],
  ]),
  ...startAnew,
];

/** Writes four digests down, one behind the other. */
function storeDigests(): Code {
  const rows = (first: number): Code =>
    [0, 1, 2, 3].flatMap((lane) => [
      ...[...get(TO), ...get(WORDS + first + lane)],
      ...storeVector(HASH * lane + BYTES_IN_WORD * first),
    ]);
  return join(
    eight.flatMap((i) => [...turned(BEFORE + i), ...set(WORDS + i)]),
    ...[0, 4].map((first) => join(transposed(WORDS + first, SCRATCH), rows(first))),
  );
}

/** A function of one number: so many groups of four pairs are hashed in place, from the first on. */
function hashCode(): Code {
  const compressions = join(
    compress(),
    [...isStep(0), ...when(toPadding), ...isStep(1), ...when(toDigest)],
    [...advance(STEP, 1), ...get(STEP), ...constant(3), I32.lessUnsigned],
  );
  const group = join(
    [...constant(CONSTANTS), ...set(CONSTANT), ...constant(0), ...set(STEP)],
    startAnew,
    loadPairs(),
    loopWhile(compressions),
    storeDigests(),
    [...advance(FROM, PAIR * VECTOR_LANES), ...advance(TO, HASH * VECTOR_LANES)],
    [...advance(LEFT, -1), ...get(LEFT)],
  );
  const start = [...constant(PAIRS), ...set(FROM), ...constant(PAIRS), ...set(TO)];
  return join(start, loopWhile(group));
}

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
    code: hashCode(),
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
