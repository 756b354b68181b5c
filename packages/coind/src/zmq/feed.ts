/**
 * What is published over ZeroMQ, in bitcoind's order: for a block its transactions, then that it came (C) or went
 * (D), and for a new tip the block itself; for a transaction of the mempool that it entered (A) or left (R).
 */
import type { Chain } from '@coind/chain';
import type { MempoolListener, RemovalReason } from '@coind/mempool';
import { type Block, hexToBytes, type Tx } from '@coind/primitives';
import type { Channel, Zmq } from './zmq.ts';

type Label = 'A' | 'C' | 'D' | 'R';

/** Publishes what the mempool tells: it hears of blocks too, in the order in which things happen to it. */
export class ZmqFeed implements MempoolListener {
  readonly #chain: Chain;
  readonly #hashBlock: readonly Channel[];
  readonly #hashTx: readonly Channel[];
  readonly #rawBlock: readonly Channel[];
  readonly #rawTx: readonly Channel[];
  readonly #sequence: readonly Channel[];
  /** Work of the tip that is being left for another branch. */
  #leftWork: bigint | undefined;
  /** Blocks of that other branch, until the mempool is through with it. */
  #arriving: Block[] = [];

  constructor(zmq: Pick<Zmq, 'channels'>, { chain }: { readonly chain: Chain }) {
    this.#chain = chain;
    this.#hashBlock = zmq.channels('hashblock');
    this.#hashTx = zmq.channels('hashtx');
    this.#rawBlock = zmq.channels('rawblock');
    this.#rawTx = zmq.channels('rawtx');
    this.#sequence = zmq.channels('sequence');
  }

  txAdded(tx: Tx, _entry: unknown, sequence: number): void {
    this.#tx(tx);
    this.#label(tx.txid, 'A', sequence);
  }

  txRemoved(tx: Tx, reason: RemovalReason, sequence: number): void {
    if (reason !== 'block') this.#label(tx.txid, 'R', sequence);
  }

  blockLost(block: Block): void {
    this.#leftWork ??= this.#workOf(block);
    this.#transactions(block);
    this.#label(block.hash, 'D');
  }

  blockTaken(block: Block): void {
    if (this.#leftWork === undefined) this.#newTip([block]);
    else this.#arriving.push(block);
  }

  tipSettled(): void {
    const blocks = this.#arriving;
    const left = this.#leftWork ?? 0n;
    this.#arriving = [];
    this.#leftWork = undefined;
    // On the way over to another branch there is no tip until it has more work than the old one had.
    const better = blocks.findIndex((block) => this.#workOf(block) > left);
    const crossing = better < 0 ? blocks.length : better + 1;
    if (crossing > 0) this.#newTip(blocks.slice(0, crossing));
    for (const block of blocks.slice(crossing)) this.#newTip([block]);
  }

  /** Blocks that came in one step, of which the last is the tip. */
  #newTip(blocks: readonly Block[]): void {
    for (const block of blocks) this.connected(block);
    const tip = blocks.at(-1);
    if (!tip || this.#chain.initialDownload) return;
    for (const channel of this.#hashBlock) channel.send(() => hexToBytes(tip.hash));
    for (const channel of this.#rawBlock) channel.send(() => tip.encode());
  }

  /** A block has joined the chain. */
  connected(block: Block): void {
    this.#transactions(block);
    this.#label(block.hash, 'C');
  }

  #transactions({ txs }: Block): void {
    if (this.#hashTx.length + this.#rawTx.length === 0) return;
    for (const tx of txs) this.#tx(tx);
  }

  #tx(tx: Tx): void {
    for (const channel of this.#hashTx) channel.send(() => hexToBytes(tx.txid));
    for (const channel of this.#rawTx) channel.send(() => tx.encode());
  }

  #label(hash: string, label: Label, sequence?: number): void {
    for (const channel of this.#sequence) channel.send(() => labelled(hash, label, sequence));
  }

  #workOf(block: Block): bigint {
    return this.#chain.info(block.hash)?.chainwork ?? 0n;
  }
}

/** Hash in display order, letter, and the number of the mempool's change. */
function labelled(hash: string, label: Label, sequence: number | undefined): Uint8Array {
  const bytes = new Uint8Array(sequence === undefined ? 33 : 41);
  bytes.set(hexToBytes(hash));
  bytes[32] = label.charCodeAt(0);
  if (sequence !== undefined) {
    new DataView(bytes.buffer).setBigUint64(33, BigInt(sequence), true);
  }
  return bytes;
}
