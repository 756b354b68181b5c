/**
 * The address index (`-addressindex`, ours): what happened to a script, what it still holds, and how
 * much. Scripts are named by their SHA-256, as Electrum servers name them, so every kind of output is
 * found. bitcoind has no such index.
 */
import { type BlockRef, type Coin, isOverwritten } from '@coind/consensus';
import {
  type Block,
  type Brand,
  hashToHex,
  type OutPoint,
  type Sats,
  sha256,
  type Txid,
} from '@coind/primitives';
import { isUnspendable } from '@coind/script';
import {
  bool,
  hash32,
  i64be,
  outpoint,
  struct,
  type Table,
  type TableSpec,
  tuple,
  u32be,
  uint,
  type Write,
} from '@coind/store';
import { ChainIndex, type IndexModules } from './chain-index.ts';

/** SHA-256 of a scriptPubKey, display-order hex. */
export type ScriptHash = Brand<string, 'ScriptHash'>;

/** The name under which the index knows a script. */
export function scriptHashOf(scriptPubKey: Uint8Array): ScriptHash {
  return hashToHex<ScriptHash>(sha256(scriptPubKey));
}

/** A transaction that paid to a script or spent from it. */
export interface ScriptEvent {
  readonly height: number;
  /** Its index in the block. */
  readonly position: number;
  readonly txid: Txid;
  /** What it added to the script, less what it took. */
  readonly delta: Sats;
}

/** An output that a script still holds. */
export interface ScriptCoin {
  readonly outpoint: OutPoint;
  readonly value: Sats;
  readonly height: number;
  readonly coinbase: boolean;
}

/** Running sums of a script. */
export interface ScriptBalance {
  readonly balance: Sats;
  /** All it ever was paid. */
  readonly received: Sats;
  /** Transactions of its history. */
  readonly txCount: number;
}

interface EventRow {
  readonly txid: Txid;
  readonly delta: Sats;
  /** Paid in by this transaction; what is taken back when its block leaves. */
  readonly received: Sats;
}
type EventKey = readonly [script: ScriptHash, height: number, position: number];
type CoinRow = Omit<ScriptCoin, 'outpoint'>;
type CoinKey = readonly [script: ScriptHash, outpoint: OutPoint];

const eventsSpec: TableSpec<EventKey, EventRow> = {
  prefix: 'e',
  key: tuple<EventKey>(hash32<ScriptHash>(), u32be, u32be),
  value: struct<EventRow>({ txid: hash32(), delta: i64be, received: i64be }),
  about: 'The transactions that touched a script, in the order of the chain.',
};

const coinsSpec: TableSpec<CoinKey, CoinRow> = {
  prefix: 'c',
  key: tuple<CoinKey>(hash32<ScriptHash>(), outpoint),
  value: struct<CoinRow>({ value: i64be, height: u32be, coinbase: bool }),
  about: 'The outputs a script still holds.',
};

const balancesSpec: TableSpec<ScriptHash, ScriptBalance> = {
  prefix: 'b',
  key: hash32<ScriptHash>(),
  value: struct<ScriptBalance>({ balance: i64be, received: i64be, txCount: uint }),
  about: 'Running sums of a script.',
};

const EMPTY: ScriptBalance = { balance: 0n, received: 0n, txCount: 0 };

/** Which part of a script's history. */
export interface HistoryRange {
  readonly fromHeight?: number;
  readonly limit?: number;
  /** The newest first. */
  readonly reverse?: boolean;
}

/** History, coins and balance by script. */
export class AddressIndex extends ChainIndex {
  override readonly name = 'addressindex';
  readonly #events: Table<EventKey, EventRow>;
  readonly #coins: Table<CoinKey, CoinRow>;
  readonly #balances: Table<ScriptHash, ScriptBalance>;

  constructor(modules: IndexModules) {
    super(modules);
    this.#events = modules.store.table(eventsSpec);
    this.#coins = modules.store.table(coinsSpec);
    this.#balances = modules.store.table(balancesSpec);
  }

  /** What happened to a script, in the order of the chain. */
  async *history(script: ScriptHash, range: HistoryRange = {}): AsyncIterable<ScriptEvent> {
    const { fromHeight = 0, limit, reverse = false } = range;
    const rows = this.#events.entries({
      prefix: [script],
      gte: [script, fromHeight, 0],
      reverse,
      ...(limit !== undefined && { limit }),
    });
    for await (const [[, height, position], { txid, delta }] of rows) {
      yield { height, position, txid, delta };
    }
  }

  /** The outputs a script holds. */
  async *coins(script: ScriptHash): AsyncIterable<ScriptCoin> {
    for await (const [[, point], row] of this.#coins.entries({ prefix: [script] })) {
      yield { outpoint: point, ...row };
    }
  }

  /** One read at any length of history; zeros for a script nobody paid to. */
  async balance(script: ScriptHash): Promise<ScriptBalance> {
    return (await this.#balances.get(script)) ?? EMPTY;
  }

  protected override async connectWrites(block: Block, ref: BlockRef): Promise<Write[]> {
    return this.#writes(block, ref, 1n);
  }

  protected override async disconnectWrites(block: Block, ref: BlockRef): Promise<Write[]> {
    return this.#writes(block, ref, -1n);
  }

  /** Rows of `block`, made (`sign` 1) or taken back (-1). */
  async #writes(block: Block, ref: BlockRef, sign: 1n | -1n): Promise<Write[]> {
    // Outputs that can never be spent: of genesis, and of the coinbases that were repeated (BIP30).
    if (ref.height === 0 || isOverwritten(ref)) return [];
    const spent = await this.spentCoins(block, ref);
    const writes: Write[] = [];
    const sums = new Map<ScriptHash, { balance: Sats; received: Sats; txCount: number }>();
    // Backwards in the same order of effects: what a transaction makes, a later one may spend.
    const order = sign === 1n ? block.txs.keys() : [...block.txs.keys()].reverse();
    for (const position of order) {
      const touched = this.#touch(block, position, ref, spent[position] ?? [], sign, writes);
      for (const [script, { delta, received }] of touched) {
        const key: EventKey = [script, ref.height, position];
        const txid = block.txs[position]?.txid as Txid;
        writes.push(
          sign === 1n ? this.#events.put(key, { txid, delta, received }) : this.#events.del(key),
        );
        const sum = sums.get(script) ?? { balance: 0n, received: 0n, txCount: 0 };
        sum.balance += sign * delta;
        sum.received += sign * received;
        sum.txCount += Number(sign);
        sums.set(script, sum);
      }
    }
    const scripts = [...sums.keys()];
    const rows = await this.#balances.getMany(scripts);
    for (const [i, script] of scripts.entries()) {
      const row = rows[i] ?? EMPTY;
      const sum = sums.get(script) ?? EMPTY;
      const txCount = row.txCount + sum.txCount;
      const balance = row.balance + sum.balance;
      const received = row.received + sum.received;
      writes.push(
        txCount > 0
          ? this.#balances.put(script, { balance, received, txCount })
          : this.#balances.del(script),
      );
    }
    return writes;
  }

  /** Writes the coins one transaction moves; says by how much it changes each script. */
  #touch(
    block: Block,
    position: number,
    { height }: BlockRef,
    spent: readonly Coin[],
    sign: 1n | -1n,
    writes: Write[],
  ): Map<ScriptHash, { delta: Sats; received: Sats }> {
    const tx = block.txs[position];
    const touched = new Map<ScriptHash, { delta: Sats; received: Sats }>();
    if (!tx) return touched;
    const created: [CoinKey, CoinRow][] = [];
    const removed: [CoinKey, CoinRow][] = [];
    const entryOf = (script: ScriptHash) => {
      const entry = touched.get(script) ?? { delta: 0n, received: 0n };
      touched.set(script, entry);
      return entry;
    };
    for (const [i, { output, height: madeAt, coinbase }] of spent.entries()) {
      const prevout = tx.inputs[i]?.prevout as OutPoint;
      const script = scriptHashOf(output.scriptPubKey);
      entryOf(script).delta -= output.value;
      removed.push([[script, prevout], { value: output.value, height: madeAt, coinbase }]);
    }
    for (const [vout, { value, scriptPubKey }] of tx.outputs.entries()) {
      if (isUnspendable(scriptPubKey)) continue;
      const script = scriptHashOf(scriptPubKey);
      const entry = entryOf(script);
      entry.delta += value;
      entry.received += value;
      const key: CoinKey = [script, { txid: tx.txid, vout }];
      created.push([key, { value, height, coinbase: tx.isCoinbase }]);
    }
    const [gone, come] = sign === 1n ? [removed, created] : [created, removed];
    for (const [key] of gone) writes.push(this.#coins.del(key));
    for (const [key, row] of come) writes.push(this.#coins.put(key, row));
    return touched;
  }

  protected override tables() {
    return [this.#events, this.#coins, this.#balances];
  }
}
