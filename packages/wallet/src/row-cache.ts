/**
 * Rows that the last units of work read or wrote, as they are on disk: the next unit needs many of them again (the
 * sums of an account, a coin that was paid a moment ago), and to look them up and decode them costs more
 * than what is then done with them. Holds a bounded number of rows, and small ones only.
 */
import { bytesToHex, type OutPoint } from '@coind/primitives';
import type { Table } from '@coind/store';
import type { WalletTables } from './tables.ts';

/** Rows of a generation: what a hundred small blocks touch, so that their coinbases mature from memory. */
const GENERATION = 2048;
/** Entries of a list above which a row is not kept. */
const LONG = 100;
/** Bytes that may hang on a row: those of a transaction can be a view of the whole block it came in. */
const LARGE = 8192;

/** Tables whose rows are kept. None with readable secrets: locking a wallet has to forget those. */
const KEPT: readonly (keyof WalletTables)[] = [
  ...(['meta', 'encryption', 'counters', 'position', 'totals', 'descriptors', 'scripts'] as const),
  ...(['accounts', 'allAccounts', 'scriptSums', 'sums', 'book'] as const),
  ...(['txs', 'txBytes', 'postings', 'coins', 'spends'] as const),
];

/** What is known not to be there. */
export const ABSENT = Symbol('no such row');

type Generation = Map<unknown, Map<string, unknown>>;

function isLarge(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.buffer.byteLength > LARGE;
  return Array.isArray(value) && value.length > LONG;
}

/** Names a key for a `Map`; different keys of one table have different names. */
export function nameOf(key: unknown): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'number' || typeof key === 'bigint') return String(key);
  if (key === undefined) return '';
  if (Array.isArray(key)) {
    let name = '';
    for (const part of key) name += `${nameOf(part)}\u0000`;
    return name;
  }
  if (key instanceof Uint8Array) return bytesToHex(key);
  const { txid, vout } = key as OutPoint;
  return `${txid}:${vout}`;
}

/** Rows in memory, by table and by name. */
export class RowCache {
  /** The tables, whose `getSync` looks into memory first. */
  readonly tables: WalletTables;
  /** The tables as they are on disk, for who must not believe what is in memory. */
  readonly disk: WalletTables;
  readonly #kept = new Set<unknown>();
  #recent: Generation = new Map();
  #older: Generation = new Map();
  #count = 0;

  constructor(tables: WalletTables) {
    this.disk = tables;
    const all: Record<string, unknown> = { ...tables };
    for (const name of KEPT) {
      all[name] = this.#before(tables[name] as Table<unknown, unknown>);
      this.#kept.add(all[name]);
    }
    this.tables = all as WalletTables;
  }

  #before(table: Table<unknown, unknown>): Table<unknown, unknown> {
    const near: Table<unknown, unknown> = {
      ...table,
      getSync: (key) => {
        const known = this.get(near, nameOf(key));
        if (known !== undefined) return known === ABSENT ? undefined : known;
        const value = table.getSync(key);
        // A listing that reads much must not drive out what every unit needs.
        if (key === undefined) this.put(near, '', value);
        return value;
      },
    };
    return near;
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
