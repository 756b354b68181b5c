import { feeFor, feeRate, type OutPoint, outpointKey, Tx, type Txid } from '@coind/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BumpFees } from './bump-fees.ts';
import { PoolEntry } from './entry.ts';

let serial = 0;

/** An entry of 100 vbytes. */
function entryOf(fee: bigint, ...parents: PoolEntry[]): PoolEntry {
  const tx = new Tx({ version: 2, inputs: [], outputs: [], locktime: ++serial });
  const counts = { feeDelta: 0n, time: 0, height: 0, sequence: 0, sigopCost: 0, weight: 400 };
  const entry = new PoolEntry({ tx, fee, ...counts, spent: [] });
  for (const parent of parents) {
    entry.parents.add(parent);
    parent.children.add(entry);
  }
  return entry;
}

const coinOf = ({ tx }: PoolEntry, vout = 0): OutPoint => ({ txid: tx.txid, vout });

/** A pool of these, in which `spends` are spent. */
function poolOf(entries: readonly PoolEntry[], spends: readonly [OutPoint, PoolEntry][] = []) {
  const spenders = new Map(spends.map(([outpoint, entry]) => [outpointKey(outpoint), entry]));
  return {
    get: (txid: Txid) => entries.find(({ tx }) => tx.txid === txid),
    spender: (outpoint: OutPoint) => spenders.get(outpointKey(outpoint)),
  };
}

/** 10 sat/vB: each entry owes 1,000. */
const RATE = feeRate(10_000n);

test('what is confirmed, or pays enough, costs nothing', () => {
  const rich = entryOf(1_000n);
  const fees = new BumpFees(poolOf([rich]), [coinOf(rich), { ...coinOf(entryOf(0n)) }], RATE);
  expect(fees.of(coinOf(rich))).toBe(0n);
  expect(fees.combined()).toBe(0n);
});

test('who spends a chain of poor ancestors pays what all of them lack', () => {
  const grandparent = entryOf(100n);
  const parent = entryOf(300n, grandparent);
  const fees = new BumpFees(poolOf([grandparent, parent]), [coinOf(parent)], RATE);
  expect(fees.of(coinOf(parent))).toBe(1_600n);
});

test('an ancestor that a child of its own pays for costs nobody else', () => {
  const parent = entryOf(100n);
  const sponsor = entryOf(1_900n, parent);
  const poor = entryOf(500n, parent);
  const fees = new BumpFees(poolOf([parent, sponsor, poor]), [coinOf(poor)], RATE);
  expect(fees.of(coinOf(poor))).toBe(500n);
});

test('a rich parent does not make up for what a coin itself lacks', () => {
  const parent = entryOf(5_000n);
  const child = entryOf(400n, parent);
  expect(new BumpFees(poolOf([parent, child]), [coinOf(child)], RATE).of(coinOf(child))).toBe(600n);
});

test('an ancestor shared by two coins is paid for once', () => {
  const shared = entryOf(0n);
  const [left, right] = [entryOf(1_000n, shared), entryOf(1_000n, shared)];
  const coins = [coinOf(left), coinOf(right)];
  const fees = new BumpFees(poolOf([shared, left, right]), coins, RATE);
  expect(coins.map((coin) => fees.of(coin))).toEqual([1_000n, 1_000n]);
  expect(fees.combined()).toBe(1_000n);
});

test('what spends a coin already is replaced, so that its fee does not count', () => {
  const parent = entryOf(200n);
  const sponsor = entryOf(5_000n, parent);
  const coin = coinOf(parent);
  expect(new BumpFees(poolOf([parent, sponsor]), [coin], RATE).of(coin)).toBe(0n);
  const replacing = new BumpFees(poolOf([parent, sponsor], [[coin, sponsor]]), [coin], RATE);
  expect(replacing.of(coin)).toBe(800n);
});

test('for all chains: the bump lifts a coin and its ancestors to the rate, or nothing needs to', () => {
  const fees = fc.array(fc.bigInt(0n, 2_000n), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fees, (amounts) => {
      const entries: PoolEntry[] = [];
      for (const fee of amounts) entries.push(entryOf(fee, ...entries.slice(-1)));
      const tip = entries.at(-1) as PoolEntry;
      const bump = new BumpFees(poolOf(entries), [coinOf(tip)], RATE).of(coinOf(tip));
      // Some stretch down to the tip that a miner would not take without the bump pays with it.
      const stretches = entries.map((_, i) => entries.slice(i));
      const lacks = stretches.map(
        (stretch) =>
          feeFor(RATE, 100 * stretch.length) - stretch.reduce((sum, { fee }) => sum + fee, 0n),
      );
      expect(bump === 0n || lacks.includes(bump)).toBe(true);
      expect(bump).toBeGreaterThanOrEqual(0n);
      // The tip itself pays the rate in any case.
      expect(tip.fee + bump).toBeGreaterThanOrEqual(feeFor(RATE, 100));
    }),
  );
});
