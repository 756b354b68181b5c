import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BlockInfo, type Chain, openChain } from '@coind/chain';
import { Block, type ChainParams, chainParams, hexToBytes } from '@coind/primitives';
import { memoryStore } from '@coind/store';
import { expect, test } from 'vitest';
import { blockStats } from './chain-block-stats.ts';
import { blockAt, bodyOf, undoOf } from './chain-lookup.ts';

const regtest = chainParams('regtest') as ChainParams;

async function statsAt(chain: Chain, height: number) {
  const info: BlockInfo = blockAt(chain, height);
  return blockStats(info, await bodyOf(chain, info), await undoOf(chain, info), chain.params);
}

test('genesis adds nothing to the set and pays no fee', async () => {
  const chain = await openChain(
    { params: regtest },
    { store: memoryStore(), clock: { now: () => 0 } },
  );
  const stats = await statsAt(chain, 0);
  expect(stats).toMatchObject({
    avgfee: 0,
    feerate_percentiles: [0, 0, 0, 0, 0],
    ins: 0,
    outs: 1,
    minfee: 0,
    mintxsize: 0,
    subsidy: 5_000_000_000,
    txs: 1,
    utxo_increase: 1,
    utxo_increase_actual: 0,
    utxo_size_inc: 116,
    utxo_size_inc_actual: 0,
  });
  await chain.close();
});

const vectors = fileURLToPath(
  new URL('../../../../shared/vectors/core/rpc_getblockstats.json', import.meta.url),
);
interface Vectors {
  readonly blocks: readonly string[];
  readonly mocktime: number;
  readonly stats: readonly ({ readonly height: number } & Record<string, unknown>)[];
}

test.skipIf(!existsSync(vectors))(
  existsSync(vectors) ? 'agrees with bitcoind’s vectors' : 'skipped: no ../shared/vectors/core',
  async () => {
    const { blocks, mocktime, stats } = JSON.parse(readFileSync(vectors, 'utf8')) as Vectors;
    const clock = { now: () => mocktime };
    const chain = await openChain({ params: regtest }, { store: memoryStore(), clock });
    for (const hex of blocks.slice(1)) {
      const outcome = await chain.submitBlock(Block.decode(hexToBytes(hex)));
      expect(outcome.status).toBe('connected');
    }
    expect(stats.length).toBeGreaterThan(2);
    for (const expected of stats) {
      expect(await statsAt(chain, expected.height)).toEqual(expected);
    }
    await chain.close();
  },
);
