import { type Chain, openChain } from '@coind/chain';
import { createMempool, type Mempool, mempoolDefaults } from '@coind/mempool';
import { searchNonce } from '@coind/pow';
import { BlockHeader, type ChainParams, chainParams } from '@coind/primitives';
import { memoryStore } from '@coind/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMiner, type Miner } from './miner.ts';
import { fixedPayee, freshPayee } from './payee.ts';
import { templateDefaults } from './template.ts';
import { WorkDesk } from './work-desk.ts';

const regtest = chainParams('regtest') as ChainParams;
const SCRIPT = new Uint8Array([0x51]);

let now: number;
let chain: Chain;
let mempool: Mempool;
let miner: Miner;
let desk: WorkDesk;
beforeEach(async () => {
  now = 1_700_000_000;
  const clock = { now: () => now };
  chain = await openChain({ params: regtest }, { store: memoryStore(), clock });
  mempool = createMempool(mempoolDefaults, { chain, clock });
  miner = createMiner(templateDefaults, { chain, mempool, clock });
  desk = new WorkDesk({ chain, mempool, miner, clock });
});
afterEach(async () => {
  mempool.close();
  await chain.close();
});

async function solved(header: BlockHeader): Promise<BlockHeader> {
  const outcome = await searchNonce(header, { maxTries: 1_000 });
  if (outcome.status !== 'found') throw new Error(outcome.status);
  return outcome.header;
}

test('every caller gets a header of its own; the first that is solved is the block', async () => {
  const payee = fixedPayee(SCRIPT);
  const [one, two] = [await desk.give(payee), await desk.give(payee)];
  expect(one.merkleRoot).not.toBe(two.merkleRoot);
  expect(await desk.take(await solved(two))).toBe(true);
  expect(chain.tip.ref.height).toBe(1);
  expect(await desk.take(await solved(one))).toBe(false);
});

test('time may be changed, nothing else', async () => {
  const header = await desk.give(fixedPayee(SCRIPT));
  const later = await solved(new BlockHeader({ ...header, time: header.time + 5 }));
  expect(await desk.take(new BlockHeader({ ...later, bits: 0x1d00ffff, version: 7 }))).toBe(true);
  expect(chain.tip.header).toMatchObject({ time: header.time + 5, version: header.version });
});

test('a new template on a new tip, with the time of now', async () => {
  const payee = fixedPayee(SCRIPT);
  const first = await desk.give(payee);
  now += 30;
  expect((await desk.give(payee)).time).toBe(first.time + 30);
  const [hash] = await miner.mine(1, SCRIPT);
  expect((await desk.give(payee)).prevHash).toBe(hash);
  expect(await desk.take(await solved(first))).toBe(false);
});

test('an address is used until a block has paid it', async () => {
  let made = 0;
  const payee = freshPayee(async () => Uint8Array.of(0x51, ++made));
  const header = await desk.give(payee);
  await desk.give(payee);
  expect(made).toBe(1);
  expect(await desk.take(await solved(header))).toBe(true);
  await desk.give(payee);
  expect(made).toBe(2);
});

test('an address that could not be had is asked for again', async () => {
  let tries = 0;
  const payee = freshPayee(async () => {
    if (tries++ === 0) throw new Error('locked');
    return SCRIPT;
  });
  await expect(desk.give(payee)).rejects.toThrow('locked');
  expect(await desk.take(await solved(await desk.give(payee)))).toBe(true);
});
