/**
 * The block filter index (`-blockfilterindex=basic`): the filter of every block that was ever active,
 * its hash and its header. Rows are named by height and hash, so those of a branch that lost stay.
 */
import type { BlockRef } from '@coind/consensus';
import { type Block, type BlockHash, ZERO_HASH } from '@coind/primitives';
import {
  bytes,
  hash32,
  struct,
  type Table,
  type TableSpec,
  tuple,
  u32be,
  type Write,
} from '@coind/store';
import { encodeFilter, filterElements, filterHash, filterHeader } from './block-filter.ts';
import { ChainIndex, type IndexModules } from './chain-index.ts';

/** What clients check filters by, display-order hex. */
export interface FilterHashes {
  /** Of the filter itself. */
  readonly filterHash: string;
  /** Of the filter on top of all before it. */
  readonly header: string;
}

type Key = readonly [height: number, block: BlockHash];
const key = tuple<Key>(u32be, hash32<BlockHash>());

const filters: TableSpec<Key, Uint8Array> = {
  prefix: 'f',
  key,
  value: bytes,
  about: 'The basic filter of a block.',
};

const headers: TableSpec<Key, FilterHashes> = {
  prefix: 'h',
  key,
  value: struct<FilterHashes>({ filterHash: hash32(), header: hash32() }),
  about: 'The hash and the header of a filter.',
};

/** Basic filters by block. */
export class FilterIndex extends ChainIndex {
  override readonly name = 'basic block filter index';
  readonly #filters: Table<Key, Uint8Array>;
  readonly #headers: Table<Key, FilterHashes>;

  constructor(modules: IndexModules) {
    super(modules);
    this.#filters = modules.store.table(filters);
    this.#headers = modules.store.table(headers);
  }

  /** The filter of a block; undefined when the block never was active. */
  filter({ height, hash }: BlockRef): Promise<Uint8Array | undefined> {
    return this.#filters.get([height, hash]);
  }

  /** Hash and header of the filter of a block. */
  hashes({ height, hash }: BlockRef): Promise<FilterHashes | undefined> {
    return this.#headers.get([height, hash]);
  }

  protected override async connectWrites(block: Block, ref: BlockRef): Promise<Write[]> {
    const elements = filterElements(block, await this.spentCoins(block, ref));
    const filter = encodeFilter(ref.hash, elements);
    const hash = filterHash(filter);
    const header = filterHeader(hash, await this.#headerBefore(block, ref));
    const row: Key = [ref.height, ref.hash];
    return [this.#filters.put(row, filter), this.#headers.put(row, { filterHash: hash, header })];
  }

  protected override async disconnectWrites(): Promise<Write[]> {
    return [];
  }

  async #headerBefore({ header }: Block, { height }: BlockRef): Promise<string> {
    if (height === 0) return ZERO_HASH;
    const hashes = await this.#headers.get([height - 1, header.prevHash]);
    if (!hashes) throw new Error(`no filter header for ${header.prevHash}`);
    return hashes.header;
  }

  protected override tables() {
    return [this.#filters, this.#headers];
  }
}
