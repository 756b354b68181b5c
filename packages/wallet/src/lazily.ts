/** Reading a range bit by bit, for readers that mostly stop early. */
import type { Range, Table } from '@coind/store';

const FIRST_PAGE = 16;
const LARGEST_PAGE = 1024;

/**
 * Rows of a range in pages that start small and grow. Each page is a snapshot of its own, so it is for
 * callers who hold the wallet's queue; then nothing changes between two pages.
 */
export async function* lazily<K, V>(
  table: Table<K, V>,
  range: Omit<Range<K>, 'limit'>,
  firstPage: number = FIRST_PAGE,
): AsyncGenerator<[K, V]> {
  let rest: Range<K> = range;
  for (let limit = firstPage; ; limit = Math.min(2 * limit, LARGEST_PAGE)) {
    let count = 0;
    let last: K | undefined;
    for await (const row of table.entries({ ...rest, limit })) {
      count++;
      last = row[0];
      yield row;
    }
    if (count < limit || last === undefined) return;
    rest = range.reverse ? { ...range, lt: last } : { ...range, gt: last };
  }
}
