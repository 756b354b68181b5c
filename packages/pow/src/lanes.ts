/**
 * How many nonces are tried at once: one, as a 32-bit number, or four, as a vector of such, and the
 * instructions of WebAssembly that do the same in either case.
 */
import { scalarWords, type WordOperations } from '@coind/primitives/sha256-code';
import {
  BYTES_TURNED,
  loadSplat,
  loadVector,
  storeVector,
  turned,
  V128,
  VECTOR_LANES,
  vectorWords,
} from '@coind/primitives/vector-code';
import {
  type Code,
  constant,
  get,
  I32,
  load,
  store,
  type ValueType,
} from '@coind/primitives/wasm-code';

/** Words of one or several messages, side by side. */
export interface Lanes {
  readonly count: number;
  readonly type: ValueType;
  readonly words: WordOperations;
  /**
   * Pushes the word at an address, the same in every lane. The address is a number on the stack rather than
   * part of the instruction: V8 would keep each of those in a register of its own outside of the loop.
   */
  readonly load: (address: number) => Code;
  /** Pushes all lanes from an address on the stack, or stores them there. */
  readonly loadAll: Code;
  readonly storeAll: Code;
  /** Pushes the nonces, from the one in a local on, as words of a message. */
  readonly nonces: (local: number) => Code;
  /** Turns the bytes of the word in a local around and pushes it. */
  readonly swapped: (local: number) => Code;
  /** Compares what is below with the top of the stack; pushes a bit for every lane that is at most that. */
  readonly atMost: Code;
}

function swappedScalar(local: number): Code {
  const half = (rotation: number, mask: number): Code => [
    ...[...get(local), ...constant(rotation), I32.rotateLeft],
    ...[...constant(mask), I32.and],
  ];
  return [...half(8, 0x00ff00ff), ...half(24, 0xff00ff00), I32.or];
}

/** One at a time. */
export const scalar: Lanes = {
  count: 1,
  type: 'i32',
  words: scalarWords,
  load: (address) => [...constant(address), ...load(0)],
  loadAll: load(0),
  storeAll: store(0),
  nonces: swappedScalar,
  swapped: swappedScalar,
  atMost: [I32.atMostUnsigned],
};

const ZERO_TO_THREE = [0, 1, 2, 3].flatMap((lane) => [lane, 0, 0, 0]);

/** Four at a time. */
export const simd: Lanes = {
  count: VECTOR_LANES,
  type: 'v128',
  words: vectorWords,
  load: (address) => [...constant(address), ...loadSplat(0)],
  loadAll: loadVector(0),
  storeAll: storeVector(0),
  nonces: (local) => {
    const each = [...get(local), ...V128.splat, ...V128.const, ...ZERO_TO_THREE, ...V128.add];
    return [...each, ...each, ...V128.shuffleBytes, ...BYTES_TURNED];
  },
  swapped: turned,
  atMost: [...V128.atMostUnsigned, ...V128.bitmask],
};
