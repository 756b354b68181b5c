/**
 * Searching old blocks for what keys, scripts and descriptors that came late were paid: one search of a wallet at a
 * time, from a height or from a time, to be broken off by anybody.
 */
import type { BlockRef } from '@coind/consensus';
import type { ChainSource } from './chain-source.ts';
import type { WalletEncryption } from './encryption.ts';
import { WalletError } from './errors.ts';
import type { WalletCore } from './wallet-core.ts';
import type { RescanOutcome, WalletFollower } from './wallet-follower.ts';

/** Seconds before a key's birth from which blocks are searched: clocks of miners differ. */
export const TIMESTAMP_WINDOW = 7200;

/** How far a search has come. */
export interface RescanProgress {
  readonly seconds: number;
  /** 0 to 1. */
  readonly progress: number;
}

/** The searches of one wallet. */
export class Rescans {
  readonly #core: WalletCore;
  readonly #follower: WalletFollower;
  readonly #encryption: WalletEncryption;
  #reserved = false;
  #abort = false;
  #running: { since: number; progress: number } | undefined;

  constructor(modules: {
    core: WalletCore;
    follower: WalletFollower;
    encryption: WalletEncryption;
  }) {
    this.#core = modules.core;
    this.#follower = modules.follower;
    this.#encryption = modules.encryption;
  }

  /** How far the search has come that is under way; undefined when there is none. */
  get progress(): RescanProgress | undefined {
    if (!this.#running) return undefined;
    const { since, progress } = this.#running;
    return { seconds: this.#core.context.source.now() - since, progress };
  }

  /** Makes a search under way stop; says whether there was one that nobody had stopped yet. */
  abort(): boolean {
    if (!this.#running || this.#abort) return false;
    this.#abort = true;
    return true;
  }

  /** Keeps others from searching while `work` runs. Throws 'rescan-running'. */
  async reserved<T>(work: () => Promise<T>): Promise<T> {
    if (this.#reserved) throw new WalletError('rescan-running');
    this.#reserved = true;
    this.#abort = false;
    try {
      return await this.#encryption.keepOpen(work);
    } finally {
      this.#reserved = false;
    }
  }

  /** Searches blocks by height. The caller has it reserved. */
  async search(start: number, end?: number): Promise<RescanOutcome> {
    this.#running = { since: this.#core.context.source.now(), progress: 0 };
    try {
      return await this.#follower.rescan(start, end, (progress) => {
        this.#running = { since: 0, ...this.#running, progress };
        return !this.#abort;
      });
    } finally {
      this.#running = undefined;
    }
  }

  /**
   * Searches blocks from a little before `time` on. Returns the time from which on nothing was missed: `time`, or
   * a later one when blocks could not be read. Throws 'rescan-aborted'.
   */
  async searchSince(time: number): Promise<number> {
    const { failed, aborted } = await this.search(
      firstHeightSince(this.#core.context.source, time - TIMESTAMP_WINDOW),
    );
    if (aborted) throw new WalletError('rescan-aborted');
    return failed ? this.#latestTimeUpTo(failed) + TIMESTAMP_WINDOW + 1 : time;
  }

  /** Searches the whole chain, or from `time` on. Throws 'rescan-aborted', 'rescan-incomplete'. */
  async searchWhole(time = 0): Promise<void> {
    if ((await this.searchSince(time)) > time) throw new WalletError('rescan-incomplete');
  }

  /** The latest time of a block and those below it. */
  #latestTimeUpTo({ height }: BlockRef): number {
    const { source } = this.#core.context;
    let latest = 0;
    for (let at = height; at >= 0; at--) {
      const ref = source.refAt(at);
      if (ref) latest = Math.max(latest, source.headerTime(ref.hash) ?? 0);
    }
    return latest;
  }
}

/** The first block whose time is not before `time`, or the tip; header times grow, with small exceptions. */
export function firstHeightSince(source: ChainSource, time: number): number {
  let low = 0;
  let high = source.tip().height;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const ref = source.refAt(middle);
    if (ref && (source.headerTime(ref.hash) ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
