/** Pages of an account's journal: every change of its balance, in the order in which they were written. */
import type { JournalRow, WalletTables } from './tables.ts';

/** A line of the journal and its number, which grows from line to line over all accounts. */
export interface JournalLine extends JournalRow {
  readonly number: number;
}

/** Lines of one account, oldest first. */
export interface JournalPage {
  readonly lines: readonly JournalLine[];
  /** Where the next page begins; missing on the last one. */
  readonly next?: number;
}

/** Up to `limit` lines of `account` from the number `first` on. */
export async function journalPage(
  { journal }: WalletTables,
  account: string,
  first: number,
  limit: number,
): Promise<JournalPage> {
  const lines: JournalLine[] = [];
  const start: [string, number] = [account, first];
  const range = { gte: start, prefix: [account] as [string], limit: limit + 1 };
  for await (const [[, number], line] of journal.entries(range)) lines.push({ number, ...line });
  const after = lines[limit];
  return after ? { lines: lines.slice(0, limit), next: after.number } : { lines };
}
