/**
 * Packages: transactions that are judged together, so that a child may pay for its parents. What a
 * package has to look like, and the decision about one that is new to the pool; texts are bitcoind's.
 * Trying members by themselves first, and changing the pool, are the door's part (`mempool.ts`).
 */
import { check, type RejectReason, ValidationError } from '@coind/consensus';
import { type FeeRate, feeRateOf, outpointKey, type Tx, type Txid } from '@coind/primitives';
import { type Candidate, checkFee, checkMaxFeeRate, type Surroundings } from './accept.ts';
import type { Entry, PoolEntry } from './entry.ts';
import { connected, totalsOf } from './graph.ts';
import type { MempoolOptions } from './options.ts';
import { checkDustIsSpent } from './policy.ts';
import { checkPackageReplacement } from './replacement.ts';
import { checkTrucInPackage } from './truc.ts';

/** Transactions of one package at most. */
export const MAX_PACKAGE_COUNT = 25;
const MAX_PACKAGE_WEIGHT = 404_000;

/** What came of one transaction of a package. */
export type MemberOutcome =
  | {
      readonly accepted: true;
      /** What is in the pool; of another wtxid where a twin with another witness was there before. */
      readonly entry: Entry;
      readonly replaced: readonly Tx[];
      /** The rate it was judged by and the members that rate is of; absent if it was there before. */
      readonly effective?: { readonly rate: FeeRate; readonly of: readonly Tx[] };
    }
  | { readonly accepted: false; readonly error: ValidationError };

/** What came of a package. */
export interface PackageOutcome {
  /**
   * Absent when every transaction is acceptable. Of kind `package` when the package as a whole is not
   * what we take, of kind `package-member` when the refusal of a member says why.
   */
  readonly error?: ValidationError;
  /** In the order of the package; undefined for members that were not decided. */
  readonly members: readonly (MemberOutcome | undefined)[];
}

/** Checks the form of a package: its size, that nothing is in it twice, parents before children. */
export function checkPackage(txs: readonly Tx[]): void {
  check(txs.length <= MAX_PACKAGE_COUNT, 'package-too-many-transactions');
  const weight = txs.reduce((sum, tx) => sum + tx.weight, 0);
  check(txs.length === 1 || weight <= MAX_PACKAGE_WEIGHT, 'package-too-large');
  const later = new Set(txs.map(({ txid }) => txid));
  check(later.size === txs.length, 'package-contains-duplicates');
  for (const { inputs, txid } of txs) {
    check(!inputs.some(({ prevout }) => later.has(prevout.txid)), 'package-not-sorted');
    later.delete(txid);
  }
  const spent = new Set<string>();
  for (const { inputs } of txs) {
    const keys = inputs.map(({ prevout }) => outpointKey(prevout));
    check(keys.length > 0 && !keys.some((key) => spent.has(key)), 'conflict-in-package');
    for (const key of keys) spent.add(key);
  }
}

/** True when the last transaction spends from each of the others, of which there is one at least. */
export function isChildWithParents(txs: readonly Tx[]): boolean {
  const parents = txs.slice(0, -1);
  const spent = parentIdsOf(txs.at(-1));
  return parents.length > 0 && parents.every(({ txid }) => spent.has(txid));
}

/** As {@link isChildWithParents}, and no parent spends from another. */
export function isChildWithParentsTree(txs: readonly Tx[]): boolean {
  if (!isChildWithParents(txs)) return false;
  const parents = txs.slice(0, -1);
  const txids = new Set(parents.map(({ txid }) => txid));
  return parents.every((tx) => [...parentIdsOf(tx)].every((txid) => !txids.has(txid)));
}

function parentIdsOf(tx: Tx | undefined): Set<Txid> {
  return new Set(tx?.inputs.map(({ prevout }) => prevout.txid));
}

/** A package that may enter. */
export interface PackageVerdict {
  readonly entries: readonly PoolEntry[];
  readonly replaced: ReadonlySet<PoolEntry>;
  /** By what each of them was judged. */
  readonly effective: (entry: PoolEntry) => { readonly rate: FeeRate; readonly of: readonly Tx[] };
}

/** A package that may not enter: what is wrong, and with which member where it is one. */
export class PackageRefused extends Error {
  override name = 'PackageRefused';
  readonly error: ValidationError;
  readonly member: { readonly tx: Tx; readonly error: ValidationError } | undefined;

  constructor(error: ValidationError, member?: PackageRefused['member']) {
    super(error.message);
    this.error = error;
    this.member = member;
  }
}

/** Runs `rule`; when it refuses, that is the refusal of `tx`, and `reason` the package's. */
export function forMember<T>(
  tx: Tx,
  rule: () => T,
  reason: RejectReason = 'transaction failed',
): T {
  try {
    return rule();
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    throw new PackageRefused(new ValidationError(reason), { tx, error });
  }
}

/**
 * The decision about candidates that passed one by one, in the order of the package, but for their
 * scripts. Throws `PackageRefused`, or `ValidationError` for what is wrong with the package as a whole.
 */
export function judgePackage(
  candidates: readonly Candidate[],
  surroundings: Surroundings,
): PackageVerdict {
  const { options, terms } = surroundings;
  const entries = candidates.map(({ entry }) => entry);
  const txs = entries.map(({ tx }) => tx);
  for (const { entry, parents } of candidates) {
    checkTrucInPackage(entry.tx, entry.vsize, parents, txs);
  }
  const { fees, vsize } = totalsOf(entries);
  const last = txs.at(-1) as Tx;
  if (!terms.ownFee) forMember(last, () => checkFee(fees, vsize, surroundings));
  link(candidates);
  const checkLimits = (without: ReadonlySet<PoolEntry>) => checkClusters(entries, without, options);
  const conflicts = new Set(candidates.flatMap((candidate) => [...candidate.conflicts]));
  let replaced: ReadonlySet<PoolEntry> = conflicts;
  if (conflicts.size > 0) {
    replaced = checkPackageReplacement(entries, conflicts, options.incrementalFee, checkLimits);
  } else {
    checkLimits(conflicts);
  }
  for (const { tx, parents } of options.requireStandard ? entries : []) {
    const parentTxs = Array.from(parents, (parent) => parent.tx);
    forMember(tx, () => checkDustIsSpent(tx, parentTxs, options.dustFee), 'unspent-dust');
  }
  unlink(entries);
  const together = { rate: feeRateOf(fees, vsize), of: txs };
  const effective = (entry: PoolEntry) =>
    terms.ownFee ? { rate: feeRateOf(entry.modifiedFee, entry.vsize), of: [entry.tx] } : together;
  return { entries, replaced, effective };
}

/** Refuses a member that by itself pays a higher rate than the caller meant to. */
export function checkMember(entry: PoolEntry, { terms }: Surroundings): void {
  checkMaxFeeRate(entry, terms.maxFeeRate);
}

/** Members know their parents in the pool and in the package; the pool does not know them yet. */
function link(candidates: readonly Candidate[]): void {
  const members = new Map(candidates.map(({ entry }) => [entry.tx.txid, entry]));
  for (const { entry, parents } of candidates) {
    for (const parent of parents) entry.parents.add(parent);
    for (const { prevout } of entry.tx.inputs) {
      const fellow = members.get(prevout.txid);
      if (!fellow) continue;
      entry.parents.add(fellow);
      fellow.children.add(entry);
    }
  }
}

function unlink(entries: readonly PoolEntry[]): void {
  for (const { parents, children } of entries) {
    parents.clear();
    children.clear();
  }
}

/** Every cluster that members would be in is within the limits, once `without` is gone. */
function checkClusters(
  entries: readonly PoolEntry[],
  without: ReadonlySet<PoolEntry>,
  { clusterCount, clusterVbytes }: MempoolOptions,
): void {
  let clusters: Set<PoolEntry>[] = [];
  for (const entry of entries) {
    // Two members may spend from the same cluster, which does not know them and so connects nothing.
    const joined = connected([entry], without);
    const apart: Set<PoolEntry>[] = [];
    for (const cluster of clusters) {
      if (![...cluster].some((member) => joined.has(member))) apart.push(cluster);
      else for (const member of cluster) joined.add(member);
    }
    clusters = [...apart, joined];
  }
  for (const cluster of clusters) {
    let weight = 0;
    for (const member of cluster) weight += member.weight;
    const fits = cluster.size <= clusterCount && weight <= 4 * clusterVbytes;
    if (!fits) throw new ValidationError('too-large-cluster', '', 'package');
  }
}
