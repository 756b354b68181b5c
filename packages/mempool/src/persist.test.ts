import { COIN, DecodeError, type OutPoint, type Tx, type Txid } from '@coind/primitives';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Bench, childOf, START, spend } from './mempool.test.support.ts';
import { decodePool, encodePool, importPool, type SavedPool, savedPool } from './persist.ts';

const OTHER = '11'.repeat(32) as Txid;
const ALL = { useCurrentTime: false, applyDeltas: true, applyUnbroadcast: true };

let bench: Bench;
let parent: Tx;
let child: Tx;
beforeEach(async () => {
  bench = await Bench.open();
  parent = spend([(await bench.reward(1)) as OutPoint], 50n * COIN);
  child = childOf(parent);
  await bench.mempool.submit(parent, { unbroadcast: true, time: START - 100 });
  await bench.mempool.submit(child);
  bench.mempool.prioritise(child.txid, 700n);
  bench.mempool.prioritise(OTHER, -5n);
});
afterEach(async () => {
  bench.mempool.close();
  await bench.chain.close();
});

describe('the file', () => {
  test('says what is in the pool', () => {
    const saved = savedPool(bench.mempool);
    expect(saved.txs.map(({ tx, time, delta }) => [tx.txid, time, delta])).toEqual([
      [parent.txid, START - 100, 0n],
      [child.txid, START, 700n],
    ]);
    expect([...saved.deltas]).toEqual([[OTHER, -5n]]);
    expect(saved.unbroadcast).toEqual([parent.txid]);
  });

  test('is read as it was written, with any key and without', () => {
    const saved = savedPool(bench.mempool);
    const plain = (pool: SavedPool) => ({
      ...pool,
      txs: pool.txs.map(({ tx, ...rest }) => ({ ...rest, wtxid: tx.wtxid })),
    });
    const keys = fc.option(fc.uint8Array({ minLength: 8, maxLength: 8 }), { nil: undefined });
    fc.assert(
      fc.property(keys, (key) => {
        expect(plain(decodePool(encodePool(saved, key)))).toEqual(plain(saved));
      }),
    );
  });

  test('is masked from behind the key on, by its place in the file', () => {
    const saved = savedPool(bench.mempool);
    const key = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
    const zeros = encodePool(saved, new Uint8Array(8));
    const masked = encodePool(saved, key);
    expect([...masked.subarray(0, 17)]).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 8, ...key]);
    for (let at = 17; at < masked.length; at++) {
      expect(masked[at]).toBe((zeros[at] as number) ^ (key[at % 8] as number));
    }
  });

  test('is refused when it is cut off or of another version', () => {
    const bytes = encodePool(savedPool(bench.mempool));
    expect(() => decodePool(bytes.subarray(0, bytes.length - 1))).toThrow(DecodeError);
    expect(() => decodePool(new Uint8Array([3, 0, 0, 0, 0, 0, 0, 0]))).toThrow(DecodeError);
    expect(() => decodePool(new Uint8Array(0))).toThrow(DecodeError);
  });
});

describe('an import', () => {
  const emptied = async (): Promise<SavedPool> => {
    const saved = savedPool(bench.mempool);
    bench.mempool.prioritise(child.txid, -700n);
    bench.mempool.prioritise(OTHER, 5n);
    bench.mempool.close();
    bench = await Bench.open();
    return saved;
  };

  test('brings everything back as it was', async () => {
    const saved = await emptied();
    const counts = await importPool(bench.mempool, saved, ALL, START);
    expect(counts).toMatchObject({ accepted: 2, unbroadcast: 1, complete: true });
    expect(bench.mempool.get(parent.txid)).toMatchObject({ time: START - 100, unbroadcast: true });
    expect(bench.mempool.get(child.txid)).toMatchObject({ modifiedFee: 1_700n });
    expect(bench.mempool.priorities().get(OTHER)).toBe(-5n);
  });

  test('takes over no more than it is told to', async () => {
    const saved = await emptied();
    const nothing = { useCurrentTime: true, applyDeltas: false, applyUnbroadcast: false };
    await importPool(bench.mempool, saved, nothing, START);
    expect(bench.mempool.get(parent.txid)).toMatchObject({ time: START, unbroadcast: false });
    expect(bench.mempool.priorities().size).toBe(0);
  });

  test('leaves out what has expired and what is there, and stops when told to', async () => {
    const known = await importPool(bench.mempool, savedPool(bench.mempool), ALL, START);
    expect(known).toMatchObject({ accepted: 0, known: 2 });
    const saved = await emptied();
    const later = START + bench.mempool.options.expirySeconds;
    // The parent is too old and the child needs it.
    const expired = await importPool(bench.mempool, saved, ALL, later - 50);
    expect(expired).toMatchObject({ accepted: 0, expired: 1, refused: 1 });
    const signal = AbortSignal.abort();
    const stopped = await importPool(bench.mempool, saved, { ...ALL, signal }, START);
    expect(stopped).toMatchObject({ accepted: 0, complete: false });
  });
});
