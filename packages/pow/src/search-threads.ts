/**
 * The search on threads of its own, which leaves the event loop free. They share one job at a time, stop
 * within a few milliseconds of being told, and start when a search turns out not to be over at once. Where no
 * thread can be had the search is done here, in slices.
 */
import { Worker } from 'node:worker_threads';
import { BlockHeader } from '@coind/primitives';
import { FEW, type SearchOutcome, searchNonce, targetBytes } from './search.ts';
import { SearchJob } from './search-job.ts';

/** Plain settings of {@link createSearchThreads}. */
export interface SearchThreadsOptions {
  readonly threads: number;
  /** The module that a thread runs; the one beside this file unless told otherwise. */
  readonly workerUrl?: URL;
}

/** Threads that search. */
export interface SearchThreads {
  readonly threads: number;
  /** Hashes since the beginning, over all searches. */
  readonly hashes: number;
  /** Finds a nonce, not always the first one, that makes the header meet its own bits. One search at a time. */
  search(header: BlockHeader, signal: AbortSignal): Promise<SearchOutcome>;
  /** Ends the threads; a search that is under way is over. */
  close(): Promise<void>;
}

/** Makes threads for searches. */
export function createSearchThreads(options: SearchThreadsOptions): SearchThreads {
  return new Threads(options);
}

class Threads implements SearchThreads {
  readonly threads: number;
  readonly #url: URL;
  #workers: SearchThread[] | undefined;
  #job: SearchJob | undefined;
  #hashesBefore = 0;
  #isClosed = false;

  constructor({ threads, workerUrl }: SearchThreadsOptions) {
    this.threads = threads;
    this.#url = workerUrl ?? new URL('./search-worker.js', import.meta.url);
  }

  get hashes(): number {
    return this.#hashesBefore + (this.#job?.tries ?? 0);
  }

  async search(header: BlockHeader, signal: AbortSignal): Promise<SearchOutcome> {
    if (signal.aborted || this.#isClosed) return { status: 'stopped', tries: 0 };
    // On networks for tests every other nonce will do: no thread need wake up.
    const early = await searchNonce(header, { maxTries: FEW });
    if (early.status === 'found') {
      this.#hashesBefore += early.tries + 1;
      return early;
    }
    // The signal may have come meanwhile, and would not come again.
    if (signal.aborted || this.#isClosed) return { status: 'stopped', tries: early.tries };
    this.#workers ??= Array.from({ length: this.threads }, () => new SearchThread(this.#url));
    const job = SearchJob.of(header.encode(), targetBytes(header));
    this.#job = job;
    const stop = () => job.stop();
    signal.addEventListener('abort', stop);
    const finished = await Promise.all(this.#workers.map((worker) => worker.work(job)));
    signal.removeEventListener('abort', stop);
    this.#job = undefined;
    this.#hashesBefore += job.tries;
    const { nonce, tries } = job;
    if (nonce !== undefined) {
      return { status: 'found', header: new BlockHeader({ ...header, nonce }), tries };
    }
    if (job.isExhausted) return { status: 'exhausted', tries };
    return finished.includes(true) || signal.aborted || this.#isClosed
      ? { status: 'stopped', tries }
      : this.#searchHere(header, signal);
  }

  async #searchHere(header: BlockHeader, signal: AbortSignal): Promise<SearchOutcome> {
    const outcome = await searchNonce(header, { maxTries: Number.MAX_SAFE_INTEGER, signal });
    this.#hashesBefore += outcome.tries;
    return outcome;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#job?.stop();
    await Promise.all((this.#workers ?? []).map((worker) => worker.stop()));
    this.#workers = undefined;
  }
}

/** One thread, from its start to its end. */
class SearchThread {
  readonly #worker: Worker;
  #isGone = false;
  #answer: ((finished: boolean) => void) | undefined;

  constructor(url: URL) {
    this.#worker = new Worker(url);
    // An idle thread does not keep the process alive.
    this.#worker.unref();
    this.#worker.on('message', () => this.#settle(true));
    this.#worker.on('error', () => this.#leave());
    this.#worker.on('exit', () => this.#leave());
  }

  /** True when the thread has left the job because there was no reason to go on, false when it died. */
  work(job: SearchJob): Promise<boolean> {
    if (this.#isGone) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#worker.ref();
      this.#worker.postMessage(job.memory);
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #leave(): void {
    this.#isGone = true;
    this.#settle(false);
  }

  #settle(finished: boolean): void {
    const answer = this.#answer;
    this.#answer = undefined;
    if (!this.#isGone) this.#worker.unref();
    answer?.(finished);
  }
}
