/**
 * SHA-256 (FIPS 180-4) in WebAssembly, for short input: a call into OpenSSL costs more than hashing the
 * hundred or two hundred bytes of which nearly everything here consists. The module is a few thousand
 * instructions written down by `compressCode`, so there is no binary to trust; longer input is OpenSSL's.
 */
import {
  INITIAL_STATE,
  ROUND_CONSTANTS,
  rounds,
  scalarWords,
  smallSigma0,
  smallSigma1,
} from './sha256-code.ts';
import {
  type Code,
  constant,
  get,
  I32,
  instantiate,
  load,
  loopWhile,
  set,
  store,
  writeModule,
} from './wasm-code.ts';

/** Memory: eight words of state, the digest in bytes, then the padded message. */
const STATE = 0;
const DIGEST = 32;
const MESSAGE = 64;
const BLOCK = 64;

// Locals: the parameter (blocks left), where the block lies, a to h, sixteen words, three for between.
const LEFT = 0;
const AT = 1;
const WORK = 2;
const SCHEDULE = 10;
const TEMP = 26;
const LOCALS = 28;

/** The bytes of the word in `local`, from the last to the first: memory is little-endian. */
function swapped(local: number): Code {
  const half = (rotation: number, mask: number): Code => [
    ...get(local),
    ...constant(rotation),
    I32.rotateLeft,
    ...constant(mask),
    I32.and,
  ];
  return [...half(8, 0x00ff00ff), ...half(24, 0xff00ff00), I32.or];
}

/** Pushes the message word of a round, made from those before it, and the round's constant. */
function input(round: number): Code {
  const word = (i: number): number => SCHEDULE + (i & 15);
  const { add } = scalarWords;
  const made = [
    ...get(word(round)),
    ...[...smallSigma0(scalarWords, word(round + 1)), ...add],
    ...[...get(word(round + 9)), ...add],
    ...[...smallSigma1(scalarWords, word(round + 14)), ...add],
    ...set(word(round)),
  ];
  const roundConstant = constant(ROUND_CONSTANTS[round] as number);
  return [...(round < 16 ? [] : made), ...roundConstant, ...get(word(round)), ...add];
}

/** A function of one number: compresses so many blocks of the message and writes the digest down. */
function compressCode(): Code {
  const code: number[] = [];
  for (let i = 0; i < 8; i++) code.push(...constant(0), ...load(STATE + 4 * i), ...set(WORK + i));
  for (let i = 0; i < 16; i++) {
    code.push(...get(AT), ...load(MESSAGE + 4 * i), ...set(TEMP));
    code.push(...swapped(TEMP), ...set(SCHEDULE + i));
  }
  code.push(...rounds({ words: scalarWords, state: WORK, scratch: TEMP, input }).code);
  // After 64 rounds a to h are where they were.
  for (let i = 0; i < 8; i++) {
    code.push(...constant(0), ...load(STATE + 4 * i), ...get(WORK + i), I32.add, ...set(WORK + i));
    code.push(...constant(0), ...get(WORK + i), ...store(STATE + 4 * i));
    code.push(...constant(0), ...swapped(WORK + i), ...store(DIGEST + 4 * i));
  }
  code.push(...get(AT), ...constant(BLOCK), I32.add, ...set(AT));
  // Again while a block is left.
  code.push(...get(LEFT), ...constant(1), I32.sub, ...set(LEFT), ...get(LEFT));
  return loopWhile(code);
}

/** Makes a function that hashes up to 64,000 bytes. Compiles, which takes a few milliseconds. */
export function compileSha256(): (bytes: Uint8Array) => Uint8Array {
  const { memory, run } = instantiate(
    writeModule({
      parameters: 1,
      returns: false,
      locals: [[LOCALS, 'i32']],
      code: compressCode(),
    }),
  );
  const bytes = new Uint8Array(memory.buffer);
  const state = new Int32Array(memory.buffer, STATE, 8);
  const initial = Int32Array.from(INITIAL_STATE);
  return (message) => {
    const { length } = message;
    const blocks = (length + 8 + BLOCK) >>> 6;
    const end = MESSAGE + blocks * BLOCK;
    bytes.set(message, MESSAGE);
    // One bit, zeros, and the length in bits, most significant byte first.
    bytes.fill(0, MESSAGE + length, end);
    bytes[MESSAGE + length] = 0x80;
    bytes[end - 1] = length << 3;
    bytes[end - 2] = length >>> 5;
    bytes[end - 3] = length >>> 13;
    state.set(initial);
    run(blocks);
    return bytes.slice(DIGEST, DIGEST + 32);
  };
}
