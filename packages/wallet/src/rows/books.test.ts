import { expect, test } from 'vitest';
import { JOURNAL_CAUSES, type JournalRow, journalRow } from './books.ts';

const line: Omit<JournalRow, 'cause'> = {
  amount: -1n,
  balance: 5n,
  kind: 'send',
  about: 'bob',
  time: 1_700_000_000,
};

test.each(JOURNAL_CAUSES)('a line of the journal keeps its cause: %s', (cause) => {
  expect(journalRow.decode(journalRow.encode({ ...line, cause }))).toEqual({ ...line, cause });
});

test('a cause that has no number is not written, and a number without a cause is not read', () => {
  expect(() => journalRow.encode({ ...line, cause: 'whim' as never })).toThrow('the word whim');
  const bytes = journalRow.encode({ ...line, cause: 'move' });
  bytes[1] = JOURNAL_CAUSES.length;
  expect(() => journalRow.decode(bytes)).toThrow('a word that is not known');
});
