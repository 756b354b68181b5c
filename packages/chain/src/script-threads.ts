/**
 * Scripts verified on several threads. Small blocks, and all of them until the threads have started, are
 * verified where they are asked for; in a big one this thread works along with the others.
 */
import { Worker } from 'node:worker_threads';
import { runScriptCheck, type ScriptCheck } from '@coind/consensus';
import type { ScriptVerifier } from './script-checks.ts';
import { byTransaction, JobShare, type TxChecks, writeJob } from './script-job.ts';

/** Plain settings of `createScriptThreads`. */
export interface ScriptThreadsOptions {
  /** Threads that verify, this one included; 1 for this one alone. */
  readonly threads: number;
  /** Checks from which on others are asked; 16 unless told otherwise. */
  readonly leastChecks?: number;
  /** The module that a thread runs; the one beside this file unless told otherwise. */
  readonly workerUrl?: URL;
}

/** A verifier that has threads to stop. */
export interface ScriptThreads extends ScriptVerifier {
  close(): Promise<void>;
}

/** Waking a thread and waiting for its answer takes about as long as verifying so many inputs. */
const LEAST_CHECKS = 16;
/** How long this thread verifies before it lets others have a turn of the event loop. */
const TURN_MS = 10;

/** Makes a verifier; threads start with the first block that is big enough for them. */
export function createScriptThreads(options: ScriptThreadsOptions): ScriptThreads {
  return new Threads(options);
}

class Threads implements ScriptThreads {
  readonly #count: number;
  readonly #leastChecks: number;
  readonly #url: URL;
  #workers: ThreadHandle[] | undefined;
  #closed = false;

  constructor({ threads, leastChecks, workerUrl }: ScriptThreadsOptions) {
    this.#count = threads - 1;
    this.#leastChecks = leastChecks ?? LEAST_CHECKS;
    this.#url = workerUrl ?? new URL('./script-worker.js', import.meta.url);
  }

  verify(checks: readonly ScriptCheck[]): void | Promise<void> {
    const helpers = checks.length < this.#leastChecks ? [] : this.#helpers();
    if (helpers.length > 0) return this.#verifyTogether(byTransaction(checks), helpers);
    for (const check of checks) runScriptCheck(check);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all((this.#workers ?? []).map((worker) => worker.stop()));
  }

  /** Threads that can be asked now; starts them when nobody has asked before. */
  #helpers(): ThreadHandle[] {
    if (this.#count <= 0 || this.#closed) return [];
    this.#workers ??= Array.from({ length: this.#count }, () => new ThreadHandle(this.#url));
    return this.#workers.filter((worker) => worker.isReady);
  }

  async #verifyTogether(txs: readonly TxChecks[], helpers: readonly ThreadHandle[]): Promise<void> {
    const memory = writeJob(txs);
    const theirs = helpers.map((helper) => helper.verify(memory));
    // Whoever asked may have something else to do first; the others are at work already.
    await undefined;
    let failed = await verifyOwnShare(txs, new JobShare(memory));
    for (const theirFirst of await Promise.all(theirs)) {
      // A thread that died may have taken anything along: all is verified again, here.
      if (theirFirst === undefined) failed = 0;
      else if (theirFirst >= 0) failed = failed < 0 ? theirFirst : Math.min(failed, theirFirst);
    }
    if (failed < 0) return;
    // Everything before the first failure was verified. Once more for the error, with its text.
    for (let i = failed; i < txs.length; i++)
      for (const check of txs[i] ?? []) runScriptCheck(check);
  }
}

/** Takes part in a job, with the transactions already at hand. Returns as a thread answers. */
async function verifyOwnShare(txs: readonly TxChecks[], share: JobShare): Promise<number> {
  let turnEnds = performance.now() + TURN_MS;
  for (let range = share.take(); range; range = share.take()) {
    for (let index = range.from; index < range.to; index++) {
      try {
        for (const check of txs[index] as TxChecks) runScriptCheck(check);
      } catch {
        share.stop();
        return index;
      }
    }
    if (performance.now() > turnEnds) {
      await new Promise((resolve) => setImmediate(resolve));
      turnEnds = performance.now() + TURN_MS;
    }
  }
  return -1;
}

/** One thread, from its start to its end. */
class ThreadHandle {
  readonly #worker: Worker;
  #state: 'starting' | 'ready' | 'gone' = 'starting';
  #answer: ((first: number | undefined) => void) | undefined;

  constructor(url: URL) {
    this.#worker = new Worker(url);
    // An idle thread does not keep the process alive.
    this.#worker.unref();
    this.#worker.on('message', (first: number) => {
      this.#state = 'ready';
      this.#settle(first);
    });
    this.#worker.on('error', () => this.#leave());
    this.#worker.on('exit', () => this.#leave());
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** The first transaction that fails, -1 for none, undefined when the thread died over it. */
  verify(memory: SharedArrayBuffer): Promise<number | undefined> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#worker.ref();
      this.#worker.postMessage(memory);
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #leave(): void {
    this.#state = 'gone';
    this.#settle(undefined);
  }

  #settle(first: number | undefined): void {
    const answer = this.#answer;
    this.#answer = undefined;
    this.#worker.unref();
    answer?.(first);
  }
}
