/** A hundred thousand random operations on a mempool, in ten histories; prints what was done. */
import { expect, test } from 'vitest';
import { poolRounds } from '../support/pool-rounds.ts';

test.each(Array.from({ length: 10 }, (_, seed) => seed + 1))(
  'history %i: ten thousand operations, and the pool is what a slow model says after each',
  async (seed) => {
    const { done, left, most, height } = await poolRounds(10_000, seed);
    process.stdout.write(
      `seed ${seed}: done ${JSON.stringify(done)}, left ${JSON.stringify(left)}, at most ${most}, height ${height}\n`,
    );
    for (const reason of [
      'block',
      'conflict',
      'replaced',
      'expiry',
      'sizelimit',
      'reorg',
    ] as const) {
      expect(left[reason]).toBeGreaterThan(0);
    }
    expect(done.reorganise).toBeGreaterThan(0);
  },
);
