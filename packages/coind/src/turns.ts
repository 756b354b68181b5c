/** Turns for work that comes faster than it is done: so many at once, so many waiting, the rest refused. */

/** Who is at work, and who waits. */
export interface Turns {
  /** Runs `work` now or when its turn comes; false when too many wait already. */
  take(work: () => Promise<void>): boolean;
  /** Resolves when nothing runs or waits. */
  idle(): Promise<void>;
}

/** `threads` at once, `depth` waiting: as many as bitcoind has threads, and as its queue is deep. */
export function createTurns(threads: number, depth: number): Turns {
  const waiting: (() => Promise<void>)[] = [];
  let running = 0;
  let onIdle: (() => void)[] = [];

  async function run(work: () => Promise<void>): Promise<void> {
    running++;
    try {
      await work();
    } finally {
      running--;
      const next = waiting.shift();
      if (next) void run(next);
      else if (running === 0) {
        for (const resolve of onIdle) resolve();
        onIdle = [];
      }
    }
  }

  return {
    take(work) {
      if (running < threads) void run(work);
      else if (waiting.length < depth) waiting.push(work);
      else return false;
      return true;
    },
    idle: () => (running === 0 ? Promise.resolve() : new Promise((done) => onIdle.push(done))),
  };
}
