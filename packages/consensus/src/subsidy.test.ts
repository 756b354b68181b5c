import { COIN, chainNames, chainParams, MAX_MONEY } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { subsidy } from './subsidy.ts';

const main = chainParams('main')!;

describe('subsidy', () => {
  test('halves every 210,000 blocks on the main network', () => {
    expect(subsidy(0, main)).toBe(50n * COIN);
    expect(subsidy(209_999, main)).toBe(50n * COIN);
    expect(subsidy(210_000, main)).toBe(25n * COIN);
    expect(subsidy(840_000, main)).toBe(312_500_000n);
  });

  test('ends, and stays ended (BIP42)', () => {
    expect(subsidy(33 * 210_000 - 1, main)).toBe(1n);
    expect(subsidy(33 * 210_000, main)).toBe(0n);
    expect(subsidy(64 * 210_000, main)).toBe(0n);
    expect(subsidy(0x7fffffff, main)).toBe(0n);
  });

  test('adds up to the known total', () => {
    let total = 0n;
    for (let height = 0; height < 14_000_000; height += 1000)
      total += subsidy(height, main) * 1000n;
    expect(total).toBe(2_099_999_997_690_000n);
  });

  test.each(chainNames)('never exceeds the supply on %s', (name) => {
    const params = chainParams(name)!;
    const interval = params.halvingInterval;
    let total = 0n;
    for (let halvings = 0; halvings < 64; halvings++) {
      total += subsidy(halvings * interval, params) * BigInt(interval);
    }
    expect(total).toBeLessThanOrEqual(MAX_MONEY);
    expect(subsidy(64 * interval, params)).toBe(0n);
  });
});
