/** A regtest chain with a pool in memory, and transactions for it that anybody can make. */
import { type Chain, openChain } from '@coind/chain';
import { WITNESS_RESERVED_VALUE, witnessCommitmentOutput } from '@coind/consensus';
import {
  Block,
  type BlockHash,
  BlockHeader,
  type ChainParams,
  COIN,
  chainParams,
  merkleRoot,
  NO_VOUT,
  type OutPoint,
  type Sats,
  sha256,
  Tx,
  ZERO_TXID,
} from '@coind/primitives';
import { buildScript, p2wsh } from '@coind/script';
import { memoryStore } from '@coind/store';
import { createMempool } from './chain-mempool.ts';
import type { Mempool, RemovalReason } from './mempool.ts';
import { type MempoolOptions, mempoolDefaults } from './options.ts';

const regtest = chainParams('regtest') as ChainParams;
/** Anybody can spend it, and it is standard: the witness script is OP_TRUE. */
export const TRUE = new Uint8Array([0x51]);
export const OPEN = p2wsh(sha256(TRUE));
export const START = 1_700_000_000;

export interface Spend {
  readonly fee?: Sats;
  readonly outputs?: number;
  readonly version?: number;
  readonly sequence?: number;
  readonly locktime?: number;
  readonly script?: Uint8Array;
  readonly witness?: readonly Uint8Array[];
}

/** A regtest node's chain and pool in memory, with a clock that the test moves. */
export class Bench {
  readonly chain: Chain;
  readonly mempool: Mempool;
  now = START;
  /** What left the pool and why, as `txid reason`. */
  readonly removed: string[] = [];
  readonly added: string[] = [];
  #extra = 0;

  private constructor(chain: Chain, options: MempoolOptions) {
    this.chain = chain;
    this.mempool = createMempool(options, { chain, clock: { now: () => this.now } });
    this.mempool.follow({
      txAdded: (tx) => this.added.push(tx.txid),
      txRemoved: (tx, reason: RemovalReason) => this.removed.push(`${tx.txid} ${reason}`),
    });
  }

  static async open(options: Partial<MempoolOptions> = {}): Promise<Bench> {
    const clock = { now: () => START + 1_000_000 };
    const chain = await openChain({ params: regtest }, { store: memoryStore(), clock });
    const bench = new Bench(chain, { ...mempoolDefaults, ...options });
    for (let i = 0; i < 110; i++) await bench.mine();
    return bench;
  }

  /** Mines one block on the tip, or on another parent. */
  async mine(txs: readonly Tx[] = [], parent: BlockHash = this.chain.tip.ref.hash): Promise<Block> {
    const { ref, header: before, medianTimePast } = this.chain.headerContext(parent);
    const height = ref.height + 1;
    const input = { prevout: { txid: ZERO_TXID, vout: NO_VOUT }, sequence: 0xffffffff };
    const scriptSig = buildScript([BigInt(height), BigInt(++this.#extra + 1_000)]);
    const reward = { value: 50n * COIN, scriptPubKey: OPEN };
    const coinbase = (outputs: Tx['outputs']) =>
      new Tx({
        version: 2,
        inputs: [{ ...input, scriptSig, witness: [WITNESS_RESERVED_VALUE] }],
        outputs,
        locktime: 0,
      });
    const all = [coinbase([reward, witnessCommitmentOutput([coinbase([]), ...txs])]), ...txs];
    const root = merkleRoot(all.map(({ txid }) => txid)).root;
    const time = Math.max(medianTimePast + 1, this.now);
    for (let nonce = 0; ; nonce++) {
      const { bits } = before;
      const fields = { version: 0x20000000, prevHash: parent, merkleRoot: root, time, bits, nonce };
      const block = new Block(new BlockHeader(fields), all);
      if (block.hash > '7'.padEnd(64, 'f')) continue;
      const outcome = await this.chain.submitBlock(block);
      if (outcome.status === 'invalid') throw outcome.error;
      return block;
    }
  }

  /** The coinbase output of the block at `height`, 50 BTC until it is halved. */
  async reward(height: number): Promise<OutPoint> {
    const hash = this.chain.at(height)?.ref.hash as BlockHash;
    const block = (await this.chain.block(hash)) as Block;
    return { txid: (block.txs[0] as Tx).txid, vout: 0 };
  }

  async submit(tx: Tx): Promise<string> {
    const outcome = await this.mempool.submit(tx);
    return outcome.accepted ? 'accepted' : outcome.error.message;
  }

  async test(tx: Tx): Promise<string> {
    const outcome = await this.mempool.test(tx);
    return outcome.accepted ? 'accepted' : outcome.error.message;
  }

  txids(): string[] {
    return Array.from(this.mempool.entries(), ({ tx }) => tx.txid);
  }
}

/** Spends `coins` of `value` each into equal outputs that anybody can spend. */
export function spend(coins: readonly OutPoint[], value: Sats, options: Spend = {}): Tx {
  const { fee = 1_000n, outputs = 1, version = 2, sequence = 0xfffffffd, locktime = 0 } = options;
  const each = (value * BigInt(coins.length) - fee) / BigInt(outputs);
  return new Tx({
    version,
    inputs: coins.map((prevout) => ({
      prevout,
      scriptSig: new Uint8Array(0),
      sequence,
      witness: options.witness ?? [TRUE],
    })),
    outputs: Array.from({ length: outputs }, () => ({
      value: each,
      scriptPubKey: options.script ?? OPEN,
    })),
    locktime,
  });
}

export const outputOf = (tx: Tx, vout = 0): OutPoint => ({ txid: tx.txid, vout });
export const worthOf = (tx: Tx, vout = 0): Sats => tx.outputs[vout]?.value as Sats;
/** A child that spends one output. */
export const childOf = (tx: Tx, options: Spend = {}, vout = 0): Tx =>
  spend([outputOf(tx, vout)], worthOf(tx, vout), options);
