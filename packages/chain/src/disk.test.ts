/** The chain on disk: restarts, deaths of the process, damaged and missing files, rebuilding. */
import { appendFileSync, existsSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Block, Tx } from '@coind/primitives';
import { openStore, type Store } from '@coind/store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Chain, type ChainModules, type ChainOptions, openChain } from './chain.ts';
import {
  asParent,
  clock,
  genesis,
  mineChain,
  mineOn,
  params,
  spendCoinbase,
} from './mining.test.support.ts';
import { CHAIN_SCHEMA } from './tables.ts';

let dir: string;
let opened: { chain: Chain; store: Store }[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coind-chain-'));
});
afterEach(async () => {
  for (const { chain, store } of opened) {
    await chain.close();
    await store.close();
  }
  opened = [];
  await rm(dir, { recursive: true, force: true });
});

/** Opens the chain in `home`, which holds `blocks` and `chainstate` as a data directory does. */
async function open(
  home = dir,
  options: Partial<ChainOptions> = {},
  modules: Partial<ChainModules> = {},
): Promise<Chain> {
  const stamp = { network: params.name, schema: CHAIN_SCHEMA, kind: 'chain' };
  const store = await openStore(join(home, 'chainstate'), stamp);
  try {
    const chain = await openChain(
      { params, dir: join(home, 'blocks'), ...options },
      { store, clock, ...modules },
    );
    opened.push({ chain, store });
    return chain;
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function close(chain: Chain): Promise<void> {
  const found = opened.find((entry) => entry.chain === chain);
  opened = opened.filter((entry) => entry !== found);
  await chain.close();
  await found?.store.close();
}

/** The directory as a killed process leaves it: whatever was written, nothing tidied up. */
async function killed(name: string): Promise<string> {
  const copy = join(dir, name);
  await cp(join(dir, 'blocks'), join(copy, 'blocks'), { recursive: true });
  await cp(join(dir, 'chainstate'), join(copy, 'chainstate'), { recursive: true });
  await rm(join(copy, 'chainstate', 'LOCK'), { force: true });
  return copy;
}

async function submitAll(chain: Chain, blocks: readonly Block[]): Promise<void> {
  for (const block of blocks) {
    const outcome = await chain.submitBlock(block);
    if (outcome.status === 'invalid') throw outcome.error;
  }
}

const muhash = async (chain: Chain) => (await chain.utxoStats('muhash')).hash;
const blk = (home = dir) => join(home, 'blocks', 'blk00000.dat');
const rev = (home = dir) => join(home, 'blocks', 'rev00000.dat');

/** 105 blocks, the last of which spends, and a branch of two at its side. */
async function fill(chain: Chain): Promise<Block[]> {
  const blocks = mineChain(genesis, 104);
  const top = asParent(blocks[103] as Block, 104);
  blocks.push(mineOn(top, [spendCoinbase(blocks[0] as Block, 2)]));
  const branch = mineChain(asParent(blocks[102] as Block, 103), 1);
  await submitAll(chain, [...blocks, ...branch]);
  return blocks;
}

test('files are framed as bitcoind frames them, genesis first', async () => {
  const chain = await open();
  await submitAll(chain, mineChain(genesis, 1));
  const bytes = readFileSync(blk());
  expect(bytes.subarray(0, 4).toString('hex')).toBe(params.messageStart);
  expect(bytes.readUInt32LE(4)).toBe(params.genesis.encode().length);
  expect(bytes.subarray(8, 293)).toEqual(Buffer.from(params.genesis.encode()));
  expect(bytes.subarray(293, 297).toString('hex')).toBe(params.messageStart);
  // An empty undo record is one byte (no transactions), then the checksum.
  const undo = readFileSync(rev());
  expect(undo.subarray(0, 9).toString('hex')).toBe(`${params.messageStart}0100000000`);
  expect(undo.length).toBe(8 + 1 + 32);
  expect(chain.sizeOnDisk()).toBe(bytes.length + undo.length);
});

test('a restart finds everything where it was', async () => {
  const first = await open();
  await fill(first);
  const before = {
    tip: first.tip.ref,
    work: first.tip.chainwork,
    txs: first.tip.chainTxCount,
    tips: first.tips().map(({ info, status }) => [info.ref.hash, status]),
    coins: await muhash(first),
  };
  await close(first);
  const second = await open();
  expect({
    tip: second.tip.ref,
    work: second.tip.chainwork,
    txs: second.tip.chainTxCount,
    tips: second.tips().map(({ info, status }) => [info.ref.hash, status]),
    coins: await muhash(second),
  }).toEqual(before);
  expect(second.tip.chainTxCount).toBe(1 + 104 + 2);
});

test('a refused block stays refused, and the old tip stays among equals', async () => {
  const first = await open();
  const [a, b] = [mineOn(genesis), mineOn(genesis)];
  await submitAll(first, [a, b]);
  await close(first);
  const second = await open();
  expect(second.tip.ref.hash).toBe(a.hash);
  await second.invalidateBlock(a.hash);
  expect(second.tip.ref.hash).toBe(b.hash);
  await close(second);
  const third = await open();
  expect(third.tip.ref.hash).toBe(b.hash);
  expect(third.info(a.hash)?.status).toBe('invalid');
  await third.reconsiderBlock(a.hash);
  expect(third.info(a.hash)?.status).toBe('valid-fork');
  expect(third.tip.ref.hash).toBe(b.hash);
});

describe('after the death of the process', () => {
  test('at any block, nothing that was answered is lost', async () => {
    const chain = await open();
    const blocks = mineChain(genesis, 24);
    for (const [i, block] of blocks.entries()) {
      await submitAll(chain, [block]);
      if (i % 6 !== 5) continue;
      const home = await killed(`at-${i}`);
      const again = await open(home);
      expect(again.tip.ref).toEqual({ hash: block.hash, height: i + 1 });
      expect(await muhash(again)).toBe(await muhash(chain));
      await close(again);
    }
  });

  test('a block that was appended but not entered is taken in', async () => {
    const chain = await open();
    const [a, b] = mineChain(genesis, 2) as [Block, Block];
    await submitAll(chain, [a]);
    const home = await killed('torn');
    const body = b.encode();
    const frame = Buffer.alloc(8);
    frame.write(params.messageStart, 'hex');
    frame.writeUInt32LE(body.length, 4);
    const size = statSync(blk(home)).size;
    appendFileSync(blk(home), Buffer.concat([frame, body, frame, body.subarray(0, 50)]));
    appendFileSync(rev(home), 'half an undo record');
    const again = await open(home);
    expect(again.tip.ref.hash).toBe(b.hash);
    expect(statSync(blk(home)).size).toBe(size + 8 + body.length);
    const c = mineOn(asParent(b, 2));
    await submitAll(again, [c]);
    await close(again);
    expect((await open(home)).tip.ref.hash).toBe(c.hash);
  });
});

describe('damage', () => {
  test('is named, with the file and what to do', async () => {
    const chain = await open();
    const last = (await fill(chain))[104] as Block;
    const inLast = readFileSync(blk()).indexOf(last.encode()) + 200;
    await close(chain);
    const cases: [string, (home: string) => Promise<void> | void, string, RegExp][] = [
      ['no body file', (home) => rm(blk(home)), 'file-missing', /blk00000\.dat cannot be opened/],
      ['no undo file', (home) => rm(rev(home)), 'file-missing', /rev00000\.dat cannot be opened/],
      [
        'short body file',
        (home) => truncateSync(blk(home), 5000),
        'file-damaged',
        /blk00000\.dat is damaged: 5000 bytes long/,
      ],
      [
        'changed body',
        (home) => flip(blk(home), inLast),
        'file-damaged',
        /blk00000\.dat is damaged/,
      ],
      ['changed undo', (home) => flip(rev(home), -40), 'file-damaged', /rev00000\.dat is damaged/],
    ];
    for (const [name, damage, code, message] of cases) {
      const home = await killed(name);
      await damage(home);
      const error = await open(home).catch((e: unknown) => e);
      expect(error, name).toMatchObject({ code, message: expect.stringMatching(message) });
      expect(error, name).toMatchObject({ message: expect.stringContaining('-reindex') });
    }
  });

  test('while running: a file that was moved away is missed at once, and found again', async () => {
    const chain = await open();
    const blocks = await fill(chain);
    const hash = (blocks[3] as Block).hash;
    await rename(blk(), `${blk()}.away`);
    await expect(chain.block(hash)).rejects.toMatchObject({ code: 'file-missing' });
    await rename(`${blk()}.away`, blk());
    expect((await chain.block(hash))?.hash).toBe(hash);
  });

  test("another network's files are not touched", async () => {
    const home = join(dir, 'foreign');
    const chain = await open(home);
    await close(chain);
    await writeFile(blk(home), Buffer.alloc(1000, 7));
    await expect(open(home, { reindex: true })).rejects.toThrow(/no block of this network/);
    expect(statSync(blk(home)).size).toBe(1000);
  });
});

describe('rebuilding', () => {
  test('from the block files gives the same chain', async () => {
    const chain = await open();
    await fill(chain);
    const [tip, coins, size] = [chain.tip.ref, await muhash(chain), statSync(blk()).size];
    await close(chain);
    const again = await open(dir, { reindex: true });
    expect(again.tip.ref).toEqual(tip);
    expect(await muhash(again)).toBe(coins);
    expect(again.tips().length).toBe(2);
    await close(again);
    expect(statSync(blk()).size).toBe(size);
    expect((await open()).tip.ref).toEqual(tip);
  });

  test('works on files that lie in any order, and without the index', async () => {
    const chain = await open();
    const blocks = mineChain(genesis, 6);
    await chain.submitHeaders(blocks.map(({ header }) => header));
    await submitAll(
      chain,
      [5, 3, 4, 0, 2, 1].map((i) => blocks[i] as Block),
    );
    const tip = chain.tip.ref;
    expect(tip.height).toBe(6);
    await close(chain);
    const again = await open(dir, { reindex: true });
    expect(again.tip.ref).toEqual(tip);
    await close(again);
    await rm(join(dir, 'chainstate'), { recursive: true });
    expect((await open()).tip.ref).toEqual(tip);
  });

  test('goes as far as the files are whole', async () => {
    const chain = await open();
    const blocks = mineChain(genesis, 10);
    await submitAll(chain, blocks);
    await close(chain);
    // The record of block 7 loses its magic; what comes after it has no parent any more.
    const record = (blocks[0] as Block).encode().length + 8;
    flip(blk(), 293 + 6 * record);
    const again = await open(dir, { reindex: true });
    expect(again.tip.ref).toEqual({ hash: blocks[5]?.hash, height: 6 });
    await submitAll(again, blocks.slice(6));
    expect(again.tip.ref.height).toBe(10);
  });
});

test('what a block spent is read back from its undo record', async () => {
  const chain = await open();
  const blocks = await fill(chain);
  const undo = await chain.undo((blocks[104] as Block).hash);
  const coinbase = blocks[0]?.txs[0] as Tx;
  expect(undo).toEqual([[{ output: coinbase.outputs[0], height: 1, coinbase: true }]]);
  expect(existsSync(rev())).toBe(true);
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] as number) ^ 0xff;
  truncateSync(path, 0);
  appendFileSync(path, bytes);
}

test('blocks from before segwit are not taken for checked when it begins below them', async () => {
  const withSegwitAt = (segwit: number) => ({
    params: { ...params, buried: { ...params.buried, segwit } },
  });
  const first = await open(dir, withSegwitAt(10));
  await submitAll(first, mineChain(genesis, 8));
  await close(first);
  await expect(open(dir, withSegwitAt(5))).rejects.toThrow(
    'Witness data for blocks after height 5 requires validation. Please restart with -reindex.',
  );
  // Above the tip nothing has come in yet.
  const later = await open(dir, withSegwitAt(9));
  expect(later.tip.ref.height).toBe(8);
  await close(later);
  const again = await open(dir, { ...withSegwitAt(5), reindex: true });
  expect(again.tip.ref.height).toBe(8);
});

test('a rebuild that is cut short goes on at the next start', async () => {
  const first = await open();
  await fill(first);
  const before = { tip: first.tip.ref, coins: await muhash(first) };
  await close(first);
  const cut = await open(dir, { reindex: true }, { signal: AbortSignal.abort() });
  expect(cut.tip.ref.height).toBe(0);
  await close(cut);
  const again = await open();
  expect({ tip: again.tip.ref, coins: await muhash(again) }).toEqual(before);
  await close(again);
  // The same where the bodies are known and only the coins are missing.
  const cutCoins = await open(dir, { reindexChainstate: true }, { signal: AbortSignal.abort() });
  expect(cutCoins.tip.ref.height).toBe(0);
  await close(cutCoins);
  const whole = await open();
  expect({ tip: whole.tip.ref, coins: await muhash(whole) }).toEqual(before);
});

test('blocks that an operator refused are compared with the chain from the next start on', async () => {
  const told: boolean[] = [];
  const onInvalidChain = (isFarAhead: boolean) => void told.push(isFarAhead);
  const first = await open(dir, {}, { onInvalidChain });
  const blocks = mineChain(genesis, 10);
  await submitAll(first, blocks);
  const [lowest, second] = blocks as [Block, Block];
  await first.invalidateBlock(second.hash);
  await close(first);
  expect(told).toEqual([]);
  const again = await open(dir, {}, { onInvalidChain });
  await submitAll(again, mineChain(asParent(lowest, 1), 1));
  expect(told).toEqual([true]);
  await again.reconsiderBlock(second.hash);
  expect(again.tip.ref.height).toBe(10);
  expect(told).toEqual([true, false]);
});
