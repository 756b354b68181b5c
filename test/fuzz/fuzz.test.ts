// A slice of the fuzzer in every run of the tests, and that the fuzzer would tell. The long run is
// test/slow/fuzz.test.ts, and `pnpm fuzz` for as many cases as one likes.
import { DecodeError } from '@coind/primitives';
import { expect, test } from 'vitest';
import { Chance } from './chance.ts';
import { attempt, type FuzzTarget, fuzz } from './fuzz.ts';
import { type TargetName, targets } from './targets/index.ts';

/** Cases of each target: a few tenths of a second in all. */
const CASES: Readonly<Record<TargetName, number>> = {
  script: 400,
  transaction: 300,
  header: 300,
  block: 120,
  undo: 120,
  text: 200,
  wire: 300,
  peer: 40,
};

test.each(Object.keys(CASES) as TargetName[])('%s: every case ends as it may', async (name) => {
  const target = await targets[name]();
  try {
    const { cases, outcomes } = await fuzz(target, { seed: 1, count: CASES[name] });
    expect(cases).toBe(CASES[name]);
    // A target that always ends alike has stopped to reach what it is there for.
    expect(outcomes.size).toBeGreaterThan(1);
  } finally {
    await target.close?.();
  }
});

test('a case is the same whenever it is run, and another for another index or seed', () => {
  const words = (seed: number, index: number) => {
    const chance = new Chance(seed, index);
    return Array.from({ length: 4 }, () => chance.u32());
  };
  expect(words(1, 5_000_000_000)).toEqual(words(1, 5_000_000_000));
  const all = [words(1, 0), words(1, 1), words(2, 0), words(1, 2 ** 32)].map(String);
  expect(new Set(all).size).toBe(4);
});

test('a finding names what brings it back', async () => {
  const target: FuzzTarget = {
    name: 'fragile',
    run(chance) {
      if (chance.oneIn(20)) throw new TypeError('undefined is not a function');
      return 'fine';
    },
  };
  const finding = await fuzz(target, { seed: 9, count: 1000 }).catch(
    (error: Error) => error.message,
  );
  const index = Number(/^fragile, seed 9, case (\d+): TypeError/.exec(String(finding))?.[1]);
  await expect(fuzz(target, { seed: 9, first: index, count: 1 })).rejects.toThrow('not a function');
  await expect(fuzz(target, { seed: 9, count: index })).resolves.toMatchObject({ cases: index });
});

test('only refusals of a known type are outcomes', () => {
  expect(attempt(() => 'OK')).toBe('OK');
  expect(
    attempt(() => {
      throw new DecodeError('too short');
    }),
  ).toBe('DecodeError');
  expect(() =>
    attempt(() => {
      throw new RangeError('invalid array length');
    }),
  ).toThrow('invalid array length');
});
