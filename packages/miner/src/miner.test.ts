import { type Chain, openChain } from '@coind/chain';
import { createMempool, type Mempool, mempoolDefaults } from '@coind/mempool';
import {
  type Block,
  type BlockHash,
  type ChainParams,
  COIN,
  chainParams,
  type OutPoint,
  type Sats,
  sha256,
  Tx,
} from '@coind/primitives';
import { p2wsh } from '@coind/script';
import { memoryStore } from '@coind/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlockRefused, createMiner, type Miner } from './miner.ts';
import { templateDefaults } from './template.ts';

const regtest = chainParams('regtest') as ChainParams;
const TRUE = new Uint8Array([0x51]);
const OPEN = p2wsh(sha256(TRUE));

let now: number;
let chain: Chain;
let mempool: Mempool;
let miner: Miner;
beforeEach(async () => {
  now = 1_700_000_000;
  const clock = { now: () => now };
  chain = await openChain({ params: regtest }, { store: memoryStore(), clock });
  mempool = createMempool(mempoolDefaults, { chain, clock });
  miner = createMiner(templateDefaults, { chain, mempool, clock });
});
afterEach(async () => {
  mempool.close();
  await chain.close();
});

async function reward(hash: BlockHash): Promise<OutPoint> {
  const block = (await chain.block(hash)) as Block;
  return { txid: (block.txs[0] as Tx).txid, vout: 0 };
}

function spend(prevout: OutPoint, value: Sats, fee: Sats): Tx {
  return new Tx({
    version: 2,
    inputs: [{ prevout, scriptSig: new Uint8Array(0), sequence: 0xfffffffd, witness: [TRUE] }],
    outputs: [{ value: value - fee, scriptPubKey: OPEN }],
    locktime: 0,
  });
}

test('mines what was asked for, each block on the one before', async () => {
  const hashes = await miner.mine(5, OPEN);
  expect(hashes).toHaveLength(5);
  expect(hashes.map((_, i) => chain.at(i + 1)?.ref.hash)).toEqual(hashes);
  expect(await miner.mine(0, OPEN)).toEqual([]);
  expect(await miner.mine(-1, OPEN)).toEqual([]);
});

test('stops when the tries are used up, and keeps what it found', async () => {
  expect(await miner.mine(1, OPEN, { maxTries: 0 })).toEqual([]);
  const some = await miner.mine(1_000, OPEN, { maxTries: 20 });
  expect(some.length).toBeGreaterThan(0);
  expect(some.length).toBeLessThan(100);
  expect(chain.tip.ref.height).toBe(some.length);
});

test('stops at the signal', async () => {
  const signal = AbortSignal.abort();
  expect(await miner.mine(3, OPEN, { signal })).toEqual([]);
  expect(chain.tip.ref.height).toBe(0);
});

test('takes the pool in, best chunks first, and collects the fees', async () => {
  const [first = '' as BlockHash, second = '' as BlockHash] = await miner.mine(102, OPEN);
  const poor = spend(await reward(first), 50n * COIN, 500n);
  const rich = spend(await reward(second), 50n * COIN, 5_000n);
  const child = spend({ txid: poor.txid, vout: 0 }, 50n * COIN - 500n, 800n);
  for (const tx of [poor, rich, child]) {
    expect(await mempool.submit(tx)).toMatchObject({ accepted: true });
  }
  const template = await miner.template();
  expect(template.entries.map(({ tx }) => tx.txid)).toEqual([rich.txid, poor.txid, child.txid]);
  expect(template).toMatchObject({ fees: 6_300n, coinbaseValue: 50n * COIN + 6_300n, height: 103 });
  expect(miner.last).toBe(template);
  const [hash = '' as BlockHash] = await miner.mine(1, OPEN);
  const block = (await chain.block(hash)) as Block;
  expect(block.txs.slice(1).map(({ txid }) => txid)).toEqual([rich.txid, poor.txid, child.txid]);
  expect(block.txs[0]?.outputs[0]?.value).toBe(50n * COIN + 6_300n);
  expect(mempool.size).toBe(0);
});

test('makes a block of given transactions without submitting it', async () => {
  const [first = '' as BlockHash] = await miner.mine(101, OPEN);
  const tx = spend(await reward(first), 50n * COIN, 5_000n);
  const block = (await miner.solve(miner.draft([tx], OPEN))) as Block;
  expect(chain.tip.ref.height).toBe(101);
  expect(block.txs[0]?.outputs[0]?.value).toBe(50n * COIN);
  expect(await chain.submitBlock(block)).toMatchObject({ status: 'connected' });
  expect(await miner.solve(miner.draft([], OPEN), { maxTries: 0 })).toBeUndefined();
});

test('a block of our own that the chain refuses is an error with the reason', async () => {
  now = 1_700_000_000;
  const ahead = createMiner(templateDefaults, {
    chain,
    mempool,
    clock: { now: () => now + 9_000 },
  });
  await expect(ahead.mine(1, OPEN)).rejects.toThrow(BlockRefused);
  await expect(ahead.mine(1, OPEN)).rejects.toMatchObject({ cause: { reason: 'time-too-new' } });
});
