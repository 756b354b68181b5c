/** A hundred thousand random operations on accounts, in ten histories; prints what was done. */
import { expect, test } from 'vitest';
import { accountRounds } from '../support/account-rounds.ts';

test.each(Array.from({ length: 10 }, (_, seed) => seed + 1))(
  'history %i: ten thousand operations, and all balances right after each',
  async (seed) => {
    const { done, kills, height } = await accountRounds(10_000, seed);
    process.stdout.write(
      `seed ${seed}: ${JSON.stringify(done)}, ${kills} kills, height ${height}\n`,
    );
    expect(kills).toBeGreaterThan(0);
    expect(done.conflict).toBeGreaterThan(0);
  },
  1_800_000,
);
