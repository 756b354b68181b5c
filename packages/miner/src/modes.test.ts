import { type Chain, openChain } from '@coind/chain';
import { createMempool, type Mempool, mempoolDefaults } from '@coind/mempool';
import { createSearchThreads, type SearchThreads } from '@coind/pow';
import { type Block, type ChainParams, COIN, chainParams, sha256, Tx } from '@coind/primitives';
import { p2wsh } from '@coind/script';
import { memoryStore } from '@coind/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Digger } from './digger.ts';
import { createMiner, type Miner } from './miner.ts';
import { Mining } from './modes.ts';
import { fixedPayee } from './payee.ts';
import { templateDefaults } from './template.ts';

const regtest = chainParams('regtest') as ChainParams;
const TRUE = new Uint8Array([0x51]);
const OPEN = p2wsh(sha256(TRUE));
const payee = fixedPayee(OPEN);

let chain: Chain;
let mempool: Mempool;
let miner: Miner;
let mining: Mining;
let errors: unknown[];
beforeEach(async () => {
  const clock = { now: () => 1_700_000_000 };
  chain = await openChain({ params: regtest }, { store: memoryStore(), clock });
  mempool = createMempool(mempoolDefaults, { chain, clock });
  miner = createMiner(templateDefaults, { chain, mempool, clock });
  errors = [];
  const threads = (count: number) => createSearchThreads({ threads: count });
  const digger = new Digger({ chain, miner, threads });
  const onError = (error: unknown) => void errors.push(error);
  mining = new Mining({ digger, mempool, onBlock: () => undefined, onError });
});
afterEach(async () => {
  await mining.close();
  mempool.close();
  await chain.close();
});

/** Spends the first coin of a block. */
async function spend(height: number): Promise<Tx> {
  const block = (await chain.block(chain.at(height)?.ref.hash as never)) as Block;
  return new Tx({
    version: 2,
    inputs: [
      {
        prevout: { txid: (block.txs[0] as Tx).txid, vout: 0 },
        scriptSig: new Uint8Array(0),
        sequence: 0xfffffffd,
        witness: [TRUE],
      },
    ],
    outputs: [{ value: 50n * COIN - 1_000n, scriptPubKey: OPEN }],
    locktime: 0,
  });
}

async function untilHeight(height: number): Promise<void> {
  while (chain.tip.ref.height < height) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('by hand nothing is mined', async () => {
  await miner.mine(101, OPEN);
  await mempool.submit(await spend(1));
  expect(mining.mode).toEqual({ kind: 'manual' });
  expect(mining.settled).toBeUndefined();
  expect(mempool.size).toBe(1);
});

test('for transactions: those that come together share a block', async () => {
  await miner.mine(105, OPEN);
  await mining.set({ kind: 'transaction' }, payee);
  const txs = await Promise.all([1, 2, 3].map(spend));
  await Promise.all(txs.map((tx) => mempool.submit(tx)));
  expect(mining.settled).toBeDefined();
  await mining.settled;
  expect(mining.settled).toBeUndefined();
  expect(mempool.size).toBe(0);
  expect(chain.tip.ref.height).toBeLessThanOrEqual(108);
  expect(mining.blocksFound).toBe(chain.tip.ref.height - 105);
});

test('at intervals, until told otherwise', async () => {
  await mining.set({ kind: 'interval', seconds: 0.01 }, payee);
  await untilHeight(3);
  await mining.stop();
  expect(mining.mode).toEqual({ kind: 'manual' });
  const { height } = chain.tip.ref;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(chain.tip.ref.height).toBe(height);
});

test('all the time', async () => {
  await mining.set({ kind: 'continuous', threads: 1 }, payee);
  await untilHeight(5);
  expect(mining.mode).toEqual({ kind: 'continuous', threads: 1 });
  await mining.close();
  expect(errors).toEqual([]);
});

/** Threads on a network where nothing is found: they search until they are told to stop. */
function hopelessThreads(headers: string[]): SearchThreads {
  return {
    threads: 1,
    hashes: 0,
    search: (header, signal) => {
      headers.push(header.prevHash);
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ status: 'stopped', tries: 0 }));
      });
    },
    close: async () => undefined,
  };
}

test('a new tip ends the search on the old one, and no answer waits for what is hard to find', async () => {
  await miner.mine(101, OPEN);
  const headers: string[] = [];
  const digger = new Digger({ chain, miner, threads: () => hopelessThreads(headers) });
  const onError = (error: unknown) => void errors.push(error);
  const hard = new Mining({ digger, mempool, onBlock: () => undefined, onError });
  await hard.set({ kind: 'transaction' }, payee);
  await mempool.submit(await spend(1));
  while (headers.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  const [hash] = await miner.mine(1, OPEN);
  while (headers.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(headers[1]).toBe(hash);
  await hard.settled;
  expect(hard.settled).toBeDefined();
  await hard.close();
  expect(hard.settled).toBeUndefined();
  expect(errors).toEqual([]);
});

test('what goes wrong is told, and the mode stays', async () => {
  await mining.set(
    { kind: 'interval', seconds: 0.01 },
    { script: () => Promise.reject(new Error('the wallet is locked')), paid: () => undefined },
  );
  while (errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(errors[0]).toMatchObject({ message: 'the wallet is locked' });
  expect(mining.mode.kind).toBe('interval');
});
