// The fuzzer for longer than `npm test` has time for. COIND_FUZZ_CASES says how many cases each of the fast
// targets gets, COIND_SEED which ones; ten million in all are four of them with 2,500,000 each.
import { expect, test } from 'vitest';
import { fuzz } from '../fuzz/fuzz.ts';
import { type TargetName, targets } from '../fuzz/targets/index.ts';

const cases = Number(process.env.COIND_FUZZ_CASES ?? 200_000);
const seed = Number(process.env.COIND_SEED ?? 2);
/** A whole node takes part in each of its cases. */
const PEER_SHARE = 20;

test.each(Object.keys(targets) as TargetName[])('%s: every case ends as it may', async (name) => {
  const target = await targets[name]();
  try {
    const count = name === 'peer' ? Math.ceil(cases / PEER_SHARE) : cases;
    expect((await fuzz(target, { seed, count })).cases).toBe(count);
  } finally {
    await target.close?.();
  }
});
