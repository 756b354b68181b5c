/**
 * Sums by height. A subject (an account, a label, a script, the unspent coins) has amounts at heights;
 * what lies above some height is a short range in two levels, so any minconf costs the same at any
 * length of history, and amounts may come and go at old heights (reorganisation, rescan, renaming).
 */
import type { Sats } from '@coind/primitives';
import type { WalletTables } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** Heights per bucket of the upper level, as a shift. */
const SHIFT = 10;
const BUCKET = 2 ** SHIFT;

/** Names of subjects. Prefixes keep accounts, labels and scripts apart. */
export const subject = {
  /** Credits of an account, mature ones only. */
  credits: (account: string) => `a:${account}`,
  /** The same over all accounts. */
  allCredits: 't:',
  /** Payments to a label or a script other than coinbase, and coinbase ones. */
  label: (label: string, coinbase: boolean) => `${coinbase ? 'g' : 'r'}:${label}`,
  script: (hex: string, coinbase: boolean) => `${coinbase ? 'G' : 's'}:${hex}`,
  /** Confirmed, mature, unspent coins. */
  coins: 'c:',
  /** What watched addresses add to the credits of an account, and of all. */
  watchedCredits: (account: string) => `wa:${account}`,
  allWatchedCredits: 'wt:',
  /** Payments to watched addresses with a label. */
  watchedLabel: (label: string, coinbase: boolean) => `${coinbase ? 'wg' : 'wr'}:${label}`,
  watchedCoins: 'wc:',
} as const;

/** Adds `amount` (which may be negative) to `name` at `height`. */
export function addAtHeight(
  unit: UnitOfWork,
  { sums }: WalletTables,
  name: string,
  height: number,
  amount: Sats,
): void {
  for (const [level, bucket] of [
    [0, height],
    [1, height >>> SHIFT],
  ] as const) {
    const key: [string, number, number] = [name, level, bucket];
    const sum = (unit.get(sums, key) ?? 0n) + amount;
    if (sum === 0n) unit.del(sums, key);
    else unit.put(sums, key, sum);
  }
}

/** So many single reads cost less than opening an iterator. */
const FEW_HEIGHTS = 32;

/**
 * What `name` has at heights from `from` up to `tip`, above which there is nothing. Reads a few rows,
 * or at most half a bucket of heights and the buckets above.
 */
export async function sumFromHeight(
  { sums }: WalletTables,
  name: string,
  from: number,
  tip: number,
): Promise<Sats> {
  const start = Math.max(0, from);
  if (tip - start < FEW_HEIGHTS) {
    let sum = 0n;
    for (let height = start; height <= tip; height++) {
      sum += sums.getSync([name, 0, height]) ?? 0n;
    }
    return sum;
  }
  const bucket = start >>> SHIFT;
  const first = bucket * BUCKET;
  const sumOf = async (level: number, gte: number, lt: number): Promise<Sats> => {
    let sum = 0n;
    const rows = sums.entries({ gte: [name, level, gte], lt: [name, level, lt] });
    for await (const [, amount] of rows) sum += amount;
    return sum;
  };
  // Of the bucket that it begins in, whichever part is shorter.
  const part =
    start - first <= BUCKET / 2
      ? -(await sumOf(0, first, start))
      : await sumOf(0, start, first + BUCKET);
  return part + (await sumOf(1, start - first <= BUCKET / 2 ? bucket : bucket + 1, 0xffffffff));
}

/** The greatest height up to `upTo` at which `name` has something; undefined for none. */
export async function lastHeight(
  { sums }: WalletTables,
  name: string,
  upTo: number,
): Promise<number | undefined> {
  if (upTo < 0) return undefined;
  const range = { gte: [name, 0, 0], lte: [name, 0, upTo], reverse: true, limit: 1 } as const;
  for await (const [[, , height]] of sums.entries({
    ...range,
    gte: [...range.gte],
    lte: [...range.lte],
  })) {
    return height;
  }
  return undefined;
}
