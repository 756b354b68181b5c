/** Fifty sudden deaths in a row; prints what was measured. */
import { expect, test } from 'vitest';
import { killRounds } from '../support/kill-rounds.ts';
import { killedSync } from '../support/sync-kills.ts';

test('nothing that was answered is lost to fifty kill -9', async () => {
  const report = await killRounds(50, () => Math.floor(50 + Math.random() * 700));
  const sorted = [...report.restartMs].sort((a, b) => a - b);
  process.stdout.write(
    `${report.payments} payments, height ${report.height}, restart median ${sorted[25]} ms, longest ${sorted.at(-1)} ms\n`,
  );
  expect(report).toMatchObject({ rounds: 50, lost: [], different: [] });
}, 1_800_000);

test.each(['peer', 'submitblock'] as const)(
  'blocks taken in by %s are there after twenty kills',
  async (feed) => {
    expect(await killedSync(feed, 20)).toEqual({ kills: 20, lost: [], same: true });
  },
  900_000,
);
