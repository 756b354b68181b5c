/**
 * Numbers inside scripts: little endian, sign in the top bit, the empty string is zero. Operands have at
 * most four bytes (five for lock times); sums may be longer and are then no operands any more.
 */
import { EMPTY } from '@coind/primitives';
import { ScriptError } from './script-error.ts';

/**
 * The number that `bytes` stand for. Throws `ScriptError` SCRIPTNUM when they are longer than
 * `maxSize` (at most 6, so that a double is exact) or, if asked, not in the shortest form.
 */
export function decodeScriptNum(bytes: Uint8Array, minimal: boolean, maxSize = 4): number {
  const { length } = bytes;
  if (length > maxSize) throw new ScriptError('SCRIPTNUM');
  if (length === 0) return 0;
  const last = bytes[length - 1] as number;
  // A top byte that is only a sign must be there because the byte below needs all of its bits.
  if (minimal && (last & 0x7f) === 0 && (length === 1 || (bytes[length - 2] as number) < 0x80)) {
    throw new ScriptError('SCRIPTNUM');
  }
  let magnitude = last & 0x7f;
  for (let i = length - 2; i >= 0; i--) magnitude = magnitude * 256 + (bytes[i] as number);
  // Adding 0 turns the negative zero of a lone sign bit into zero.
  return last & 0x80 ? -magnitude + 0 : magnitude;
}

const small = Array.from({ length: 0x80 }, (_, value) => new Uint8Array([value]));

/** The shortest bytes of a safe integer. Shared for small numbers: do not write into them. */
export function encodeScriptNum(value: number): Uint8Array {
  if (value === 0) return EMPTY;
  if (value > 0 && value < 0x80) return small[value] as Uint8Array;
  const bytes: number[] = [];
  let rest = Math.abs(value);
  while (rest > 0) {
    bytes.push(rest % 256);
    rest = Math.floor(rest / 256);
  }
  const top = bytes.length - 1;
  if ((bytes[top] as number) & 0x80) bytes.push(value < 0 ? 0x80 : 0);
  else if (value < 0) bytes[top] = (bytes[top] as number) | 0x80;
  return new Uint8Array(bytes);
}

/** What a stack element means as a condition: false for zeros of any length, negative zero included. */
export function isTrue(bytes: Uint8Array): boolean {
  const last = bytes.length - 1;
  for (let i = 0; i < last; i++) if (bytes[i] !== 0) return true;
  return last >= 0 && bytes[last] !== 0 && bytes[last] !== 0x80;
}
