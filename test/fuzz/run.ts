/** Runs one target in a thread and watches it: a case that does not end in time is a finding too. */
import { Worker } from 'node:worker_threads';
import type { FuzzRange } from './fuzz.ts';
import type { TargetName } from './targets/index.ts';
import type { FuzzResult } from './worker.ts';

/** A case that takes so long hangs, however busy the machine is. */
const HANG_MS = 60_000;
const WATCH_MS = 1000;

/** What a watched run found out. */
export interface WatchedReport extends FuzzResult {
  readonly seconds: number;
}

/** Calls `hangs` with the case at which a thread has stood for too long. */
function watchdog(progress: SharedArrayBuffer, hangs: (done: number) => void): NodeJS.Timeout {
  const at = new Int32Array(progress);
  let last = -1;
  let since = 0;
  return setInterval(() => {
    const done = Atomics.load(at, 0);
    if (done !== last) {
      last = done;
      since = performance.now();
    } else if (performance.now() - since > HANG_MS) {
      hangs(done);
    }
  }, WATCH_MS);
}

/** Runs the cases of a range on `target`. Rejects with the finding, or with the case that hangs. */
export async function run(target: TargetName, range: FuzzRange): Promise<WatchedReport> {
  const progress = new SharedArrayBuffer(4);
  const started = performance.now();
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: { target, progress, ...range },
  });
  let watch: NodeJS.Timeout | undefined;
  try {
    const result = await new Promise<FuzzResult>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
      watch = watchdog(progress, (done) => {
        const index = (range.first ?? 0) + done;
        reject(new Error(`${target}, seed ${range.seed}, case ${index} hangs`));
      });
    });
    return { ...result, seconds: (performance.now() - started) / 1000 };
  } finally {
    clearInterval(watch);
    await worker.terminate();
  }
}
