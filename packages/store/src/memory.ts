/**
 * An ordered map in memory behind the same interface as LevelDB: for tests and nodes that live as
 * long as a test. Rows lie in sorted runs of bounded length; a scan keeps the runs it started with,
 * and a writer that meets a run which a scan may hold copies it first, so scans see one moment.
 */
import type { Backend, RawRange, Write } from './table.ts';

/** Rows of one run, sorted by key. */
interface Run {
  readonly born: number;
  readonly keys: string[];
  readonly values: Uint8Array[];
}

const RUN_LENGTH = 256;

/** Keys are held as text of one character per byte: it compares like the bytes, only faster. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function bytesOf(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length);
  for (let i = 0; i < key.length; i++) bytes[i] = key.charCodeAt(i);
  return bytes;
}

/** Index of the first item of which `isBelow` is false. */
function lowerBound(length: number, isBelow: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBelow(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const firstAtLeast = (keys: readonly string[], key: string): number =>
  lowerBound(keys.length, (i) => (keys[i] as string) < key);

/** The backend of `memoryStore`. */
export class MemoryBackend implements Backend {
  #runs: Run[] = [];
  /** Which moment it is; a new one begins with each scan. Runs born earlier may be held by a scan. */
  #moment = 0;

  getSync(key: Uint8Array): Uint8Array | undefined {
    const name = textOf(key);
    const run = this.#runs[this.#runFor(name)];
    if (!run) return undefined;
    const at = firstAtLeast(run.keys, name);
    return run.keys[at] === name ? run.values[at] : undefined;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.getSync(key);
  }

  async getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.getSync(key));
  }

  async write(writes: Write[]): Promise<void> {
    for (const write of writes) {
      if (write.type === 'put') this.#put(textOf(write.key), write.value.slice());
      else this.#del(textOf(write.key));
    }
  }

  async *scan(range: RawRange): AsyncGenerator<[Uint8Array, Uint8Array][]> {
    const runs = this.#runs.slice();
    this.#moment++;
    const from = textOf(range.gte);
    const to = range.lt && textOf(range.lt);
    let left = range.limit < 0 ? Number.POSITIVE_INFINITY : range.limit;
    if (range.reverse) runs.reverse();
    for (const { keys, values } of runs) {
      if (left === 0) return;
      const first = firstAtLeast(keys, from);
      const end = to === undefined ? keys.length : firstAtLeast(keys, to);
      let rows: [Uint8Array, Uint8Array][] = [];
      for (let i = first; i < end; i++) {
        rows.push([bytesOf(keys[i] as string), values[i] as Uint8Array]);
      }
      if (range.reverse) rows.reverse();
      if (rows.length > left) rows = rows.slice(0, left);
      left -= rows.length;
      if (rows.length > 0) yield rows;
    }
  }

  async clear(range: RawRange): Promise<void> {
    for await (const rows of this.scan(range)) for (const [key] of rows) this.#del(textOf(key));
  }

  async compact(): Promise<void> {
    // Nothing lies anywhere else.
  }

  async close(): Promise<void> {
    this.#runs = [];
  }

  /** Where the run lies that holds `key` or would hold it. */
  #runFor(key: string): number {
    const runs = this.#runs;
    const after = lowerBound(runs.length, (i) => ((runs[i] as Run).keys[0] as string) <= key);
    return Math.max(0, after - 1);
  }

  /** The run at `index`, safe to change. */
  #own(index: number): Run {
    const run = this.#runs[index] as Run;
    if (run.born === this.#moment) return run;
    const own = { born: this.#moment, keys: run.keys.slice(), values: run.values.slice() };
    this.#runs[index] = own;
    return own;
  }

  #put(key: string, value: Uint8Array): void {
    if (this.#runs.length === 0) {
      this.#runs.push({ born: this.#moment, keys: [key], values: [value] });
      return;
    }
    const index = this.#runFor(key);
    const { keys, values } = this.#own(index);
    const at = firstAtLeast(keys, key);
    if (keys[at] === key) {
      values[at] = value;
      return;
    }
    keys.splice(at, 0, key);
    values.splice(at, 0, value);
    if (keys.length > RUN_LENGTH) {
      const half = keys.length >>> 1;
      const upper = { born: this.#moment, keys: keys.splice(half), values: values.splice(half) };
      this.#runs.splice(index + 1, 0, upper);
    }
  }

  #del(key: string): void {
    const index = this.#runFor(key);
    const found = this.#runs[index];
    if (!found) return;
    const at = firstAtLeast(found.keys, key);
    if (found.keys[at] !== key) return;
    const { keys, values } = this.#own(index);
    keys.splice(at, 1);
    values.splice(at, 1);
    if (keys.length === 0) this.#runs.splice(index, 1);
  }
}
