import { Block, BlockHeader, Tx, type Txid, ZERO_HASH } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { Orphanage } from './orphanage.ts';
import { systemRandom } from './tcp-network.ts';

const MAX_WEIGHT = 400_000;
const txidOf = (n: number) => n.toString(16).padStart(64, '0') as Txid;

function txSpending(parents: readonly Txid[], padding = 0, locktime = 0): Tx {
  return new Tx({
    version: 2,
    inputs: parents.map((txid) => ({
      prevout: { txid, vout: 0 },
      scriptSig: new Uint8Array(padding),
      sequence: 0,
      witness: [],
    })),
    outputs: [{ value: 1n, scriptPubKey: new Uint8Array(1) }],
    locktime,
  });
}

describe('orphans', () => {
  test('a child is work for its announcer once its parent has come', () => {
    const orphans = new Orphanage(systemRandom);
    const parent = txSpending([txidOf(1)]);
    const child = txSpending([parent.txid]);
    expect(orphans.add(child, 7, MAX_WEIGHT)).toBe(true);
    expect(orphans.hasWork(7)).toBe(false);
    orphans.addChildrenToWork(parent);
    expect(orphans.hasWork(7)).toBe(true);
    expect(orphans.nextWork(7)).toBe(child);
    expect(orphans.nextWork(7)).toBeUndefined();
  });

  test('it stays as long as one announcer does', () => {
    const orphans = new Orphanage(systemRandom);
    const child = txSpending([txidOf(1)]);
    orphans.add(child, 1, MAX_WEIGHT);
    orphans.addAnnouncer(child.wtxid, 2);
    orphans.erasePeer(1);
    expect(orphans.list()).toEqual([{ tx: child, from: [2] }]);
    orphans.erasePeer(2);
    expect(orphans.size).toBe(0);
  });

  test('a block takes those it contains and those it contradicts', () => {
    const orphans = new Orphanage(systemRandom);
    const mined = txSpending([txidOf(1)]);
    const rival = txSpending([txidOf(1)], 0, 5);
    const other = txSpending([txidOf(2)]);
    for (const tx of [mined, rival, other]) orphans.add(tx, 1, MAX_WEIGHT);
    const header = new BlockHeader({
      version: 1,
      prevHash: ZERO_HASH,
      merkleRoot: ZERO_HASH,
      time: 0,
      bits: 0,
      nonce: 0,
    });
    expect(orphans.eraseForBlock(new Block(header, [mined]))).toBe(2);
    expect(orphans.has(other.wtxid)).toBe(true);
  });

  test('the latest child of a peer comes first', () => {
    const orphans = new Orphanage(systemRandom);
    const parent = txSpending([txidOf(1)]);
    const children = [1, 2, 3].map((n) => txSpending([parent.txid], 0, n));
    for (const child of children) orphans.add(child, 1, MAX_WEIGHT);
    orphans.add(txSpending([parent.txid], 0, 9), 2, MAX_WEIGHT);
    expect(orphans.childrenFrom(parent, 1)).toEqual(children.toReversed());
  });

  test('too heavy a one is not kept', () => {
    const orphans = new Orphanage(systemRandom);
    expect(orphans.add(txSpending([txidOf(1)], 100_000), 1, MAX_WEIGHT)).toBe(false);
    expect(orphans.size).toBe(0);
  });

  test('a greedy peer pushes out its own, not those of others', () => {
    const orphans = new Orphanage(systemRandom);
    const precious = txSpending([txidOf(999)]);
    orphans.add(precious, 1, MAX_WEIGHT);
    for (let n = 0; n < 40; n++) orphans.add(txSpending([txidOf(n + 1)], 20_000), 2, MAX_WEIGHT);
    const weight = orphans.list().reduce((sum, { tx }) => sum + tx.weight, 0);
    expect(weight).toBeLessThanOrEqual(2 * 404_000);
    expect(orphans.has(precious.wtxid)).toBe(true);
  });
});
