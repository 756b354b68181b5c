/**
 * The spender index (`-txospenderindex`): which transaction of the active chain spent an output. Rows
 * of blocks that left the chain are taken back, because another transaction may spend it there.
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

/** Transactions by the outputs they spend. */
export class SpenderIndex extends ChainIndex {
  override readonly name = 'txospenderindex';
  readonly #spenders: Table<OutPoint, TxPosition>;

  constructor(modules: IndexModules) {
    super(modules);
    this.#spenders = modules.store.table(spenders);
  }

  /** The transaction of the active chain that spends `prevout`. */
  async find(prevout: OutPoint): Promise<IndexedTx | undefined> {
    const position = await this.#spenders.get(prevout);
    const tx = position && (await readTx(this.chain, position));
    return position && tx && { tx, block: position.block };
  }

  protected override async connectWrites(block: Block, ref: BlockRef): Promise<Write[]> {
    return this.#writes(block, (prevout, offset) =>
      this.#spenders.put(prevout, { block: ref.hash, offset }),
    );
  }

  protected override async disconnectWrites(block: Block): Promise<Write[]> {
    return this.#writes(block, (prevout) => this.#spenders.del(prevout));
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
    return [this.#spenders];
  }
}
