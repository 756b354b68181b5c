import { memoryStore } from '@coind/store';
import { expect, test } from 'vitest';
import { openTables } from './tables.ts';
import { UnitOfWork } from './unit-of-work.ts';

test('what was loaded is not looked up again, and what the unit wrote stays', async () => {
  const store = memoryStore();
  const tables = openTables(store);
  const rowOf = (label: string) => ({ label, purpose: 'receive' }) as const;
  await store.commit(['51', '52', '53'].map((script) => tables.book.put(script, rowOf(script))));
  let looks = 0;
  const book = {
    ...tables.book,
    getSync: (key: string) => {
      looks++;
      return tables.book.getSync(key);
    },
  };
  const unit = new UnitOfWork();
  unit.put(book, '52', rowOf('mine'));
  unit.del(book, '53');
  await unit.load(book, ['51', '52', '53', '54']);
  const found = ['51', '52', '53', '54'].map((script) => unit.get(book, script)?.label);
  expect(found).toEqual(['51', 'mine', undefined, undefined]);
  expect(looks).toBe(0);
  expect(unit.writes()).toHaveLength(2);
});
