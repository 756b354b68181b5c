/** Some hundred random operations on a mempool beside a slow model of it; many more in test/slow. */
import { expect, test } from 'vitest';
import { poolRounds } from '../support/pool-rounds.ts';

test('five hundred operations, and the pool is what the model says after each', async () => {
  const { done, left, most } = await poolRounds(500, 2);
  expect(done.replace).toBeGreaterThan(0);
  expect(done.block).toBeGreaterThan(0);
  expect(left.replaced).toBeGreaterThan(0);
  expect(left.sizelimit).toBeGreaterThan(0);
  expect(most).toBeGreaterThan(20);
});
