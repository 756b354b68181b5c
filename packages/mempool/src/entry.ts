/**
 * One transaction of the pool with what was learnt about it when it entered: its fee, its size as the
 * policy counts it, the coins it spends, its relatives in the pool. Read-only outside this package.
 */
import type { Coin } from '@coind/consensus';
import type { Sats, Tx, Txid } from '@coind/primitives';
import type { FeeFraction } from './linearize.ts';

/** A transaction in the pool. */
export interface Entry {
  readonly tx: Tx;
  /** Inputs minus outputs. */
  readonly fee: Sats;
  /** The fee plus what `prioritise` put on top; every policy decision uses this one. */
  readonly modifiedFee: Sats;
  /** Unix seconds at which it entered. */
  readonly time: number;
  /** Height of the tip when it entered. */
  readonly height: number;
  /** Counts what enters and leaves the pool; 0 when it came back from a disconnected block. */
  readonly sequence: number;
  /** BIP141 cost of its signature operations. */
  readonly sigopCost: number;
  /** Weight, or what its signature operations are worth in weight where that is more. */
  readonly weight: number;
  /** A quarter of that weight, rounded up: the size by which fees are judged. */
  readonly vsize: number;
  /** The coins it spends, in order of inputs; height `MEMPOOL_HEIGHT` for outputs of the pool. */
  readonly spent: readonly Coin[];
  /** Entries whose outputs it spends. */
  readonly parents: ReadonlySet<Entry>;
  /** Entries that spend its outputs. */
  readonly children: ReadonlySet<Entry>;
  /** True until a peer has shown that it has it too. */
  readonly unbroadcast: boolean;
}

/** Height of a coin that is not in any block yet: it would be in the next one at the earliest. */
export const MEMPOOL_HEIGHT = 0x7fffffff;

/** Entries that should be mined together, parents first. */
export interface Chunk extends FeeFraction {
  readonly entries: readonly PoolEntry[];
  /** Size of the chunks of the same cluster and rate up to this one: orders equals across clusters. */
  readonly prefixSize: number;
  /** The same object for all chunks of a cluster. */
  readonly cluster: object;
  /** The greatest txid in the chunk, for the last tie. */
  readonly lastTxid: Txid;
}

/** Connected entries, as an entry knows them; `graph.ts` keeps them. */
export interface EntryCluster {
  readonly entries: Set<PoolEntry>;
  /** In mining order. */
  readonly chunks: readonly Chunk[];
  /** To be called when a fee or the membership changed. */
  changed(): void;
}

/** What `PoolEntry` is made of. */
export interface EntryFields {
  readonly tx: Tx;
  readonly fee: Sats;
  readonly feeDelta: Sats;
  readonly time: number;
  readonly height: number;
  readonly sequence: number;
  readonly sigopCost: number;
  readonly weight: number;
  readonly spent: readonly Coin[];
}

/** The pool's own view of an entry, with the parts that change. */
export class PoolEntry implements Entry {
  readonly tx: Tx;
  readonly fee: Sats;
  readonly time: number;
  readonly height: number;
  sequence: number;
  readonly sigopCost: number;
  readonly weight: number;
  readonly vsize: number;
  readonly parents = new Set<PoolEntry>();
  readonly children = new Set<PoolEntry>();
  /** A reorganisation may move a spent coin to another height. */
  spent: readonly Coin[];
  feeDelta: Sats;
  unbroadcast = false;
  cluster: EntryCluster | undefined;

  constructor(fields: EntryFields) {
    this.tx = fields.tx;
    this.fee = fields.fee;
    this.feeDelta = fields.feeDelta;
    this.time = fields.time;
    this.height = fields.height;
    this.sequence = fields.sequence;
    this.sigopCost = fields.sigopCost;
    this.weight = fields.weight;
    this.vsize = Math.ceil(fields.weight / 4);
    this.spent = fields.spent;
  }

  get modifiedFee(): Sats {
    return this.fee + this.feeDelta;
  }

  /** About how many bytes of memory it takes, relatives and bookkeeping included. */
  get usage(): number {
    const { inputs, outputs } = this.tx;
    return 1_000 + this.tx.size + 300 * inputs.length + 120 * outputs.length;
  }
}
