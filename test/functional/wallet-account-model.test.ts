/** Random operations against the account ledger in a page of code; `pnpm check:slow` does a hundred thousand. */
import { expect, test } from 'vitest';
import { accountRounds } from '../support/account-rounds.ts';

test('after every operation all balances are those of the model', async () => {
  const report = await accountRounds(120, 20180914);
  expect(report.done.sendfrom).toBeGreaterThan(3);
  expect(report.done.reorganise).toBeGreaterThan(0);
}, 120_000);
