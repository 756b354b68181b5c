/**
 * The spender index (`-txospenderindex`): which transaction of the active chain spent an output. Rows
 * of blocks that left the chain are taken back when the next one comes, as bitcoind's are: until then
 * the block that left is the last word there is.
 */
import type { BlockRef } from '@coind/consensus';
import type { Block, OutPoint } from '@coind/primitives';
import {
  hash32,
  outpoint,
  struct,
  type Table,
  type TableSpec,
  u32be,
  unit,
  type Write,
} from '@coind/store';
import { ChainIndex, type IndexModules } from './chain-index.ts';
import { type IndexedTx, readTx, type TxPosition, txOffsets } from './tx-index.ts';

const spenders: TableSpec<OutPoint, TxPosition> = {
  prefix: 's',
  key: outpoint,
  value: struct<TxPosition>({ block: hash32(), offset: u32be }),
  about: 'Where the transaction lies that spent an output.',
};

const undone: TableSpec<OutPoint, undefined> = {
  prefix: 'u',
  key: outpoint,
  value: unit,
  about: 'Outputs whose spender left the active chain with its block.',
};

/** Transactions by the outputs they spend. */
export class SpenderIndex extends ChainIndex {
  override readonly name = 'txospenderindex';
  readonly #spenders: Table<OutPoint, TxPosition>;
  readonly #undone: Table<OutPoint, undefined>;

  constructor(modules: IndexModules) {
    super(modules);
    this.#spenders = modules.store.table(spenders);
    this.#undone = modules.store.table(undone);
  }

  /** The transaction of the active chain that spends `prevout`. */
  async find(prevout: OutPoint): Promise<IndexedTx | undefined> {
    const position = await this.#spenders.get(prevout);
    const tx = position && (await readTx(this.chain, position));
    return position && tx && { tx, block: position.block };
  }

  protected override async connectWrites(block: Block, ref: BlockRef): Promise<Write[]> {
    const writes: Write[] = [];
    for await (const [prevout] of this.#undone.entries()) {
      writes.push(this.#spenders.del(prevout), this.#undone.del(prevout));
    }
    const made = this.#writes(block, (prevout, offset) =>
      this.#spenders.put(prevout, { block: ref.hash, offset }),
    );
    return writes.concat(made);
  }

  protected override async disconnectWrites(block: Block): Promise<Write[]> {
    return this.#writes(block, (prevout) => this.#undone.put(prevout, undefined));
  }

  #writes(block: Block, write: (prevout: OutPoint, offset: number) => Write): Write[] {
    const writes: Write[] = [];
    for (const [tx, offset] of txOffsets(block)) {
      if (tx.isCoinbase) continue;
      for (const { prevout } of tx.inputs) writes.push(write(prevout, offset));
    }
    return writes;
  }

  protected override tables() {
    return [this.#spenders, this.#undone];
  }
}
