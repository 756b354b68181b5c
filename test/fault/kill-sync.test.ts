/** Sudden death while a chain is taken in, twice each way; `pnpm check:slow` does it more often. */
import { expect, test } from 'vitest';
import { killedSync } from '../support/sync-kills.ts';

test.each(['peer', 'submitblock'] as const)(
  'blocks taken in by %s are there after kill -9',
  async (feed) => {
    expect(await killedSync(feed, 2)).toEqual({ kills: 2, lost: [], same: true });
  },
  120_000,
);
