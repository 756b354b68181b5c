import { type BlockHash, BlockHeader, chainParams, ZERO_HASH } from '@coind/primitives';
import { expect, test } from 'vitest';
import { searchNonce } from './search.ts';

const header = (bits: number, time = 1_700_000_000): BlockHeader =>
  new BlockHeader({
    version: 0x20000000,
    prevHash: ZERO_HASH,
    merkleRoot: '11'.repeat(32),
    time,
    bits,
    nonce: 0,
  });

test('finds the nonces of the genesis blocks of regtest and of coin', async () => {
  for (const name of ['regtest', 'coin']) {
    const genesis = chainParams(name)?.genesis.header as BlockHeader;
    const outcome = await searchNonce(new BlockHeader({ ...genesis, nonce: 0 }), {
      maxTries: 1_000_000,
    });
    if (outcome.status !== 'found') throw new Error(`${name}: ${outcome.status}`);
    expect(outcome.header.nonce).toBeLessThanOrEqual(genesis.nonce);
    expect(BigInt(`0x${outcome.header.hash}`)).toBeLessThanOrEqual(1n << 255n);
    if (name === 'coin') expect(outcome.header.hash).toBe(genesis.hash as BlockHash);
  }
});

test('no try, no block', async () => {
  expect(await searchNonce(header(0x207fffff), { maxTries: 0 })).toEqual({
    status: 'stopped',
    tries: 0,
  });
});

test('counts the nonces that failed and stops at the limit', async () => {
  expect(await searchNonce(header(0x1d00ffff), { maxTries: 500 })).toEqual({
    status: 'stopped',
    tries: 500,
  });
});

test('stops soon after the signal, and lets others work meanwhile', async () => {
  const controller = new AbortController();
  const search = searchNonce(header(0x1d00ffff), {
    maxTries: Number.MAX_SAFE_INTEGER,
    signal: controller.signal,
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  controller.abort();
  const outcome = await search;
  expect(outcome.status).toBe('stopped');
  expect(outcome.tries).toBeGreaterThan(0);
});
