/**
 * A chain and mempool small enough to read, for the wallet's tests: it keeps blocks, coins and
 * unconfirmed transactions, verifies scripts and amounts, and tells its follower in order. It checks no
 * other rule.
 */
import type { BlockRef, Coin } from '@coind/consensus';
import {
  Block,
  type BlockHash,
  BlockHeader,
  type ChainParams,
  chainParams,
  type FeeRate,
  feeRate,
  type OutPoint,
  outpointKey,
  Tx,
  type TxInput,
  type Txid,
  type TxOutput,
  ZERO_TXID,
} from '@coind/primitives';
import {
  buildScript,
  decodeAddress,
  PrecomputedTx,
  STANDARD_FLAGS,
  TxChecker,
  verifyScript,
} from '@coind/script';
import { memoryStore, type Store } from '@coind/store';
import type {
  BroadcastOutcome,
  BumpFees,
  ChainSource,
  SourceTip,
  TxFollower,
} from './chain-source.ts';
import type { Randomness, WalletOptions } from './context.ts';
import type { Wallet } from './wallet.ts';
import { type CreateOptions, defaultWalletOptions, Wallets } from './wallets.ts';

const SUBSIDY = 5_000_000_000n;

function apply(coins: Map<string, Coin>, tx: Tx, height: number): void {
  for (const { prevout } of tx.inputs) coins.delete(outpointKey(prevout));
  tx.outputs.forEach((output, vout) => {
    const key = outpointKey({ txid: tx.txid, vout });
    coins.set(key, { output, height, coinbase: tx.isCoinbase });
  });
}

/** The chain. */
export class FakeChain implements ChainSource {
  readonly params = chainParams('regtest') as ChainParams;
  readonly minRelayFeeRate: FeeRate = feeRate(100n);
  /** What the node estimates for every target. */
  estimate: FeeRate | undefined;
  readonly incrementalFeeRate: FeeRate = feeRate(100n);
  readonly dustRelayFeeRate: FeeRate = feeRate(3000n);
  time = 1_700_000_000;
  /** Blocks that a follower which catches up is given at once. */
  catchUpBlocks = 64;
  readonly #blocks: Block[] = [this.params.genesis];
  readonly #sides = new Map<BlockHash, Block>();
  readonly #mempool = new Map<Txid, Tx>();
  readonly #followers = new Set<TxFollower>();
  #salt = 0;
  #known: Map<string, Coin> | undefined;

  tip(): SourceTip {
    const height = this.#blocks.length - 1;
    const { header } = this.#blocks[height] as Block;
    return { hash: header.hash, height, time: header.time, medianTimePast: header.time };
  }

  now(): number {
    return this.time;
  }

  async block(hash: BlockHash): Promise<Block | undefined> {
    return this.#blocks.find((block) => block.hash === hash) ?? this.#sides.get(hash);
  }

  refAt(height: number): BlockRef | undefined {
    const block = this.#blocks[height];
    return block && { hash: block.hash, height };
  }

  /** Blocks below are said to be missing. */
  missingBelow = 0;

  wholeFrom() {
    return { height: this.missingBelow, awaited: false };
  }

  heightOf(hash: BlockHash): number | undefined {
    const height = this.#blocks.findIndex((block) => block.hash === hash);
    return height < 0 ? undefined : height;
  }

  headerTime(hash: BlockHash): number | undefined {
    return this.#blocks.find((block) => block.hash === hash)?.header.time;
  }

  feeRate(): FeeRate | undefined {
    return this.estimate;
  }

  minFeeRate(): FeeRate {
    return this.minRelayFeeRate;
  }

  readonly chainLimit = 25;

  spender({ txid, vout }: OutPoint): Txid | undefined {
    const spends = ({ prevout }: TxInput) => prevout.txid === txid && prevout.vout === vout;
    return [...this.#mempool.values()].find(({ inputs }) => inputs.some(spends))?.txid;
  }

  /** Nobody's ancestors pay too little here. */
  bumpFees(): BumpFees {
    return { of: () => 0n, combined: () => 0n };
  }

  chainLength(txids: Iterable<Txid>): number {
    const found = new Set([...txids].filter((txid) => this.#mempool.has(txid)));
    const pool = [...this.#mempool.values()];
    for (const txid of found) {
      for (const tx of pool) {
        const spent = tx.inputs.map(({ prevout }) => prevout.txid);
        if (tx.txid === txid)
          for (const parent of spent) if (this.#mempool.has(parent)) found.add(parent);
        if (spent.includes(txid)) found.add(tx.txid);
      }
    }
    return found.size;
  }

  inMempool(txid: Txid): boolean {
    return this.#mempool.has(txid);
  }

  mempoolTxs(): Iterable<Tx> {
    return this.#mempool.values();
  }

  /** Unspent outputs of chain and mempool; made anew after anything but a broadcast. */
  #coins(): Map<string, Coin> {
    if (this.#known) return this.#known;
    const coins = new Map<string, Coin>();
    this.#blocks.forEach((block, height) => {
      for (const tx of block.txs) apply(coins, tx, height);
    });
    for (const tx of this.#mempool.values()) apply(coins, tx, this.#blocks.length);
    this.#known = coins;
    return coins;
  }

  async coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]> {
    const coins = this.#coins();
    return outpoints.map(
      (outpoint) => coins.get(outpointKey(outpoint)) ?? this.#lentCoin(outpoint),
    );
  }

  /** A coin that something in the mempool spends: a signer may still want to know it. */
  #lentCoin({ txid, vout }: OutPoint): Coin | undefined {
    const isSpent = [...this.#mempool.values()].some(({ inputs }) =>
      inputs.some(({ prevout }) => prevout.txid === txid && prevout.vout === vout),
    );
    if (!isSpent) return undefined;
    const height = this.#blocks.findIndex((block) => block.txs.some((tx) => tx.txid === txid));
    const tx =
      this.#mempool.get(txid) ?? this.#blocks[height]?.txs.find((one) => one.txid === txid);
    const output = tx?.outputs[vout];
    return output && { output, height, coinbase: tx?.isCoinbase === true };
  }

  /** Throws out what `tx` replaces: all of it signals, and leaves more to its recipients. */
  async #replace(tx: Tx): Promise<void> {
    const spends = new Set(tx.inputs.map(({ prevout }) => outpointKey(prevout)));
    const paid = ({ outputs }: Tx) => outputs.reduce((sum, { value }) => sum + value, 0n);
    for (const old of [...this.#mempool.values()]) {
      const conflicts = old.inputs.some(({ prevout }) => spends.has(outpointKey(prevout)));
      const signals = old.inputs.some(({ sequence }) => sequence <= 0xfffffffd);
      if (!conflicts || !signals || paid(old) <= paid(tx)) continue;
      this.#mempool.delete(old.txid);
      this.#known = undefined;
      for (const follower of this.#followers) await follower.txRemoved(old, 'replaced');
    }
  }

  async follow(follower: TxFollower): Promise<() => Promise<void>> {
    let position = await follower.position();
    while (position && this.heightOf(position.hash) === undefined) {
      const block = (await this.block(position.hash)) as Block;
      await follower.disconnect(block, position);
      position = await follower.position();
    }
    const first = (position?.height ?? -1) + 1;
    const steps = this.#blocks
      .slice(first)
      .map((block, nth) => ({ block, ref: { hash: block.hash, height: first + nth } }));
    for (let nth = 0; nth < steps.length; nth += this.catchUpBlocks) {
      await follower.connectAll?.(steps.slice(nth, nth + this.catchUpBlocks));
    }
    this.#followers.add(follower);
    return async () => void this.#followers.delete(follower);
  }

  async broadcast(tx: Tx): Promise<BroadcastOutcome> {
    if (this.#mempool.has(tx.txid)) return { accepted: true };
    const refuse = (reason: string): BroadcastOutcome => ({ accepted: false, reason });
    await this.#replace(tx);
    const coins = this.#coins();
    const spent: TxOutput[] = [];
    for (const { prevout } of tx.inputs) {
      const coin = coins.get(outpointKey(prevout));
      if (!coin) return refuse('bad-txns-inputs-missingorspent');
      if (coin.coinbase && this.#blocks.length - coin.height < 100) return refuse('immature');
      spent.push(coin.output);
    }
    const total = (outputs: readonly TxOutput[]) => outputs.reduce((sum, o) => sum + o.value, 0n);
    const fee = total(spent) - total(tx.outputs);
    if (fee < BigInt(tx.vsize) / 10n) return refuse('min relay fee not met');
    const precomputed = new PrecomputedTx(tx, spent);
    for (const [index, input] of tx.inputs.entries()) {
      const output = spent[index] as TxOutput;
      const checker = new TxChecker(tx, index, output.value, precomputed);
      try {
        const { scriptSig, witness } = input;
        verifyScript(scriptSig, output.scriptPubKey, witness, STANDARD_FLAGS, checker);
      } catch (error) {
        return refuse(String(error));
      }
    }
    this.#mempool.set(tx.txid, tx);
    apply(coins, tx, this.#blocks.length);
    for (const follower of this.#followers) await follower.txAdded(tx);
    return { accepted: true };
  }

  /** Throws an unconfirmed transaction out. */
  async evict(txid: Txid): Promise<void> {
    const tx = this.#mempool.get(txid);
    if (!tx) return;
    this.#mempool.delete(txid);
    this.#known = undefined;
    for (const follower of this.#followers) await follower.txRemoved(tx, 'expiry');
  }

  /** Mines `txs` (the mempool unless told otherwise) with the subsidy to an address. */
  async mine(address: string, txs: readonly Tx[] = [...this.#mempool.values()]): Promise<Block> {
    const height = this.#blocks.length;
    const coinbase = new Tx({
      version: 2,
      inputs: [
        {
          prevout: { txid: ZERO_TXID, vout: 0xffffffff },
          scriptSig: buildScript([BigInt(height), BigInt(this.#salt++)]),
          sequence: 0xffffffff,
          witness: [],
        },
      ],
      outputs: [{ value: SUBSIDY, scriptPubKey: decodeAddress(address, this.params) }],
      locktime: 0,
    });
    const header = new BlockHeader({
      version: 4,
      prevHash: this.tip().hash,
      merkleRoot: coinbase.txid,
      time: this.time,
      bits: 0x207fffff,
      nonce: this.#salt,
    });
    const block = new Block(header, [coinbase, ...txs]);
    this.#blocks.push(block);
    this.#known = undefined;
    const spent = new Set(txs.flatMap((tx) => tx.inputs.map((i) => outpointKey(i.prevout))));
    for (const [txid, tx] of this.#mempool) {
      const conflicts = tx.inputs.some(({ prevout }) => spent.has(outpointKey(prevout)));
      if (!txs.includes(tx) && !conflicts) continue;
      this.#mempool.delete(txid);
      if (txs.includes(tx)) continue;
      for (const follower of this.#followers) await follower.txRemoved(tx, 'conflict');
    }
    for (const follower of this.#followers) {
      await follower.connect(block, { hash: block.hash, height });
    }
    return block;
  }

  /** The chain as it stands, to come back to: what a copy of the chain's files would be. */
  fork(): FakeChain {
    const copy = new FakeChain();
    copy.#blocks.push(...this.#blocks.slice(1));
    copy.#salt = this.#salt;
    return copy;
  }

  /** Becomes another chain, with an empty mempool; nobody is told, as when files are exchanged. */
  becomes(other: FakeChain): void {
    this.#blocks.splice(0, this.#blocks.length, ...other.#blocks);
    this.#sides.clear();
    this.#mempool.clear();
    this.#known = undefined;
    this.#salt += 1_000_000;
  }

  /** Takes the tip back; its transactions return to the mempool. */
  async disconnect(): Promise<Block> {
    const block = this.#blocks.pop() as Block;
    this.#known = undefined;
    this.#sides.set(block.hash, block);
    const ref = { hash: block.hash, height: this.#blocks.length };
    for (const follower of this.#followers) await follower.disconnect(block, ref);
    for (const tx of block.txs.slice(1)) await this.broadcast(tx);
    return block;
  }
}

/** Wallets over a fake chain, stores in memory. A wallet that is unloaded can be loaded again. */
export function fakeWallets(
  chain: FakeChain,
  options: Partial<WalletOptions> = {},
  stores = new Map<string, Store>(),
  random?: Randomness,
): { wallets: Wallets; errors: unknown[]; lines: string[]; stores: Map<string, Store> } {
  const errors: unknown[] = [];
  const lines: string[] = [];
  const settings = {
    ...defaultWalletOptions,
    keypool: 10,
    // A guess may be cheap where nothing is to be protected.
    kdfCost: { cost: 16, blockSize: 8, parallelization: 1 },
    fallbackFeeRate: feeRate(20_000n),
    ...options,
  };
  const wallets = new Wallets(settings, {
    source: chain,
    storeFor: async (name) => {
      const store = stores.get(name) ?? memoryStore();
      stores.set(name, store);
      return keptOpen(store);
    },
    draftFor: async (name) => {
      const store = memoryStore();
      const keep = async () => {
        stores.set(name, store);
        return keptOpen(store);
      };
      return { store, keep, discard: () => store.close() };
    },
    exists: async (name) => stores.has(name),
    log: { info: (line) => void lines.push(line), debug: () => undefined },
    onError: (error) => void errors.push(error),
    ...(random && { random }),
  });
  return { wallets, errors, lines, stores };
}

/** Memory lives in the store, so closing a wallet must not close it. */
function keptOpen(store: Store): Store {
  return {
    table: (spec) => store.table(spec),
    commit: (writes, options) => store.commit(writes, options),
    compact: () => store.compact(),
    close: async () => {},
  };
}

/** An address of nobody. */
export const FOREIGN = 'mm84jYsZfVpcgEoQ6dym7mEyUdB1wWtPZs';

/** A wallet with `coins` mature coinbase coins of 50 in the account `account`. */
export async function fundedWallet(
  coins: number,
  {
    account = '',
    ...options
  }: { account?: string; create?: CreateOptions } & Partial<WalletOptions> = {},
): Promise<{
  chain: FakeChain;
  wallet: Wallet;
  wallets: Wallets;
  errors: unknown[];
  stores: Map<string, Store>;
}> {
  const { create, ...rest } = options;
  const chain = new FakeChain();
  const { wallets, errors, stores } = fakeWallets(chain, rest);
  const wallet = await wallets.create('w', create);
  const address = await wallet.newAddress({ label: account });
  for (let i = 0; i < coins; i++) await chain.mine(address);
  for (let i = 0; i < 100; i++) await chain.mine(FOREIGN);
  return { chain, wallet, wallets, errors, stores };
}

/** A backup as one array. */
export async function backupBytes(wallet: Wallet): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of await wallet.backup()) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}
