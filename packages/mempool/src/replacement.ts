/**
 * Replacement by fee: when a transaction may push others out of the pool that spend the same coins.
 * The rules are bitcoind's of today: every transaction is replaceable, and the pool must earn more
 * afterwards at every size. Pure; finding the conflicts is the door's business.
 */
import { check, fail, formatMoney } from '@coind/consensus';
import {
  type FeeRate,
  feeFor,
  feeRateOf,
  formatBtc,
  type Sats,
  type Txid,
} from '@coind/primitives';
import type { EntryCluster, PoolEntry } from './entry.ts';
import { chunksOf, connected, totalsOf, withAncestors, withDescendants } from './graph.ts';
import { compareDiagrams, compareRates, type FeeFraction } from './linearize.ts';

/** Clusters that one replacement may touch. */
const MAX_CLUSTERS = 100;

/**
 * Checks that `entry`, with its parents set but not in the pool, may replace `direct` and all that
 * depends on them. Returns everything that has to go.
 *
 * @param sibling true when one of `direct` is no conflict but a version 3 sibling to be evicted
 * @param checkLimits throws when the cluster would be too large without the given entries
 */
export function checkReplacement(
  entry: PoolEntry,
  direct: ReadonlySet<PoolEntry>,
  sibling: boolean,
  incrementalFee: FeeRate,
  checkLimits: (without: ReadonlySet<PoolEntry>) => void,
): Set<PoolEntry> {
  const { txid } = entry.tx;
  const clusters = clustersOf(direct);
  const suffix = sibling ? ' (including sibling eviction)' : '';
  if (clusters.size > MAX_CLUSTERS) {
    fail(`too many potential replacements${suffix}`, tooMany(txid, clusters.size));
  }
  const replaced = withDescendants(direct);
  const { modifiedFee, vsize } = entry;
  const shortage = shortOf(modifiedFee, vsize, totalsOf(replaced).fees, incrementalFee);
  if (shortage) fail(`insufficient fee${suffix}`, `rejecting replacement ${txid}, ${shortage}`);
  checkLimits(replaced);
  check(
    improves([entry], replaced, clusters),
    'replacement-failed',
    'insufficient feerate: does not improve feerate diagram',
  );
  checkIndependent(entry, direct);
  return replaced;
}

/**
 * Checks that a parent and its child, linked with each other but not in the pool, may together replace
 * `direct` and all that depends on them. Returns everything that has to go.
 */
export function checkPackageReplacement(
  entries: readonly PoolEntry[],
  direct: ReadonlySet<PoolEntry>,
  incrementalFee: FeeRate,
  checkLimits: (without: ReadonlySet<PoolEntry>) => void,
): Set<PoolEntry> {
  const [parent, child, more] = entries;
  if (!parent || !child || more) fail('package RBF failed: package must be 1-parent-1-child');
  check(
    entries.every(({ parents }) => [...parents].every((other) => other === parent)),
    'package RBF failed: new transaction cannot have mempool ancestors',
  );
  const { txid } = child.tx;
  const clusters = clustersOf(direct);
  if (clusters.size > MAX_CLUSTERS) {
    fail('package RBF failed: too many potential replacements', tooMany(txid, clusters.size));
  }
  const replaced = withDescendants(direct);
  const together = totalsOf(entries);
  const lost = totalsOf(replaced).fees;
  const shortage = shortOf(together.fees, together.vsize, lost, incrementalFee);
  if (shortage) {
    const debug = `rejecting replacement ${txid}, ${shortage}`;
    fail('package RBF failed: insufficient anti-DoS fees', debug);
  }
  const whole = { fee: together.fees, size: together.vsize };
  if (compareRates(whole, { fee: parent.modifiedFee, size: parent.vsize }) <= 0) {
    const rates = [whole, { fee: parent.modifiedFee, size: parent.vsize }];
    const [package_, parent_] = rates.map(({ fee, size }) => formatBtc(feeRateOf(fee, size)));
    fail(
      'package RBF failed: package feerate is less than or equal to parent feerate',
      `package feerate ${package_} BTC/kvB <= parent feerate is ${parent_} BTC/kvB`,
    );
  }
  checkLimits(replaced);
  check(
    improves(entries, replaced, clusters),
    'package RBF failed: insufficient feerate: does not improve feerate diagram',
  );
  return replaced;
}

function clustersOf(entries: Iterable<PoolEntry>): Set<EntryCluster> {
  const clusters = new Set<EntryCluster>();
  for (const { cluster } of entries) if (cluster) clusters.add(cluster);
  return clusters;
}

function tooMany(txid: Txid, count: number): string {
  return `rejecting replacement ${txid}; too many conflicting clusters (${count} > ${MAX_CLUSTERS})`;
}

/** What a fee lacks to pay for all it replaces and for its own relay on top; undefined for nothing. */
function shortOf(fee: Sats, vsize: number, lost: Sats, rate: FeeRate): string | undefined {
  if (fee < lost) {
    return `less fees than conflicting txs; ${formatMoney(fee)} < ${formatMoney(lost)}`;
  }
  const extra = fee - lost;
  const relay = feeFor(rate, vsize);
  if (extra >= relay) return undefined;
  return `not enough additional fees to relay; ${formatMoney(extra)} < ${formatMoney(relay)}`;
}

/** The clusters they touch earn more with them at every size, and nowhere less. */
function improves(
  entries: readonly PoolEntry[],
  replaced: ReadonlySet<PoolEntry>,
  conflicting: ReadonlySet<EntryCluster>,
): boolean {
  const clusters = new Set(conflicting);
  for (const { parents } of entries) {
    for (const { cluster } of parents) if (cluster) clusters.add(cluster);
  }
  const family = connected(entries, replaced);
  const before: FeeFraction[] = [];
  const after: FeeFraction[] = chunksOf(family);
  const seen = new Set(family);
  for (const { entries: members, chunks } of clusters) {
    before.push(...chunks);
    // What loses members may fall apart; its parts are put in order each for itself.
    for (const member of members) {
      if (seen.has(member) || replaced.has(member)) continue;
      const part = connected([member], replaced);
      for (const other of part) seen.add(other);
      after.push(...chunksOf(part));
    }
  }
  const byRate = (a: FeeFraction, b: FeeFraction): number => compareRates(b, a);
  return compareDiagrams(after.sort(byRate), before.sort(byRate)) === 'better';
}

/** It doesn't spend what it replaces. */
function checkIndependent(entry: PoolEntry, direct: ReadonlySet<PoolEntry>): void {
  for (const ancestor of withAncestors(entry.parents)) {
    check(
      !direct.has(ancestor),
      'bad-txns-spends-conflicting-tx',
      `${entry.tx.txid} spends conflicting transaction ${ancestor.tx.txid}`,
    );
  }
}

/** True when `tx` says by a sequence (BIP125) that it may be replaced. */
export function signalsReplacement(tx: {
  readonly inputs: readonly { readonly sequence: number }[];
}): boolean {
  return tx.inputs.some(({ sequence }) => sequence < 0xfffffffe);
}

/** Txids of a set of entries. */
export function txidsOf(entries: Iterable<PoolEntry>): Set<Txid> {
  const txids = new Set<Txid>();
  for (const { tx } of entries) txids.add(tx.txid);
  return txids;
}
