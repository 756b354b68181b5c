/**
 * One target in a thread of its own, so that the thread that waits for it can tell a case that hangs from
 * one that takes its time. Started by `run.ts`.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { type FuzzRange, type FuzzReport, fuzz } from './fuzz.ts';
import { type TargetName, targets } from './targets/index.ts';

/** What the thread is given. */
export interface FuzzJob extends FuzzRange {
  readonly target: TargetName;
  /** Where it writes the index of the case it is at, less `first`. */
  readonly progress: SharedArrayBuffer;
}

/** Bytes in use after a collection: of the process, and of what this thread keeps. */
export interface MemoryUse {
  readonly residentBytes: number;
  readonly heapBytes: number;
}

/** What the thread answers with. */
export interface FuzzResult extends FuzzReport {
  /** After a tenth of the cases, ten thousand at most, when everything is warm. */
  readonly warm: MemoryUse;
  readonly end: MemoryUse;
}

const MAX_WARM_UP = 10_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function memoryUse(): MemoryUse {
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  return { residentBytes: rss, heapBytes: heapUsed };
}

const { target: name, progress, ...range } = workerData as FuzzJob;
const at = new Int32Array(progress);
const warmAt = Math.min(Math.floor(range.count / 10), MAX_WARM_UP);
const target = await targets[name]();
try {
  let warm = memoryUse();
  const report = await fuzz(target, range, (index) => {
    const done = index - (range.first ?? 0);
    Atomics.store(at, 0, done);
    if (done === warmAt) warm = memoryUse();
  });
  parentPort?.postMessage({ ...report, warm, end: memoryUse() } satisfies FuzzResult);
} finally {
  await target.close?.();
}
