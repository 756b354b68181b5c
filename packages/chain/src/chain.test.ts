import { Block, type BlockHash, BlockHeader, Tx, type TxInput } from '@coind/primitives';
import { memoryStore, type Store } from '@coind/store';
import { beforeEach, describe, expect, test } from 'vitest';
import type { TipChange } from './activate.ts';
import { type Chain, openChain } from './chain.ts';
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

let chain: Chain;
beforeEach(async () => {
  chain = await inMemory();
});

const inMemory = () => openChain({ params }, { store: memoryStore(), clock });

async function submitAll(blocks: readonly Block[], to = chain): Promise<string[]> {
  const results: string[] = [];
  for (const block of blocks) {
    const outcome = await to.submitBlock(block);
    results.push(outcome.status === 'invalid' ? outcome.error.reason : outcome.status);
  }
  return results;
}

const muhash = async (of = chain) => (await of.utxoStats('muhash')).hash;
const on = (block: Block, height: number) => asParent(block, height);
const hashes = (steps: TipChange['connected']) => steps.map(({ ref }) => ref.hash);

describe('a new chain', () => {
  test('stands at genesis, whose coins do not exist', async () => {
    expect(chain.tip).toMatchObject({
      ref: { hash: params.genesis.hash, height: 0 },
      chainTxCount: 1,
      status: 'active',
    });
    expect(await chain.block(params.genesis.hash)).toBeDefined();
    expect(await chain.utxoStats('none')).toMatchObject({ txouts: 0, totalAmount: 0n });
    expect(await chain.undo(params.genesis.hash)).toBeUndefined();
    expect(chain.initialDownload).toBe(true);
  });

  test('grows block by block', async () => {
    const blocks = mineChain(genesis, 12);
    expect(new Set(await submitAll(blocks))).toEqual(new Set(['connected']));
    const last = blocks[11] as Block;
    expect(chain.tip.ref).toEqual({ hash: last.hash, height: 12 });
    expect(chain.tip.chainwork).toBe(2n * 13n);
    expect(chain.tip.medianTimePast).toBe((blocks[6] as Block).header.time);
    expect(chain.at(3)?.ref.hash).toBe(blocks[2]?.hash);
    expect(chain.ancestor(last.hash, 5)?.ref.hash).toBe(blocks[4]?.hash);
    expect(await chain.blockBytes(last.hash)).toEqual(last.encode());
    const coinbase = last.txs[0] as Tx;
    expect(await chain.coin({ txid: coinbase.txid, vout: 0 })).toMatchObject({
      height: 12,
      coinbase: true,
      output: { value: 5_000_000_000n },
    });
    expect(await chain.coins([{ txid: coinbase.txid, vout: 1 }])).toEqual([undefined]);
  });
});

describe('the door', () => {
  test('names what is wrong with a block and keeps the chain as it was', async () => {
    const [first, second] = mineChain(genesis, 2) as [Block, Block];
    expect(await submitAll([second])).toEqual(['prev-blk-not-found']);
    expect(await submitAll([first, first])).toEqual(['connected', 'duplicate']);
    const greedy = mineOn(on(first, 1), [], { pays: 1n });
    expect(await submitAll([greedy, greedy])).toEqual(['bad-cb-amount', 'duplicate-invalid']);
    expect(chain.info(greedy.hash)?.status).toBe('invalid');
    expect(await submitAll([mineOn(on(greedy, 2))])).toEqual(['bad-prevblk']);
    const early = mineOn(on(first, 1), [spendCoinbase(first)]);
    expect(await submitAll([early])).toEqual(['bad-txns-premature-spend-of-coinbase']);
    expect(chain.tip.ref.hash).toBe(first.hash);
    expect(await submitAll([second])).toEqual(['connected']);
  });

  test('remembers nothing of a block whose body was changed on the way', async () => {
    const [block] = mineChain(genesis, 1) as [Block];
    const other = mineOn(genesis);
    const changed = new Block(block.header, other.txs);
    expect(await submitAll([changed, block])).toEqual(['bad-txnmrklroot', 'connected']);
  });

  test('checks scripts', async () => {
    const blocks = mineChain(genesis, 101);
    await submitAll(blocks);
    const good = spendCoinbase(blocks[0] as Block);
    const [input] = good.inputs as [TxInput];
    // OP_RETURN in the scriptSig fails before OP_TRUE is reached.
    const inputs = [{ ...input, scriptSig: Uint8Array.of(0x6a) }];
    const bad = new Tx({ version: 2, inputs, outputs: good.outputs, locktime: 0 });
    const [reason] = await submitAll([mineOn(on(blocks[100] as Block, 101), [bad])]);
    expect(reason).toMatch(/^block-script-verify-flag-failed \(/);
    expect(await submitAll([mineOn(on(blocks[100] as Block, 101), [good])])).toEqual(['connected']);
  });

  test('says that a transaction repeats before it says that its coins are gone', async () => {
    const blocks = mineChain(genesis, 101);
    const paid = spendCoinbase(blocks[0] as Block);
    const next = mineOn(on(blocks[100] as Block, 101), [paid]);
    await submitAll([...blocks, next]);
    const again = mineOn(on(next, 102), [paid]);
    const double = mineOn(on(next, 102), [spendCoinbase(blocks[0] as Block, 2)]);
    expect(await submitAll([again, double])).toEqual([
      'bad-txns-BIP30',
      'bad-txns-inputs-missingorspent',
    ]);
  });

  test('takes headers first and bodies in any order', async () => {
    const blocks = mineChain(genesis, 4);
    const [a, b, c, d] = blocks as [Block, Block, Block, Block];
    const outcomes = await chain.submitHeaders(blocks.map(({ header }) => header));
    expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill('accepted'));
    expect(chain.bestHeader.ref.height).toBe(4);
    expect(chain.info(d.hash)).toMatchObject({ status: 'headers-only', hasBody: false });
    expect(await chain.block(d.hash)).toBeUndefined();
    expect(await submitAll([d, b, c])).toEqual(['accepted', 'accepted', 'accepted']);
    expect(chain.tip.ref.height).toBe(0);
    expect(await submitAll([a])).toEqual(['connected']);
    expect(chain.tip.ref).toEqual({ hash: d.hash, height: 4 });
    expect(chain.tip.chainTxCount).toBe(5);
  });

  test('stops at a bad header', async () => {
    const [a, b] = mineChain(genesis, 2) as [Block, Block];
    const bad = new BlockHeader({ ...b.header, bits: 0x207ffffe });
    const outcomes = await chain.submitHeaders([a.header, bad, b.header]);
    expect(outcomes.length).toBe(2);
    expect(outcomes[1]).toMatchObject({ status: 'invalid' });
    expect(await chain.submitHeader(b.header)).toMatchObject({ status: 'accepted' });
  });

  test('leaves out what nobody asked for and cannot win', async () => {
    await submitAll(mineChain(genesis, 3));
    const late = mineOn(genesis);
    expect(await chain.submitBlock(late, { requested: false })).toMatchObject({
      status: 'ignored',
    });
    expect(chain.info(late.hash)?.hasBody).toBe(false);
    expect(await submitAll([late])).toEqual(['accepted']);
  });
});

describe('branches', () => {
  test('of equal work, the first stays; more work wins, and coins follow', async () => {
    const [a1, a2] = mineChain(genesis, 2) as [Block, Block];
    const [b1, b2, b3] = mineChain(genesis, 3) as [Block, Block, Block];
    await submitAll([a1, a2]);
    const before = await muhash();
    expect(await submitAll([b1, b2])).toEqual(['accepted', 'accepted']);
    expect(chain.tip.ref.hash).toBe(a2.hash);
    expect(await muhash()).toBe(before);
    const told: TipChange[] = [];
    const stop = chain.onTip((change) => void told.push(change));
    expect(await submitAll([b3])).toEqual(['connected']);
    stop();
    expect(told.length).toBe(1);
    expect(hashes(told[0]?.disconnected ?? [])).toEqual([a2.hash, a1.hash]);
    expect(hashes(told[0]?.connected ?? [])).toEqual([b1.hash, b2.hash, b3.hash]);
    expect(chain.tips().map(({ status, branchLength }) => [status, branchLength])).toEqual([
      ['active', 0],
      ['valid-fork', 2],
    ]);
    expect(chain.forkOf(a2.hash)?.ref.height).toBe(0);
    const fresh = await inMemory();
    await submitAll([b1, b2, b3], fresh);
    expect(await muhash()).toBe(await muhash(fresh));
  });

  test('a branch that breaks a rule halfway is left again, and nobody is told', async () => {
    const [a1, a2] = mineChain(genesis, 2) as [Block, Block];
    const b1 = mineOn(genesis);
    const b2 = mineOn(on(b1, 1), [], { pays: 1n });
    const b3 = mineOn(on(b2, 2));
    await submitAll([a1, a2]);
    const before = await muhash();
    const told: TipChange[] = [];
    chain.onTip((change) => void told.push(change));
    expect(await submitAll([b1, b2, b3])).toEqual(['accepted', 'accepted', 'accepted']);
    expect(chain.tip.ref.hash).toBe(a2.hash);
    expect(await muhash()).toBe(before);
    expect(told).toEqual([]);
    expect([b1, b2, b3].map(({ hash }) => chain.info(hash)?.status)).toEqual([
      'valid-fork',
      'invalid',
      'invalid',
    ]);
    expect(chain.bestHeader.ref.hash).toBe(a2.hash);
    expect(await submitAll([b3, mineOn(on(b3, 3))])).toEqual(['duplicate-invalid', 'bad-prevblk']);
  });

  test('deep reorganisations restore and spend the same coins', async () => {
    const base = mineChain(genesis, 101);
    await submitAll(base);
    const top = on(base[100] as Block, 101);
    const split = spendCoinbase(base[0] as Block, 3);
    const a1 = mineOn(top, [split, spend({ txid: split.txid, vout: 0 }, 1_000_000n)]);
    const a2 = mineOn(on(a1, 102), [spend({ txid: split.txid, vout: 1 }, 1_000_000n)]);
    const before = await muhash();
    await submitAll([a1, a2]);
    const [, ofSplit, ofSpend] = [undefined, ...((await chain.undo(a1.hash)) ?? [])];
    expect(ofSplit).toMatchObject([{ height: 1, coinbase: true }]);
    expect(ofSpend).toMatchObject([{ height: 102, coinbase: false }]);
    const after = await muhash();
    await chain.invalidateBlock(a1.hash);
    expect(await muhash()).toBe(before);
    await chain.reconsiderBlock(a2.hash);
    expect(await muhash()).toBe(after);
    const branch = mineChain(top, 40);
    await submitAll(branch);
    expect(chain.tip.ref.hash).toBe(branch[39]?.hash);
    expect(await chain.coin({ txid: split.txid, vout: 2 })).toBeUndefined();
  });
});

describe('an operator', () => {
  test('refuses a block, and takes that back', async () => {
    const blocks = mineChain(genesis, 5);
    const [, second, third] = blocks as [Block, Block, Block];
    await submitAll(blocks);
    const told: TipChange[] = [];
    chain.onTip((change) => void told.push(change));
    expect(await chain.invalidateBlock(second.hash)).toBe(true);
    expect(chain.tip.ref.height).toBe(1);
    expect(chain.bestHeader.ref.height).toBe(1);
    expect(told[0]?.disconnected.length).toBe(4);
    expect(chain.tips().map(({ status }) => status)).toEqual(['invalid', 'active']);
    expect(await submitAll([third])).toEqual(['duplicate-invalid']);
    const other = mineOn(on(blocks[0] as Block, 1));
    expect(await submitAll([other])).toEqual(['connected']);
    expect(await chain.reconsiderBlock(third.hash)).toBe(true);
    expect(chain.tip.ref.height).toBe(5);
    expect(chain.info(other.hash)?.status).toBe('valid-fork');
  });

  test('cannot refuse genesis or the unknown', async () => {
    expect(await chain.invalidateBlock(genesis.hash)).toBe(false);
    expect(await chain.invalidateBlock('00'.repeat(32) as BlockHash)).toBe(false);
    expect(await chain.reconsiderBlock('00'.repeat(32) as BlockHash)).toBe(false);
    expect(await chain.preciousBlock('00'.repeat(32) as BlockHash)).toBe(false);
  });

  test('prefers one of two blocks of equal work, and the other again', async () => {
    const a = mineOn(genesis);
    const b = mineOn(genesis);
    await submitAll([a, b]);
    await chain.preciousBlock(b.hash);
    expect(chain.tip.ref.hash).toBe(b.hash);
    await chain.preciousBlock(a.hash);
    expect(chain.tip.ref.hash).toBe(a.hash);
    const more = mineOn(on(a, 1));
    await submitAll([more]);
    await chain.preciousBlock(b.hash);
    expect(chain.tip.ref.hash).toBe(more.hash);
  });
});

describe('an operating error', () => {
  /** A memory store whose commits can be made to fail, and are counted. */
  function fragileStore(): { store: Store; fail: { next: boolean }; syncs: () => number } {
    const inner = memoryStore();
    const fail = { next: false };
    let syncs = 0;
    const store: Store = {
      table: (spec) => inner.table(spec),
      commit: async (writes, options) => {
        if (fail.next) throw new Error('no space left on device');
        if (options?.sync) syncs++;
        await inner.commit(writes, options);
      },
      compact: () => inner.compact(),
      close: () => inner.close(),
    };
    return { store, fail, syncs: () => syncs };
  }

  test('is not a verdict: it is thrown and told, and nothing more is taken', async () => {
    const { store, fail } = fragileStore();
    const fatal: unknown[] = [];
    const onFatal = (error: unknown) => void fatal.push(error);
    const fragile = await openChain({ params }, { store, clock, onFatal });
    const [a, b] = mineChain(genesis, 2) as [Block, Block];
    await submitAll([a], fragile);
    fail.next = true;
    await expect(fragile.submitBlock(b)).rejects.toThrow('no space left');
    expect(fatal.length).toBe(1);
    expect(fragile.tip.ref.hash).toBe(a.hash);
    fail.next = false;
    await expect(fragile.submitBlock(b)).rejects.toThrow('no space left');
    expect(fatal.length).toBe(1);
  });

  test('of power costs nothing that was flushed', async () => {
    const { store, syncs } = fragileStore();
    const careful = await openChain({ params }, { store, clock });
    await submitAll(mineChain(genesis, 3), careful);
    expect(syncs()).toBe(0);
    await careful.flush();
    expect(syncs()).toBe(1);
    await submitAll(
      mineChain({ ...careful.tip.ref, time: careful.tip.header.time }, 1000),
      careful,
    );
    expect(syncs()).toBe(2);
    await careful.close();
    expect(syncs()).toBe(3);
    await expect(careful.flush()).rejects.toThrow('closed');
  });
});

describe('the single writer', () => {
  test('keeps blocks out while somebody decides', async () => {
    const [a] = mineChain(genesis, 1) as [Block];
    let submitted: Promise<unknown> | undefined;
    const height = await chain.exclusively(async () => {
      submitted = chain.submitBlock(a);
      await new Promise((resolve) => setImmediate(resolve));
      return chain.tip.ref.height;
    });
    expect(height).toBe(0);
    await submitted;
    expect(chain.tip.ref.height).toBe(1);
  });

  test('waits for listeners, and survives the failure of the work it runs', async () => {
    const order: string[] = [];
    chain.onTip(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push('listener');
    });
    await expect(chain.exclusively(() => Promise.reject(new Error('mine')))).rejects.toThrow(
      'mine',
    );
    const [a] = mineChain(genesis, 1) as [Block];
    await Promise.all([chain.submitBlock(a), chain.exclusively(() => void order.push('after'))]);
    expect(order).toEqual(['listener', 'after']);
  });
});

test('the coins of one moment are walked in order while blocks arrive', async () => {
  await submitAll(mineChain(genesis, 3));
  const seen: string[] = [];
  const top = { ...chain.tip.ref, time: chain.tip.header.time };
  for await (const [{ txid }] of chain.utxos()) {
    if (seen.length === 0) await submitAll([mineOn(top)]);
    seen.push(Buffer.from(txid, 'hex').reverse().toString('hex'));
  }
  expect(seen.length).toBe(3);
  expect(seen).toEqual(seen.slice().sort());
});

test('an invalid branch of over six blocks more than the chain has is told of, while it lasts', async () => {
  const told: boolean[] = [];
  const onInvalidChain = (isFarAhead: boolean) => void told.push(isFarAhead);
  const own = await openChain({ params }, { store: memoryStore(), clock, onInvalidChain });
  const bad = mineOn(genesis, [], { pays: 1n });
  const branch = [bad, ...mineChain(on(bad, 1), 6)];
  for (const { header } of branch) await own.submitHeader(header);
  await submitAll(branch.slice(1).reverse(), own);
  expect(told).toEqual([]);
  expect(await submitAll([bad], own)).toEqual(['bad-cb-amount']);
  expect(told).toEqual([true]);
  await submitAll(mineChain(genesis, 1), own);
  expect(told).toEqual([true, false]);
});
