/** Random operations against the account ledger in a page of code; `pnpm check:slow` does a hundred thousand. */
import { expect, test } from 'vitest';
import { accountRounds } from '../support/account-rounds.ts';

test.each([
  ['process', 400, 20180914],
  ['daemon', 60, 20120330],
] as const)(
  'after every operation in a %s all balances are those of the model',
  async (...[where, operations, seed]) => {
    const report = await accountRounds(operations, seed, where);
    expect(report.done.sendfrom).toBeGreaterThan(3);
    expect(report.done.reorganise).toBeGreaterThan(0);
  },
  120_000,
);
