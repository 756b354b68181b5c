/**
 * The content of the pool and its indexes: by txid, by wtxid, by spent coin, by cluster, and the sums
 * over all. Every change goes through `add` and `remove`, which keep them in step. Who may enter is
 * decided in `accept.ts`; who is told, and when, in `mempool.ts`.
 */
import type { Coin } from '@coind/consensus';
import {
  type OutPoint,
  outpointKey,
  type Sats,
  type Tx,
  type Txid,
  type Wtxid,
} from '@coind/primitives';
import {
  type Chunk,
  type Entry,
  type EntryCluster,
  MEMPOOL_HEIGHT,
  type PoolEntry,
} from './entry.ts';
import { compareChunks, joinCluster, leaveClusters, withDescendants } from './graph.ts';
import type { MempoolOptions } from './options.ts';

type ClusterLimits = Pick<MempoolOptions, 'clusterCount' | 'clusterVbytes'>;

/** The entries of a pool. */
export class Pool {
  readonly #byTxid = new Map<Txid, PoolEntry>();
  readonly #byWtxid = new Map<Wtxid, PoolEntry>();
  /** By the outpoint that is spent. */
  readonly #spenders = new Map<string, PoolEntry>();
  readonly #clusters = new Set<EntryCluster>();
  readonly #deltas = new Map<Txid, Sats>();
  #chunks: readonly Chunk[] | undefined;
  /** No entry is older than this. */
  #oldest = Number.POSITIVE_INFINITY;
  #usage = 0;
  #vbytes = 0;
  #fees = 0n;
  #unbroadcast = 0;
  #updates = 0;

  get size(): number {
    return this.#byTxid.size;
  }

  /** Counts every change, fees set by hand included. */
  get updates(): number {
    return this.#updates;
  }

  /** Sum of virtual bytes. */
  get vbytes(): number {
    return this.#vbytes;
  }

  /** Sum of fees, without prioritisation. */
  get fees(): Sats {
    return this.#fees;
  }

  /** Bytes of memory, about. */
  get usage(): number {
    return this.#usage;
  }

  /** Entries that no peer has shown to have. */
  get unbroadcast(): number {
    return this.#unbroadcast;
  }

  /** Fee changes by `prioritise`, also for transactions that are not here. */
  get deltas(): ReadonlyMap<Txid, Sats> {
    return this.#deltas;
  }

  get(txid: Txid): PoolEntry | undefined {
    return this.#byTxid.get(txid);
  }

  getByWtxid(wtxid: Wtxid): PoolEntry | undefined {
    return this.#byWtxid.get(wtxid);
  }

  /** The entry that spends the outpoint. */
  spender(outpoint: OutPoint): PoolEntry | undefined {
    return this.#spenders.get(outpointKey(outpoint));
  }

  /** Entries in the order in which they came. */
  entries(): IterableIterator<PoolEntry> {
    return this.#byTxid.values();
  }

  /** An output of an entry as a coin, spent by another entry or not. */
  output({ txid, vout }: OutPoint): Coin | undefined {
    const output = this.#byTxid.get(txid)?.tx.outputs[vout];
    return output && { output, height: MEMPOOL_HEIGHT, coinbase: false };
  }

  /** Entries whose outputs `tx` spends. */
  parentsOf(tx: Tx): Set<PoolEntry> {
    const parents = new Set<PoolEntry>();
    for (const { prevout } of tx.inputs) {
      const parent = this.#byTxid.get(prevout.txid);
      if (parent) parents.add(parent);
    }
    return parents;
  }

  /** Entries that spend outputs of `tx`, in order of the outputs. */
  childrenOf(tx: Tx): Set<PoolEntry> {
    const children = new Set<PoolEntry>();
    for (let vout = 0; vout < tx.outputs.length; vout++) {
      const child = this.spender({ txid: tx.txid, vout });
      if (child) children.add(child);
    }
    return children;
  }

  /** All chunks, best first: the order of mining. */
  chunks(): readonly Chunk[] {
    if (!this.#chunks) {
      const chunks: Chunk[] = [];
      for (const cluster of this.#clusters) chunks.push(...cluster.chunks);
      this.#chunks = chunks.sort(compareChunks);
    }
    return this.#chunks;
  }

  /** Some entries in the order of mining; what is not here is left out. */
  inMiningOrder(entries: Iterable<Entry>): PoolEntry[] {
    const wanted = new Set<PoolEntry>();
    const clusters = new Set<EntryCluster>();
    for (const { tx } of entries) {
      const entry = this.#byTxid.get(tx.txid);
      if (!entry?.cluster) continue;
      wanted.add(entry);
      clusters.add(entry.cluster);
    }
    const chunks: Chunk[] = [];
    for (const cluster of clusters) chunks.push(...cluster.chunks);
    chunks.sort(compareChunks);
    return chunks.flatMap((chunk) => chunk.entries.filter((entry) => wanted.has(entry)));
  }

  /** The chunk that would be mined last. */
  worstChunk(): Chunk | undefined {
    let worst: Chunk | undefined;
    for (const { chunks } of this.#clusters) {
      const last = chunks[chunks.length - 1];
      if (last && (!worst || compareChunks(last, worst) > 0)) worst = last;
    }
    return worst;
  }

  /** Puts an entry in and links it with its relatives. */
  add(entry: PoolEntry): void {
    const { tx } = entry;
    for (const parent of this.parentsOf(tx)) {
      entry.parents.add(parent);
      parent.children.add(entry);
    }
    // Only a transaction that comes back from a block can have children here already.
    for (const child of this.childrenOf(tx)) {
      entry.children.add(child);
      child.parents.add(entry);
    }
    this.#byTxid.set(tx.txid, entry);
    this.#byWtxid.set(tx.wtxid, entry);
    for (const { prevout } of tx.inputs) this.#spenders.set(outpointKey(prevout), entry);
    joinCluster(entry, this.#clusters);
    this.#oldest = Math.min(this.#oldest, entry.time);
    this.#usage += entry.usage;
    this.#vbytes += entry.vsize;
    this.#fees += entry.fee;
    if (entry.unbroadcast) this.#unbroadcast++;
    this.#updates++;
    this.#chunks = undefined;
  }

  /** Takes entries out; what depends on them stays, so hand over descendants too where they must go. */
  remove(entries: ReadonlySet<PoolEntry>): void {
    if (entries.size === 0) return;
    this.#updates += entries.size;
    for (const entry of entries) {
      const { tx } = entry;
      this.#byTxid.delete(tx.txid);
      this.#byWtxid.delete(tx.wtxid);
      for (const { prevout } of tx.inputs) this.#spenders.delete(outpointKey(prevout));
      this.#usage -= entry.usage;
      this.#vbytes -= entry.vsize;
      this.#fees -= entry.fee;
      if (entry.unbroadcast) this.#unbroadcast--;
    }
    leaveClusters(entries, this.#clusters);
    if (this.size === 0) this.#oldest = Number.POSITIVE_INFINITY;
    this.#chunks = undefined;
  }

  /** Everything that entered before `time`, with descendants. */
  olderThan(time: number): Set<PoolEntry> {
    const old = new Set<PoolEntry>();
    if (this.#oldest >= time) return old;
    this.#oldest = Number.POSITIVE_INFINITY;
    for (const entry of this.entries()) {
      if (entry.time < time) old.add(entry);
      else this.#oldest = Math.min(this.#oldest, entry.time);
    }
    return withDescendants(old);
  }

  /**
   * What has to go for every cluster to be within the limits, worst chunks first: transactions that
   * come back from blocks may join clusters that would not have been let together.
   */
  beyondLimits({ clusterCount, clusterVbytes }: ClusterLimits): Set<PoolEntry> {
    const gone = new Set<PoolEntry>();
    for (const { entries, chunks } of this.#clusters) {
      let count = entries.size;
      let weight = chunks.reduce((sum, { size }) => sum + size, 0);
      for (const chunk of [...chunks].reverse()) {
        if (count <= clusterCount && weight <= 4 * clusterVbytes) break;
        count -= chunk.entries.length;
        weight -= chunk.size;
        for (const entry of chunk.entries) gone.add(entry);
      }
    }
    return gone;
  }

  /** Sets an entry's mark for "no peer has it yet". */
  setUnbroadcast(entry: PoolEntry, value: boolean): void {
    if (entry.unbroadcast === value) return;
    entry.unbroadcast = value;
    this.#unbroadcast += value ? 1 : -1;
  }

  /** Adds `delta` to what policy takes as the fee of a transaction, here or not. */
  prioritise(txid: Txid, delta: Sats): void {
    const total = (this.#deltas.get(txid) ?? 0n) + delta;
    if (total === 0n) this.#deltas.delete(txid);
    else this.#deltas.set(txid, total);
    this.#updates++;
    const entry = this.#byTxid.get(txid);
    if (!entry) return;
    entry.feeDelta = total;
    entry.cluster?.changed();
    this.#chunks = undefined;
  }

  /** Forgets a fee change: the transaction is mined, or can never be. */
  forgetPriority(txid: Txid): void {
    this.#deltas.delete(txid);
  }
}
