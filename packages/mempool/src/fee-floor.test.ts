import { feeRate } from '@coind/primitives';
import { expect, test } from 'vitest';
import { FeeFloor } from './fee-floor.ts';

const HOUR = 3_600;
const floorOf = () => new FeeFloor({ incrementalFee: feeRate(100n), maxBytes: 1_000_000 });

test('there is no floor while nothing was evicted', () => {
  const floor = floorOf();
  expect(floor.at(1_000, 900_000)).toBe(0n);
  floor.blockConnected(2_000);
  expect(floor.at(3_000, 900_000)).toBe(0n);
});

test('the floor stands above what was evicted until a block comes', () => {
  const floor = floorOf();
  floor.evicted(feeRate(5_000n));
  floor.evicted(feeRate(3_000n));
  expect(floor.at(0, 900_000)).toBe(5_100n);
  expect(floor.at(1_000_000, 900_000)).toBe(5_100n);
});

test('after a block it halves every 12 hours, every 3 when the pool is nearly empty', () => {
  for (const [usage, hours] of [
    [900_000, 12],
    [400_000, 6],
    [100_000, 3],
  ] as const) {
    const floor = floorOf();
    floor.evicted(feeRate(7_900n));
    floor.blockConnected(0);
    expect(floor.at(hours * HOUR, usage)).toBe(4_000n);
    expect(floor.at(2 * hours * HOUR, usage)).toBe(2_000n);
  }
});

test('it never stands between nothing and the incremental fee', () => {
  const floor = floorOf();
  floor.evicted(feeRate(300n));
  floor.blockConnected(0);
  expect(floor.at(30 * HOUR, 900_000)).toBe(100n);
  expect(floor.at(60 * HOUR, 900_000)).toBe(0n);
});
