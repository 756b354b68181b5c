/** Sudden death, a few times; `pnpm check:slow` does it fifty times. */
import { expect, test } from 'vitest';
import { killRounds } from '../support/kill-rounds.ts';

test('nothing that was answered is lost to kill -9', async () => {
  const report = await killRounds(4, (round) => 150 + 170 * round);
  expect(report).toMatchObject({ rounds: 4, lost: [], different: [] });
  expect(report.payments).toBeGreaterThan(0);
}, 120_000);
