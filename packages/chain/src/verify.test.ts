/** Verifying blocks again, rebuilding the coins, stopping at a height, and orders of delivery. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Block } from '@coind/primitives';
import { memoryStore, openStore, type Store } from '@coind/store';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Chain, type ChainOptions, openChain } from './chain.ts';
import {
  asParent,
  clock,
  genesis,
  mineChain,
  mineOn,
  params,
  spend,
  spendCoinbase,
} from './mining.test.support.ts';
import { CHAIN_SCHEMA, tables } from './tables.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coind-verify-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function withChain<T>(
  options: Partial<ChainOptions>,
  work: (chain: Chain, store: Store) => Promise<T>,
): Promise<T> {
  const stamp = { network: params.name, schema: CHAIN_SCHEMA, kind: 'chain' };
  const store = await openStore(join(dir, 'chainstate'), stamp);
  try {
    const chain = await openChain(
      { params, dir: join(dir, 'blocks'), ...options },
      { store, clock },
    );
    try {
      return await work(chain, store);
    } finally {
      await chain.close();
    }
  } finally {
    await store.close();
  }
}

/** 103 blocks, the last two of which spend coins of the chain and of each other. */
function spendingChain(): Block[] {
  const blocks = mineChain(genesis, 101);
  const first = spendCoinbase(blocks[0] as Block, 3);
  const second = spend({ txid: first.txid, vout: 0 }, first.outputs[0]?.value ?? 0n);
  blocks.push(mineOn(asParent(blocks[100] as Block, 101), [first, second]));
  const third = spend({ txid: first.txid, vout: 1 }, first.outputs[1]?.value ?? 0n, 2);
  blocks.push(
    mineOn(asParent(blocks[101] as Block, 102), [third, spendCoinbase(blocks[1] as Block)]),
  );
  return blocks;
}

async function submitAll(chain: Chain, blocks: readonly Block[]): Promise<void> {
  for (const block of blocks) expect((await chain.submitBlock(block)).status).not.toBe('invalid');
}

describe('verify', () => {
  test('finds a whole chain whole at every level', () =>
    withChain({}, async (chain) => {
      await submitAll(chain, spendingChain());
      for (const level of [-1, 0, 1, 2, 3, 4, 9]) {
        expect(await chain.verify(level, 0)).toEqual({ status: 'whole', blocks: 103 });
      }
      expect(await chain.verify(4, 5)).toEqual({ status: 'whole', blocks: 5 });
      expect((await chain.verify(4, 1000)).blocks).toBe(103);
    }));

  test('level 3 misses a coin that is gone and one that should be', () =>
    withChain({}, async (chain, store) => {
      const blocks = spendingChain();
      await submitAll(chain, blocks);
      const [coinbase] = (blocks[102] as Block).txs;
      const made = { txid: (coinbase as Block['txs'][number]).txid, vout: 0 };
      const coins = store.table(tables.coins);
      const row = coins.getSync(made);
      await store.commit([coins.del(made)]);
      await chain.close();
      const again = await openChain(
        { params, dir: join(dir, 'blocks'), checkLevel: 2 },
        { store, clock },
      );
      expect((await again.verify(2, 0)).status).toBe('whole');
      const broken = await again.verify(3, 0);
      expect(broken.status).toBe('broken');
      expect(broken.error?.message).toMatch(/is not among the coins.*-reindex/);
      if (row) await store.commit([coins.put(made, row)]);
      expect((await again.verify(3, 0)).status).toBe('whole');
      await again.close();
    }));
});

describe('rebuilding the coins', () => {
  test('ends where it began, byte for byte', async () => {
    const blocks = spendingChain();
    const before = await withChain({}, async (chain) => {
      await submitAll(chain, blocks);
      return chain.utxoStats('hash_serialized_3');
    });
    const after = await withChain({ reindexChainstate: true }, (chain) =>
      chain.utxoStats('hash_serialized_3'),
    );
    expect(after).toEqual(before);
  });

  test('goes on when the process died while the coins were being forgotten', async () => {
    const blocks = spendingChain();
    const before = await withChain({}, async (chain) => {
      await submitAll(chain, blocks);
      return chain.utxoStats('muhash');
    });
    await withChain({}, async (chain, store) => {
      await chain.close();
      const table = store.table(tables.tip);
      await store.commit([table.del(undefined)]);
    });
    expect(await withChain({}, (chain) => chain.utxoStats('muhash'))).toEqual(before);
  });
});

test('above the height to stop at nothing is connected', () =>
  withChain({ stopAtHeight: 40 }, async (chain) => {
    await submitAll(chain, mineChain(genesis, 50));
    expect(chain.tip.ref.height).toBe(40);
  }));

describe('any order of delivery', { timeout: 30_000 }, () => {
  /** A tree: two branches that spend differently, the longer one with most work. */
  const trunk = spendingChain();
  const left = mineChain(asParent(trunk[100] as Block, 101), 4);
  const right = mineChain(asParent(left[0] as Block, 102), 4);
  const loose = [...trunk.slice(101), ...left, ...right];

  const endOf = async (blocks: readonly Block[]) => {
    const chain = await openChain({ params }, { store: memoryStore(), clock });
    await chain.submitHeaders([...trunk, ...left, ...right].map(({ header }) => header));
    for (const block of blocks) {
      const outcome = await chain.submitBlock(block);
      expect(outcome.status).not.toBe('invalid');
    }
    const { ref, hash } = await chain.utxoStats('muhash');
    await chain.close();
    return { tip: ref.hash, hash };
  };

  test('of bodies gives the same tip and coins', async () => {
    const expected = await endOf([...trunk, ...left, ...right]);
    expect(expected.tip).toBe(right[3]?.hash);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(loose, { minLength: loose.length }),
        fc.boolean(),
        async (order, trunkLast) => {
          const base = trunk.slice(0, 101);
          const all = trunkLast ? [...order, ...base.toReversed()] : [...base, ...order];
          expect(await endOf(all)).toEqual(expected);
        },
      ),
      { numRuns: 12 },
    );
  });

  test('connecting and disconnecting restores the coins byte for byte', async () => {
    const chain = await openChain({ params }, { store: memoryStore(), clock });
    await submitAll(chain, trunk);
    const rows = async () => {
      const all: string[] = [];
      for await (const [{ txid, vout }, { output, height, coinbase }] of chain.utxos()) {
        const script = Buffer.from(output.scriptPubKey).toString('hex');
        all.push(`${txid}:${vout} ${output.value} ${script} ${height} ${coinbase}`);
      }
      return all;
    };
    const before = await rows();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 103 }), async (height) => {
        const { hash } = trunk[height - 1] as Block;
        await chain.invalidateBlock(hash);
        expect(chain.tip.ref.height).toBe(height - 1);
        await chain.reconsiderBlock(hash);
        expect(await rows()).toEqual(before);
      }),
      { numRuns: 10 },
    );
    await chain.close();
  });
});
