/**
 * Blocks that bitcoind mined on regtest at a fixed time, made again from nothing but the parameters of
 * the calls. The recordings are not part of this repository; without them the tests are skipped.
 */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { headerContextOf } from '@coind/consensus';
import { searchNonce } from '@coind/pow';
import {
  type BlockHeader,
  type ChainParams,
  chainParams,
  hash160,
  hexToBytes,
} from '@coind/primitives';
import { decodeAddress, decodeWif, multisig, p2wpkh, publicKey } from '@coind/script';
import { expect, test } from 'vitest';

import { blockOf, emptyTemplate, templateDefaults } from './template.ts';

const recordings = fileURLToPath(new URL('../../../../shared/golden/modern/', import.meta.url));
const regtest = chainParams('regtest') as ChainParams;

interface Step {
  readonly method?: string;
  readonly params: readonly unknown[] | Readonly<Record<string, unknown>>;
  readonly expect: { readonly result?: unknown; readonly error?: unknown };
}

function stepsOf(name: string): readonly Step[] {
  return JSON.parse(readFileSync(`${recordings}${name}.json`, 'utf8')).steps;
}

/** The scripts of the few descriptors that occur. */
function scriptOf(output: string): Uint8Array {
  const [, kind, inner = ''] = /^(\w+)\((.*)\)/.exec(output) ?? [];
  if (!kind || kind === 'addr') return decodeAddress(kind ? inner : output, regtest);
  if (kind === 'raw') return hexToBytes(inner);
  const [first = '', ...rest] = inner.split(',');
  if (kind === 'multi') return multisig(Number(first), rest.map(hexToBytes));
  const key = /^0[23]/.test(first)
    ? hexToBytes(first)
    : publicKey(decodeWif(first, regtest).privateKey, true);
  return p2wpkh(hash160(key));
}

/** Mines on regtest at a clock that stands still. */
class Bench {
  readonly headers: BlockHeader[] = [regtest.genesis.header];
  now = 0;

  async mine(count: number, output: string, maxTries = 1_000_000): Promise<string[]> {
    const hashes: string[] = [];
    const script = scriptOf(output);
    for (let left = maxTries; hashes.length < count; ) {
      const parent = headerContextOf(this.headers);
      const template = emptyTemplate(parent, this.now, templateDefaults, regtest);
      const { header } = blockOf(template, script, regtest);
      const outcome = await searchNonce(header, { maxTries: left });
      if (outcome.status !== 'found') break;
      left -= outcome.tries;
      this.headers.push(outcome.header);
      hashes.push(outcome.header.hash);
    }
    return hashes;
  }
}

/** Follows a recording's mining calls; returns how many blocks were compared. */
async function replay(name: string, until = Number.POSITIVE_INFINITY): Promise<number> {
  const bench = new Bench();
  let compared = 0;
  for (const { method, params, expect: expected } of stepsOf(name).slice(0, until)) {
    const [first, second, third] = Array.isArray(params) ? params : Object.values(params);
    if ('error' in expected) continue;
    if (method === 'setmocktime') bench.now = first as number;
    if (method !== 'generatetoaddress' && method !== 'generatetodescriptor') continue;
    const hashes = await bench.mine(first as number, second as string, third as number);
    if (!Array.isArray(expected.result)) continue;
    expect(hashes).toEqual(expected.result);
    compared += hashes.length;
  }
  return compared;
}

test('generatetoaddress and generatetodescriptor as recorded', async ({ skip }) => {
  skip(!existsSync(recordings), 'the recordings of bitcoind are not here');
  // From here on the recording submits blocks that were not mined by these two calls.
  const until = stepsOf('mining-generate').findIndex(({ method }) => method === 'generateblock');
  expect(await replay('mining-generate', until)).toBe(11);
});

test('110 blocks as recorded, over heights that become a push of bytes', async ({ skip }) => {
  skip(!existsSync(recordings), 'the recordings of bitcoind are not here');
  expect(await replay('blockchain-basics')).toBe(110);
});

test('block 1 of regtest at a fixed time, as bitcoind mines it', async () => {
  const bench = new Bench();
  bench.now = 1_700_000_000;
  expect(await bench.mine(1, 'bcrt1q7ze6gjl48sg8pf4zg0u9e5anq72qa22q60ukpc')).toEqual([
    '3e65548fb9c400e9d145900fd3699361d2a55b17e90fbfd9498c6875d4da7529',
  ]);
});
