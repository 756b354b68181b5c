import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Follower } from '@coind/consensus';
import { type Block, type ChainParams, concatBytes } from '@coind/primitives';
import { memoryStore, type Store } from '@coind/store';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type Chain, openChain } from './chain.ts';
import type { SnapshotError } from './load-snapshot.ts';
import {
  asParent,
  clock,
  genesis,
  mineChain,
  mineOn,
  params as regtest,
  spendCoinbase,
} from './mining.test.support.ts';
import { decodeSnapshotHeader, SNAPSHOT_HEADER_SIZE, writeSnapshot } from './utxo-snapshot.ts';

const BASE_HEIGHT = 103;
const low = mineChain(genesis, BASE_HEIGHT - 2);
const paying = mineOn(asParent(low.at(-1) as Block, BASE_HEIGHT - 2), [
  spendCoinbase(low[0] as Block, 3),
]);
const baseBlock = mineOn(asParent(paying, BASE_HEIGHT - 1));
const past = [...low, paying, baseBlock];
const after = mineChain(asParent(baseBlock, BASE_HEIGHT), 4);
const whole = [...past, ...after];

const open: { chain: Chain; store: Store }[] = [];
const dirs: string[] = [];
afterEach(async () => {
  for (const { chain } of open.splice(0)) await chain.close();
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

interface Started {
  readonly chain: Chain;
  readonly store: Store;
  readonly dir: string;
  readonly fatal: unknown[];
}

async function start(
  params: ChainParams,
  { store = memoryStore(), dir = newDir(), reindexChainstate = false, reindex = false } = {},
): Promise<Started> {
  const fatal: unknown[] = [];
  const chain = await openChain(
    { params, dir, reindexChainstate, reindex },
    { store, clock, onFatal: (error) => void fatal.push(error) },
  );
  open.push({ chain, store });
  return { chain, store, dir, fatal };
}

function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'coind-snapshot-'));
  dirs.push(dir);
  return dir;
}

/** The file of a snapshot at the base, and parameters that vouch for it. */
async function snapshotOf(): Promise<{ params: ChainParams; file: Uint8Array }> {
  const { chain } = await start(regtest);
  for (const block of past) await chain.submitBlock(block);
  const pieces: Uint8Array[] = [];
  const { ref, chainTxCount: txCount } = chain.tip;
  const { hash } = await writeSnapshot(chain, ref, (bytes) => void pieces.push(bytes));
  const assumed = { height: BASE_HEIGHT, blockHash: baseBlock.hash, hash, txCount };
  return { params: { ...regtest, assumeUtxo: [assumed] }, file: concatBytes(...pieces) };
}
const { params, file } = await snapshotOf();

/** Loads a snapshot file, handed over in pieces of a size that cuts coins. */
function load(chain: Chain, bytes = file) {
  const { baseHash, coinCount } = decodeSnapshotHeader(bytes.subarray(0, SNAPSHOT_HEADER_SIZE));
  async function* coins() {
    for (let at = SNAPSHOT_HEADER_SIZE; at < bytes.length; at += 1000) {
      yield bytes.subarray(at, at + 1000);
    }
  }
  return chain.loadSnapshot({ baseHash, coinCount, coins: coins() });
}

const headersOf = (blocks: readonly Block[]) => blocks.map(({ header }) => header);
const muhash = async (chain: Chain) => (await chain.utxoStats('muhash')).hash;

async function until(done: () => boolean): Promise<void> {
  for (let turns = 0; !done(); turns++) {
    if (turns > 5000) throw new Error('this never comes');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe('a snapshot', () => {
  test('is the tip at once; its past comes up behind it and in the end agrees', async () => {
    const { chain } = await start(params);
    await chain.submitHeaders(headersOf(whole));
    for (const block of past.slice(0, 10)) await chain.submitBlock(block);
    const info = await load(chain);
    expect(info.ref).toEqual({ hash: baseBlock.hash, height: BASE_HEIGHT });
    expect(chain.tip.ref).toEqual(info.ref);
    expect(chain.tip.chainTxCount).toBe(BASE_HEIGHT + 2);
    expect(chain.background).toMatchObject({ tip: { ref: { height: 10 } }, nextHeight: 11 });
    expect(chain.at(50)).toMatchObject({ status: 'active', hasBody: false });
    expect(await chain.coin({ txid: paying.txs[1]?.txid as never, vout: 2 })).toBeDefined();
    // The tip goes on without its past.
    for (const block of after) {
      expect((await chain.submitBlock(block)).status).toBe('connected');
    }
    expect(chain.tip.ref.height).toBe(BASE_HEIGHT + 4);
    expect(chain.background?.tip.ref.height).toBe(10);
    for (const block of past.slice(10)) await chain.submitBlock(block);
    await until(() => chain.background === undefined);
    const straight = await start(regtest);
    for (const block of whole) await straight.chain.submitBlock(block);
    expect(await muhash(chain)).toBe(await muhash(straight.chain));
    expect(chain.tip.chainTxCount).toBe(straight.chain.tip.chainTxCount);
    // What was verified can be taken back like any block.
    await chain.invalidateBlock(paying.hash);
    await straight.chain.invalidateBlock(paying.hash);
    expect(chain.tip.ref).toEqual(straight.chain.tip.ref);
    expect(await muhash(chain)).toBe(await muhash(straight.chain));
  });

  test('survives a stop at any moment, and its past may come in any order', async () => {
    const order = fc.shuffledSubarray(whole, { minLength: whole.length, maxLength: whole.length });
    const stops = fc.uniqueArray(fc.nat({ max: whole.length - 1 }), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(order, stops, fc.nat({ max: 5 }), async (blocks, at, before) => {
        let node = await start(params);
        await node.chain.submitHeaders(headersOf(whole));
        for (const block of past.slice(0, before)) await node.chain.submitBlock(block);
        await load(node.chain);
        for (const [i, block] of blocks.entries()) {
          if (at.includes(i)) {
            await node.chain.close();
            node = await start(params, node);
          }
          await node.chain.submitBlock(block);
        }
        await until(() => node.chain.background === undefined);
        expect(node.chain.tip.ref.hash).toBe(whole.at(-1)?.hash);
        const verified = await muhash(node.chain);
        await node.chain.close();
        // The second start finds the coins of the past cleared away and needs nothing of them.
        node = await start(params, node);
        expect(node.chain.background).toBeUndefined();
        expect(await muhash(node.chain)).toBe(verified);
        expect((await node.chain.verify(4, 6)).status).toBe('whole');
      }),
      { numRuns: 6 },
    );
  });

  test('leaves followers where they are until the blocks they need are there', async () => {
    const { chain } = await start(params);
    const seen: number[] = [];
    const follower: Follower = {
      name: 'counter',
      position: async () => undefined,
      connect: async (_block, { height }) => void seen.push(height),
      disconnect: async () => void seen.pop(),
    };
    await chain.submitHeaders(headersOf(whole));
    for (const block of past.slice(0, 5)) await chain.submitBlock(block);
    await chain.follow(follower);
    await load(chain);
    for (const block of after) await chain.submitBlock(block);
    await chain.idle();
    expect(seen.at(-1)).toBe(5);
    for (const block of past.slice(5)) await chain.submitBlock(block);
    await until(() => chain.background === undefined);
    await chain.idle();
    expect(seen).toEqual(Array.from({ length: BASE_HEIGHT + 5 }, (_, height) => height));
  });

  test('may begin beside a branch with less work, which its past then leaves', async () => {
    const { chain } = await start(params);
    await chain.submitHeaders(headersOf(whole));
    for (const block of past.slice(0, 20)) await chain.submitBlock(block);
    const branch = mineChain(asParent(past[19] as Block, 20), 30);
    for (const block of branch) await chain.submitBlock(block);
    expect(chain.tip.ref.height).toBe(50);
    await load(chain);
    expect(chain.tip.ref.hash).toBe(baseBlock.hash);
    for (const block of past.slice(20)) await chain.submitBlock(block);
    await until(() => chain.background === undefined);
    expect(chain.info(branch[29]?.hash as never)?.status).toBe('valid-fork');
  });

  test.each(['reindex', 'reindexChainstate'])('is forgotten by %s', async (how) => {
    const node = await start(params);
    await node.chain.submitHeaders(headersOf(whole));
    for (const block of past.slice(0, 10)) await node.chain.submitBlock(block);
    await load(node.chain);
    await node.chain.close();
    const { chain } = await start(params, { ...node, [how]: true });
    expect(chain.background).toBeUndefined();
    expect(chain.tip.ref.height).toBe(10);
    await chain.submitHeaders(headersOf(whole));
    await load(chain);
    expect(chain.tip.ref.height).toBe(BASE_HEIGHT);
  });

  test('that was wrong ends the node, and the next start goes on without it', async () => {
    // Parameters that vouch for coins which the chain never had: the last byte of the file is a script.
    const forged = file.slice();
    forged[forged.length - 1] = 0x52;
    const [assumed] = params.assumeUtxo;
    const probe = await start(params);
    await probe.chain.submitHeaders(headersOf(whole));
    const refusal = await load(probe.chain, forged).catch((error: SnapshotError) => error.message);
    const hash = /got ([0-9a-f]{64})/.exec(String(refusal))?.[1];
    const lying = { ...regtest, assumeUtxo: [{ ...assumed, hash }] } as ChainParams;
    const node = await start(lying);
    await node.chain.submitHeaders(headersOf(whole));
    await load(node.chain, forged);
    for (const block of whole) await node.chain.submitBlock(block).catch(() => undefined);
    await until(() => node.fatal.length > 0);
    expect(String(node.fatal[0])).toContain('was wrong');
    await node.chain.close();
    const { chain } = await start(lying, node);
    expect(chain.background).toBeUndefined();
    for (const block of whole) await chain.submitBlock(block);
    expect(chain.tip.ref.hash).toBe(whole.at(-1)?.hash);
    const straight = await start(regtest);
    for (const block of whole) await straight.chain.submitBlock(block);
    expect(await muhash(chain)).toBe(await muhash(straight.chain));
  });
});

describe('a snapshot is refused', () => {
  const refusal = async (chain: Chain, bytes = file): Promise<string> => {
    const tip = chain.tip.ref;
    const message = await load(chain, bytes).then(
      () => 'loaded',
      (error: Error) => error.message,
    );
    expect(chain.tip.ref).toEqual(tip);
    return message;
  };

  test('when the program does not vouch for it, or its header is unknown or behind the tip', async () => {
    const { chain } = await start(regtest);
    expect(await refusal(chain)).toContain('not recognized');
    const { chain: vouching } = await start(params);
    expect(await refusal(vouching)).toContain('must appear in the headers chain');
    for (const block of past) await vouching.submitBlock(block);
    expect(await refusal(vouching)).toBe(
      'Population failed: Work does not exceed active chainstate',
    );
    await vouching.invalidateBlock(paying.hash);
    expect(await refusal(vouching)).toContain('part of an invalid chain');
  });

  test('when its coins are not the ones that are vouched for', async () => {
    const { chain } = await start(params);
    await chain.submitHeaders(headersOf(whole));
    const changed = (at: number, ...bytes: number[]) => {
      const copy = file.slice();
      copy.set(bytes, at);
      return copy;
    };
    const at = SNAPSHOT_HEADER_SIZE;
    expect(await refusal(chain, changed(at, 1, 2, 3))).toContain('Bad snapshot content hash');
    expect(await refusal(chain, changed(at + 32, 0xfd, 0xff, 0xff))).toContain('Mismatch in coins');
    expect(await refusal(chain, file.subarray(0, -1))).toContain('truncated snapshot');
    expect(await refusal(chain, concatBytes(file, Uint8Array.of(0)))).toContain('coins left over');
    expect(await refusal(chain, changed(at + 34, 0x84, 0x58))).toContain('Bad snapshot data');
    expect(chain.background).toBeUndefined();
    // None of them leaves anything behind.
    await load(chain);
    expect(chain.tip.ref.height).toBe(BASE_HEIGHT);
    await expect(load(chain)).rejects.toThrow('more than once');
  });
});
