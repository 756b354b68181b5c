/** Compact block filters for peers (BIP157), as far as the node keeps their index. */
import type { BlockInfo } from '@coind/chain';
import type { BlockHash } from '@coind/primitives';
import type { BlockRelay } from './block-relay.ts';
import type { FilterRange } from './messages.ts';
import type { Peer } from './peer.ts';
import { offers, services } from './services.ts';
import type { Wire } from './wire.ts';

const BASIC = 0;
const MAX_FILTERS = 1000;
const MAX_FILTER_HEADERS = 2000;
const CHECKPOINT_INTERVAL = 1000;

/** One block's filter as the index has it. Hashes in display order. */
export interface BlockFilterRecord {
  readonly filter: Uint8Array;
  readonly filterHash: string;
  readonly header: string;
}

/** The index of filters; undefined while it has not got to a block. */
export interface FilterSource {
  filterOf(hash: BlockHash): Promise<BlockFilterRecord | undefined>;
}

/** Serves filters. */
export class FilterServing {
  readonly #wire: Wire;
  readonly #blocks: BlockRelay;
  readonly #source: FilterSource | undefined;

  constructor(wire: Wire, blocks: BlockRelay, source: FilterSource | undefined) {
    this.#wire = wire;
    this.#blocks = blocks;
    this.#source = source;
  }

  async receiveGetcfilters(peer: Peer, range: FilterRange): Promise<void> {
    const stop = this.#check(peer, range, MAX_FILTERS);
    const records = stop && (await this.#load(stop, range.startHeight));
    for (const { hash, record } of records ?? []) {
      const { filterType } = range;
      peer.send('cfilter', { filterType, blockHash: hash, filter: record.filter });
    }
  }

  async receiveGetcfheaders(peer: Peer, range: FilterRange): Promise<void> {
    const { filterType, startHeight, stopHash } = range;
    const stop = this.#check(peer, range, MAX_FILTER_HEADERS);
    if (!stop) return;
    const before = startHeight > 0 ? await this.#load(stop, startHeight - 1, 1) : [];
    const records = await this.#load(stop, startHeight);
    if (!before || !records) return;
    peer.send('cfheaders', {
      filterType,
      stopHash,
      previousHeader: before[0]?.record.header ?? '0'.repeat(64),
      filterHashes: records.map(({ record }) => record.filterHash),
    });
  }

  async receiveGetcfcheckpt(
    peer: Peer,
    { filterType, stopHash }: Pick<FilterRange, 'filterType' | 'stopHash'>,
  ): Promise<void> {
    const range = { filterType, startHeight: 0, stopHash };
    const stop = this.#check(peer, range, Number.POSITIVE_INFINITY);
    if (!stop) return;
    const headers: string[] = [];
    for (let at = CHECKPOINT_INTERVAL; at <= stop.ref.height; at += CHECKPOINT_INTERVAL) {
      const [found] = (await this.#load(stop, at, 1)) ?? [];
      if (!found) return;
      headers.push(found.record.header);
    }
    peer.send('cfcheckpt', { filterType, stopHash, headers });
  }

  /** The block a request stops at; a peer that asks for what it must not is disconnected. */
  #check(peer: Peer, range: FilterRange, most: number): BlockInfo | undefined {
    const { chain } = this.#wire;
    const { filterType, startHeight, stopHash } = range;
    const refuse = (why: string) => {
      this.#wire.disconnect(peer, why);
      return undefined;
    };
    if (filterType !== BASIC || !offers(peer.ourServices, services.COMPACT_FILTERS)) {
      return refuse(`peer requested unsupported block filter type: ${filterType}`);
    }
    const stop = chain.info(stopHash);
    if (!stop || !this.#blocks.mayServe(stop)) {
      return refuse(`peer requested invalid block hash: ${stopHash}`);
    }
    const { height } = stop.ref;
    if (startHeight > height) {
      return refuse(
        `peer sent invalid getcfilters/getcfheaders with start height ${startHeight} and stop height ${height}`,
      );
    }
    if (height - startHeight >= most) {
      return refuse(
        `peer requested too many cfilters/cfheaders: ${height - startHeight + 1} / ${most}`,
      );
    }
    return stop;
  }

  /** Filters from `start` up to `stop`, or `count` of them; undefined while one is missing. */
  async #load(stop: BlockInfo, start: number, count?: number) {
    const { chain, log } = this.#wire;
    const end = count === undefined ? stop.ref.height : start + count - 1;
    const loaded: { readonly hash: BlockHash; readonly record: BlockFilterRecord }[] = [];
    for (let height = start; height <= end; height++) {
      const hash = chain.ancestor(stop.ref.hash, height)?.ref.hash;
      const record = hash && (await this.#source?.filterOf(hash));
      if (!hash || !record) {
        log.debug(
          'net',
          `Failed to find block filter in index: filter_type=basic, start_height=${start}, stop_hash=${stop.ref.hash}`,
        );
        return undefined;
      }
      loaded.push({ hash, record });
    }
    return loaded;
  }
}
