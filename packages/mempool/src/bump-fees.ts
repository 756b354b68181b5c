/**
 * What unconfirmed ancestors cost whoever spends their outputs: so much has to be paid for them, beside one's own
 * fee, that a miner who takes nothing below a rate takes the spender. Ancestors that others (or they themselves)
 * pay for cost nothing. Found by mining the clusters around the outputs down to that rate, in mind.
 */
import { type FeeRate, feeFor, type OutPoint, outpointKey, type Sats } from '@coind/primitives';
import type { PoolEntry } from './entry.ts';
import { connected, totalsOf, withDescendants } from './graph.ts';
import { compareRates, type FeeFraction } from './linearize.ts';
import type { Pool } from './pool.ts';

/** The bump fees of some outputs at one rate. What the pool spends already is taken to be replaced. */
export class BumpFees {
  readonly #rate: FeeRate;
  /** Entries that would not be mined at this rate. */
  readonly #left = new Set<PoolEntry>();
  readonly #entryOf = new Map<string, PoolEntry>();

  constructor(pool: Pick<Pool, 'get' | 'spender'>, outpoints: readonly OutPoint[], rate: FeeRate) {
    this.#rate = rate;
    const spenders: PoolEntry[] = [];
    for (const outpoint of outpoints) {
      const entry = pool.get(outpoint.txid);
      if (!entry) continue;
      this.#entryOf.set(outpointKey(outpoint), entry);
      const spender = pool.spender(outpoint);
      if (spender) spenders.push(spender);
    }
    const replaced = withDescendants(spenders);
    const seen = new Set<PoolEntry>();
    for (const entry of this.#entryOf.values()) {
      if (seen.has(entry)) continue;
      const cluster = connected([entry]);
      for (const member of cluster) seen.add(member);
      for (const gone of replaced) cluster.delete(gone);
      mine(cluster, rate);
      for (const member of cluster) this.#left.add(member);
    }
  }

  /** What spending this output alone costs beside its own fee. */
  of(outpoint: OutPoint): Sats {
    const entry = this.#entryOf.get(outpointKey(outpoint));
    if (!entry || !this.#left.has(entry)) return 0n;
    const itself = feeFor(this.#rate, entry.vsize) - entry.modifiedFee;
    const withAncestors = this.#deficit([entry]);
    if (itself > withAncestors) return itself;
    return withAncestors;
  }

  /** What spending all of them together costs: ancestors that they share are paid for once. */
  combined(): Sats {
    return this.#deficit([...this.#entryOf.values()].filter((entry) => this.#left.has(entry)));
  }

  #deficit(entries: readonly PoolEntry[]): Sats {
    const { fees, vsize } = totalsOf(ancestorsWithin(this.#left, entries));
    return feeFor(this.#rate, vsize) - fees;
  }
}

/** `start` and all of `pool` that they depend on. */
function ancestorsWithin(pool: ReadonlySet<PoolEntry>, start: Iterable<PoolEntry>): Set<PoolEntry> {
  const found = new Set(start);
  for (const { parents } of found) {
    for (const parent of parents) if (pool.has(parent)) found.add(parent);
  }
  return found;
}

function fractionOf(entries: Iterable<PoolEntry>): FeeFraction {
  const { fees, vsize } = totalsOf(entries);
  return { fee: fees, size: vsize };
}

/** Takes out of `cluster` what a miner takes who goes by ancestors and stops below `rate`. */
function mine(cluster: Set<PoolEntry>, rate: FeeRate): void {
  for (;;) {
    let best: { score: FeeFraction; ancestors: Set<PoolEntry>; sums: FeeFraction } | undefined;
    for (const entry of cluster) {
      const ancestors = ancestorsWithin(cluster, [entry]);
      const sums = fractionOf(ancestors);
      const itself = fractionOf([entry]);
      // Neither a good child nor good parents alone make a transaction worth its block space.
      const score = compareRates(itself, sums) < 0 ? itself : sums;
      if (!best || compareRates(score, best.score) > 0) best = { score, ancestors, sums };
    }
    if (!best || best.sums.fee < feeFor(rate, best.sums.size)) return;
    for (const entry of best.ancestors) cluster.delete(entry);
  }
}
