/**
 * Changes to bytes and texts that are valid, or were: single bits, values at the edges of integers and
 * lengths, pieces lost, repeated, moved and taken from elsewhere.
 */
import { concatBytes } from '@coind/primitives';
import type { Chance } from './chance.ts';

/** Bytes that begin lengths, end ranges or have a meaning in scripts. */
const EDGES = [0, 1, 2, 0x4b, 0x4c, 0x4d, 0x4e, 0x50, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff];
const WIDE_EDGES = [
  '00000000',
  'ffffffff',
  'ffffff7f',
  '00000080',
  'fdffff',
  'feffffffff',
  'ffffffffffffffffff',
  'fd0000',
  'fefd000000',
  'ff0000000100000000',
  '0040075af0750700',
  '0140075af0750700',
].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));

type Mutation = (chance: Chance, bytes: Uint8Array, donor: Uint8Array) => Uint8Array;

function span(chance: Chance, length: number): readonly [number, number] {
  const start = chance.below(length + 1);
  return [start, Math.min(length, start + chance.skewed(0, 64))];
}

const flipBit: Mutation = (chance, bytes) => {
  const changed = bytes.slice();
  const at = chance.below(changed.length);
  if (changed.length > 0) changed[at] = (changed[at] as number) ^ (1 << chance.below(8));
  return changed;
};

const setByte: Mutation = (chance, bytes) => {
  const changed = bytes.slice();
  if (changed.length > 0) {
    changed[chance.below(changed.length)] = chance.oneIn(2)
      ? chance.pick(EDGES)
      : chance.below(256);
  }
  return changed;
};

const overwrite: Mutation = (chance, bytes) => {
  const changed = bytes.slice();
  const edge = chance.pick(WIDE_EDGES);
  if (changed.length >= edge.length)
    changed.set(edge, chance.below(changed.length - edge.length + 1));
  return changed;
};

const insert: Mutation = (chance, bytes) => {
  const at = chance.below(bytes.length + 1);
  const piece = chance.oneIn(3) ? chance.pick(WIDE_EDGES) : chance.bytes(chance.skewed(1, 40));
  return concatBytes(bytes.subarray(0, at), piece, bytes.subarray(at));
};

const remove: Mutation = (chance, bytes) => {
  const [start, end] = span(chance, bytes.length);
  return concatBytes(bytes.subarray(0, start), bytes.subarray(end));
};

const repeat: Mutation = (chance, bytes) => {
  const [start, end] = span(chance, bytes.length);
  const piece = bytes.subarray(start, end);
  const times = Array.from({ length: chance.skewed(1, 20) }, () => piece);
  return concatBytes(bytes.subarray(0, end), ...times, bytes.subarray(end));
};

const truncate: Mutation = (chance, bytes) => bytes.slice(0, chance.below(bytes.length + 1));

const splice: Mutation = (chance, bytes, donor) => {
  const [start, end] = span(chance, donor.length);
  const at = chance.below(bytes.length + 1);
  const rest = chance.oneIn(2) ? bytes.subarray(at) : bytes.subarray(at + end - start);
  return concatBytes(bytes.subarray(0, at), donor.subarray(start, end), rest);
};

const mutations = [flipBit, setByte, setByte, overwrite, insert, remove, repeat, truncate, splice];

/** A copy of `bytes` with one to four changes; `donor` is where foreign pieces come from. */
export function mutateBytes(chance: Chance, bytes: Uint8Array, donor = bytes): Uint8Array {
  let changed = bytes;
  for (let count = chance.skewed(1, 4); count > 0; count--) {
    changed = chance.pick(mutations)(chance, changed, donor);
  }
  return changed;
}

/** The same for a text of one-byte characters. */
export function mutateText(chance: Chance, text: string, donor = text): string {
  const bytes = (from: string): Uint8Array => Buffer.from(from, 'latin1');
  return Buffer.from(mutateBytes(chance, bytes(text), bytes(donor))).toString('latin1');
}
