/**
 * Rows that the last units of work read or wrote, as they are on disk: the next unit needs many of them again (the
 * sums of an account, a coin that was paid a moment ago), and to look them up and decode them costs more
 * than what is then done with them. Holds a bounded number of rows, and small ones only.
 */
import type { WalletTables } from './tables.ts';

/** Rows of a generation: what a hundred small blocks touch, so that their coinbases mature from memory. */
const GENERATION = 2048;
/** Entries of a list above which a row is not kept. */
const LONG = 100;
/** Bytes that may hang on a row: those of a transaction can be a view of the whole block it came in. */
const LARGE = 8192;

/** Tables whose rows are kept. None with secrets: locking a wallet has to forget those. */
const KEPT: readonly (keyof WalletTables)[] = [
  ...(['counters', 'position', 'totals', 'accounts', 'allAccounts', 'scriptSums', 'sums'] as const),
  ...(['txs', 'txBytes', 'postings', 'coins', 'spends', 'scripts', 'book', 'descriptors'] as const),
];

/** What is known not to be there. */
export const ABSENT = Symbol('no such row');

type Generation = Map<unknown, Map<string, unknown>>;

function isLarge(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.buffer.byteLength > LARGE;
  return Array.isArray(value) && value.length > LONG;
}

/** Rows in memory, by table and by the name that a unit of work has for a key. */
export class RowCache {
  readonly #kept: ReadonlySet<unknown>;
  #recent: Generation = new Map();
  #older: Generation = new Map();
  #count = 0;

  constructor(tables: WalletTables) {
    this.#kept = new Set(KEPT.map((name) => tables[name]));
  }

  /** A row, or `ABSENT`; undefined when only the disk knows. */
  get(table: unknown, name: string): unknown {
    const recent = this.#recent.get(table)?.get(name);
    if (recent !== undefined) return recent;
    const older = this.#older.get(table)?.get(name);
    if (older !== undefined) this.#add(table, name, older);
    return older;
  }

  /** Takes in a row as it is on disk now; undefined for one that is not there. */
  put(table: unknown, name: string, value: unknown): void {
    if (!this.#kept.has(table)) return;
    if (isLarge(value)) this.#drop(table, name);
    else this.#add(table, name, value ?? ABSENT);
  }

  /** Forgets everything: nobody knows what is on disk. */
  clear(): void {
    this.#recent = new Map();
    this.#older = new Map();
    this.#count = 0;
  }

  #add(table: unknown, name: string, value: unknown): void {
    let rows = this.#recent.get(table);
    if (!rows) {
      rows = new Map();
      this.#recent.set(table, rows);
    }
    if (!rows.has(name) && ++this.#count > GENERATION) {
      this.#older = this.#recent;
      this.#recent = new Map([[table, new Map([[name, value]])]]);
      this.#count = 1;
      return;
    }
    rows.set(name, value);
  }

  #drop(table: unknown, name: string): void {
    this.#recent.get(table)?.delete(name);
    this.#older.get(table)?.delete(name);
  }
}
