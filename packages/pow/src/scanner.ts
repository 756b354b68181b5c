/**
 * Looks through a range of nonces for one that makes a header meet a target: four at once in vectors where the
 * machine has them, else one by one in WebAssembly, else in plain JavaScript. Runs to its end; slices
 * and threads are made elsewhere.
 */
import { sha256d } from '@coind/primitives';
import { INITIAL_STATE } from '@coind/primitives/sha256-code';
import { canRun, instantiate } from '@coind/primitives/wasm-code';
import { compress, runRounds } from './compress.ts';
import { digestPlan, headerPlan, layout, ROUNDS_BEFORE_NONCE, writeKernel } from './kernel.ts';
import { fillSchedule } from './schedule.ts';

/** Ways to search, the fastest first. */
export const scannerKinds = ['simd', 'wasm', 'javascript'] as const;
export type ScannerKind = (typeof scannerKinds)[number];

/** Looks for nonces. */
export interface NonceScanner {
  readonly kind: ScannerKind;
  /** Takes a header of 80 bytes, the nonce of which does not matter, and a target, 32 bytes little-endian. */
  prepare(header: Uint8Array, target: Uint8Array): void;
  /** The first nonce of `count` from `first` on that will do; undefined for none of them. */
  scan(first: number, count: number): number | undefined;
}

/** Bytes before the nonce. */
const NONCE_OFFSET = 76;
const HASH_END = 32;

/** The fastest scanner this machine runs, or the one that is asked for. Compiles: some milliseconds. */
export function createScanner(kind: ScannerKind = fastestKind()): NonceScanner {
  return new Scanner(kind, kind === 'javascript' ? new PlainKernel() : new WasmKernel(kind));
}

type WasmKind = Exclude<ScannerKind, 'javascript'>;

const modules = new Map<WasmKind, Uint8Array>();

/** A kernel's module, written down once: that takes longer than to compile it. */
function moduleOf(kind: WasmKind): Uint8Array {
  const module = modules.get(kind) ?? writeKernel(kind === 'simd');
  modules.set(kind, module);
  return module;
}

let fastest: ScannerKind | undefined;

/** What this machine can do best. */
export function fastestKind(): ScannerKind {
  const runs = (kind: WasmKind): boolean => canRun(moduleOf(kind));
  fastest ??= runs('simd') ? 'simd' : runs('wasm') ? 'wasm' : 'javascript';
  return fastest;
}

/** Finds nonces whose hash may meet the target: its most significant word does. */
interface Kernel {
  /** `midstate` is the state after the first 64 bytes, `tail` the sixteen words behind them. */
  prepare(midstate: Int32Array, tail: Int32Array, limit: number): void;
  /** How many nonces were tried before such a one; `count` or more when there is none. */
  run(first: number, count: number): number;
}

class Scanner implements NonceScanner {
  readonly kind: ScannerKind;
  readonly #kernel: Kernel;
  readonly #header = new Uint8Array(NONCE_OFFSET + 4);
  readonly #view = new DataView(this.#header.buffer);
  #target = new Uint8Array(HASH_END);

  constructor(kind: ScannerKind, kernel: Kernel) {
    this.kind = kind;
    this.#kernel = kernel;
  }

  prepare(header: Uint8Array, target: Uint8Array): void {
    this.#header.set(header);
    this.#target = target.slice();
    const words = new Int32Array(32);
    for (let i = 0; i < NONCE_OFFSET / 4; i++) words[i] = this.#view.getInt32(4 * i);
    words[20] = 0x80000000;
    words[31] = 8 * this.#header.length;
    const midstate = new Int32Array(8);
    compress(INITIAL, words.subarray(0, 16), midstate);
    const limit = new DataView(this.#target.buffer).getInt32(HASH_END - 4, true);
    this.#kernel.prepare(midstate, words.subarray(16), limit);
  }

  scan(first: number, count: number): number | undefined {
    for (let done = 0; done < count; done++) {
      done += this.#kernel.run(first + done, count - done);
      if (done < count && this.#meetsTarget(first + done)) return first + done;
    }
    return undefined;
  }

  #meetsTarget(nonce: number): boolean {
    this.#view.setUint32(NONCE_OFFSET, nonce, true);
    return isAtMost(sha256d(this.#header), this.#target);
  }
}

const INITIAL = Int32Array.from(INITIAL_STATE);

/** Compares 256-bit little-endian numbers; nearly always decided by the first byte looked at. */
export function isAtMost(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = HASH_END - 1; i >= 0; i--) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return true;
}

class WasmKernel implements Kernel {
  readonly #run: (first: number, count: number) => number;
  readonly #memory: ArrayBuffer;

  constructor(kind: WasmKind) {
    const { memory, run } = instantiate(moduleOf(kind));
    this.#run = run;
    this.#memory = memory.buffer;
    this.#words(layout.initialState, 8).set(INITIAL);
    const padding = Int32Array.from({ length: 16 }, (_, i) =>
      i === 8 ? 0x80000000 : i === 15 ? 8 * HASH_END : 0,
    );
    fillSchedule(digestPlan, padding, {
      inputs: this.#words(layout.digestInputs, 64),
      parts: this.#words(layout.digestParts, 64),
    });
  }

  #words(address: number, length: number): Int32Array {
    return new Int32Array(this.#memory, address, length);
  }

  prepare(midstate: Int32Array, tail: Int32Array, limit: number): void {
    this.#words(layout.midstate, 8).set(midstate);
    const state = this.#words(layout.headerState, 8);
    state.set(midstate);
    runRounds(state, tail, ROUNDS_BEFORE_NONCE);
    fillSchedule(headerPlan, tail, {
      inputs: this.#words(layout.headerInputs, 64),
      parts: this.#words(layout.headerParts, 64),
    });
    this.#words(layout.limit, 1)[0] = limit;
  }

  run(first: number, count: number): number {
    return this.#run(first, count) >>> 0;
  }
}

/** The same without WebAssembly. */
class PlainKernel implements Kernel {
  readonly #midstate = new Int32Array(8);
  readonly #tail = new Int32Array(16);
  readonly #digest = new Int32Array(16);
  readonly #hash = new Int32Array(8);
  #limit = 0;

  prepare(midstate: Int32Array, tail: Int32Array, limit: number): void {
    this.#midstate.set(midstate);
    this.#tail.set(tail);
    this.#digest[8] = 0x80000000;
    this.#digest[15] = 8 * HASH_END;
    this.#limit = limit >>> 0;
  }

  run(first: number, count: number): number {
    const digest = this.#digest.subarray(0, 8);
    for (let done = 0; done < count; done++) {
      this.#tail[3] = swapped(first + done);
      compress(this.#midstate, this.#tail, digest);
      compress(INITIAL, this.#digest, this.#hash);
      if (swapped(this.#hash[7] as number) >>> 0 <= this.#limit) return done;
    }
    return count;
  }
}

/** The bytes of a word the other way around. */
function swapped(word: number): number {
  return (word << 24) | ((word << 8) & 0xff0000) | ((word >>> 8) & 0xff00) | ((word >>> 24) & 0xff);
}
