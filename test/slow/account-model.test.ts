/** A hundred thousand random operations on accounts, in eleven histories; prints what was done. */
import { expect, test } from 'vitest';
import { accountRounds } from '../support/account-rounds.ts';

async function history(operations: number, seed: number, where: 'daemon' | 'process') {
  const startedMs = Date.now();
  const report = await accountRounds(operations, seed, where);
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  process.stdout.write(`seed ${seed}, ${where}, ${seconds} s: ${JSON.stringify(report)}\n`);
  expect(report.done.reorganise).toBeGreaterThan(0);
  expect(report.done.conflict).toBeGreaterThan(0);
  return report;
}

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
  'history %i: ten thousand operations, and all balances right after each',
  async (seed) => {
    await history(10_000, seed, 'process');
  },
);

test.each([10, 11])(
  'history %i: five thousand operations, and kill -9 now and then',
  async (seed) => {
    const { kills } = await history(5000, seed, 'daemon');
    expect(kills).toBeGreaterThan(5);
  },
);
