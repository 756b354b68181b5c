/**
 * A mempool reckoned slowly from nothing but transactions and coins: who spends whom is looked up again
 * for every question. What the real pool keeps has to agree with it, see `checkPool`.
 */
import assert from 'node:assert/strict';
import type { Chunk, Mempool } from '@coind/mempool';
import {
  type Block,
  type FeeRate,
  feeFor,
  type OutPoint,
  outpointKey,
  type Sats,
  type Tx,
  type Txid,
} from '@coind/primitives';

/** An unspent output of the chain. */
export interface ModelCoin {
  readonly outpoint: OutPoint;
  readonly value: Sats;
  readonly height: number;
  readonly coinbase: boolean;
}

/** What the pool may hold at most. */
export interface PoolBounds {
  readonly maxBytes: number;
  readonly clusterCount: number;
  readonly clusterVbytes: number;
  readonly incrementalFee: FeeRate;
}

type Spenders = ReadonlyMap<Txid, readonly Tx[]>;

/** Coins of the chain and transactions of the pool. */
export class PoolModel {
  readonly coins = new Map<string, ModelCoin>();
  readonly txs = new Map<Txid, Tx>();
  readonly deltas = new Map<Txid, Sats>();
  readonly #undo: { readonly block: Block; readonly spent: readonly ModelCoin[] }[] = [];

  get height(): number {
    return this.#undo.length;
  }

  blockConnected(block: Block): void {
    const spent: ModelCoin[] = [];
    const height = this.height + 1;
    for (const tx of block.txs) {
      for (const { prevout } of tx.isCoinbase ? [] : tx.inputs) {
        const coin = this.coins.get(outpointKey(prevout));
        assert(coin, 'a block spends a coin that is not there');
        spent.push(coin);
        this.coins.delete(outpointKey(prevout));
      }
      for (const coin of coinsOf(tx, height)) this.coins.set(outpointKey(coin.outpoint), coin);
      this.deltas.delete(tx.txid);
    }
    this.#undo.push({ block, spent });
  }

  /** Takes the last block away and returns it. */
  blockDisconnected(): Block {
    const last = this.#undo.pop();
    assert(last, 'no block to disconnect');
    for (const coin of last.spent) this.coins.set(outpointKey(coin.outpoint), coin);
    for (const tx of last.block.txs) {
      for (const { outpoint } of coinsOf(tx, 0)) this.coins.delete(outpointKey(outpoint));
    }
    return last.block;
  }

  /** Value of what an outpoint names, spent by the pool or not. */
  value(outpoint: OutPoint): Sats | undefined {
    const made = this.txs.get(outpoint.txid)?.outputs[outpoint.vout]?.value;
    return made ?? this.coins.get(outpointKey(outpoint))?.value;
  }

  /** Inputs minus outputs; undefined when an input is missing. */
  fee(tx: Tx): Sats | undefined {
    let fee = 0n;
    for (const { prevout } of tx.inputs) {
      const value = this.value(prevout);
      if (value === undefined) return undefined;
      fee += value;
    }
    for (const { value } of tx.outputs) fee -= value;
    return fee;
  }

  modifiedFee(tx: Tx): Sats {
    return (this.fee(tx) as Sats) + (this.deltas.get(tx.txid) ?? 0n);
  }

  parents(tx: Tx): Tx[] {
    const txids = new Set(tx.inputs.map(({ prevout }) => prevout.txid));
    return [...txids].flatMap((txid) => this.txs.get(txid) ?? []);
  }

  /** Who spends outputs of whom, as of now. */
  spenders(): Spenders {
    const spenders = new Map<Txid, Tx[]>();
    for (const tx of this.txs.values()) {
      for (const { txid } of this.parents(tx)) {
        const others = spenders.get(txid);
        if (others) others.push(tx);
        else spenders.set(txid, [tx]);
      }
    }
    return spenders;
  }

  /** What of the pool spends the same coins. */
  conflicts(tx: Tx): Tx[] {
    const spent = new Set(tx.inputs.map(({ prevout }) => outpointKey(prevout)));
    return [...this.txs.values()].filter(
      (other) =>
        other !== tx && other.inputs.some(({ prevout }) => spent.has(outpointKey(prevout))),
    );
  }

  withAncestors(start: readonly Tx[]): Set<Tx> {
    return closure(start, (tx) => this.parents(tx));
  }

  withDescendants(start: readonly Tx[], spenders: Spenders = this.spenders()): Set<Tx> {
    return closure(start, ({ txid }) => spenders.get(txid) ?? []);
  }

  /** Everything connected with `start`, but for `without`. */
  cluster(
    start: readonly Tx[],
    without: ReadonlySet<Tx> = new Set(),
    spenders: Spenders = this.spenders(),
  ): Set<Tx> {
    return closure(
      start.filter((tx) => !without.has(tx)),
      (tx) =>
        [...this.parents(tx), ...(spenders.get(tx.txid) ?? [])].filter((one) => !without.has(one)),
    );
  }

  /**
   * Whether the pool may take `tx` at the minimum rate `minFee`: 'no', 'yes', or 'maybe' where it depends
   * on whether the order of mining gets better.
   */
  allows(tx: Tx, minFee: FeeRate, bounds: PoolBounds): 'yes' | 'no' | 'maybe' {
    if (this.fee(tx) === undefined) return 'no';
    const immature = tx.inputs.some(({ prevout }) => {
      const coin = this.coins.get(outpointKey(prevout));
      return coin?.coinbase && this.height + 1 - coin.height < 100;
    });
    const fee = this.modifiedFee(tx);
    if (immature || this.txs.has(tx.txid) || fee < feeFor(minFee, tx.vsize)) return 'no';
    const replaced = this.withDescendants(this.conflicts(tx));
    const ancestors = this.withAncestors([tx]);
    if ([...replaced].some((one) => ancestors.has(one))) return 'no';
    const relatives = this.cluster(this.parents(tx), replaced);
    const vbytes = [...relatives, tx].reduce((sum, { weight }) => sum + weight, 0) / 4;
    if (relatives.size >= bounds.clusterCount || vbytes > bounds.clusterVbytes) return 'no';
    if (replaced.size === 0) return 'yes';
    const lost = [...replaced].reduce((sum, one) => sum + this.modifiedFee(one), 0n);
    return fee - lost >= feeFor(bounds.incrementalFee, tx.vsize) ? 'maybe' : 'no';
  }
}

function coinsOf(tx: Tx, height: number): ModelCoin[] {
  return tx.outputs
    .map(({ value }, vout) => ({
      outpoint: { txid: tx.txid, vout },
      value,
      height,
      coinbase: tx.isCoinbase,
    }))
    .filter(({ value }) => value > 0n);
}

function closure(start: readonly Tx[], next: (tx: Tx) => readonly Tx[]): Set<Tx> {
  const found = new Set(start);
  for (const tx of found) for (const other of next(tx)) found.add(other);
  return found;
}

/** Throws unless the pool is what the model says, keeps within bounds and orders itself as it should. */
export function checkPool(mempool: Mempool, model: PoolModel, bounds: PoolBounds): void {
  const entries = [...mempool.entries()];
  assert.deepEqual(
    entries.map(({ tx }) => tx.txid).sort(),
    [...model.txs.keys()].sort(),
    'members of the pool',
  );
  assert.deepEqual(mempool.inMiningOrder([...entries].reverse()), entries, 'the order of mining');
  const spent = new Set<string>();
  const spenders = model.spenders();
  for (const { tx, fee, modifiedFee } of entries) {
    for (const { prevout } of tx.inputs) {
      assert(!spent.has(outpointKey(prevout)), `${tx.txid} spends a coin for the second time`);
      spent.add(outpointKey(prevout));
      assert(model.value(prevout) !== undefined, `${tx.txid} spends what is not there`);
      assert.equal(mempool.spender(prevout), tx.txid, 'spender of a coin');
    }
    assert.equal(fee, model.fee(tx), 'fee');
    assert.equal(modifiedFee, model.modifiedFee(tx), 'modified fee');
    checkTotals(mempool, model, tx, spenders);
  }
  const { size, vbytes, fees, usage } = mempool.info();
  assert.equal(size, entries.length, 'size');
  assert.equal(
    vbytes,
    sumOf(entries, ({ vsize }) => vsize),
    'virtual bytes',
  );
  assert.equal(
    fees,
    entries.reduce((sum, { fee }) => sum + fee, 0n),
    'fees',
  );
  assert(usage <= bounds.maxBytes, `${usage} bytes of memory`);
  checkClusters(mempool, model, bounds, spenders);
}

function checkTotals(mempool: Mempool, model: PoolModel, tx: Tx, spenders: Spenders): void {
  for (const [totals, members] of [
    [mempool.ancestorTotals(tx.txid), model.withAncestors([tx])],
    [mempool.descendantTotals(tx.txid), model.withDescendants([tx], spenders)],
  ] as const) {
    assert.deepEqual(totals, {
      count: members.size,
      vsize: sumOf([...members], ({ vsize }) => vsize),
      fees: [...members].reduce((sum, one) => sum + model.modifiedFee(one), 0n),
    });
  }
}

/** Chunks hold everybody once, parents first, and pay ever less. */
function checkClusters(
  mempool: Mempool,
  model: PoolModel,
  bounds: PoolBounds,
  spenders: Spenders,
): void {
  const chunks = mempool.chunks();
  const seen = new Set<Txid>();
  for (const [index, chunk] of chunks.entries()) {
    const before = chunks[index - 1];
    assert(!before || rateSign(before, chunk) >= 0, 'a chunk pays more than the one before it');
    for (const { tx } of chunk.entries) {
      for (const { txid } of model.parents(tx)) assert(seen.has(txid), 'a child before its parent');
      seen.add(tx.txid);
    }
    assert.equal(
      chunk.fee,
      chunk.entries.reduce((sum, { modifiedFee }) => sum + modifiedFee, 0n),
    );
    assert.equal(
      chunk.size,
      sumOf(chunk.entries, ({ weight }) => weight),
    );
  }
  assert.equal(seen.size, model.txs.size, 'chunks hold every transaction');
  const left = new Set(model.txs.values());
  for (const tx of left) {
    const cluster = model.cluster([tx], new Set(), spenders);
    for (const one of cluster) left.delete(one);
    const own = mempool.cluster(tx.txid).flatMap(({ entries }) => entries.map((one) => one.tx));
    assert.deepEqual(new Set(own), cluster, 'cluster');
    assert(cluster.size <= bounds.clusterCount, `a cluster of ${cluster.size}`);
    assert(sumOf([...cluster], ({ weight }) => weight) <= 4 * bounds.clusterVbytes);
  }
}

function rateSign(a: Chunk, b: Chunk): number {
  const difference = a.fee * BigInt(b.size) - b.fee * BigInt(a.size);
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
