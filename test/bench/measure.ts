/** Clock, statistics and the table of a benchmark. Speed is reported, never asserted: machines differ. */
import { readFileSync } from 'node:fs';

/** One line of the report. */
export interface Result {
  readonly name: string;
  /** Median in milliseconds of one operation. */
  readonly medianMs: number;
  /** The best one: what is left when nobody else uses the machine. */
  readonly leastMs: number;
  /** What else is worth saying: memory, a ratio. */
  readonly note?: string;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Median and least of some measurements. Throws `RangeError` for none. */
export function summarise(name: string, samplesMs: readonly number[], note?: string): Result {
  const sorted = [...samplesMs].sort((a, b) => a - b);
  const [leastMs] = sorted;
  const medianMs = sorted[sorted.length >> 1];
  if (leastMs === undefined || medianMs === undefined) throw new RangeError(`nothing measured`);
  return { name, medianMs, leastMs, ...(note !== undefined && { note }) };
}

/** Runs `work` `count` times a round, some rounds for warming up, and reports the time of one. */
export async function repeat(
  name: string,
  count: number,
  work: (index: number) => unknown,
  rounds = 5,
): Promise<Result> {
  const samples: number[] = [];
  for (let round = -2; round < rounds; round++) {
    const ms = await timed(async () => {
      for (let i = 0; i < count; i++) {
        const pending = work(i);
        if (pending instanceof Promise) await pending;
      }
    });
    if (round >= 0) samples.push(ms / count);
  }
  return summarise(name, samples);
}

/** Resident memory of a process in megabytes; undefined where there is no /proc. */
export function residentMegabytes(pid: number): number | undefined {
  return statusMegabytes(pid, 'VmRSS');
}

/** The most it ever was. */
export function peakMegabytes(pid: number): number | undefined {
  return statusMegabytes(pid, 'VmHWM');
}

function statusMegabytes(pid: number, field: string): number | undefined {
  const match = new RegExp(`${field}:\\s+(\\d+)`).exec(processFile(pid, 'status'));
  return match ? Number(match[1]) / 1024 : undefined;
}

/** Milliseconds of processors that all threads of a process have used; undefined without /proc. */
export function processorMs(pid: number): number | undefined {
  // Behind the name, which is in brackets and may hold anything: user and system time in ticks of 10 ms.
  const fields = /\) (.*)/.exec(processFile(pid, 'stat'))?.[1]?.split(' ');
  return fields && 10 * (Number(fields[11]) + Number(fields[12]));
}

function processFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

/** A result as a line of text. */
export function formatResult({ name, medianMs, leastMs, note }: Result): string {
  const times = `${formatMs(medianMs)} (least ${formatMs(leastMs)})`;
  return `  ${name.padEnd(44)}${times.padEnd(32)}${note ?? ''}`.trimEnd();
}

/** A time with the unit that suits it. */
export function formatMs(ms: number): string {
  if (ms >= 10) return `${ms.toFixed(0)} ms`;
  return ms >= 0.1 ? `${ms.toFixed(2)} ms` : `${(1000 * ms).toFixed(2)} µs`;
}
