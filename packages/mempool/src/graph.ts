/**
 * Who spends whom in the pool: parents, children and clusters, a cluster being everything connected.
 * Clusters are small by policy, so relatives are found by walking and nothing is kept that a
 * change could leave stale. Fees and limits are judged elsewhere; this file only counts.
 */
import type { Sats, Tx, Txid } from '@coind/primitives';
import type { Chunk, EntryCluster, PoolEntry } from './entry.ts';
import { type ClusterNode, compareRates, linearize } from './linearize.ts';

/** Txids as bitcoind orders them where nothing else decides: by their bytes on the wire. */
export function compareTxids(a: Txid, b: Txid): number {
  if (a === b) return 0;
  for (let i = 62; i >= 0; i -= 2) {
    const difference =
      a.charCodeAt(i) - b.charCodeAt(i) || a.charCodeAt(i + 1) - b.charCodeAt(i + 1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Order in which chunks are mined: rate, then bitcoind's ties. */
export function compareChunks(a: Chunk, b: Chunk): number {
  return compareRates(b, a) || a.prefixSize - b.prefixSize || compareTxids(a.lastTxid, b.lastTxid);
}

/** Connected entries; cut into chunks on first use after a change. */
export class Cluster implements EntryCluster {
  readonly entries = new Set<PoolEntry>();
  #chunks: readonly Chunk[] | undefined;

  /** Chunks in mining order. */
  get chunks(): readonly Chunk[] {
    this.#chunks ??= chunksOf(this.entries);
    return this.#chunks;
  }

  /** To be called when a fee or the membership changed. */
  changed(): void {
    this.#chunks = undefined;
  }
}

/** Chunks of any set of entries; dependencies on entries outside the set are left out. */
export function chunksOf(entries: Iterable<PoolEntry> & object): Chunk[] {
  const ordered = [...entries];
  const [only] = ordered;
  if (only && ordered.length === 1) return [aloneIn(entries, only)];
  ordered.sort((a, b) => compareTxids(a.tx.txid, b.tx.txid));
  const indexOf = new Map(ordered.map((entry, index) => [entry, index]));
  const nodes = ordered.map((entry): ClusterNode => {
    const parents: number[] = [];
    for (const parent of entry.parents) {
      const index = indexOf.get(parent);
      if (index !== undefined) parents.push(index);
    }
    return { fee: entry.modifiedFee, size: entry.weight, parents };
  });
  const chunks: Chunk[] = [];
  for (const { fee, size, members } of linearize(nodes)) {
    const before = chunks.at(-1);
    const prefixSize =
      before && compareRates(before, { fee, size }) === 0 ? before.prefixSize + size : size;
    const lastTxid = (ordered[Math.max(...members)] as PoolEntry).tx.txid;
    const chunkEntries = members.map((member) => ordered[member] as PoolEntry);
    chunks.push({ fee, size, entries: chunkEntries, prefixSize, cluster: entries, lastTxid });
  }
  return chunks;
}

/** The chunk of an entry without relatives, as most are. */
function aloneIn(cluster: object, entry: PoolEntry): Chunk {
  const { modifiedFee: fee, weight: size, tx } = entry;
  return { fee, size, entries: [entry], prefixSize: size, cluster, lastTxid: tx.txid };
}

/** Joins `entry`, whose parents and children are set, with the clusters of its relatives. */
export function joinCluster(entry: PoolEntry, clusters: Set<EntryCluster>): void {
  let cluster: EntryCluster | undefined;
  for (const relatives of [entry.parents, entry.children]) {
    for (const { cluster: other } of relatives) {
      if (!other || other === cluster) continue;
      if (!cluster || other.entries.size > cluster.entries.size) {
        if (cluster) absorb(other, cluster, clusters);
        cluster = other;
      } else {
        absorb(cluster, other, clusters);
      }
    }
  }
  cluster ??= new Cluster();
  clusters.add(cluster);
  cluster.entries.add(entry);
  cluster.changed();
  entry.cluster = cluster;
}

function absorb(into: EntryCluster, from: EntryCluster, clusters: Set<EntryCluster>): void {
  for (const entry of from.entries) {
    entry.cluster = into;
    into.entries.add(entry);
  }
  clusters.delete(from);
}

/** Takes `removed` out of their clusters, which may fall apart. Unlinks parents and children. */
export function leaveClusters(removed: Iterable<PoolEntry>, clusters: Set<EntryCluster>): void {
  const touched = new Set<EntryCluster>();
  for (const entry of removed) {
    for (const parent of entry.parents) parent.children.delete(entry);
    for (const child of entry.children) child.parents.delete(entry);
    entry.parents.clear();
    entry.children.clear();
    const { cluster } = entry;
    if (!cluster) continue;
    cluster.entries.delete(entry);
    entry.cluster = undefined;
    if (cluster.entries.size > 0) touched.add(cluster);
    else clusters.delete(cluster);
  }
  for (const cluster of touched) {
    clusters.delete(cluster);
    const rest = new Set(cluster.entries);
    for (const entry of rest) {
      const part = new Cluster();
      for (const member of connected([entry])) {
        rest.delete(member);
        part.entries.add(member);
        member.cluster = part;
      }
      clusters.add(part);
    }
  }
}

/** Everything connected with `start` that is not in `without`. */
export function connected(
  start: Iterable<PoolEntry>,
  without?: ReadonlySet<PoolEntry>,
): Set<PoolEntry> {
  const found = new Set<PoolEntry>();
  for (const entry of start) if (!without?.has(entry)) found.add(entry);
  // A Set yields what is added while it is walked, so it is its own queue.
  for (const { parents, children } of found) {
    for (const parent of parents) if (!without?.has(parent)) found.add(parent);
    for (const child of children) if (!without?.has(child)) found.add(child);
  }
  return found;
}

/** `start` and everything they depend on. */
export function withAncestors(start: Iterable<PoolEntry>): Set<PoolEntry> {
  const found = new Set(start);
  for (const { parents } of found) for (const parent of parents) found.add(parent);
  return found;
}

/** `start` and everything that depends on them. */
export function withDescendants(start: Iterable<PoolEntry>): Set<PoolEntry> {
  const found = new Set(start);
  for (const { children } of found) for (const child of children) found.add(child);
  return found;
}

/** Sums over a set of entries, as `getmempoolentry` prints them. */
export interface Totals {
  readonly count: number;
  readonly vsize: number;
  /** Modified fees. */
  readonly fees: Sats;
}

/** Adds up `entries`. */
export function totalsOf(entries: Iterable<PoolEntry>): Totals {
  let count = 0;
  let vsize = 0;
  let fees = 0n;
  for (const entry of entries) {
    count++;
    vsize += entry.vsize;
    fees += entry.modifiedFee;
  }
  return { count, vsize, fees };
}

/** The transactions of a set of entries. */
export function txsOf(entries: Iterable<{ readonly tx: Tx }>): Tx[] {
  return Array.from(entries, ({ tx }) => tx);
}
