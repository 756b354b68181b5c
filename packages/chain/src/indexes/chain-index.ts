/**
 * What every index has in common. An index is a follower with a store of its own: each block's rows
 * and the position go in one batch, so it resumes where it stood and lives through reorganisations.
 * What the rows are is said by the files beside this one.
 */
import type { BlockRef, Coin, Follower } from '@coind/consensus';
import type { Block } from '@coind/primitives';
import { hash32, type Store, struct, type Table, type TableSpec, u32be, unit } from '@coind/store';
import type { Chain } from '../chain.ts';

/** Version of the tables of all indexes; a directory of another one is built anew. */
export const INDEX_SCHEMA = 1;

/** What an index asks of the chain. */
export type IndexedChain = Pick<Chain, 'tip' | 'info' | 'blockBytes' | 'undo'>;

/** What an index works with. The store is its alone. */
export interface IndexModules {
  readonly store: Store;
  readonly chain: IndexedChain;
}

/** What `getindexinfo` tells. */
export interface IndexStatus {
  readonly name: string;
  /** True from the first time it stood at the tip. */
  readonly synced: boolean;
  /** 0 while it has no block. */
  readonly height: number;
}

const positionSpec: TableSpec<undefined, BlockRef> = {
  prefix: 'p',
  key: unit,
  value: struct<BlockRef>({ hash: hash32(), height: u32be }),
  about: 'The last block the index has taken in.',
};

/** Changes to the rows of an index, as its store commits them. */
export type IndexWrites = Parameters<Store['commit']>[0];

/** The part of an index that knows where it stands; subclasses say what a block adds. */
export abstract class ChainIndex implements Follower {
  /** As `getindexinfo` calls it. */
  abstract readonly name: string;
  protected readonly store: Store;
  protected readonly chain: IndexedChain;
  readonly #positionTable: Table<undefined, BlockRef>;
  readonly #waiting = new Set<() => void>();
  #position: BlockRef | undefined;
  #synced = false;
  #closed = false;

  constructor({ store, chain }: IndexModules) {
    this.store = store;
    this.chain = chain;
    this.#positionTable = store.table(positionSpec);
    this.#position = this.#positionTable.getSync(undefined);
    this.#noteSynced();
  }

  /** Rows to write and to delete when `block` joins. */
  protected abstract connectWrites(block: Block, ref: BlockRef): Promise<IndexWrites>;

  /** Rows to write and to delete when `block` leaves; most indexes keep what they know of it. */
  protected abstract disconnectWrites(block: Block, ref: BlockRef): Promise<IndexWrites>;

  /** Every table of the index. */
  protected abstract tables(): readonly Pick<Table<unknown, unknown>, 'clear'>[];

  get status(): IndexStatus {
    return { name: this.name, synced: this.#synced, height: this.#position?.height ?? 0 };
  }

  async position(): Promise<BlockRef | undefined> {
    return this.#position;
  }

  async connect(block: Block, ref: BlockRef): Promise<void> {
    await this.#commit(await this.connectWrites(block, ref), ref);
  }

  async disconnect(block: Block, ref: BlockRef): Promise<void> {
    const parent = { hash: block.header.prevHash, height: ref.height - 1 };
    await this.#commit(await this.disconnectWrites(block, ref), parent);
  }

  /** Throws all rows away: the index begins anew at genesis. */
  async reset(): Promise<void> {
    // The position first: a crash in between must leave an index that knows it is empty.
    await this.#positionTable.clear();
    this.#position = undefined;
    this.#synced = false;
    for (const table of this.tables()) await table.clear();
  }

  /**
   * Waits until the index has seen the tip. False at once while it is catching up for the first time,
   * and when it is closed meanwhile.
   */
  async caughtUp(): Promise<boolean> {
    while (this.#synced && !this.#closed) {
      if (this.#position?.hash === this.chain.tip.ref.hash) return true;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    return false;
  }

  /** Lets go of everybody who waits. The store is closed by whoever opened it. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** The coins that `block` spent, by transaction and input; none for the coinbase. */
  protected async spentCoins(
    block: Block,
    { hash }: BlockRef,
  ): Promise<readonly (readonly Coin[])[]> {
    if (block.txs.length === 1) return [[]];
    const undo = await this.chain.undo(hash);
    if (!undo) throw new Error(`no undo record for ${hash}, which ${this.name} needs`);
    return [[], ...undo];
  }

  async #commit(writes: IndexWrites, position: BlockRef): Promise<void> {
    await this.store.commit([...writes, this.#positionTable.put(undefined, position)]);
    this.#position = position;
    this.#noteSynced();
    this.#wake();
  }

  #noteSynced(): void {
    this.#synced ||= this.#position?.hash === this.chain.tip.ref.hash;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
