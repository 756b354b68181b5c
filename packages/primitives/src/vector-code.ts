/**
 * Vectors of four 32-bit words in WebAssembly: the instructions that hashing takes, and SHA-256's operations
 * on such, for whoever hashes four messages at once.
 */
import type { WordOperations } from './sha256-code.ts';
import { type Code, constant, get, set, unsigned } from './wasm-code.ts';

/** How many words are in a vector. */
export const VECTOR_LANES = 4;

const vector = (opcode: number): Code => [0xfd, ...unsigned(opcode)];

/** Instructions on vectors of four 32-bit words. */
export const V128 = {
  load: vector(0),
  loadSplat: vector(9),
  store: vector(11),
  const: vector(12),
  shuffleBytes: vector(13),
  splat: vector(17),
  atMostUnsigned: vector(62),
  and: vector(78),
  or: vector(80),
  xor: vector(81),
  bitmask: vector(164),
  shiftLeft: vector(171),
  shiftRight: vector(173),
  add: vector(174),
} as const;

/** Words that are vectors. */
export const vectorWords: WordOperations = {
  add: V128.add,
  and: V128.and,
  xor: V128.xor,
  rotated: (local, bits) => [
    ...[...get(local), ...constant(bits), ...V128.shiftRight],
    ...[...get(local), ...constant(32 - bits), ...V128.shiftLeft],
    ...V128.or,
  ],
  shifted: (local, bits) => [...get(local), ...constant(bits), ...V128.shiftRight],
};

/** Loads a vector from the address on the stack and `offset`, the same word in every lane, or stores one. */
export const loadVector = (offset: number): Code => [...V128.load, 4, ...unsigned(offset)];
export const loadSplat = (offset: number): Code => [...V128.loadSplat, 2, ...unsigned(offset)];
export const storeVector = (offset: number): Code => [...V128.store, 4, ...unsigned(offset)];

/** The order of bytes that turns each word around: memory and messages of SHA-256 differ in it. */
export const BYTES_TURNED: Code = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];

/** Pushes the vector in `local` with the bytes of each word the other way around. */
export const turned = (local: number): Code => [
  ...[...get(local), ...get(local), ...V128.shuffleBytes, ...BYTES_TURNED],
];

/** Pushes words of two vectors: four numbers below 8, of which those from 4 on mean the second. */
const picked = (first: number, second: number, words: readonly number[]): Code => [
  ...[...get(first), ...get(second), ...V128.shuffleBytes],
  ...words.flatMap((word) => [0, 1, 2, 3].map((byte) => 4 * word + byte)),
];

/** Four vectors in consecutive locals, as rows, become the columns; takes four locals for between. */
export function transposed(rows: number, between: number): Code {
  const pair = (into: number, first: number, words: readonly number[]): Code => [
    ...[...picked(first, first + 1, words), ...set(into)],
  ];
  const column = (into: number, low: number, words: readonly number[]): Code => [
    ...[...picked(between + low, between + low + 1, words), ...set(rows + into)],
  ];
  return [
    // The first two words of rows 0 and 1, of rows 2 and 3; then the last two.
    ...pair(between, rows, [0, 4, 1, 5]),
    ...pair(between + 1, rows + 2, [0, 4, 1, 5]),
    ...pair(between + 2, rows, [2, 6, 3, 7]),
    ...pair(between + 3, rows + 2, [2, 6, 3, 7]),
    ...column(0, 0, [0, 1, 4, 5]),
    ...column(1, 0, [2, 3, 6, 7]),
    ...column(2, 2, [0, 1, 4, 5]),
    ...column(3, 2, [2, 3, 6, 7]),
  ];
}
