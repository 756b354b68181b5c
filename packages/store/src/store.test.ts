import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { text, tuple, u32be, unit } from './codec.ts';
import { memoryStore, openStore, type Store } from './store.ts';
import { StoreError } from './store-error.ts';
import type { Range, TableSpec } from './table.ts';

const STAMP = { network: 'regtest', schema: 1, kind: 'chain' };
const numbers: TableSpec<number, string> = {
  prefix: 'n',
  key: u32be,
  value: text,
  about: 'Names of numbers.',
};
const people: TableSpec<[string, number], string> = {
  prefix: 'p',
  key: tuple(text, u32be),
  value: text,
  about: 'What people said, by name and turn.',
};

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coind-store-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

const kinds: [string, () => Promise<Store>][] = [
  ['LevelDB', () => openStore(join(dir, 'db'), STAMP)],
  ['memory', async () => memoryStore()],
];

describe.each(kinds)('a store in %s', (_name, open) => {
  let store: Store;
  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => store.close());

  test('gives back what was committed and nothing else', async () => {
    const table = store.table(numbers);
    const write = table.put(1, 'one');
    expect(await table.get(1)).toBeUndefined();
    await store.commit([write, table.put(2, 'two'), table.del(2)]);
    expect(await table.get(1)).toBe('one');
    expect(table.getSync(1)).toBe('one');
    expect(await table.has(2)).toBe(false);
    expect(await table.getMany([2, 1])).toEqual([undefined, 'one']);
  });

  test('keeps rows of all sizes apart', async () => {
    const table = store.table(numbers);
    const sizes = [0, 1, 100, 8000, 9000, 40_000, 200_000, 3, 30_000, 7];
    const rows = [...sizes, ...sizes].map((size, n) => [n, `${n % 10}`.repeat(size)] as const);
    await store.commit(rows.map(([n, value]) => table.put(n, value)));
    for (const [n, value] of rows) expect(table.getSync(n)).toBe(value);
    expect(await table.getMany(rows.map(([n]) => n))).toEqual(rows.map(([, value]) => value));
  });

  test('ranges by bound, direction, limit and tuple prefix', async () => {
    const table = store.table(numbers);
    await store.commit([0, 1, 255, 256, 70_000].map((n) => table.put(n, `#${n}`)));
    const keys = async (range?: Range<number>) => (await all(table.entries(range))).map(([k]) => k);
    expect(await keys()).toEqual([0, 1, 255, 256, 70_000]);
    expect(await keys({ gt: 1, lte: 256 })).toEqual([255, 256]);
    expect(await keys({ gte: 1, lt: 256 })).toEqual([1, 255]);
    expect(await keys({ reverse: true, limit: 2 })).toEqual([70_000, 256]);
    expect(await keys({ limit: 0 })).toEqual([]);

    const said = store.table(people);
    await store.commit([
      said.put(['ann', 2], 'b'),
      said.put(['ann', 1], 'a'),
      said.put(['anna', 1], 'c'),
    ]);
    expect(await all(said.entries({ prefix: ['ann'] }))).toEqual([
      [['ann', 1], 'a'],
      [['ann', 2], 'b'],
    ]);
    expect(await all(said.entries({ prefix: ['ann'], gt: ['ann', 1] }))).toEqual([
      [['ann', 2], 'b'],
    ]);
    await said.clear({ prefix: ['ann'] });
    expect((await all(said.entries())).map(([key]) => key)).toEqual([['anna', 1]]);
    expect((await keys()).length).toBe(5);
  });

  test('an iteration sees one moment and may be left early', async () => {
    const table = store.table(numbers);
    const many = Array.from({ length: 3000 }, (_, i) => i);
    await store.commit(many.map((n) => table.put(n, 'old')));
    const seen: string[] = [];
    for await (const [key, value] of table.entries()) {
      if (key === 0)
        await store.commit(many.map((n) => (n % 2 ? table.del(n) : table.put(n, 'new'))));
      seen.push(value);
    }
    expect(seen.length).toBe(3000);
    expect(new Set(seen)).toEqual(new Set(['old']));
    for await (const [key] of table.entries()) if (key === 10) break;
    expect((await all(table.entries())).length).toBe(1500);
  });

  test('commits keep their order, whoever waits for them', async () => {
    const table = store.table(numbers);
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        store.commit([table.put(7, `turn ${i}`)], { sync: i % 10 === 0 }),
      ),
    );
    expect(await table.get(7)).toBe('turn 49');
  });

  test('refuses tables whose keys would mix', () => {
    store.table(numbers);
    expect(() => store.table({ ...numbers, prefix: 'nn' })).toThrow(/mix/);
    expect(() => store.table(numbers)).not.toThrow();
  });

  test('commits after closing are refused', async () => {
    const table = store.table(numbers);
    await store.close();
    await expect(store.commit([table.put(1, 'x')])).rejects.toThrow('closed');
  });
});

test('memory and LevelDB answer alike after any writes', async () => {
  const level = await openStore(join(dir, 'same'), STAMP);
  const operation = fc.record({ key: fc.nat(40), put: fc.boolean(), value: fc.string() });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(operation)), fc.nat(40), fc.boolean(), async (...args) => {
      const [batches, gte, reverse] = args;
      const memory = memoryStore();
      const results = [];
      for (const store of [memory, level]) {
        const table = store.table(numbers);
        await table.clear();
        for (const batch of batches) {
          await store.commit(
            batch.map(({ key, put, value }) => (put ? table.put(key, value) : table.del(key))),
          );
        }
        results.push(await all(table.entries({ gte, reverse })));
      }
      expect(results[0]).toEqual(results[1]);
    }),
    { numRuns: 40 },
  );
  await level.close();
});

test('memory keeps order through thousands of rows in random order', async () => {
  const store = memoryStore();
  const table = store.table(numbers);
  const keys = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 5003);
  for (const key of keys) await store.commit([table.put(key, `${key}`)]);
  for (const key of keys.slice(0, 2500)) await store.commit([table.del(key)]);
  const rest = keys.slice(2500).sort((a, b) => a - b);
  expect((await all(table.entries())).map(([key]) => key)).toEqual(rest);
  expect((await all(table.entries({ reverse: true }))).map(([key]) => key)).toEqual(rest.reverse());
});

describe('a directory', () => {
  const path = () => join(dir, 'db');

  test('keeps rows when the store is opened again', async () => {
    const first = await openStore(path(), STAMP);
    await first.commit([first.table(numbers).put(3, 'three')], { sync: true });
    await first.close();
    const second = await openStore(path(), STAMP);
    expect(await second.table(numbers).get(3)).toBe('three');
    await second.close();
  });

  test('is refused when it is for something else', async () => {
    await (await openStore(path(), STAMP)).close();
    const cases = [
      [{ ...STAMP, network: 'main' }, 'network', /belongs to the network "regtest"/],
      [{ ...STAMP, kind: 'wallet' }, 'kind', /holds a chain store/],
      [{ ...STAMP, schema: 0 }, 'schema', /a newer version \(schema 1/],
      [{ ...STAMP, schema: 2 }, 'schema', /an older version \(schema 1/],
    ] as const;
    for (const [stamp, code, message] of cases) {
      const error = await openStore(path(), stamp).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    }
    await (await openStore(path(), STAMP)).close();
  });

  test('of an older schema is brought to this one, step by step and once', async () => {
    const first = await openStore(path(), STAMP);
    await first.commit([first.table(numbers).put(1, 'old')]);
    await first.close();
    const ran: number[] = [];
    const upgrades = Object.fromEntries(
      [1, 2].map((schema) => [
        schema,
        async (store: Store) => {
          ran.push(schema);
          const table = store.table(numbers);
          await store.commit([table.put(1, `${table.getSync(1)} ${schema}`)]);
        },
      ]),
    );
    const newer = { ...STAMP, schema: 3 };
    for (let round = 0; round < 2; round++) {
      const store = await openStore(path(), newer, { upgrades });
      expect(store.table(numbers).getSync(1)).toBe('old 1 2');
      await store.close();
    }
    expect(ran).toEqual([1, 2]);
    // No way leads from 3 to 4.
    const next = openStore(path(), { ...STAMP, schema: 4 }, { upgrades });
    await expect(next).rejects.toMatchObject({ code: 'schema' });
    await expect(openStore(path(), STAMP)).rejects.toMatchObject({ code: 'schema' });
  });

  test('is refused while somebody else has it open', async () => {
    const store = await openStore(path(), STAMP);
    await expect(openStore(path(), STAMP)).rejects.toMatchObject({ code: 'locked' });
    await store.close();
  });

  test('is refused when it is damaged', async () => {
    const store = await openStore(path(), STAMP);
    await store.commit([store.table({ ...numbers, key: unit }).put(undefined, 'x')]);
    await store.close();
    for (const name of await readdir(path())) {
      if (name.startsWith('MANIFEST')) await writeFile(join(path(), name), 'no manifest');
    }
    await expect(openStore(path(), STAMP)).rejects.toMatchObject({ code: 'corrupt' });
  });
});

test('compact leaves nothing in the files that was deleted or replaced', async () => {
  const path = join(dir, 'db');
  const store = await openStore(path, STAMP);
  const table = store.table(numbers);
  await store.commit([table.put(1, 'first secret'), table.put(2, 'kept')]);
  await store.commit([table.put(1, 'second secret')]);
  await store.commit([table.del(1)]);
  await store.compact();
  const files: string[] = [];
  for (const name of await readdir(path)) files.push(await readFile(join(path, name), 'latin1'));
  expect(files.some((bytes) => bytes.includes('secret'))).toBe(false);
  expect(files.some((bytes) => bytes.includes('kept'))).toBe(true);
  expect(table.getSync(2)).toBe('kept');
  await store.close();
});
