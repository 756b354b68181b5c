/** The miner's round beside a node that is a table of answers: what it asks, and in which order. */
import { createSearchThreads } from '@coind/pow';
import {
  Block,
  type BlockHash,
  type ChainParams,
  chainParams,
  hexToBytes,
} from '@coind/primitives';
import { expect, test } from 'vitest';
import { blockFor, type Template } from './block.ts';
import { type MinerEvents, mineFor } from './mine.ts';
import { type MiningNode, NodeAway } from './node.ts';

const regtest = chainParams('regtest') as ChainParams;
const SCRIPT = Uint8Array.of(0x51);
const COMMITMENT = `6a24aa21a9ed${'00'.repeat(32)}`;

const templateAt = (height: number): Template => ({
  version: 0x20000000,
  previousblockhash: regtest.genesis.header.hash as BlockHash,
  transactions: [],
  coinbasevalue: 5_000_000_000,
  curtime: 1_700_000_000,
  bits: '207fffff',
  height,
  longpollid: `id${height}`,
  default_witness_commitment: COMMITMENT,
});

interface Heard {
  readonly events: MinerEvents;
  readonly lines: string[];
}

function listener(): Heard {
  const lines: string[] = [];
  const events: MinerEvents = {
    progress: () => undefined,
    found: (_, height) => void lines.push(`found ${height}`),
    refused: (_, reason) => void lines.push(`refused ${reason}`),
    away: (reason) => void lines.push(`away ${reason}`),
    back: () => void lines.push('back'),
  };
  return { events, lines };
}

/** A node that accepts everything and knows nothing better than its template. */
function nodeThat(answers: Partial<MiningNode> & { submitted?: string[] } = {}): MiningNode {
  let height = 1;
  return {
    template: (signal, longPollId) =>
      longPollId === undefined
        ? Promise.resolve(templateAt(height))
        : new Promise((_, fail) => {
            signal.addEventListener('abort', () => fail(new NodeAway('aborted')));
          }),
    submit: async (block) => {
      answers.submitted?.push(block);
      height++;
      return null;
    },
    newAddress: () => Promise.reject(new Error('no wallet')),
    ...answers,
  };
}

async function mined(node: MiningNode, blocks: number, signal = new AbortController().signal) {
  const { events, lines } = listener();
  const threads = createSearchThreads({ threads: 1 });
  const count = await mineFor({ scriptPubKey: SCRIPT, blocks }, { node, threads, events }, signal);
  await threads.close();
  return { count, lines };
}

test('a template becomes a block that meets its target and pays as it should', async () => {
  const submitted: string[] = [];
  expect(await mined(nodeThat({ submitted }), 2)).toEqual({
    count: 2,
    lines: ['found 1', 'found 2'],
  });
  const block = Block.decode(hexToBytes(submitted[0] as string));
  expect(BigInt(`0x${block.hash}`)).toBeLessThan(1n << 255n);
  const [coinbase] = block.txs;
  expect(coinbase?.inputs[0]).toMatchObject({ scriptSig: Uint8Array.of(0x51, 0x51) });
  expect(coinbase?.inputs[0]?.witness).toEqual([new Uint8Array(32)]);
  expect(coinbase?.outputs).toEqual([
    { value: 5_000_000_000n, scriptPubKey: SCRIPT },
    { value: 0n, scriptPubKey: hexToBytes(COMMITMENT) },
  ]);
});

test('a block is handed in again until the node has said what it thinks', async () => {
  const answers = [new NodeAway('gone'), 'duplicate'] as const;
  let at = 0;
  const seen = new Set<string>();
  const node = nodeThat({
    submit: async (block) => {
      seen.add(block);
      const answer = answers[at++];
      if (answer instanceof NodeAway) throw answer;
      return answer ?? null;
    },
  });
  expect(await mined(node, 1)).toEqual({ count: 1, lines: ['away gone', 'back', 'found 1'] });
  expect(seen.size).toBe(1);
});

test('a block that is refused does not count', async () => {
  let refused = false;
  const node = nodeThat({
    submit: async () => {
      if (refused) return null;
      refused = true;
      return 'bad-cb-amount';
    },
  });
  expect(await mined(node, 1)).toEqual({ count: 1, lines: ['refused bad-cb-amount', 'found 1'] });
});

test('a better template ends the search for the old one', async () => {
  const hard = { ...templateAt(1), bits: '1d00ffff' };
  let asked = 0;
  const plain = nodeThat();
  const node = nodeThat({
    template: async (signal, longPollId) => {
      if (asked++ === 0) return hard;
      return longPollId === 'id1' ? templateAt(7) : plain.template(signal, longPollId);
    },
  });
  expect(await mined(node, 1)).toEqual({ count: 1, lines: ['found 7'] });
});

test('a long poll that fails for good ends it all', async () => {
  const hard = { ...templateAt(1), bits: '1d00ffff' };
  const node = nodeThat({
    template: async (_, longPollId) => {
      if (longPollId !== undefined) throw new Error('Invalid mode');
      return hard;
    },
  });
  await expect(mined(node, 1)).rejects.toThrow('Invalid mode');
});

test('ends at the signal, and for what does not pass', async () => {
  expect(await mined(nodeThat(), 1, AbortSignal.abort())).toEqual({ count: 0, lines: [] });
  const broken = nodeThat({ template: () => Promise.reject(new Error('Method not found')) });
  await expect(mined(broken, 1)).rejects.toThrow('Method not found');
  const signet = nodeThat({ template: async () => ({ ...templateAt(1), signet_challenge: '51' }) });
  await expect(mined(signet, 1)).rejects.toThrow('have to be signed');
});

test('without a commitment the coinbase has no witness', () => {
  const { default_witness_commitment: _, ...template } = templateAt(5);
  const block = blockFor(template, { scriptPubKey: SCRIPT, extraNonce: 300, time: 1_700_000_009 });
  expect(block.txs[0]?.outputs).toHaveLength(1);
  expect(block.txs[0]?.inputs[0]?.witness).toEqual([]);
  expect(block.header.time).toBe(1_700_000_009);
});
