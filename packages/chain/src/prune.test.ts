/** Pruning: which files go, what is kept, what a pruned chain still answers and what it refuses. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Block } from '@coind/primitives';
import { openStore, type Store } from '@coind/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Chain, type ChainOptions, openChain } from './chain.ts';
import { asParent, clock, genesis, mineChain, params } from './mining.test.support.ts';
import { CHAIN_SCHEMA } from './tables.ts';

/** About 60 blocks of these tests fill a file. */
const SMALL_FILES = { maxFileBytes: 16_384 };
const BY_HAND = { ...SMALL_FILES, prune: { targetBytes: 0, afterHeight: 100 } };

// Each test connects hundreds of blocks, on whatever machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let dir: string;
let blocks: Block[];
let opened: { chain: Chain; store: Store } | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coind-prune-'));
  blocks ??= mineChain(genesis, 600);
});
afterEach(async () => {
  await close();
  await rm(dir, { recursive: true, force: true });
});

async function open(options: Partial<ChainOptions>): Promise<Chain> {
  const stamp = { network: params.name, schema: CHAIN_SCHEMA, kind: 'chain' };
  const store = await openStore(join(dir, 'chainstate'), stamp);
  try {
    const chain = await openChain(
      { params, dir: join(dir, 'blocks'), ...options },
      { store, clock },
    );
    opened = { chain, store };
    return chain;
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function close(): Promise<void> {
  await opened?.chain.close();
  await opened?.store.close();
  opened = undefined;
}

async function filled(options: Partial<ChainOptions>): Promise<Chain> {
  const chain = await open(options);
  for (const block of blocks) await chain.submitBlock(block);
  return chain;
}

const hashAt = (height: number) => (blocks[height - 1] as Block).hash;
const file = (name: string) => existsSync(join(dir, 'blocks', name));

test('files go as a whole, and never within 288 blocks of the tip', async () => {
  const chain = await filled(BY_HAND);
  const before = chain.sizeOnDisk();
  expect(chain.prunedHeight()).toBeUndefined();
  await chain.prune(600);
  const height = chain.prunedHeight() as number;
  expect(height).toBeGreaterThan(200);
  expect(height).toBeLessThanOrEqual(600 - 288);
  expect(file('blk00000.dat') || file('rev00000.dat')).toBe(false);
  expect(chain.sizeOnDisk()).toBeLessThan(before);
  expect(await chain.block(hashAt(height))).toBeUndefined();
  expect(await chain.undo(hashAt(height))).toBeUndefined();
  expect((await chain.block(hashAt(height + 1)))?.hash).toBe(hashAt(height + 1));
  expect(chain.info(hashAt(height))).toMatchObject({ isPruned: true, hasBody: false, txCount: 1 });
  expect(chain.info(hashAt(height + 1))).toMatchObject({ isPruned: false, hasBody: true });
});

test('nothing above the height that was asked for goes', async () => {
  const chain = await filled(BY_HAND);
  await chain.prune(150);
  expect(chain.prunedHeight()).toBeLessThanOrEqual(150);
  expect(chain.prunedHeight()).toBeGreaterThan(10);
  await chain.prune(10);
  expect(chain.prunedHeight()).toBeGreaterThan(10);
});

test('what a follower has still to see is kept', async () => {
  const chain = await filled(BY_HAND);
  let seen = 0;
  let release = () => {};
  const stuck = new Promise<void>((resolve) => {
    release = resolve;
  });
  const following = chain.follow({
    name: 'slow',
    position: async () => undefined,
    connect: async (_, ref) => {
      if (ref.height === 150) await stuck;
      seen = ref.height;
    },
    disconnect: async () => {},
  });
  while (seen < 149) await new Promise((resolve) => setImmediate(resolve));
  await chain.prune(300);
  expect(chain.prunedHeight()).toBeLessThanOrEqual(149);
  release();
  await following;
  expect(seen).toBe(600);
  await chain.prune(300);
  expect(chain.prunedHeight()).toBeGreaterThan(200);
});

test('a restart knows what is gone, verifies what is there, and wants to go on pruning', async () => {
  const first = await filled(BY_HAND);
  await first.prune(600);
  const height = first.prunedHeight();
  const { hash } = await first.utxoStats('muhash');
  await close();
  await expect(open(SMALL_FILES)).rejects.toMatchObject({
    code: 'pruned',
    message: expect.stringContaining('-reindex to go back to unpruned mode'),
  });
  const chain = await open({ ...BY_HAND, checkBlocks: 0, checkLevel: 4 });
  expect(chain.prunedHeight()).toBe(height);
  expect(chain.tip.ref.height).toBe(600);
  expect(chain.tip.chainTxCount).toBe(601);
  expect((await chain.utxoStats('muhash')).hash).toBe(hash);
  expect(await chain.verify(4, 0)).toMatchObject({
    status: 'stopped',
    blocks: 600 - (height ?? 0),
  });
  expect(await chain.verify(4, 288)).toMatchObject({ status: 'whole', blocks: 288 });
  for (const block of mineChain(asParent(blocks[599] as Block, 600), 3)) {
    expect(await chain.submitBlock(block)).toMatchObject({ status: 'connected' });
  }
});

test('going back behind what is gone is refused and changes nothing', async () => {
  const chain = await filled(BY_HAND);
  await chain.prune(600);
  await expect(chain.invalidateBlock(hashAt(5))).rejects.toMatchObject({ code: 'pruned' });
  expect(chain.tip.ref.hash).toBe(hashAt(600));
  await chain.invalidateBlock(hashAt(590));
  expect(chain.tip.ref.height).toBe(589);
  await chain.reconsiderBlock(hashAt(590));
  expect(chain.tip.ref.hash).toBe(hashAt(600));
});

test('a body that comes back is stored again', async () => {
  const chain = await filled(BY_HAND);
  await chain.prune(600);
  const outcome = await chain.submitBlock(blocks[4] as Block);
  expect(outcome.status).toBe('connected');
  expect((await chain.block(hashAt(5)))?.hash).toBe(hashAt(5));
});

test('reindexing a pruned chain keeps what still builds on genesis', async () => {
  const first = await filled(BY_HAND);
  await first.prune(600);
  await close();
  const chain = await open({ ...BY_HAND, reindex: true });
  expect(chain.tip.ref.height).toBe(0);
  for (const block of blocks) await chain.submitBlock(block);
  expect(chain.tip.ref.hash).toBe(hashAt(600));
});

test('a target is kept to without being asked', async () => {
  const roomy = { targetBytes: 550 << 20, afterHeight: 100 };
  const first = await filled({ ...SMALL_FILES, prune: roomy });
  expect(first.pruneTarget).toBe(550 << 20);
  expect(first.prunedHeight()).toBeUndefined();
  await close();
  // So tight that whatever may go goes; the first block that is taken looks.
  const chain = await open({ ...SMALL_FILES, prune: { targetBytes: 1, afterHeight: 100 } });
  await chain.submitBlock(mineChain(asParent(blocks[599] as Block, 600), 1)[0] as Block);
  expect(chain.prunedHeight()).toBeGreaterThan(200);
  expect(chain.prunedHeight()).toBeLessThanOrEqual(601 - 288);
});

test('below the height from which on pruning begins, nothing goes by itself', async () => {
  const chain = await filled({ ...SMALL_FILES, prune: { targetBytes: 1, afterHeight: 600 } });
  expect(chain.prunedHeight()).toBeUndefined();
});

test('a chain that keeps everything does not prune', async () => {
  const chain = await open({});
  expect(chain.pruneTarget).toBeUndefined();
  expect(() => chain.prune(1)).toThrow(RangeError);
});
