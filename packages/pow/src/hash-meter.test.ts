import { expect, test } from 'vitest';
import { HashMeter } from './hash-meter.ts';

test('the mean over the last samples', () => {
  const meter = new HashMeter();
  expect(meter.perSecond).toBe(0);
  meter.sample(1_000, 0);
  expect(meter.perSecond).toBe(0);
  meter.sample(3_000, 500);
  expect(meter.perSecond).toBe(4_000);
  for (let second = 1; second <= 8; second++) meter.sample(3_000 + 100 * second, 1000 * second);
  expect(meter.perSecond).toBe(100);
  meter.clear();
  expect(meter.perSecond).toBe(0);
});
