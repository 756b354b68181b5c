/**
 * The inner loop of the search in WebAssembly: the double SHA-256 of a header for many nonces, written down
 * from `rounds` of @coind/primitives. What does not depend on the nonce is read from memory, where
 * `scanner.ts` has put it.
 *
 * The 122 rounds in a row would be more machine code than a processor's instruction cache holds, and fetching
 * it would take longer than running it. Hence phases of sixteen rounds: each is done for a batch of groups
 * before the next begins, and what a group has reached lies in memory meanwhile.
 *
 * Only the most significant word of each hash is computed, and with it three rounds less: whether the rest
 * meets the target too is for the caller to see, once in four billion hashes on a real network.
 */
import {
  ROUNDS,
  type Rounds,
  rounds,
  smallSigma0,
  smallSigma1,
} from '@coind/primitives/sha256-code';
import {
  type Code,
  constant,
  get,
  I32,
  join,
  loopWhile,
  returnIf,
  set,
  writeModule,
} from '@coind/primitives/wasm-code';
import { type Lanes, scalar, simd } from './lanes.ts';
import { type Knowledge, type PlannedWord, planSchedule } from './schedule.ts';

/** Rounds of the first compression that come before the nonce. */
export const ROUNDS_BEFORE_NONCE = 3;
/** The last word of a hash is the e of the round before this. */
const ROUNDS_FOR_LAST_WORD = 61;
/** Rounds of one phase, and groups of nonces in a batch. */
const PHASE = 16;
const GROUPS = 16;

const filled = (count: number, knowledge: Knowledge): Knowledge[] => Array(count).fill(knowledge);

/** The last 16 bytes of the header, the fourth word of which is the nonce, and the padding behind them. */
export const headerPlan = planSchedule([
  ...filled(3, 'known'),
  ...filled(1, 'unknown'),
  ...filled(1, 'known'),
  ...filled(10, 'zero'),
  ...filled(1, 'known'),
]);

/** The hash of the first compression, eight words, and the padding behind it. */
export const digestPlan = planSchedule([
  ...filled(8, 'unknown'),
  ...filled(1, 'known'),
  ...filled(6, 'zero'),
  ...filled(1, 'known'),
]);

/** Where in memory, in bytes, what is. Everything consists of 32-bit words. */
export const layout = {
  /** The state after the first 64 bytes. */
  midstate: 0,
  /** The same after the rounds before the nonce. */
  headerState: 32,
  /** The state before the second compression. */
  initialState: 64,
  /** The most that the last word of the hash may be, most significant byte first. */
  limit: 96,
  headerInputs: 256,
  headerParts: 512,
  digestInputs: 768,
  digestParts: 1024,
  /** What each group has reached: state and words, all lanes. */
  groups: 4096,
} as const;

// Locals: the parameters, how many nonces are done, where the group in work lies, its first nonce or what was
// found of it; then the state, sixteen words, three for between.
const FIRST = 0;
const COUNT = 1;
const DONE = 2;
const GROUP = 3;
const NUMBER = 4;
const STATE = 5;
const SCHEDULE = 13;
const SCRATCH = 29;
const VALUES = 27;

const word = (round: number): number => SCHEDULE + (round & 15);
const eight = [0, 1, 2, 3, 4, 5, 6, 7];

/** One of the two compressions. */
interface Compression {
  readonly plan: readonly PlannedWord[];
  readonly inputs: number;
  readonly parts: number;
  /** Where the state lies before the first round that is done for every nonce, and which that is. */
  readonly state: number;
  readonly from: number;
  readonly to: number;
}

const header: Compression = {
  plan: headerPlan,
  inputs: layout.headerInputs,
  parts: layout.headerParts,
  state: layout.headerState,
  from: ROUNDS_BEFORE_NONCE,
  to: ROUNDS,
};

const digest: Compression = {
  plan: digestPlan,
  inputs: layout.digestInputs,
  parts: layout.digestParts,
  state: layout.initialState,
  from: 0,
  to: ROUNDS_FOR_LAST_WORD,
};

/** What a round takes in: makes its word where it is unknown, and pushes it with the round's constant. */
function input(lanes: Lanes, { plan, inputs, parts }: Compression, round: number): Code {
  const { words, load } = lanes;
  const { knowledge, terms, hasPart } = plan[round] as PlannedWord;
  const ready = load(inputs + 4 * round);
  if (knowledge !== 'unknown') return ready;
  const code = {
    none: get,
    small0: (local: number) => smallSigma0(words, local),
    small1: (local: number) => smallSigma1(words, local),
  };
  const pushed = terms.map(({ round: other, sigma }) => code[sigma](word(other)));
  if (hasPart) pushed.push(load(parts + 4 * round));
  const sum = pushed.flatMap((term, i) => (i === 0 ? term : [...term, ...words.add]));
  const made = pushed.length > 0 ? [...sum, ...set(word(round))] : [];
  return [...made, ...ready, ...get(word(round)), ...words.add];
}

/** Locals of the words from which those of a round and later ones are made. */
function wordsBefore({ plan }: Compression, round: number): readonly number[] {
  const before = plan.slice(Math.max(0, round - PHASE), Math.max(round, PHASE));
  return before.flatMap(({ knowledge }, i) => (knowledge === 'unknown' ? [word(round + i)] : []));
}

/** Pushes where a local of the group in work lies in memory. */
function placeOf(lanes: Lanes, local: number): Code {
  const offset = layout.groups + (local - STATE) * 4 * lanes.count;
  return [...get(GROUP), ...constant(offset), I32.add];
}

const fetched = (lanes: Lanes, local: number): Code => [
  ...[...placeOf(lanes, local), ...lanes.loadAll, ...set(local)],
];

/** Writes what `code` pushes to the place of a local. */
const kept = (lanes: Lanes, local: number, code: Code): Code => [
  ...[...placeOf(lanes, local), ...code, ...lanes.storeAll],
];

/** Brings state and words into the locals for the rounds from `from` on. */
function begin(lanes: Lanes, compression: Compression, from: number): Code {
  const state = eight.flatMap((i) =>
    from === compression.from
      ? [...lanes.load(compression.state + 4 * i), ...set(STATE + i)]
      : fetched(lanes, STATE + i),
  );
  if (compression === header && from === header.from) {
    const nonces = [...lanes.nonces(NUMBER), ...set(word(ROUNDS_BEFORE_NONCE))];
    const next = [...get(NUMBER), ...constant(lanes.count), I32.add, ...set(NUMBER)];
    return [...state, ...nonces, ...next];
  }
  return [...state, ...wordsBefore(compression, from).flatMap((local) => fetched(lanes, local))];
}

/** Puts aside what the rounds before `to` have left in the locals. */
function end(lanes: Lanes, compression: Compression, to: number, { names }: Rounds): Code {
  const { words, load } = lanes;
  const local = (i: number) => get(names[i] as number);
  if (to < compression.to) {
    const state = eight.flatMap((i) => kept(lanes, STATE + i, local(i)));
    const schedule = wordsBefore(compression, to).flatMap((at) => kept(lanes, at, get(at)));
    return [...state, ...schedule];
  }
  if (compression === header) {
    // The hash so far is the message of the second compression.
    const added = (i: number) => [...local(i), ...load(layout.midstate + 4 * i), ...words.add];
    return eight.flatMap((i) => kept(lanes, word(i), added(i)));
  }
  // After three more rounds e would be h.
  const last = [...local(4), ...load(layout.initialState + 28), ...words.add, ...set(SCRATCH)];
  const mask = [...lanes.swapped(SCRATCH), ...load(layout.limit), ...lanes.atMost];
  const found = [...get(DONE), ...get(NUMBER), I32.trailingZeros, I32.add];
  const next = [...get(DONE), ...constant(lanes.count), I32.add, ...set(DONE)];
  return [...last, ...mask, ...set(NUMBER), ...get(NUMBER), ...returnIf(found), ...next];
}

/** Up to sixteen rounds, for every group of a batch. */
function phase(lanes: Lanes, compression: Compression, from: number): Code {
  const to = Math.min(compression.to, (Math.floor(from / PHASE) + 1) * PHASE);
  const done = rounds({
    words: lanes.words,
    state: STATE,
    scratch: SCRATCH,
    input: (round) => input(lanes, compression, round),
    from,
    to,
    onlyE: to === ROUNDS_FOR_LAST_WORD,
  });
  const size = 4 * lanes.count * (SCRATCH - STATE);
  const group = join(
    begin(lanes, compression, from),
    done.code,
    end(lanes, compression, to, done),
    [...get(GROUP), ...constant(size), I32.add, ...set(GROUP)],
    [...get(GROUP), ...constant(GROUPS * size), I32.lessUnsigned],
  );
  return join([...constant(0), ...set(GROUP)], loopWhile(group));
}

/**
 * A function of two numbers: tries so many nonces from the first on and returns how many it tried before
 * one whose hash may meet the target; the count, rounded up to whole batches, when there is none.
 */
function scanCode(lanes: Lanes): Code {
  const starts = [0, 1, 2, 3].map((i) => PHASE * i);
  const batch = join(
    [...get(FIRST), ...get(DONE), I32.add, ...set(NUMBER)],
    ...starts.map((at) => phase(lanes, header, Math.max(at, header.from))),
    ...starts.map((at) => phase(lanes, digest, at)),
    [...get(DONE), ...get(COUNT), I32.lessUnsigned],
  );
  return join(loopWhile(batch), get(DONE));
}

/** The module that tries one nonce at a time, or four with `useSimd`. */
export function writeKernel(useSimd: boolean): Uint8Array {
  const lanes = useSimd ? simd : scalar;
  return writeModule({
    parameters: 2,
    returns: true,
    locals: [
      [3, 'i32'],
      [VALUES, lanes.type],
    ],
    code: scanCode(lanes),
  });
}
