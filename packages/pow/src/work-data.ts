/**
 * The forms in which programs of 2011 wanted a header (getwork): the state after its first 64 bytes, and
 * messages padded by hand, because they fed graphics cards word by word.
 */
import { HEADER_SIZE } from '@coind/primitives';
import { INITIAL_STATE } from '@coind/primitives/sha256-code';
import { compress } from './compress.ts';

const BLOCK_SIZE = 64;

/** SHA-256's state after the first 64 bytes of a header: eight words, each little-endian. */
export function midstateOf(header: Uint8Array): Uint8Array {
  const view = new DataView(header.buffer, header.byteOffset, BLOCK_SIZE);
  const words = Int32Array.from({ length: 16 }, (_, i) => view.getInt32(4 * i));
  const state = new Int32Array(8);
  compress(Int32Array.from(INITIAL_STATE), words, state);
  const bytes = new Uint8Array(32);
  const out = new DataView(bytes.buffer);
  for (const [i, word] of state.entries()) out.setInt32(4 * i, word, true);
  return bytes;
}

/** `message` with SHA-256's padding behind it, the bytes of each word turned around. */
export function paddedWords(message: Uint8Array): Uint8Array {
  const blocks = Math.ceil((message.length + 9) / BLOCK_SIZE);
  const padded = new Uint8Array(blocks * BLOCK_SIZE);
  padded.set(message);
  padded[message.length] = 0x80;
  new DataView(padded.buffer).setUint32(padded.length - 4, 8 * message.length);
  return turnedWords(padded);
}

/** The 80 bytes of the header that {@link paddedWords} was given. */
export function headerOfWords(data: Uint8Array): Uint8Array {
  return turnedWords(data).subarray(0, HEADER_SIZE);
}

/** The bytes with those of each word turned around. */
function turnedWords(bytes: Uint8Array): Uint8Array {
  return bytes.map((_, i) => bytes[i ^ 3] as number);
}
