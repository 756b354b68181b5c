/**
 * Running sums of one script, and what it got at each height. Most scripts are paid once or a few times:
 * their heights lie with the sums, in one row. What a script that is paid again and again got lies in the
 * table of sums by height, so its row stays short and any minconf the same short range.
 */
import type { Sats } from '@coind/primitives';
import { addAtHeight, subject, sumFromHeight } from './height-sums.ts';
import {
  EMPTY_SCRIPT_SUMS,
  type HeightSum,
  type Posting,
  type ScriptHex,
  type WalletTables,
} from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** So many heights lie in the row of a script. */
export const MOST_HEIGHTS = 8;

/** Applies the posting of a script `count` times; a negative count takes it back. */
export function changeScript(
  unit: UnitOfWork,
  tables: WalletTables,
  { name: script, height, coinbase, amount: each }: Posting,
  count: number,
): void {
  const amount = each * BigInt(count);
  const row = unit.get(tables.scriptSums, script) ?? EMPTY_SCRIPT_SUMS;
  const counted = coinbase ? 0n : amount;
  let { heights } = row;
  if (height !== undefined && amount !== 0n) {
    const sum = { height, coinbase, amount };
    heights = heights && withSum(heights, sum);
    if (!heights) add(unit, tables, script, sum);
    else if (heights.length > MOST_HEIGHTS) {
      for (const one of heights) add(unit, tables, script, one);
      heights = undefined;
    }
  }
  unit.put(tables.scriptSums, script, {
    uses: row.uses + count,
    received: height !== undefined ? row.received + counted : row.received,
    pendingReceived: height === undefined ? row.pendingReceived + counted : row.pendingReceived,
    heights,
  });
}

function add(
  unit: UnitOfWork,
  tables: WalletTables,
  script: ScriptHex,
  { height, coinbase, amount }: HeightSum,
): void {
  addAtHeight(unit, tables, subject.script(script, coinbase), height, amount);
}

/** Sums with one more of them, which may cancel one out. */
function withSum(sums: readonly HeightSum[], more: HeightSum): readonly HeightSum[] {
  const isSame = (sum: HeightSum): boolean =>
    sum.height === more.height && sum.coinbase === more.coinbase;
  const known = sums.find(isSame);
  const amount = (known?.amount ?? 0n) + more.amount;
  const others = known ? sums.filter((sum) => sum !== known) : sums;
  return amount === 0n ? others : [...others, { ...more, amount }];
}

/** What a script got at heights from `from` up to `tip`, from coinbases or from others. */
export async function scriptFromHeight(
  tables: WalletTables,
  script: ScriptHex,
  coinbase: boolean,
  from: number,
  tip: number,
): Promise<Sats> {
  const { heights } = tables.scriptSums.getSync(script) ?? EMPTY_SCRIPT_SUMS;
  if (!heights) return sumFromHeight(tables, subject.script(script, coinbase), from, tip);
  let sum = 0n;
  for (const one of heights) {
    if (one.coinbase === coinbase && one.height >= from && one.height <= tip) sum += one.amount;
  }
  return sum;
}
