/**
 * A block's script checks as bytes in memory that threads share: a counter from which everybody takes
 * the next few transactions, and for each transaction its bytes, the outputs it spends and its flags.
 * Whoever is free takes on, so no thread waits while there is work; the first failure stops everybody.
 */
import { type ScriptCheck, scriptChecksOf } from '@coind/consensus';
import { compactSizeLength, Reader, Tx, type TxOutput } from '@coind/primitives';

/** The checks of one transaction; all of them have the same `spent` and flags. */
export type TxChecks = readonly ScriptCheck[];

/** Groups checks, which come in order, by transaction. */
export function byTransaction(checks: readonly ScriptCheck[]): ScriptCheck[][] {
  const groups: ScriptCheck[][] = [];
  let last: ScriptCheck[] | undefined;
  for (const check of checks) {
    if (last?.[0]?.tx === check.tx) {
      last.push(check);
      continue;
    }
    last = [check];
    groups.push(last);
  }
  return groups;
}

/** Words at the start: the next transaction to take, whether to stop, how many transactions there are. */
const NEXT = 0;
const STOP = 1;
const COUNT = 2;
const HEADER_WORDS = 3;
/** Inputs that are taken at a time: enough for half a millisecond, few enough to share out evenly. */
const INPUTS_AT_A_TIME = 4;

/** Takes pieces of one job; every thread has one of its own over the same memory. */
export class JobShare {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #count: number;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, HEADER_WORDS);
    this.#count = this.#words[COUNT] as number;
    this.#bytes = new Uint8Array(memory);
  }

  /** The next transactions nobody has taken, as a range; undefined when there are none. */
  take(): { readonly from: number; readonly to: number } | undefined {
    if (Atomics.load(this.#words, STOP) !== 0) return undefined;
    const from = Atomics.load(this.#words, NEXT);
    if (from >= this.#count) return undefined;
    const to = this.#endFrom(from);
    // Somebody else may have been faster: then try for what comes next.
    if (Atomics.compareExchange(this.#words, NEXT, from, to) !== from) return this.take();
    return { from, to };
  }

  /** Nothing more is taken: a check has failed, and those before it are taken already. */
  stop(): void {
    Atomics.store(this.#words, STOP, 1);
  }

  /** The checks of transaction `index`, decoded anew. */
  checks(index: number): TxChecks {
    const start = this.#startOf(index);
    // A copy, because not everything that hashes and verifies takes memory that threads share.
    const reader = new Reader(this.#bytes.slice(start, this.#startOf(index + 1)));
    const flags = reader.u32();
    const tx = Tx.read(reader);
    const spent: TxOutput[] = tx.inputs.map(() => ({
      value: reader.i64(),
      scriptPubKey: reader.varBytes(),
    }));
    return scriptChecksOf(tx, spent, flags);
  }

  #endFrom(from: number): number {
    let to = from + 1;
    let inputs = this.#inputsOf(from);
    while (to < this.#count && inputs < INPUTS_AT_A_TIME) inputs += this.#inputsOf(to++);
    return to;
  }

  #startOf(index: number): number {
    return this.#word(2 * index);
  }

  #inputsOf(index: number): number {
    return this.#word(2 * index + 1);
  }

  #word(at: number): number {
    const i = 4 * (HEADER_WORDS + at);
    const b = this.#bytes;
    return (
      ((b[i] as number) |
        ((b[i + 1] as number) << 8) |
        ((b[i + 2] as number) << 16) |
        ((b[i + 3] as number) << 24)) >>>
      0
    );
  }
}

/** Writes the checks of `txs` into memory that threads can share. */
export function writeJob(txs: readonly TxChecks[]): SharedArrayBuffer {
  const words = HEADER_WORDS + 2 * txs.length + 1;
  let size = 4 * words;
  const starts = txs.map((checks) => {
    const start = size;
    size += sizeOf(checks);
    return start;
  });
  const memory = new SharedArrayBuffer(size);
  const index = new Int32Array(memory, 0, words);
  index[COUNT] = txs.length;
  for (let i = 0; i < txs.length; i++) {
    index[HEADER_WORDS + 2 * i] = starts[i] as number;
    index[HEADER_WORDS + 2 * i + 1] = (txs[i] as TxChecks).length;
  }
  index[HEADER_WORDS + 2 * txs.length] = size;
  const view = new DataView(memory);
  const bytes = new Uint8Array(memory);
  for (let i = 0; i < txs.length; i++)
    writeTx(txs[i] as TxChecks, view, bytes, starts[i] as number);
  return memory;
}

function sizeOf(checks: TxChecks): number {
  const { tx, spent } = checks[0] as ScriptCheck;
  let size = 4 + tx.encode().length;
  for (const { scriptPubKey } of spent) {
    size += 8 + compactSizeLength(scriptPubKey.length) + scriptPubKey.length;
  }
  return size;
}

function writeTx(checks: TxChecks, view: DataView, bytes: Uint8Array, start: number): void {
  const { tx, spent, flags } = checks[0] as ScriptCheck;
  const encoded = tx.encode();
  view.setUint32(start, flags, true);
  bytes.set(encoded, start + 4);
  let at = start + 4 + encoded.length;
  for (const { value, scriptPubKey } of spent) {
    view.setBigInt64(at, value, true);
    at = writeSize(view, at + 8, scriptPubKey.length);
    bytes.set(scriptPubKey, at);
    at += scriptPubKey.length;
  }
}

function writeSize(view: DataView, at: number, size: number): number {
  if (size < 0xfd) {
    view.setUint8(at, size);
    return at + 1;
  }
  const wide = size > 0xffff;
  view.setUint8(at, wide ? 0xfe : 0xfd);
  if (wide) view.setUint32(at + 1, size, true);
  else view.setUint16(at + 1, size, true);
  return at + (wide ? 5 : 3);
}
