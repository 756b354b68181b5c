/** Two nodes that hear of the same blocks, with forks, in different orders, agree on tip and coins. */

import type { Client } from '@coind/rpc/client';
import { expect, onTestFinished, test } from 'vitest';
import { startDaemon } from '../support/daemon.ts';

/** Mulberry32: chance that is the same on every run. */
function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

async function started(args: readonly string[] = []) {
  const daemon = await startDaemon({ args });
  onTestFinished(() => daemon[Symbol.asyncDispose]());
  return daemon.client;
}

/** 300 blocks with payments and forks, as hex, in the order in which they were mined. */
async function makeBlocks(): Promise<string[]> {
  const client = await started();
  const address = await client.getnewaddress();
  const hashes = [...(await client.generatetoaddress({ nblocks: 110, address }))];
  while (hashes.length < 300) {
    await client.sendtoaddress({ address: await client.getnewaddress(), amount: 100_000_000n });
    if (hashes.length % 20 === 0) {
      // Leave the last three blocks behind and grow another branch past them.
      const fork = hashes.at(-3) as (typeof hashes)[number];
      await client.invalidateblock({ blockhash: fork });
      const branch = await client.generatetoaddress({
        nblocks: 4,
        address: await client.getnewaddress(),
      });
      hashes.push(...branch);
      await client.reconsiderblock({ blockhash: fork });
    } else {
      hashes.push(...(await client.generatetoaddress({ nblocks: 1, address })));
    }
  }
  return Promise.all(
    hashes.slice(0, 300).map(async (blockhash) => {
      const block = await client.getblock({ blockhash, verbosity: 0 });
      if (typeof block !== 'string') throw new Error('verbosity 0 gives hex');
      return block;
    }),
  );
}

/** Submits in a shuffled order that never names a child before its parent is known. */
async function submitShuffled(client: Client, blocks: readonly string[], seed: number) {
  const random = randomSource(seed);
  const known = new Set<string>();
  const parentOf = (hex: string) => hex.slice(8, 72);
  let waiting = blocks.map((hex) => ({ hex, order: random() }));
  const genesis = await client.getblockhash({ height: 0 });
  known.add(Buffer.from(genesis, 'hex').reverse().toString('hex'));
  const { sha256d, hexToBytes, bytesToHex } = await import('@coind/primitives');
  while (waiting.length > 0) {
    const ready = waiting
      .filter(({ hex }) => known.has(parentOf(hex)))
      .sort((a, b) => a.order - b.order);
    const next = ready[0];
    if (!next) throw new Error('a block has no parent');
    const result = await client.submitblock({ hexdata: next.hex });
    expect([null, 'inconclusive']).toContain(result);
    known.add(bytesToHex(sha256d(hexToBytes(next.hex.slice(0, 160)))));
    waiting = waiting.filter((one) => one !== next);
  }
}

test('300 blocks with forks in two orders lead to one tip and one set of coins', async () => {
  const blocks = await makeBlocks();
  const [one, two] = await Promise.all([started(['-disablewallet']), started(['-disablewallet'])]);
  await Promise.all([submitShuffled(one, blocks, 1), submitShuffled(two, blocks, 2)]);
  const states = await Promise.all(
    [one, two].map(async (client) => {
      const { height, bestblock, muhash, txouts } = await client.gettxoutsetinfo({
        hash_type: 'muhash',
      });
      return { height, bestblock, muhash, txouts };
    }),
  );
  expect(states[0]?.height).toBeGreaterThan(250);
  expect(states[1]?.muhash).toBe(states[0]?.muhash);
  expect(states[1]).toEqual(states[0]);
}, 120_000);
