/**
 * Replacement by fee: when a transaction may push others out of the pool that spend the same coins.
 * The rules are bitcoind's of today: every transaction is replaceable, and the pool must earn more
 * afterwards at every size. Pure; finding the conflicts is the door's business.
 */
import { check, fail, formatMoney } from '@coind/consensus';
import { type FeeRate, feeFor, type Sats, type Txid } from '@coind/primitives';
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
  const clusters = new Set([...direct].map(({ cluster }) => cluster as EntryCluster));
  if (clusters.size > MAX_CLUSTERS) {
    const count = `${clusters.size} > ${MAX_CLUSTERS}`;
    fail(
      sibling
        ? 'too many potential replacements (including sibling eviction)'
        : 'too many potential replacements',
      `rejecting replacement ${txid}; too many conflicting clusters (${count})`,
    );
  }
  const replaced = withDescendants(direct);
  checkPays(entry, totalsOf(replaced).fees, sibling, incrementalFee);
  checkLimits(replaced);
  check(
    improves(entry, replaced, clusters),
    'replacement-failed',
    'insufficient feerate: does not improve feerate diagram',
  );
  checkIndependent(entry, direct);
  return replaced;
}

/** It pays for all it replaces, and for its own relay on top. */
function checkPays(entry: PoolEntry, lost: Sats, sibling: boolean, rate: FeeRate): void {
  const { modifiedFee: fee, vsize } = entry;
  const { txid } = entry.tx;
  const reason = sibling ? 'insufficient fee (including sibling eviction)' : 'insufficient fee';
  if (fee < lost) {
    const texts = `${formatMoney(fee)} < ${formatMoney(lost)}`;
    fail(reason, `rejecting replacement ${txid}, less fees than conflicting txs; ${texts}`);
  }
  const extra = fee - lost;
  const relay = feeFor(rate, vsize);
  if (extra < relay) {
    const texts = `${formatMoney(extra)} < ${formatMoney(relay)}`;
    fail(reason, `rejecting replacement ${txid}, not enough additional fees to relay; ${texts}`);
  }
}

/** The clusters it touches earn more with it at every size, and nowhere less. */
function improves(
  entry: PoolEntry,
  replaced: ReadonlySet<PoolEntry>,
  conflicting: ReadonlySet<EntryCluster>,
): boolean {
  const clusters = new Set(conflicting);
  for (const { cluster } of entry.parents) if (cluster) clusters.add(cluster);
  const family = connected(entry.parents, replaced);
  const before: FeeFraction[] = [];
  const after: FeeFraction[] = chunksOf([entry, ...family]);
  const seen = new Set(family);
  for (const { entries, chunks } of clusters) {
    before.push(...chunks);
    // What loses members may fall apart; its parts are put in order each for itself.
    for (const member of entries) {
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
