/**
 * Topologically restricted transactions (BIP431, version 3): one parent or one child in the pool, a
 * small child, and a second child may only take the place of the first. Pure; texts are bitcoind's.
 */
import { ValidationError } from '@coind/consensus';
import type { Tx, Txid } from '@coind/primitives';
import type { PoolEntry } from './entry.ts';
import { withAncestors, withDescendants } from './graph.ts';

const TRUC_VERSION = 3;
const MAX_FAMILY = 2;
const MAX_VSIZE = 10_000;
const MAX_CHILD_VSIZE = 1_000;

/**
 * Checks a transaction against its parents in the pool. Returns the sibling that has to make room for
 * it under the rules of replacement, if there is one.
 *
 * @param replaced txids of the entries it conflicts with
 * @param evictsSibling false when a sibling may not make room, so that it is refused
 */
export function checkTruc(
  tx: Tx,
  vsize: number,
  parents: ReadonlySet<PoolEntry>,
  replaced: ReadonlySet<Txid>,
  evictsSibling: boolean,
): PoolEntry | undefined {
  for (const { tx: parent } of parents) {
    if (tx.version !== TRUC_VERSION && parent.version === TRUC_VERSION) {
      fail(`non-version=3 tx ${name(tx)} cannot spend from version=3 tx ${name(parent)}`);
    }
    if (tx.version === TRUC_VERSION && parent.version !== TRUC_VERSION) {
      fail(`version=3 tx ${name(tx)} cannot spend from non-version=3 tx ${name(parent)}`);
    }
  }
  if (tx.version !== TRUC_VERSION) return undefined;
  if (vsize > MAX_VSIZE) {
    fail(`version=3 tx ${name(tx)} is too big: ${vsize} > ${MAX_VSIZE} virtual bytes`);
  }
  const [parent] = parents;
  if (!parent) return undefined;
  if (parents.size + 1 > MAX_FAMILY || withAncestors([parent]).size + 1 > MAX_FAMILY) {
    fail(`tx ${name(tx)} would have too many ancestors`);
  }
  if (vsize > MAX_CHILD_VSIZE) {
    fail(`version=3 child tx ${name(tx)} is too big: ${vsize} > ${MAX_CHILD_VSIZE} virtual bytes`);
  }
  const family = withDescendants([parent]);
  const [, sibling] = family;
  if (!sibling) return undefined;
  for (const { tx: descendant } of family) {
    if (descendant !== parent.tx && replaced.has(descendant.txid)) return undefined;
  }
  // After a reorganisation there may be more than one, and then there is none to choose.
  const only = family.size === MAX_FAMILY && withAncestors([sibling]).size === MAX_FAMILY;
  if (evictsSibling && only) return sibling;
  return fail(`tx ${name(parent.tx)} would exceed descendant count limit`);
}

/**
 * Checks a transaction of a package that has passed {@link checkTruc}, against its parents in the pool
 * and the rest of the package, which is in order.
 */
export function checkTrucInPackage(
  tx: Tx,
  vsize: number,
  pooled: ReadonlySet<PoolEntry>,
  all: readonly Tx[],
): void {
  const spends = new Set(tx.inputs.map(({ prevout }) => prevout.txid));
  const fellows = all.filter(({ txid }) => spends.has(txid));
  if (tx.version !== TRUC_VERSION) {
    for (const parent of fellows) {
      if (parent.version !== TRUC_VERSION) continue;
      failTogether(`non-version=3 tx ${name(tx)} cannot spend from version=3 tx ${name(parent)}`);
    }
    return;
  }
  const [entry] = pooled;
  const ancestors = entry ? withAncestors([entry]).size : 0;
  if (Math.max(pooled.size, ancestors) + fellows.length + 1 > MAX_FAMILY) {
    failTogether(`tx ${name(tx)} would have too many ancestors`);
  }
  const parent = entry?.tx ?? fellows[0];
  if (!parent) return;
  if (vsize > MAX_CHILD_VSIZE) {
    failTogether(
      `version=3 child tx ${name(tx)} is too big: ${vsize} > ${MAX_CHILD_VSIZE} virtual bytes`,
    );
  }
  if (parent.version !== TRUC_VERSION) {
    failTogether(`version=3 tx ${name(tx)} cannot spend from non-version=3 tx ${name(parent)}`);
  }
  for (const other of all) {
    if (other === tx) continue;
    for (const { prevout } of other.inputs) {
      if (prevout.txid === parent.txid) {
        failTogether(`tx ${name(parent)} would exceed descendant count limit`);
      }
      if (prevout.txid === tx.txid) failTogether(`tx ${name(other)} would have too many ancestors`);
    }
  }
  if (entry && entry.children.size > 0) {
    failTogether(`tx ${name(parent)} would exceed descendant count limit`);
  }
}

function failTogether(debug: string): never {
  throw new ValidationError('TRUC-violation', debug, 'package');
}

function fail(debug: string): never {
  throw new ValidationError('TRUC-violation', debug);
}

function name(tx: Tx): string {
  return `${tx.txid} (wtxid=${tx.wtxid})`;
}
