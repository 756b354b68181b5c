import { Tx, type Txid } from '@coind/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EntryCluster, PoolEntry } from './entry.ts';
import {
  chunksOf,
  compareTxids,
  connected,
  joinCluster,
  leaveClusters,
  totalsOf,
  withAncestors,
  withDescendants,
} from './graph.ts';

let serial = 0;

function entryOf(fee: bigint, ...parents: PoolEntry[]): PoolEntry {
  const tx = new Tx({ version: 2, inputs: [], outputs: [], locktime: ++serial });
  const entry = new PoolEntry({
    tx,
    fee,
    feeDelta: 0n,
    time: 0,
    height: 0,
    sequence: 0,
    sigopCost: 0,
    weight: 400,
    spent: [],
  });
  for (const parent of parents) {
    entry.parents.add(parent);
    parent.children.add(entry);
  }
  return entry;
}

/** a ← b ← d, a ← c ← d, and e alone. */
function family() {
  const a = entryOf(100n);
  const b = entryOf(200n, a);
  const c = entryOf(300n, a);
  const d = entryOf(400n, b, c);
  const e = entryOf(500n);
  return { a, b, c, d, e, all: [a, b, c, d, e] };
}

test('relatives are found through any number of generations', () => {
  const { a, b, c, d, e } = family();
  expect(withAncestors([d])).toEqual(new Set([d, b, c, a]));
  expect(withDescendants([a])).toEqual(new Set([a, b, c, d]));
  expect(connected([b])).toEqual(new Set([b, a, d, c]));
  expect(connected([b], new Set([a, d]))).toEqual(new Set([b]));
  expect(connected([e])).toEqual(new Set([e]));
  expect(totalsOf(withAncestors([b]))).toEqual({ count: 2, vsize: 200, fees: 300n });
});

test('a joining entry brings clusters together, a leaving one lets them fall apart', () => {
  const clusters = new Set<EntryCluster>();
  const left = entryOf(1n);
  const right = entryOf(2n);
  joinCluster(left, clusters);
  joinCluster(right, clusters);
  expect(clusters.size).toBe(2);
  const bridge = entryOf(3n, left, right);
  joinCluster(bridge, clusters);
  expect(clusters.size).toBe(1);
  expect(left.cluster).toBe(right.cluster);
  leaveClusters([bridge], clusters);
  expect(clusters.size).toBe(2);
  expect(left.cluster).not.toBe(right.cluster);
  expect(left.children.size + right.children.size).toBe(0);
});

test('clusters are always the connected parts, whatever comes and goes', () => {
  const steps = fc.array(fc.tuple(fc.nat(), fc.array(fc.nat(), { maxLength: 3 }), fc.boolean()), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(steps, (plan) => {
      const clusters = new Set<EntryCluster>();
      const entries: PoolEntry[] = [];
      for (const [pick, picks, leave] of plan) {
        if (leave && entries.length > 0) {
          leaveClusters(entries.splice(pick % entries.length, 1), clusters);
        } else {
          const parents = picks.flatMap((p) => entries[p % Math.max(entries.length, 1)] ?? []);
          const entry = entryOf(1n, ...parents);
          joinCluster(entry, clusters);
          entries.push(entry);
        }
      }
      for (const entry of entries) {
        expect(entry.cluster?.entries).toEqual(connected([entry]));
        expect(clusters.has(entry.cluster as EntryCluster)).toBe(true);
      }
      let members = 0;
      for (const cluster of clusters) members += cluster.entries.size;
      expect(members).toBe(entries.length);
    }),
    { numRuns: 60 },
  );
});

test('chunks of a cluster follow a change of fees', () => {
  const clusters = new Set<EntryCluster>();
  const { all, a, d } = family();
  for (const entry of all) joinCluster(entry, clusters);
  const before = a.cluster?.chunks.map(({ entries }) => entries.length);
  expect(before).toEqual([4]);
  a.feeDelta = 1_000n;
  a.cluster?.changed();
  expect(a.cluster?.chunks[0]?.entries).toEqual([a]);
  expect(a.cluster?.chunks.at(-1)?.entries).toContain(d);
});

test('equal chunks count their places, and the greatest txid decides the last tie', () => {
  const parent = entryOf(10n);
  const child = entryOf(10n, parent);
  const chunks = chunksOf([child, parent]);
  expect(chunks.map(({ prefixSize }) => prefixSize)).toEqual([400, 800]);
  expect(chunks.map(({ lastTxid }) => lastTxid)).toEqual([parent.tx.txid, child.tx.txid]);
});

test('txids are ordered by their last byte on display first', () => {
  const low = `${'f'.repeat(62)}01` as Txid;
  const high = `${'0'.repeat(62)}10` as Txid;
  expect(compareTxids(low, high)).toBeLessThan(0);
  expect(compareTxids(high, low)).toBeGreaterThan(0);
  expect(compareTxids(low, low)).toBe(0);
});
