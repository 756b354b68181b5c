/**
 * The coin statistics index (`-coinstatsindex`): what `gettxoutsetinfo` says of the UTXO set as of any
 * block, without walking the set. Sums run on from block to block, and so does the set's MuHash; what
 * can never be spent is counted apart, by its reason.
 */
import {
  addCoin,
  type BlockRef,
  bogoSize,
  type Coin,
  isOverwritten,
  MuHash,
  removeCoin,
  subsidy,
} from '@coind/consensus';
import type { Block, BlockHash, ChainParams, OutPoint, Sats } from '@coind/primitives';
import { isUnspendable } from '@coind/script';
import {
  bytes,
  hash32,
  i64be,
  type PartCodec,
  part,
  struct,
  type Table,
  type TableSpec,
  tuple,
  u32be,
  u64be,
  uint,
  unit,
  type Write,
} from '@coind/store';
import { ChainIndex, type IndexModules } from './chain-index.ts';

/** The set as of a block, and sums over all blocks up to it. */
export interface CoinStats {
  /** Coins of the set. */
  readonly txouts: number;
  readonly bogosize: number;
  readonly totalAmount: Sats;
  /** MuHash of the set, display-order hex. */
  readonly muhash: string;
  /** What all blocks up to here were allowed to create. */
  readonly subsidy: Sats;
  readonly prevoutSpent: Sats;
  readonly coinbase: Sats;
  readonly newOutputsExCoinbase: Sats;
  readonly unspendableGenesis: Sats;
  readonly unspendableBip30: Sats;
  readonly unspendableScripts: Sats;
  readonly unclaimedRewards: Sats;
}

/** Sums of all money that ever moved outgrow 64 bits. */
const u128be: PartCodec<bigint> = part(
  (writer, value) => {
    u64be.put(writer, value >> 64n);
    u64be.put(writer, BigInt.asUintN(64, value));
  },
  (reader) => (u64be.take(reader) << 64n) | u64be.take(reader),
  16,
);

type Key = readonly [height: number, block: BlockHash];

const statsSpec: TableSpec<Key, CoinStats> = {
  prefix: 's',
  key: tuple<Key>(u32be, hash32<BlockHash>()),
  value: struct<CoinStats>({
    txouts: uint,
    bogosize: uint,
    totalAmount: i64be,
    muhash: hash32(),
    subsidy: i64be,
    prevoutSpent: u128be,
    coinbase: u128be,
    newOutputsExCoinbase: u128be,
    unspendableGenesis: i64be,
    unspendableBip30: i64be,
    unspendableScripts: i64be,
    unclaimedRewards: i64be,
  }),
  about: 'Statistics of the UTXO set as of a block.',
};

const muhashSpec: TableSpec<undefined, Uint8Array> = {
  prefix: 'm',
  key: unit,
  value: bytes,
  about: 'The running MuHash at the position, to go on from.',
};

const NOTHING: CoinStats = {
  txouts: 0,
  bogosize: 0,
  totalAmount: 0n,
  muhash: '',
  subsidy: 0n,
  prevoutSpent: 0n,
  coinbase: 0n,
  newOutputsExCoinbase: 0n,
  unspendableGenesis: 0n,
  unspendableBip30: 0n,
  unspendableScripts: 0n,
  unclaimedRewards: 0n,
};

/** Sums that are being added to. */
type Sums = { -readonly [Name in keyof CoinStats]: CoinStats[Name] };

/** What `stats` counts as unspendable, for whatever reason. */
export function totalUnspendable(stats: CoinStats): Sats {
  return (
    stats.unspendableGenesis +
    stats.unspendableBip30 +
    stats.unspendableScripts +
    stats.unclaimedRewards
  );
}

/** Statistics by block. */
export class CoinStatsIndex extends ChainIndex {
  override readonly name = 'coinstatsindex';
  readonly #params: ChainParams;
  readonly #stats: Table<Key, CoinStats>;
  readonly #muhashes: Table<undefined, Uint8Array>;

  constructor(params: ChainParams, modules: IndexModules) {
    super(modules);
    this.#params = params;
    this.#stats = modules.store.table(statsSpec);
    this.#muhashes = modules.store.table(muhashSpec);
  }

  /** The statistics as of a block; undefined when it never was active. */
  async stats({ height, hash }: BlockRef): Promise<CoinStats | undefined> {
    return this.#stats.get([height, hash]);
  }

  /** The statistics just before a block: nothing for genesis. */
  async statsBefore(ref: BlockRef): Promise<CoinStats | undefined> {
    if (ref.height === 0) return NOTHING;
    const parent = this.chain.info(ref.hash)?.header.prevHash;
    return parent && this.stats({ hash: parent, height: ref.height - 1 });
  }

  protected override async connectWrites(block: Block, ref: BlockRef): Promise<Write[]> {
    const { height } = ref;
    const before =
      height === 0 ? NOTHING : await this.#stats.get([height - 1, block.header.prevHash]);
    if (!before) throw new Error(`no statistics of ${block.header.prevHash}`);
    const sums: Sums = { ...before };
    const reward = subsidy(height, this.#params);
    sums.subsidy += reward;
    const muhash = await this.#muhash();
    if (height === 0) {
      sums.unspendableGenesis += reward;
    } else if (isOverwritten(ref)) {
      // Such a block has a coinbase and nothing else: its outputs were never in the set for long.
      sums.unspendableBip30 += reward;
    } else {
      await addCreated(sums, muhash, block, height);
      await addSpent(sums, muhash, block, await this.spentCoins(block, ref));
    }
    sums.unclaimedRewards +=
      sums.prevoutSpent +
      sums.subsidy -
      (sums.newOutputsExCoinbase + sums.coinbase + totalUnspendable(sums));
    sums.muhash = muhash.digest();
    return [
      this.#stats.put([height, ref.hash], sums),
      this.#muhashes.put(undefined, muhash.encode()),
    ];
  }

  protected override async disconnectWrites(block: Block, ref: BlockRef): Promise<Write[]> {
    const muhash = await this.#muhash();
    if (!isOverwritten(ref)) {
      const spent = await this.spentCoins(block, ref);
      await inTurns(createdCoins(block, ref.height), (coin) => removeCoin(muhash, ...coin));
      await inTurns(spentPairs(block, spent), (coin) => addCoin(muhash, ...coin));
    }
    return [this.#muhashes.put(undefined, muhash.encode())];
  }

  async #muhash(): Promise<MuHash> {
    const encoded = await this.#muhashes.get(undefined);
    return encoded ? MuHash.decode(encoded) : new MuHash();
  }

  protected override tables() {
    return [this.#stats, this.#muhashes];
  }
}

function* createdCoins(block: Block, height: number): Iterable<[OutPoint, Coin]> {
  for (const tx of block.txs) {
    for (const [vout, output] of tx.outputs.entries()) {
      if (isUnspendable(output.scriptPubKey)) continue;
      yield [
        { txid: tx.txid, vout },
        { output, height, coinbase: tx.isCoinbase },
      ];
    }
  }
}

function* spentPairs(
  block: Block,
  spent: readonly (readonly Coin[])[],
): Iterable<[OutPoint, Coin]> {
  for (const [i, coins] of spent.entries()) {
    const inputs = block.txs[i]?.inputs ?? [];
    for (const [j, coin] of coins.entries()) {
      const prevout = inputs[j]?.prevout;
      if (prevout) yield [prevout, coin];
    }
  }
}

/** Coins hashed before others get a turn: each costs as much as a small request. */
const COINS_PER_TURN = 256;

/** Does `work` for each coin without keeping the whole node waiting for a big block. */
async function inTurns(
  coins: Iterable<[OutPoint, Coin]>,
  work: (coin: [OutPoint, Coin]) => void,
): Promise<void> {
  let count = 0;
  for (const coin of coins) {
    work(coin);
    if (++count % COINS_PER_TURN === 0) await new Promise(setImmediate);
  }
}

async function addCreated(sums: Sums, muhash: MuHash, block: Block, height: number): Promise<void> {
  await inTurns(createdCoins(block, height), ([outpoint, coin]) => {
    const { value, scriptPubKey } = coin.output;
    addCoin(muhash, outpoint, coin);
    if (coin.coinbase) sums.coinbase += value;
    else sums.newOutputsExCoinbase += value;
    sums.txouts++;
    sums.totalAmount += value;
    sums.bogosize += bogoSize(scriptPubKey);
  });
  for (const { outputs } of block.txs) {
    for (const { value, scriptPubKey } of outputs) {
      if (isUnspendable(scriptPubKey)) sums.unspendableScripts += value;
    }
  }
}

async function addSpent(
  sums: Sums,
  muhash: MuHash,
  block: Block,
  spent: readonly (readonly Coin[])[],
): Promise<void> {
  await inTurns(spentPairs(block, spent), ([outpoint, coin]) => {
    const { value, scriptPubKey } = coin.output;
    removeCoin(muhash, outpoint, coin);
    sums.prevoutSpent += value;
    sums.txouts--;
    sums.totalAmount -= value;
    sums.bogosize -= bogoSize(scriptPubKey);
  });
}
