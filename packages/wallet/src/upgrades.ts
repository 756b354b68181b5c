/** Ways from older layouts of a wallet's tables to today's, for stores and for backups. */
import type { Sats, Txid } from '@coind/primitives';
import {
  bool,
  type Codec,
  hash32,
  hex,
  i64be,
  json,
  list,
  optional,
  type PartCodec,
  part,
  type Store,
  struct,
  type Table,
  type TableSpec,
  text,
  type Upgrades,
  u32be,
  uint,
  type Write,
} from '@coind/store';
import { subject } from './height-sums.ts';
import { MOST_HEIGHTS } from './script-sums.ts';
import {
  type HeightSum,
  openTables,
  type Posting,
  type ScriptHex,
  type ScriptSumsRow,
  UNSPENT_GROUPS,
  WALLET_SCHEMA,
  type WalletTables,
  walletTables,
} from './tables.ts';
import { UnitOfWork } from './unit-of-work.ts';

/** By the schema they start from; each may be cut off and run again. */
export const walletUpgrades: Upgrades = {
  1: coinsIntoIndex,
  2: shorterRows,
};

/** Brings rows that came from somewhere else, as of `schema`, to today's. */
export async function upgradeWallet(store: Store, schema: number): Promise<void> {
  for (let from = schema; from < WALLET_SCHEMA; from++) await walletUpgrades[from]?.(store);
}

/** Schema 1 had nothing but the key in the index of unspent coins; what each is stood only with the coin. */
async function coinsIntoIndex(store: Store): Promise<void> {
  const tables = openTables(store);
  for await (const chunk of tables.coins.chunks()) {
    const unit = new UnitOfWork();
    const owners = await tables.scripts.getMany(chunk.map(([, { script }]) => script));
    for (const [i, [outpoint, coin]] of chunk.entries()) {
      const { value, script, height, coinbase } = coin;
      const group = UNSPENT_GROUPS[coin.class];
      const owner = owners[i];
      if (group === undefined || !owner) continue;
      const key: [number, typeof value, typeof outpoint] = [group, value, outpoint];
      unit.put(tables.unspent, key, { script, height, coinbase, owner });
    }
    await store.commit(unit.writes());
  }
}

// --- from 2 to 3 --------------------------------------------------------------------------------

const kinds: readonly Posting['kind'][] = ['credit', 'debit', 'touch', 'label', 'script', 'name'];
const maybeHeight = optional(u32be);
const posting: PartCodec<Posting> = part(
  (writer, { kind, name, amount, height, coinbase }) => {
    writer.u8(kinds.indexOf(kind));
    (kind === 'script' ? hex : text).put(writer, name);
    i64be.put(writer, amount);
    maybeHeight.put(writer, height);
    bool.put(writer, coinbase);
  },
  (reader) => {
    const kind = kinds[reader.u8()] ?? 'name';
    const name = (kind === 'script' ? hex : text).take(reader);
    const amount = i64be.take(reader);
    const height = maybeHeight.take(reader);
    const coinbase = bool.take(reader);
    return { kind, name, amount, ...(height !== undefined && { height }), coinbase };
  },
);

/** The sums of a script without its heights, which all lay in the table of sums by height. */
type BareSums = Omit<ScriptSumsRow, 'heights'>;

/** Tables of schema 2 that are no more, and codecs of values that are read otherwise today. */
export const schema2 = {
  postings: {
    prefix: 'P:',
    key: hash32<Txid>(),
    value: list(posting),
    about: 'What a transaction added to the sums, output by output.',
  } satisfies TableSpec<Txid, readonly Posting[]>,
  scriptSums: {
    prefix: 'x:',
    key: hex,
    value: struct<BareSums>({ uses: uint, received: i64be, pendingReceived: i64be }),
    about: 'Running sums by script, without heights.',
  } satisfies TableSpec<ScriptHex, BareSums>,
} as const;

/**
 * Schema 2 wrote transactions, address book, moves and journal as JSON, a posting for every output, and two
 * rows by height for every payment to a script.
 */
async function shorterRows(store: Store): Promise<void> {
  const tables = openTables(store);
  await withoutJson(store, walletTables.txs, tables.txs);
  await withoutJson(store, walletTables.book, tables.book);
  await withoutJson(store, walletTables.moves, tables.moves);
  await withoutJson(store, walletTables.journal, tables.journal);
  await sumUpPostings(store, tables);
  await heightsIntoScripts(store, tables);
}

const BRACE = 0x7b;

/** Writes rows that are JSON anew; no other row of these tables begins with a brace. */
async function withoutJson<K, V>(
  store: Store,
  spec: TableSpec<K, V>,
  table: Table<K, V>,
): Promise<void> {
  const rawBytes: Codec<Uint8Array> = { encode: (value) => value, decode: (value) => value };
  const rows = store.table({ ...spec, value: rawBytes });
  const { decode } = json<V>();
  for await (const chunk of rows.chunks()) {
    const old = chunk.filter(([, value]) => value[0] === BRACE);
    await store.commit(old.map(([key, value]) => table.put(key, decode(value))));
  }
}

async function sumUpPostings(store: Store, tables: WalletTables): Promise<void> {
  const old = store.table(schema2.postings);
  for await (const chunk of old.chunks()) {
    const writes = chunk.flatMap(([txid, rows]) => [
      old.del(txid),
      tables.postings.put(txid, summed(rows)),
    ]);
    await store.commit(writes);
  }
}

/** One posting of each kind and name instead of one for each output; scripts keep theirs. */
function summed(rows: readonly Posting[]): Posting[] {
  const found: Posting[] = [];
  const places = new Map<string, number>();
  for (const row of rows) {
    const name = `${row.kind} ${row.name}`;
    const at = row.kind === 'script' ? undefined : places.get(name);
    const known = at === undefined ? undefined : found[at];
    if (at !== undefined && known) {
      found[at] = { ...known, amount: known.amount + row.amount };
    } else {
      places.set(name, found.length);
      found.push(row);
    }
  }
  return found;
}

async function heightsIntoScripts(store: Store, tables: WalletTables): Promise<void> {
  const old = store.table(schema2.scriptSums);
  for await (const chunk of old.chunks()) {
    const first = chunk[0]?.[0];
    const last = chunk.at(-1)?.[0];
    if (first === undefined || last === undefined) continue;
    const found = new Map<ScriptHex, FoundHeights>();
    await readHeights(tables, first, last, false, found);
    await readHeights(tables, first, last, true, found);
    const writes: Write[] = [];
    for (const [script, row] of chunk) {
      const { heights = [], keys = [], many = false } = found.get(script) ?? {};
      writes.push(old.del(script));
      writes.push(tables.scriptSums.put(script, { ...row, heights: many ? undefined : heights }));
      if (!many) for (const key of keys) writes.push(tables.sums.del(key));
    }
    await store.commit(writes);
  }
}

interface FoundHeights {
  readonly heights: HeightSum[];
  readonly keys: [string, number, number][];
  many: boolean;
}

/** Adds what lies by height of the scripts from `first` to `last` to `found`. */
async function readHeights(
  { sums }: WalletTables,
  first: ScriptHex,
  last: ScriptHex,
  coinbase: boolean,
  found: Map<ScriptHex, FoundHeights>,
): Promise<void> {
  const start = subject.script('', coinbase).length;
  const rows = sums.chunks({
    gte: [subject.script(first, coinbase), 0, 0],
    lte: [subject.script(last, coinbase), 1, 0xffffffff],
  });
  for await (const chunk of rows) {
    for (const [key, amount] of chunk) {
      const [name, level, height] = key;
      const script = name.slice(start);
      const entry = found.get(script) ?? { heights: [], keys: [], many: false };
      found.set(script, entry);
      if (entry.many) continue;
      entry.keys.push(key);
      if (level === 0) entry.heights.push({ height, coinbase, amount: amount as Sats });
      entry.many = entry.heights.length > MOST_HEIGHTS;
    }
  }
}
