/**
 * One search as memory that threads share: the header and its target, how far the nonces have been handed
 * out, what was found, and whether to stop. Nobody waits for anybody; each takes the next slice.
 */

/** Nonces of a slice: a few milliseconds, after which a thread looks whether it shall stop. */
export const JOB_SLICE = 16_384;
const SLICES = 2 ** 32 / JOB_SLICE;

// Places of numbers.
const NEXT_SLICE = 0;
const DONE_SLICES = 1;
const STOPPED = 2;
const FOUND = 3;
const NONCE = 4;
const NUMBERS = 5;
const HEADER = 4 * NUMBERS;
const HEADER_SIZE = 80;
const TARGET = HEADER + HEADER_SIZE;
const SIZE = TARGET + 32;

/** A search that is shared. */
export class SearchJob {
  readonly memory: SharedArrayBuffer;
  readonly #numbers: Int32Array;

  /** Opens a job that somebody else has made. */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#numbers = new Int32Array(memory, 0, NUMBERS);
  }

  /** A job that nobody has begun. */
  static of(header: Uint8Array, target: Uint8Array): SearchJob {
    const memory = new SharedArrayBuffer(SIZE);
    new Uint8Array(memory, HEADER, HEADER_SIZE).set(header);
    new Uint8Array(memory, TARGET).set(target);
    return new SearchJob(memory);
  }

  get header(): Uint8Array {
    return new Uint8Array(this.memory, HEADER, HEADER_SIZE).slice();
  }

  get target(): Uint8Array {
    return new Uint8Array(this.memory, TARGET).slice();
  }

  /** The first nonce of a slice that nobody has looked at; undefined when there is no reason to go on. */
  take(): number | undefined {
    if (Atomics.load(this.#numbers, STOPPED) !== 0) return undefined;
    const slice = Atomics.add(this.#numbers, NEXT_SLICE, 1);
    return slice < SLICES ? slice * JOB_SLICE : undefined;
  }

  /** Says that a slice is done and holds nothing. */
  finishSlice(): void {
    Atomics.add(this.#numbers, DONE_SLICES, 1);
  }

  /** Says that a nonce will do: nobody need go on. */
  find(nonce: number): void {
    Atomics.store(this.#numbers, NONCE, nonce | 0);
    Atomics.store(this.#numbers, FOUND, 1);
    this.stop();
  }

  stop(): void {
    Atomics.store(this.#numbers, STOPPED, 1);
  }

  /** A nonce that will do, once one was found. */
  get nonce(): number | undefined {
    if (Atomics.load(this.#numbers, FOUND) === 0) return undefined;
    return Atomics.load(this.#numbers, NONCE) >>> 0;
  }

  /** Hashes so far, in whole slices. */
  get tries(): number {
    return Atomics.load(this.#numbers, DONE_SLICES) * JOB_SLICE;
  }

  /** Every nonce was looked at. */
  get isExhausted(): boolean {
    return Atomics.load(this.#numbers, DONE_SLICES) >= SLICES;
  }
}
