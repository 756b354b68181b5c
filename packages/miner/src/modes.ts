/**
 * When the node mines by itself: never, as soon as a transaction arrives, every so many seconds, every so many
 * seconds if a transaction waits, or all the time. How a block is mined is in `digger.ts`.
 */
import { setImmediate, setTimeout as setTimeoutAsync } from 'node:timers/promises';
import type { Mempool } from '@coind/mempool';
import type { Digger } from './digger.ts';
import type { Payee } from './payee.ts';

/** When blocks are mined unasked. */
export type MiningMode =
  | { readonly kind: 'manual' }
  /** One block for every transaction; those that arrive meanwhile share the next. */
  | { readonly kind: 'transaction' }
  /** Every so many seconds. */
  | { readonly kind: 'interval'; readonly seconds: number }
  /** The same, but only while a transaction waits. */
  | { readonly kind: 'pending'; readonly seconds: number }
  /** All the time, on so many threads. */
  | { readonly kind: 'continuous'; readonly threads: number };

export const miningModes = ['manual', 'transaction', 'interval', 'pending', 'continuous'] as const;

/** Modules that the modes work with. */
export interface MiningModules {
  readonly digger: Digger;
  readonly mempool: Pick<Mempool, 'size' | 'follow'>;
  readonly onBlock: (hash: string) => void;
  /** Hears of blocks that could not be mined; the mode stays. */
  readonly onError: (error: unknown) => void;
}

/** After something went wrong it is not tried again at once. */
const RETRY_MS = 1_000;
/** So long an answer is held back for a block. */
const SETTLE_MS = 1_000;

/** Mines when the mode says so. */
export class Mining {
  readonly #modules: MiningModules;
  #mode: MiningMode = { kind: 'manual' };
  #running: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  /** Blocks that are owed to transactions. */
  #owed: Promise<void> | undefined;
  /** One change of mode at a time. */
  #changed: Promise<void> = Promise.resolve();

  constructor(modules: MiningModules) {
    this.#modules = modules;
  }

  get mode(): MiningMode {
    return this.#mode;
  }

  get hashesPerSecond(): number {
    return this.#modules.digger.hashesPerSecond;
  }

  get blocksFound(): number {
    return this.#modules.digger.blocksFound;
  }

  /**
   * Resolves when the blocks that transactions have set off are there, but does not wait for long: where blocks
   * are hard to find nobody should. Undefined when there are none.
   */
  get settled(): Promise<void> | undefined {
    const owed = this.#owed;
    return owed && Promise.race([owed, setTimeoutAsync(SETTLE_MS, undefined, { ref: false })]);
  }

  /** From now on mines as `mode` says and pays `payee`; what was searched before is given up. */
  set(mode: MiningMode, payee: Payee): Promise<void> {
    return this.#change(async () => {
      await this.#end();
      this.#mode = mode;
      if (mode.kind === 'manual') return;
      const stop = new AbortController();
      this.#running = { stop, ended: this.#run(mode, payee, stop.signal) };
    });
  }

  /** Back to mining by hand. */
  stop(): Promise<void> {
    return this.#change(() => this.#end());
  }

  #change(work: () => Promise<void>): Promise<void> {
    this.#changed = this.#changed.then(work);
    return this.#changed;
  }

  async #end(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#mode = { kind: 'manual' };
    running?.stop.abort();
    await running?.ended;
    this.#modules.digger.rest();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#modules.digger.close();
  }

  async #run(mode: MiningMode, payee: Payee, signal: AbortSignal): Promise<void> {
    if (mode.kind === 'transaction') return this.#onTransactions(payee, signal);
    const isContinuous = mode.kind === 'continuous';
    const threads = isContinuous ? mode.threads : 1;
    const seconds = mode.kind === 'interval' || mode.kind === 'pending' ? mode.seconds : 0;
    while (!signal.aborted) {
      if (!isContinuous) await pause(1000 * seconds, signal);
      const isIdle = mode.kind === 'pending' && this.#modules.mempool.size === 0;
      if (!isIdle && !signal.aborted) await this.#mine(payee, threads, signal);
      // Where blocks are found at once nobody else would have a turn.
      await setImmediate();
    }
  }

  /** Listens until the signal. */
  async #onTransactions(payee: Payee, signal: AbortSignal): Promise<void> {
    let wanted = false;
    const work = async () => {
      while (wanted && !signal.aborted) {
        wanted = false;
        await this.#mine(payee, 1, signal);
      }
      this.#owed = undefined;
    };
    const unfollow = this.#modules.mempool.follow({
      txAdded: () => {
        wanted = true;
        this.#owed ??= work();
      },
    });
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    unfollow();
    await this.#owed;
  }

  async #mine(payee: Payee, threads: number, signal: AbortSignal): Promise<void> {
    const { digger, onBlock, onError } = this.#modules;
    try {
      const hash = await digger.mineOne(payee, threads, signal);
      if (hash !== undefined) onBlock(hash);
    } catch (error) {
      onError(error);
      await pause(RETRY_MS, signal);
    }
  }
}

/** Waits, or until the signal. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms).unref();
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}
