import { BlockHeader, type ChainParams, chainParams } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { checkHeader } from './check-header.ts';
import { ValidationError } from './rejects.ts';
import { fieldsOf, type MiniBlock, MiniChain } from './test-support/mini-chain.ts';

const regtest = chainParams('regtest')!;
const chain = new MiniChain();
chain.mine(20);

/** A header on the tip that is right but for `fields`. */
function header(fields: Partial<ReturnType<typeof fieldsOf>> = {}, parent: MiniBlock = chain.tip) {
  const { header: right } = chain.template({ parent });
  return new BlockHeader({ ...fieldsOf(right), ...fields });
}

function refusal(wrong: BlockHeader, params: ChainParams = regtest, now = chain.now): string {
  try {
    checkHeader(wrong, chain.tip, params, now);
    return '';
  } catch (error) {
    if (error instanceof ValidationError) return error.message;
    throw error;
  }
}

describe('checkHeader', () => {
  test('accepts what a miner makes', () => {
    expect(refusal(header())).toBe('');
  });

  test('the target is the one that is due', () => {
    expect(refusal(header({ bits: 0x207ffffe }))).toBe('bad-diffbits, incorrect proof of work');
  });

  test('the time is after the median of eleven', () => {
    const { medianTimePast } = chain.tip;
    const message = "time-too-old, block's timestamp is too early";
    expect(refusal(header({ time: medianTimePast }))).toBe(message);
    expect(refusal(header({ time: medianTimePast + 1 }))).toBe('');
  });

  test('the time is at most two hours ahead', () => {
    const { now } = chain;
    expect(refusal(header({ time: now + 7200 }))).toBe('');
    const message = 'time-too-new, block timestamp too far in the future';
    expect(refusal(header({ time: now + 7201 }))).toBe(message);
    expect(refusal(header({ time: now + 7201 }), regtest, now + 1)).toBe('');
  });

  test.each([
    [1, 'bip34'],
    [2, 'bip66'],
    [3, 'bip65'],
  ] as const)('version %i ends with %s', (version, fork) => {
    const never = { bip34: 1000, bip66: 1000, bip65: 1000, csv: 1000, segwit: 1000 };
    const params = { ...regtest, buried: { ...never, [fork]: 21 } };
    expect(refusal(header({ version }), params)).toBe(
      `bad-version(0x0000000${version}), rejected nVersion=0x0000000${version} block`,
    );
    expect(refusal(header({ version: version + 1 }), params)).toBe('');
    const later = { ...regtest, buried: { ...never, [fork]: 22 } };
    expect(refusal(header({ version }), later)).toBe('');
  });

  test('a negative version is outdated, and printed as the word it is', () => {
    expect(refusal(header({ version: -1 }))).toMatch(/^bad-version\(0xffffffff\)/);
  });
});

describe('time warps (BIP94)', () => {
  // A retarget every seven blocks, so that the next block begins a period.
  const params: ChainParams = { ...regtest, bip94: true, powTargetTimespan: 7 * 600 };
  const late = chain.tip.header.time + 5000;
  const ahead = new MiniChain();
  ahead.now = chain.now;
  for (let i = 0; i < 19; i++) ahead.mine(1);
  ahead.now = late;
  ahead.mine(1);

  function refusalAfterLate(time: number, under: ChainParams): string {
    const wrong = new BlockHeader({ ...fieldsOf(ahead.template().header), time });
    try {
      checkHeader(wrong, ahead.tip, under, late);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  }

  test('the first block of a period is at most ten minutes before the last', () => {
    const { time } = ahead.tip.header;
    expect(refusalAfterLate(time - 600, params)).toBe('');
    expect(refusalAfterLate(time - 601, params)).toBe(
      "time-timewarp-attack, block's timestamp is too early on diff adjustment block",
    );
  });

  test('other blocks, and other networks, may go back to the median', () => {
    const { time } = ahead.tip.header;
    expect(refusalAfterLate(time - 601, { ...params, powTargetTimespan: 144 * 600 })).toBe('');
    expect(refusalAfterLate(time - 601, { ...params, bip94: false })).toBe('');
  });
});
