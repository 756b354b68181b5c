/**
 * SHA-256's compression function in plain JavaScript: it makes the state after the first 64 bytes of a
 * header, which every nonce shares, and is what searches where there is no WebAssembly.
 */
import { ROUND_CONSTANTS, ROUNDS } from '@coind/primitives/sha256-code';

const K = Int32Array.from(ROUND_CONSTANTS);
const schedule = new Int32Array(ROUNDS);

/** Runs the first `count` rounds on `state`, in place, with the words of `message` that they need. */
export function runRounds(state: Int32Array, message: Int32Array, count = ROUNDS): void {
  const w = schedule;
  w.set(message);
  for (let i = message.length; i < count; i++) {
    const x = w[i - 15] as number;
    const y = w[i - 2] as number;
    const small0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const small1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = ((w[i - 16] as number) + small0 + (w[i - 7] as number) + small1) | 0;
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  let f = state[5] as number;
  let g = state[6] as number;
  let h = state[7] as number;
  for (let i = 0; i < count; i++) {
    const big1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const big0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t = (h + big1 + (g ^ (e & (f ^ g))) + (K[i] as number) + (w[i] as number)) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t) | 0;
    d = c;
    // Before c becomes b: the majority of a, b and c.
    const majority = (a & b) | (c & (a | b));
    c = b;
    b = a;
    a = (t + big0 + majority) | 0;
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
  state[4] = e;
  state[5] = f;
  state[6] = g;
  state[7] = h;
}

/** Writes the state after `message`, sixteen words, from the state before it. */
export function compress(before: Int32Array, message: Int32Array, after: Int32Array): void {
  after.set(before);
  runRounds(after, message);
  for (let i = 0; i < 8; i++) after[i] = (after[i] as number) + (before[i] as number);
}
