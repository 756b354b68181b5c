/**
 * May this transaction enter? All rules in bitcoind's order, on data that is already loaded: pure but
 * for the scripts' own work. Throws `ValidationError`; loading coins before and changing the pool
 * after are the door's part (`mempool.ts`).
 */
import {
  areLocksPassed,
  type Coin,
  check,
  checkAmounts,
  checkTx,
  fail,
  type HeaderContext,
  isFinalTx,
  runScriptCheck,
  type ScriptCache,
  scriptChecksOf,
  sequenceLocks,
  sigopCostOf,
  ValidationError,
} from '@coind/consensus';
import { type FeeRate, feeFor, type Sats, type Tx } from '@coind/primitives';
import { MIN_STANDARD_SIZE, STANDARD_FLAGS } from '@coind/script';
import { PoolEntry } from './entry.ts';
import { connected, txsOf } from './graph.ts';
import type { MempoolOptions } from './options.ts';
import {
  adjustedWeight,
  checkDustIsFree,
  checkDustIsSpent,
  checkInputsStandard,
  checkStandard,
  isWitnessStandard,
  MAX_STANDARD_SIGOP_COST,
  spendsWitnessProgram,
} from './policy.ts';
import type { Pool } from './pool.ts';
import { checkReplacement, signalsReplacement, txidsOf } from './replacement.ts';
import { checkTruc } from './truc.ts';

/** What is asked of a transaction depends on the way it came. */
export interface Terms {
  /** True for what comes back from a disconnected block: fees and topology are not asked for. */
  readonly fromBlock: boolean;
  /** May take the place of others that spend the same coins. */
  readonly replaces: boolean;
  /** May take the place of the one other child of a version 3 parent. */
  readonly evictsSibling: boolean;
  /** Judged by its own fee; false where the fee of the whole package counts. */
  readonly ownFee: boolean;
  /** The caller takes no higher rate; undefined for any. */
  readonly maxFeeRate?: FeeRate | undefined;
}

/** Terms by the way a transaction came. */
export const terms = {
  alone: { fromBlock: false, replaces: true, evictsSibling: true, ownFee: true },
  fromBlock: { fromBlock: true, replaces: true, evictsSibling: false, ownFee: false },
  /** Submitted with its relatives. */
  inPackage: { fromBlock: false, replaces: true, evictsSibling: false, ownFee: false },
  /** Several tested at once, each of which pays for itself. */
  testedTogether: { fromBlock: false, replaces: false, evictsSibling: false, ownFee: true },
} as const satisfies Readonly<Record<string, Terms>>;

/** What a decision depends on besides the transaction. */
export interface Surroundings {
  readonly options: MempoolOptions;
  readonly pool: Pool;
  /** The tip, parent of the next block. */
  readonly tip: HeaderContext;
  /** When it came, unix seconds. */
  readonly time: number;
  /** The pool's moving minimum. */
  readonly feeFloor: FeeRate;
  /** Number of the next change of the pool. */
  readonly sequence: number;
  readonly terms: Terms;
  /** Where blocks look up which scripts need not be verified again. */
  readonly scriptCache: ScriptCache;
}

/** A transaction that may enter, and what has to go for it. */
export interface Verdict {
  /** Not linked with its relatives yet. */
  readonly entry: PoolEntry;
  readonly replaced: ReadonlySet<PoolEntry>;
}

/** A transaction that stands by itself, with what has to be weighed against the pool. */
export interface Candidate {
  readonly entry: PoolEntry;
  /** Entries of the pool whose outputs it spends. */
  readonly parents: ReadonlySet<PoolEntry>;
  /** Entries it conflicts with, a sibling to be evicted included. */
  readonly conflicts: ReadonlySet<PoolEntry>;
  /** True when a version 3 sibling has to make room. */
  readonly sibling: boolean;
}

/** What can be said before any coin is loaded. */
export function checkAlone(tx: Tx, { options, pool, tip }: Surroundings): void {
  checkTx(tx);
  check(!tx.isCoinbase, 'coinbase');
  if (options.requireStandard) checkStandard(tx, options);
  check(tx.strippedSize >= MIN_STANDARD_SIZE, 'tx-size-small');
  check(isFinalTx(tx, tip.ref.height + 1, tip.medianTimePast), 'non-final');
  check(!pool.getByWtxid(tx.wtxid), 'txn-already-in-mempool');
  check(!pool.get(tx.txid), 'txn-same-nonwitness-data-in-mempool');
}

/**
 * What can be said of one transaction given the coins that its inputs name, in their order; limits of
 * the pool, replacement and scripts remain.
 *
 * @param mined true when an output of this very transaction is in the set of coins
 */
export function consider(
  tx: Tx,
  coins: readonly (Coin | undefined)[],
  mined: boolean,
  surroundings: Surroundings,
): Candidate {
  const { options, pool, tip, terms: asked } = surroundings;
  const conflicts = new Set<PoolEntry>();
  for (const { prevout } of tx.inputs) {
    const spender = pool.spender(prevout);
    if (!spender) continue;
    check(asked.replaces, 'bip125-replacement-disallowed');
    if (options.replaceable === 'signalling') {
      check(signalsReplacement(spender.tx), 'txn-mempool-conflict');
    }
    conflicts.add(spender);
  }
  const spent = coins.filter((coin) => coin !== undefined);
  if (spent.length < coins.length) {
    fail(mined ? 'txn-already-known' : 'bad-txns-inputs-missingorspent');
  }
  check(isUnlocked(tx, spent, tip), 'non-BIP68-final');
  const fee = checkAmounts(tx, spent, tip.ref.height + 1);
  if (options.requireStandard) {
    checkInputsStandard(tx, spent);
    check(!tx.hasWitness || isWitnessStandard(tx, spent), 'bad-witness-nonstandard');
  }
  const entry = entryOf(tx, fee, spent, surroundings);
  if (options.requireStandard) checkDustIsFree(tx, fee, entry.modifiedFee, options.dustFee);
  if (entry.sigopCost > MAX_STANDARD_SIGOP_COST) {
    fail('bad-txns-too-many-sigops', `${entry.sigopCost}`);
  }
  if (asked.ownFee) checkFee(entry.modifiedFee, entry.vsize, surroundings);
  const parents = pool.parentsOf(tx);
  const sibling = asked.fromBlock
    ? undefined
    : checkTruc(tx, entry.vsize, parents, txidsOf(conflicts), asked.evictsSibling);
  if (sibling) conflicts.add(sibling);
  return { entry, parents, conflicts, sibling: sibling !== undefined };
}

/** The whole decision about one transaction; parameters as of {@link consider}. */
export function judge(
  tx: Tx,
  coins: readonly (Coin | undefined)[],
  mined: boolean,
  surroundings: Surroundings,
): Verdict {
  const { options, terms: asked, scriptCache } = surroundings;
  const candidate = consider(tx, coins, mined, surroundings);
  const { entry } = candidate;
  const replaced = limitAndReplace(candidate, surroundings);
  checkMaxFeeRate(entry, asked.maxFeeRate);
  if (!asked.fromBlock && options.requireStandard) {
    checkDustIsSpent(tx, txsOf(candidate.parents), options.dustFee);
  }
  checkScripts(entry, scriptCache);
  return { entry, replaced };
}

/** True when relative locks (BIP68) allow the next block; coins of the pool count as made in it. */
export function isUnlocked(tx: Tx, spent: readonly Coin[], tip: HeaderContext): boolean {
  const next = tip.ref.height + 1;
  const heights = spent.map(({ height }) => Math.min(height, next));
  return areLocksPassed(sequenceLocks(tx, heights, tip), tip);
}

function entryOf(
  tx: Tx,
  fee: Sats,
  spent: readonly Coin[],
  { options, pool, tip, time, sequence, terms: { fromBlock } }: Surroundings,
): PoolEntry {
  const outputs = spent.map(({ output }) => output);
  const cost = sigopCostOf(tx, outputs, STANDARD_FLAGS);
  return new PoolEntry({
    tx,
    fee,
    feeDelta: pool.deltas.get(tx.txid) ?? 0n,
    time,
    height: tip.ref.height,
    sequence: fromBlock ? 0 : sequence,
    sigopCost: cost,
    weight: adjustedWeight(tx.weight, cost, options.bytesPerSigop),
    spent,
  });
}

/** Checks a fee, of one transaction or of a package, against what the pool and relay ask. */
export function checkFee(
  modifiedFee: Sats,
  vsize: number,
  { options, feeFloor }: Pick<Surroundings, 'options' | 'feeFloor'>,
): void {
  const floor = feeFor(feeFloor, vsize);
  if (modifiedFee < floor) fail('mempool min fee not met', `${modifiedFee} < ${floor}`);
  const relay = feeFor(options.minRelayFee, vsize);
  if (modifiedFee < relay) fail('min relay fee not met', `${modifiedFee} < ${relay}`);
}

/** Refuses what pays a higher rate than the caller meant to. */
export function checkMaxFeeRate(
  { modifiedFee, vsize }: PoolEntry,
  limit: FeeRate | undefined,
): void {
  if (limit === undefined) return;
  check(modifiedFee * 1_000n <= limit * BigInt(vsize), 'max feerate exceeded');
}

/** Limits on the cluster it would be in, after what it replaces is gone. */
function limitAndReplace(
  { entry, parents, conflicts, sibling }: Candidate,
  { options }: Surroundings,
): ReadonlySet<PoolEntry> {
  const checkLimits = (without: ReadonlySet<PoolEntry>): void => {
    const cluster = connected(parents, without);
    let { weight } = entry;
    for (const member of cluster) weight += member.weight;
    const fits = cluster.size < options.clusterCount && weight <= 4 * options.clusterVbytes;
    check(fits, 'too-large-cluster');
  };
  if (conflicts.size === 0) {
    checkLimits(conflicts);
    return conflicts;
  }
  for (const parent of parents) entry.parents.add(parent);
  return checkReplacement(entry, conflicts, sibling, options.incrementalFee, checkLimits);
}

/** Every input under the rules of relay, which include those of the next block. */
export function checkScripts({ tx, spent: coins }: PoolEntry, cache: ScriptCache): void {
  if (cache.holds(tx, STANDARD_FLAGS)) return;
  const spent = coins.map(({ output }) => output);
  try {
    for (const scriptCheck of scriptChecksOf(tx, spent, STANDARD_FLAGS)) {
      runScriptCheck(scriptCheck, 'mempool');
    }
    cache.add(tx, STANDARD_FLAGS);
  } catch (error) {
    // Somebody may have taken the witness off on the way, which says nothing about the txid.
    const stripped = error instanceof ValidationError && !tx.hasWitness;
    if (!stripped || !spendsWitnessProgram(tx, coins)) throw error;
    throw new ValidationError(error.reason, error.debug, 'witness-stripped');
  }
}
