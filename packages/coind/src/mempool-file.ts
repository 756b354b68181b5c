/**
 * Where the mempool is between two runs of the node: mempool.dat, read in the background once everything
 * else runs and written when the node stops. Its format is the mempool package's.
 */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import {
  decodePool,
  encodePool,
  type ImportOptions,
  importPool,
  type Mempool,
  savedPool,
} from '@coind/mempool';
import type { Log } from './log.ts';

/** Settings of a mempool file. */
export interface MempoolFileOptions {
  /** Where it lies; undefined for a node in memory, which has none. */
  readonly path: string | undefined;
  /** False leaves the file alone at start and stop (`-persistmempool`). */
  readonly persist: boolean;
  /** Writes version 1, which has no key (`-persistmempoolv1`). */
  readonly plain: boolean;
}

/** What a mempool file works with. */
export interface MempoolFileModules {
  readonly mempool: Mempool;
  readonly clock: { now(): number };
  readonly log: Log;
}

const OWN_FILE = { useCurrentTime: false, applyDeltas: true, applyUnbroadcast: true };

/** The file of a mempool. */
export class MempoolFile {
  readonly #options: MempoolFileOptions;
  readonly #modules: MempoolFileModules;
  readonly #stop = new AbortController();
  #loading: Promise<void> | undefined;
  #loaded = false;
  /** Writes follow each other: they share a draft. */
  #saving: Promise<unknown> = Promise.resolve();

  constructor(options: MempoolFileOptions, modules: MempoolFileModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** True once what was saved has been read, or has failed to be. */
  get loaded(): boolean {
    return this.#loaded;
  }

  get path(): string | undefined {
    return this.#options.path;
  }

  /** Reads what was saved, if it is to be. */
  async load(): Promise<void> {
    const { path, persist } = this.#options;
    if (!persist || path === undefined) {
      this.#loaded = true;
      return;
    }
    this.#loading = this.import(path, OWN_FILE).then((complete) => {
      // What was not read to the end must not be overwritten with the part that was.
      this.#loaded = complete || !this.#stop.signal.aborted;
    });
    await this.#loading;
  }

  /** Submits what a file holds; false when it could not be read to the end. */
  async import(path: string, options: Omit<ImportOptions, 'signal'>): Promise<boolean> {
    const { mempool, clock, log } = this.#modules;
    let bytes: Uint8Array;
    try {
      bytes = await readFile(path);
    } catch {
      log.info('Failed to open mempool file. Continuing anyway.');
      return false;
    }
    try {
      const saved = decodePool(bytes);
      log.info(`Loading ${saved.txs.length} mempool transactions from file...`);
      const { signal } = this.#stop;
      const counts = await importPool(mempool, saved, { ...options, signal }, clock.now());
      const { accepted, refused, expired, known, unbroadcast } = counts;
      const news = `${accepted} succeeded, ${refused} failed, ${expired} expired`;
      log.info(
        `Imported mempool transactions from file: ${news}, ${known} already there, ${unbroadcast} waiting for initial broadcast`,
      );
      return counts.complete;
    } catch (error) {
      const reason = (error as Error).message;
      log.info(`Failed to deserialize mempool data on file: ${reason}. Continuing anyway.`);
      return false;
    }
  }

  /** Writes what is in the pool now, whole or not at all; false when that failed. */
  save(): Promise<boolean> {
    const saved = this.#saving.then(() => this.#write());
    this.#saving = saved;
    return saved;
  }

  /** Stops reading, and saves what the pool holds where that is asked for. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loading;
    if (this.#options.persist && this.#loaded && this.path !== undefined) await this.save();
  }

  async #write(): Promise<boolean> {
    const { mempool, log } = this.#modules;
    const { path, plain } = this.#options;
    if (path === undefined) return false;
    const pool = savedPool(mempool);
    log.info(`Writing ${pool.txs.length} mempool transactions to file...`);
    log.info(`Writing ${pool.unbroadcast.length} unbroadcast transactions to file.`);
    try {
      const bytes = encodePool(pool, plain ? undefined : randomBytes(8));
      const draft = await open(`${path}.new`, 'w', 0o600);
      try {
        await draft.writeFile(bytes);
        await draft.sync();
      } finally {
        await draft.close();
      }
      await rename(`${path}.new`, path);
      log.info(`Dumped mempool: ${bytes.length} bytes dumped to file`);
      return true;
    } catch (error) {
      log.info(`Failed to dump mempool: ${(error as Error).message}. Continuing anyway.`);
      return false;
    }
  }
}
