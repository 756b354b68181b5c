/** The indexes on a real chain in memory: catching up, following live, reorganisations, restarts. */
import { MuHash } from '@coind/consensus';
import { type Block, Tx } from '@coind/primitives';
import { memoryStore, type Store } from '@coind/store';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { type Chain, openChain } from '../chain.ts';
import {
  ANYONE,
  asParent,
  clock,
  genesis,
  mineChain,
  mineOn,
  params,
  spend,
  spendCoinbase,
} from '../mining.test.support.ts';
import { AddressIndex, scriptHashOf } from './address-index.ts';
import { filterHash, matchesAny } from './block-filter.ts';
import type { ChainIndex } from './chain-index.ts';
import { CoinStatsIndex, totalUnspendable } from './coin-stats-index.ts';
import { FilterIndex } from './filter-index.ts';
import { SpenderIndex } from './spender-index.ts';
import { TxIndex } from './tx-index.ts';

const chains: Chain[] = [];
afterEach(async () => {
  for (const chain of chains.splice(0)) await chain.close();
});

async function newChain(): Promise<Chain> {
  const chain = await openChain({ params }, { store: memoryStore(), clock });
  chains.push(chain);
  return chain;
}

async function submitAll(chain: Chain, blocks: readonly Block[]): Promise<void> {
  for (const block of blocks) {
    const outcome = await chain.submitBlock(block);
    expect(outcome.status, 'error' in outcome ? outcome.error.message : '').not.toBe('invalid');
  }
}

/** A hundred empty blocks, so that early coinbases can be spent, and the last as a parent. */
const base = mineChain(genesis, 101);
const baseTip = asParent(base.at(-1) as Block, 101);

async function baseChain(): Promise<Chain> {
  const chain = await newChain();
  await submitAll(chain, base);
  return chain;
}

async function follow<T extends ChainIndex>(chain: Chain, index: T): Promise<T> {
  await chain.follow(index);
  return index;
}

const txidOf = (block: Block, index: number) => (block.txs[index] as Tx).txid;

test('txindex finds transactions of the chain and of branches that lost', async () => {
  const chain = await baseChain();
  const index = await follow(chain, new TxIndex({ store: memoryStore(), chain }));
  expect(index.status).toEqual({ name: 'txindex', synced: true, height: 101 });
  const payment = spendCoinbase(base[0] as Block, 2);
  const block = mineOn(baseTip, [payment]);
  await submitAll(chain, [block]);
  expect(await index.caughtUp()).toBe(true);

  const found = await index.find(payment.txid);
  expect(found?.block).toBe(block.hash);
  expect(found?.tx.encode()).toEqual(payment.encode());
  expect((await index.find(txidOf(block, 0)))?.tx.isCoinbase).toBe(true);
  const [unspendable] = params.genesis.txs;
  expect(await index.find((unspendable as Tx).txid)).toBeUndefined();

  const branch = mineChain(baseTip, 2);
  await submitAll(chain, branch);
  await index.caughtUp();
  expect((await index.find(payment.txid))?.block).toBe(block.hash);
  const again = mineOn(asParent(branch[1] as Block, 103), [payment]);
  await submitAll(chain, [again]);
  await index.caughtUp();
  expect((await index.find(payment.txid))?.block).toBe(again.hash);
});

test('the spender index forgets what a reorganisation undid', async () => {
  const chain = await baseChain();
  const index = await follow(chain, new SpenderIndex({ store: memoryStore(), chain }));
  const prevout = { txid: txidOf(base[0] as Block, 0), vout: 0 };
  expect(await index.find(prevout)).toBeUndefined();
  const payment = spendCoinbase(base[0] as Block);
  const block = mineOn(baseTip, [payment]);
  await submitAll(chain, [block]);
  await index.caughtUp();
  const found = await index.find(prevout);
  expect([found?.tx.txid, found?.block]).toEqual([payment.txid, block.hash]);
  await chain.invalidateBlock(block.hash);
  await index.caughtUp();
  // Nothing has taken its place yet.
  expect((await index.find(prevout))?.tx.txid).toBe(payment.txid);
  await chain.reconsiderBlock(block.hash);
  await index.caughtUp();
  expect((await index.find(prevout))?.block).toBe(block.hash);
  await submitAll(chain, mineChain(baseTip, 2));
  await index.caughtUp();
  expect(await index.find(prevout)).toBeUndefined();
});

test('filters hold made and spent scripts, headers chain, branches keep theirs', async () => {
  const chain = await baseChain();
  const index = await follow(chain, new FilterIndex({ store: memoryStore(), chain }));
  const block = mineOn(baseTip, [spendCoinbase(base[0] as Block)]);
  await submitAll(chain, [block]);
  await index.caughtUp();
  const ref = { hash: block.hash, height: 102 };
  const filter = (await index.filter(ref)) as Uint8Array;
  expect(matchesAny(filter, block.hash, [ANYONE])).toBe(true);
  const hashes = await index.hashes(ref);
  expect(hashes?.filterHash).toBe(filterHash(filter));
  const before = await index.hashes(chain.at(101)?.ref as typeof ref);
  expect(before?.header).not.toBe(hashes?.header);

  await submitAll(chain, mineChain(baseTip, 2));
  await index.caughtUp();
  expect(await index.filter(ref)).toEqual(filter);
  expect(await index.hashes(ref)).toEqual(hashes);
  expect(index.status.height).toBe(103);
});

test('coin statistics equal a walk over the set, at every tip of a reorganisation', async () => {
  const chain = await baseChain();
  const index = await follow(chain, new CoinStatsIndex(params, { store: memoryStore(), chain }));
  const compare = async (): Promise<void> => {
    await index.caughtUp();
    const walked = await chain.utxoStats('muhash');
    const stats = await index.stats(chain.tip.ref);
    expect(stats?.muhash).toBe(walked.hash);
    expect(stats?.txouts).toBe(walked.txouts);
    expect(stats?.bogosize).toBe(walked.bogosize);
    expect(stats?.totalAmount).toBe(walked.totalAmount);
  };
  await compare();
  const first = mineOn(baseTip, [spendCoinbase(base[0] as Block, 3)]);
  await submitAll(chain, [first]);
  await compare();
  const ref = { hash: first.hash, height: 102 };
  const ofFirst = await index.stats(ref);
  await submitAll(chain, mineChain(baseTip, 2));
  await compare();
  expect(await index.stats(ref)).toEqual(ofFirst);
  await chain.invalidateBlock(chain.tip.ref.hash);
  await compare();
});

test('coin statistics say where money was lost', async () => {
  const chain = await baseChain();
  const index = await follow(chain, new CoinStatsIndex(params, { store: memoryStore(), chain }));
  // A miner that takes one coin less than it might.
  const modest = mineOn(baseTip, [], { pays: -100_000_000n });
  await submitAll(chain, [modest]);
  await index.caughtUp();
  const ref = { hash: modest.hash, height: 102 };
  const [stats, before] = [await index.stats(ref), await index.statsBefore(ref)];
  if (!stats || !before) throw new Error('no statistics');
  expect(stats.unclaimedRewards - before.unclaimedRewards).toBe(100_000_000n);
  expect(stats.unspendableGenesis).toBe(5_000_000_000n);
  expect(totalUnspendable(stats)).toBe(5_100_000_000n);
  // Whatever was allowed to be created is in the set or was lost.
  expect(stats.subsidy).toBe(stats.totalAmount + totalUnspendable(stats));
  const atGenesis = await index.stats({ hash: params.genesis.hash, height: 0 });
  expect(atGenesis?.muhash).toBe(new MuHash().digest());
});

test('the address index keeps history, coins and balance through reorganisations', async () => {
  const chain = await baseChain();
  const index = await follow(chain, new AddressIndex({ store: memoryStore(), chain }));
  const script = scriptHashOf(ANYONE);
  const snapshot = async () => {
    await index.caughtUp();
    const history = [];
    for await (const event of index.history(script)) history.push(event);
    const coins = [];
    for await (const coin of index.coins(script)) coins.push(coin);
    return { history, coins, balance: await index.balance(script) };
  };
  const before = await snapshot();
  expect(before.history).toHaveLength(101);
  expect(before.balance.txCount).toBe(101);

  const payment = spendCoinbase(base[0] as Block, 2);
  const child = spend({ txid: payment.txid, vout: 0 }, payment.outputs[0]?.value as bigint);
  await submitAll(chain, [mineOn(baseTip, [payment, child])]);
  const after = await snapshot();
  expect(after.history.slice(-2).map(({ txid, delta }) => [txid, delta])).toEqual([
    [payment.txid, 0n],
    [child.txid, 0n],
  ]);
  const sum = after.coins.reduce((total, { value }) => total + value, 0n);
  expect(after.balance.balance).toBe(sum);
  expect(after.coins.map(({ outpoint }) => outpoint.txid)).toContain(child.txid);
  expect(after.coins).toHaveLength(103);

  const { hash } = chain.tip.ref;
  await chain.invalidateBlock(hash);
  expect(await snapshot()).toEqual(before);
  await chain.reconsiderBlock(hash);
  expect(await snapshot()).toEqual(after);

  const newest = [];
  for await (const event of index.history(script, { reverse: true, limit: 1 })) newest.push(event);
  expect(newest).toEqual(after.history.slice(-1));
  const late = [];
  for await (const event of index.history(script, { fromHeight: 101 })) late.push(event.height);
  expect(late).toEqual([101, 102, 102, 102]);
  expect((await index.balance(scriptHashOf(Uint8Array.of(0x52)))).txCount).toBe(0);
});

test('an index resumes where it stood, also from a block that left the chain meanwhile', async () => {
  const chain = await baseChain();
  const store = memoryStore();
  const stop = await chain.follow(new CoinStatsIndex(params, { store, chain }));
  const lost = mineOn(baseTip, [spendCoinbase(base[0] as Block)]);
  await submitAll(chain, [lost]);
  await chain.idle();
  await stop();
  await submitAll(chain, mineChain(baseTip, 3));

  const again = new CoinStatsIndex(params, { store, chain });
  expect(await again.position()).toEqual({ hash: lost.hash, height: 102 });
  expect(again.status.synced).toBe(false);
  expect(await again.caughtUp()).toBe(false);
  await chain.follow(again);
  expect(again.status).toMatchObject({ synced: true, height: 104 });
  const walked = await chain.utxoStats('muhash');
  expect((await again.stats(chain.tip.ref))?.muhash).toBe(walked.hash);
});

test('reset throws everything away, close lets waiting callers go', async () => {
  const chain = await baseChain();
  const store = memoryStore();
  const index = new TxIndex({ store, chain });
  const stop = await chain.follow(index);
  await stop();
  await submitAll(chain, [mineOn(baseTip)]);
  const waiting = index.caughtUp();
  index.close();
  expect(await waiting).toBe(false);
  await index.reset();
  expect(index.status).toEqual({ name: 'txindex', synced: false, height: 0 });
  expect(await index.find(txidOf(base[5] as Block, 0))).toBeUndefined();
  expect(await new TxIndex({ store, chain }).position()).toBeUndefined();
});

test('nobody waits for an index that catches up for the first time', async () => {
  const chain = await baseChain();
  const index = new TxIndex({ store: slowStore(memoryStore()), chain });
  const following = chain.follow(index);
  await chain.idle();
  expect(index.status.synced).toBe(false);
  await following;
  expect(index.status.synced).toBe(true);
});

/** Makes every commit of `store` take a turn of the event loop. */
function slowStore(store: Store): Store {
  const commit = store.commit.bind(store);
  return Object.assign(store, {
    async commit(...args: Parameters<Store['commit']>) {
      await new Promise(setImmediate);
      await commit(...args);
    },
  });
}

test('any walk over two branches ends with the statistics of a straight one', async () => {
  const left = mineChain(baseTip, 3);
  const right = mineChain(baseTip, 3);
  const step = fc.constantFrom(...left.map(({ hash }) => hash), ...right.map(({ hash }) => hash));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
      const chain = await newChain();
      await submitAll(chain, base.slice(0, 101));
      const index = await follow(
        chain,
        new CoinStatsIndex(params, { store: memoryStore(), chain }),
      );
      await submitAll(chain, [...left, ...right]);
      for (const hash of steps) {
        if (chain.isActive(hash)) await chain.invalidateBlock(hash);
        else await chain.reconsiderBlock(hash);
      }
      await index.caughtUp();
      const walked = await chain.utxoStats('muhash');
      expect((await index.stats(chain.tip.ref))?.muhash).toBe(walked.hash);
    }),
    { numRuns: 5 },
  );
}, 30_000);

test('a block with an unspendable output counts it apart', async () => {
  const chain = await baseChain();
  const index = await follow(chain, new CoinStatsIndex(params, { store: memoryStore(), chain }));
  const paying = spendCoinbase(base[0] as Block);
  const burning = new Tx({
    version: paying.version,
    inputs: paying.inputs,
    outputs: [
      { value: 1_000n, scriptPubKey: Uint8Array.of(0x6a, 0x00) },
      { value: (paying.outputs[0]?.value as bigint) - 1_000n, scriptPubKey: ANYONE },
    ],
    locktime: paying.locktime,
  });
  await submitAll(chain, [mineOn(baseTip, [burning])]);
  await index.caughtUp();
  expect((await index.stats(chain.tip.ref))?.unspendableScripts).toBe(1_000n);
});
