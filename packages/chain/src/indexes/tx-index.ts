/**
 * The transaction index (`-txindex`): in which block a transaction lies, and where in it. Rows of
 * blocks that left the active chain stay, as bitcoind's do: their transactions can still be shown.
 */
import type { BlockRef } from '@coind/consensus';
import {
  type Block,
  type BlockHash,
  compactSizeLength,
  HEADER_SIZE,
  Reader,
  Tx,
  type Txid,
} from '@coind/primitives';
import { hash32, struct, type Table, type TableSpec, u32be, type Write } from '@coind/store';
import { ChainIndex, type IndexModules } from './chain-index.ts';

/** Where a transaction lies: a block, and the byte of it at which the transaction begins. */
export interface TxPosition {
  readonly block: BlockHash;
  readonly offset: number;
}

const positions: TableSpec<Txid, TxPosition> = {
  prefix: 't',
  key: hash32<Txid>(),
  value: struct<TxPosition>({ block: hash32(), offset: u32be }),
  about: 'The block a transaction was last seen in, and where in it.',
};

/** A transaction with the block it was found in. */
export interface IndexedTx {
  readonly tx: Tx;
  readonly block: BlockHash;
}

/** Each transaction of `block` with the byte at which it begins. */
export function* txOffsets(block: Block): Iterable<[Tx, number]> {
  let offset = HEADER_SIZE + compactSizeLength(block.txs.length);
  for (const tx of block.txs) {
    yield [tx, offset];
    offset += tx.size;
  }
}

/** Reads the transaction at `position`; undefined when the block's body is gone. */
export async function readTx(
  chain: { blockBytes(hash: BlockHash): Promise<Uint8Array | undefined> },
  { block, offset }: TxPosition,
): Promise<Tx | undefined> {
  const bytes = await chain.blockBytes(block);
  return bytes && Tx.read(new Reader(bytes, offset));
}

/** Transactions by their id. */
export class TxIndex extends ChainIndex {
  override readonly name = 'txindex';
  readonly #positions: Table<Txid, TxPosition>;

  constructor(modules: IndexModules) {
    super(modules);
    this.#positions = modules.store.table(positions);
  }

  /** The transaction called `txid` and its block, wherever in the block tree that is. */
  async find(txid: Txid): Promise<IndexedTx | undefined> {
    const position = await this.#positions.get(txid);
    const tx = position && (await readTx(this.chain, position));
    // A row may outlive the body of its block by a crash; then it names something else.
    return position && tx?.txid === txid ? { tx, block: position.block } : undefined;
  }

  protected override async connectWrites(block: Block, ref: BlockRef): Promise<Write[]> {
    // The outputs of genesis cannot be spent, so nobody has a use for its transaction.
    if (ref.height === 0) return [];
    const writes: Write[] = [];
    for (const [{ txid }, offset] of txOffsets(block)) {
      writes.push(this.#positions.put(txid, { block: ref.hash, offset }));
    }
    return writes;
  }

  protected override async disconnectWrites(): Promise<Write[]> {
    return [];
  }

  protected override tables() {
    return [this.#positions];
  }
}
