/**
 * A unit of work: reads through to the tables, keeps its own writes where it sees them itself, and
 * ends as one list of writes for one atomic commit. All reads are synchronous, so a unit decides
 * without an `await` in between: load, decide, commit.
 */
import type { Table, Write } from '@coind/store';
import { ABSENT, nameOf, type RowCache } from './row-cache.ts';

interface Row {
  readonly key: unknown;
  value: unknown;
  dirty: boolean;
}

/** Changes that are not written yet. */
export class UnitOfWork {
  readonly #rows = new Map<unknown, Map<string, Row>>();
  readonly #cache: RowCache | undefined;

  /** `cache` is asked before the disk. */
  constructor(cache?: RowCache) {
    this.#cache = cache;
  }

  #rowsOf(table: unknown): Map<string, Row> {
    let rows = this.#rows.get(table);
    if (!rows) {
      rows = new Map();
      this.#rows.set(table, rows);
    }
    return rows;
  }

  /** The row as this unit would leave it. Do not change what it returns: put a new value. */
  get<K, V>(table: Table<K, V>, key: K): V | undefined {
    const rows = this.#rowsOf(table);
    const name = nameOf(key);
    const known = rows.get(name);
    if (known) return known.value as V | undefined;
    const kept = this.#cache?.get(table, name);
    const value = kept === undefined ? table.getSync(key) : kept === ABSENT ? undefined : kept;
    rows.set(name, { key, value, dirty: false });
    return value as V | undefined;
  }

  /** Reads rows that will be asked for, in one trip to the disk. */
  async load<K, V>(table: Table<K, V>, keys: readonly K[]): Promise<void> {
    const rows = this.#rowsOf(table);
    const missing = keys.filter((key) => {
      const name = nameOf(key);
      return !rows.has(name) && this.#cache?.get(table, name) === undefined;
    });
    const values = await table.getMany(missing);
    for (const [i, key] of missing.entries()) {
      rows.set(nameOf(key), { key, value: values[i], dirty: false });
    }
  }

  /** Says that there is no such row, to spare the look at the disk. */
  hasNo<K, V>(table: Table<K, V>, key: K): void {
    const rows = this.#rowsOf(table);
    const name = nameOf(key);
    if (!rows.has(name)) rows.set(name, { key, value: undefined, dirty: false });
  }

  put<K, V>(table: Table<K, V>, key: K, value: V): void {
    this.#write(table, key, value);
  }

  del<K, V>(table: Table<K, V>, key: K): void {
    this.#write(table, key, undefined);
  }

  /** Does not look what was there: most rows are written once and never read before. */
  #write(table: unknown, key: unknown, value: unknown): void {
    const rows = this.#rowsOf(table);
    const name = nameOf(key);
    const known = rows.get(name);
    if (known) {
      known.value = value;
      known.dirty = true;
    } else {
      rows.set(name, { key, value, dirty: true });
    }
  }

  /** Everything this unit changed. */
  writes(): Write[] {
    const writes: Write[] = [];
    for (const [table, rows] of this.#rows) {
      for (const { key, value, dirty } of rows.values()) {
        if (!dirty) continue;
        const target = table as Table<unknown, unknown>;
        writes.push(value === undefined ? target.del(key) : target.put(key, value));
      }
    }
    return writes;
  }

  /** What it changed in a table; undefined stands for a row that is deleted. */
  *changes<K, V>(table: Table<K, V>): Generator<readonly [K, V | undefined]> {
    for (const { key, value, dirty } of this.#rows.get(table)?.values() ?? []) {
      if (dirty) yield [key as K, value as V | undefined];
    }
  }

  /** Leaves its rows to the next units, once its writes are on disk. */
  keepIn(cache: RowCache): void {
    for (const [table, rows] of this.#rows) {
      for (const [name, { value }] of rows) cache.put(table, name, value);
    }
  }
}
