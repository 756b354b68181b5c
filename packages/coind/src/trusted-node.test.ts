import type { Chain, CoinStatsIndex } from '@coind/chain';
import type { BlockRef } from '@coind/consensus';
import type { BlockHash } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { parseOptions } from './config.ts';
import type { Log } from './log.ts';
import { TrustedNodeWatch } from './trusted-node.ts';
import { Warnings } from './warnings.ts';

/** A chain as a text: one letter per block, so that forks can be seen. */
const hashAt = (blocks: string, height: number): BlockHash =>
  [...blocks.slice(0, height + 1)]
    .map((letter) => letter.charCodeAt(0).toString(16))
    .join('') as BlockHash;
const refAt = (blocks: string, height: number): BlockRef => ({
  height,
  hash: hashAt(blocks, height),
});

/** Our side: as much of a chain as is looked at. `coins` is the hash of its coins. */
function chainOf(side: { blocks: string; coins: string }): Chain {
  const at = (height: number) =>
    height < side.blocks.length ? { ref: refAt(side.blocks, height) } : undefined;
  return {
    get tip() {
      return at(side.blocks.length - 1);
    },
    at,
    utxoStats: async () => ({ ref: refAt(side.blocks, side.blocks.length - 1), hash: side.coins }),
  } as unknown as Chain;
}

function watched(oursAt: string, theirsAt: string, { indexed = false, theirIndex = true } = {}) {
  const ours = { blocks: oursAt, coins: 'same' };
  const theirs = { blocks: theirsAt, coins: 'same', isUp: true };
  const lines: string[] = [];
  const asked: string[] = [];
  const note = (line: string) => void lines.push(line);
  const log = { info: note, warn: note, error: note } as unknown as Log;
  const alarms: string[] = [];
  const warnings = new Warnings((message) => void alarms.push(message));
  const ask = async (method: string, params: readonly (string | number)[] = []) => {
    asked.push(method);
    if (!theirs.isUp) throw new Error('no answer');
    const tip = theirs.blocks.length - 1;
    if (method === 'getblockcount') return tip;
    if (method === 'getblockhash') return hashAt(theirs.blocks, params[0] as number);
    const height = (params[1] as number | undefined) ?? tip;
    if (params.length > 1 && !theirIndex) throw new Error('requires coinstatsindex');
    return { bestblock: hashAt(theirs.blocks, height), muhash: theirs.coins };
  };
  const coinStats = indexed
    ? ({ stats: async () => ({ muhash: ours.coins }) } as unknown as CoinStatsIndex)
    : undefined;
  const chain = chainOf(ours);
  const watch = new TrustedNodeWatch('there:1', { chain, coinStats, warnings, log, ask });
  return { watch, ours, theirs, lines, alarms, warnings, asked };
}

describe('chains', () => {
  test('agree when one is only behind', async () => {
    const { watch, warnings, lines } = watched('abcd', 'abcdef');
    await watch.lookAtChain();
    expect(warnings.messages).toEqual([]);
    expect(lines).toEqual([]);
  });

  test('a split is told with its height, once, and taken back when it heals', async () => {
    const { watch, theirs, warnings, alarms, lines } = watched('abcdefgh', 'abcdeXYZ');
    await watch.lookAtChain();
    await watch.lookAtChain();
    expect(alarms).toEqual([
      'Warning: our chain has split from that of the trusted node there:1: blocks differ from height 5 on.',
    ]);
    theirs.blocks = 'abcdefghi';
    await watch.lookAtChain();
    expect(warnings.messages).toEqual([]);
    expect(lines).toEqual(['Our chain agrees with there:1 again']);
  });

  test('one block apart is a race of miners, unless it lasts', async () => {
    const { watch, warnings } = watched('abcd', 'abcX');
    await watch.lookAtChain();
    await watch.lookAtChain();
    expect(warnings.messages).toEqual([]);
    await watch.lookAtChain();
    expect(warnings.messages).toHaveLength(1);
  });

  test('another network has another first block', async () => {
    const { watch, warnings } = watched('abc', 'Xbcdefgh');
    await watch.lookAtChain();
    expect(warnings.messages.join()).toContain('is on another network');
  });

  test('a long chain is not asked block by block', async () => {
    const common = 'a'.repeat(5000);
    const { watch, alarms, asked } = watched(
      `${common}${'b'.repeat(300)}`,
      common + 'c'.repeat(300),
    );
    await watch.lookAtChain();
    expect(alarms.join()).toContain('from height 5000 on');
    expect(asked.length).toBeLessThan(30);
  });

  test('silence is no split; it is told once', async () => {
    const { watch, theirs, warnings, lines } = watched('abc', 'abc');
    theirs.isUp = false;
    await watch.lookAtChain();
    await watch.lookAtChain();
    theirs.isUp = true;
    await watch.lookAtChain();
    expect(warnings.messages).toEqual([]);
    expect(lines).toEqual([
      'Cannot compare with the trusted node there:1: no answer',
      'there:1 answers again',
    ]);
  });
});

describe('coins', () => {
  test.each([
    ['by the indexes of both', { indexed: true, theirIndex: true }],
    ['by ours and their tip', { indexed: true, theirIndex: false }],
    ['without any index', { indexed: false, theirIndex: false }],
  ])('are compared %s', async (_, indexes) => {
    const { watch, theirs, warnings } = watched('abc', 'abc', indexes);
    await watch.lookAtCoins();
    expect(warnings.messages).toEqual([]);
    theirs.coins = 'other';
    await watch.lookAtCoins();
    expect(warnings.messages).toEqual([
      'Warning: our unspent coins at height 2 differ from those of the trusted node there:1 (muhash same, there other).',
    ]);
    theirs.coins = 'same';
    await watch.lookAtCoins();
    expect(warnings.messages).toEqual([]);
  });

  test('are not compared at different blocks', async () => {
    const { watch, theirs, warnings, lines } = watched('abc', 'abcd', { theirIndex: false });
    theirs.coins = 'other';
    await watch.lookAtCoins();
    expect(warnings.messages).toEqual([]);
    expect(lines).toEqual(['The coins could not be compared with there:1 this time']);
  });
});

describe('options', () => {
  const read = (...argv: string[]) => {
    const request = parseOptions(['-regtest', '-datadir=/tmp', '-noconf', ...argv], { HOME: '/' });
    return request.kind === 'start' ? request.options.trustedNode : undefined;
  };

  test('credentials from the address, else those of our own RPC; the port is the network’s', () => {
    expect(read()).toBeUndefined();
    expect(read('-verifyagainst=al:p%40ss@10.0.0.1')).toMatchObject({
      name: '10.0.0.1:18443',
      url: 'http://10.0.0.1:18443/',
      user: 'al',
      password: 'p@ss',
      intervalMs: 60_000,
      coinsIntervalMs: 3_600_000,
    });
    const ours = read('-verifyagainst=[::1]:8', '-rpcuser=me', '-rpcpassword=x');
    expect(ours).toMatchObject({ name: '[::1]:8', user: 'me', password: 'x' });
  });

  test('what cannot be read is refused without repeating the password', () => {
    expect(() => read('-verifyagainst=a:secret@host:port')).toThrow(/^Cannot read -verifyagainst/);
    expect(() => read('-verifyagainst=ftp://host')).toThrow('http or https');
    expect(() => read('-verifyagainst=host', '-verifyagainstinterval=0')).toThrow('positive');
  });
});
