/** The wallet's transactions by height: what a block that comes, goes or makes coinbases mature is about. */
import { type Txid, ZERO_TXID } from '@coind/primitives';
import type { WalletTables } from './tables.ts';

/** A coinbase can be spent by a block this much higher. */
export const COINBASE_MATURITY = 100;

/** Transactions at some heights: loaded before a unit of work begins. */
export interface HeightEntries {
  readonly confirmed: readonly Txid[];
  readonly conflicted: readonly Txid[];
}

/** Nothing at a height. */
export const NO_ENTRIES: HeightEntries = { confirmed: [], conflicted: [] };

/** As `last` of `entriesAt`: everything above a height. */
export const HIGHEST = 0xffffffff;

/** Loads what lies at a height, or at heights from `height` to `last`. */
export async function entriesAt(
  tables: WalletTables,
  height: number,
  last: number = height,
): Promise<HeightEntries> {
  const confirmed: Txid[] = [];
  const conflicted: Txid[] = [];
  for (const entries of (await entriesByHeight(tables, height, last)).values()) {
    confirmed.push(...entries.confirmed);
    conflicted.push(...entries.conflicted);
  }
  return { confirmed, conflicted };
}

/** The same apart for every height at which there is something. */
export async function entriesByHeight(
  { heights }: WalletTables,
  height: number,
  last: number,
): Promise<ReadonlyMap<number, HeightEntries>> {
  const found = new Map<number, { confirmed: Txid[]; conflicted: Txid[] }>();
  if (last < 0) return found;
  const first = Math.max(0, height);
  const range =
    first === last
      ? { prefix: [height] as [number] }
      : {
          gte: [first, ZERO_TXID] as [number, Txid],
          ...(last < HIGHEST && { lt: [last + 1, ZERO_TXID] as [number, Txid] }),
        };
  for await (const [[at, txid], isConfirmed] of heights.entries(range)) {
    const entries = found.get(at) ?? { confirmed: [], conflicted: [] };
    (isConfirmed ? entries.confirmed : entries.conflicted).push(txid);
    found.set(at, entries);
  }
  return found;
}
