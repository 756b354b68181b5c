/** The node's clock: the machine's, or the one a test sets with setmocktime. Time is a module, never a global. */

/** Unix seconds, and a handle to hold them still. */
export interface NodeClock {
  now(): number;
  /** Unix milliseconds, with fractions while nobody has set the clock. */
  nowMs(): number;
  /** Unix seconds to stand still at; 0 goes back to the machine's clock. */
  setMock(time: number): void;
  /** Seconds since the process started, by the machine's clock: mock time does not bend it. */
  uptime(): number;
}

/** A clock that starts with `mock` (0: real time). */
export function createClock(mock = 0): NodeClock {
  let frozen = mock;
  const started = performance.now();
  return {
    nowMs: () => (frozen !== 0 ? frozen * 1000 : performance.timeOrigin + performance.now()),
    now: () => (frozen !== 0 ? frozen : Math.floor(Date.now() / 1000)),
    setMock(time) {
      frozen = time;
    },
    uptime: () => Math.floor((performance.now() - started) / 1000),
  };
}
