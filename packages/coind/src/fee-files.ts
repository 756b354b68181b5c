/**
 * Where the fee estimators are between two runs of the node: two files in `fees`, read at start, written
 * every hour and when the node stops. Their formats are the mempool package's.
 */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import {
  decodeEstimates,
  decodeWindow,
  encodeEstimates,
  encodeWindow,
  FeeEstimates,
  type FeeEstimatesModules,
  type SavedFeeEstimates,
} from '@coind/mempool';
import type { Log } from './log.ts';

/** The longest that bitcoind trusts an old file. */
const MAX_AGE_HOURS = 60;
const HOUR_MS = 60 * 60 * 1000;

/** How often the files are written while the node runs. */
export const FEE_FLUSH_MS = HOUR_MS;

/** Settings of the files. */
export interface FeeFilesOptions {
  /** Where they lie; undefined for a node in memory. */
  readonly directory: string | undefined;
  /** Reads them however old they are (`-acceptstalefeeestimates`). */
  readonly acceptStale: boolean;
}

type Modules = FeeEstimatesModules & { readonly log: Log };

/** The estimators with their files. */
export class FeeFiles {
  readonly estimates: FeeEstimates;
  readonly #directory: string | undefined;
  readonly #log: Log;

  constructor({ directory, acceptStale }: FeeFilesOptions, modules: Modules) {
    this.#directory = directory;
    this.#log = modules.log;
    if (directory !== undefined) adoptOldFile(directory, modules.log);
    const saved = directory === undefined ? {} : readSaved(directory, acceptStale, modules);
    this.estimates = new FeeEstimates(saved, modules);
  }

  /** Writes down what was learnt; a failure is logged, for estimates are no loss. */
  flush(): void {
    const directory = this.#directory;
    if (directory === undefined) return;
    const { blocks, window } = this.estimates.save();
    const { estimates, pool } = pathsIn(directory);
    if (this.#write(estimates, encodeEstimates(blocks))) {
      this.#log.debug('estimatefee', `Flushed fee estimates to ${estimates}.`);
    }
    if (this.#write(pool, encodeWindow(window))) {
      const message = `mempool_policy: mined-block stats flushed to ${pool}.`;
      this.#log.debug('estimatefee', message);
    }
  }

  /** Stops learning and writes down what was learnt. */
  close(): void {
    this.estimates.close();
    this.flush();
  }

  #write(path: string, bytes: Uint8Array): boolean {
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.new`, bytes, { mode: 0o600 });
      renameSync(`${path}.new`, path);
      return true;
    } catch (error) {
      const reason = (error as Error).message;
      this.#log.warn(`Failed to write fee estimates to ${path}: ${reason}. Continue anyway.`);
      return false;
    }
  }
}

function pathsIn(directory: string) {
  return {
    estimates: join(directory, 'block_policy_estimates.dat'),
    pool: join(directory, 'mempool_policy_estimator.dat'),
    /** Where bitcoind had the estimates before there were two files. */
    old: join(dirname(directory), 'fee_estimates.dat'),
  };
}

function adoptOldFile(directory: string, log: Log): void {
  const { estimates, old } = pathsIn(directory);
  if (!existsSync(old)) return;
  try {
    if (existsSync(estimates)) {
      rmSync(old);
      log.info(`Removed legacy fee estimates file ${old}.`);
      return;
    }
    mkdirSync(directory, { recursive: true });
    renameSync(old, estimates);
    log.info(`Migrated fee estimates from ${old} to ${estimates}.`);
  } catch (error) {
    const reason = (error as Error).message;
    log.warn(`Failed to migrate fee estimates from ${old} to ${estimates}: ${reason}.`);
  }
}

function readSaved(
  directory: string,
  acceptStale: boolean,
  { log, chain }: Modules,
): SavedFeeEstimates {
  const { estimates, pool } = pathsIn(directory);
  const blocks = readWith(estimates, log, (bytes) => {
    const age = Math.floor((Date.now() - statSync(estimates).mtimeMs) / HOUR_MS);
    if (age <= MAX_AGE_HOURS || acceptStale) return decodeEstimates(bytes);
    log.warn(
      `Fee estimation file ${estimates} too old (age=${age} > ${MAX_AGE_HOURS} hours) and will not be used to avoid serving stale estimates.`,
    );
    return undefined;
  });
  const window = readWith(pool, log, (bytes) => {
    const saved = decodeWindow(bytes);
    const { hash, height } = chain.tip.ref;
    const last = saved.blocks.at(-1);
    if (!last || (last.height === height && saved.tip === hash)) return saved;
    log.warn(
      `mempool_policy: Mined-block stats read end at height ${last.height} block ${saved.tip}, but the active chain tip is height ${height} block ${hash}; ignoring file`,
    );
    return undefined;
  });
  return { ...(blocks && { blocks }), ...(window && { window }) };
}

function readWith<T>(
  path: string,
  log: Log,
  read: (bytes: Uint8Array) => T | undefined,
): T | undefined {
  if (!existsSync(path)) {
    log.info(`${path} is not found. Continue anyway.`);
    return undefined;
  }
  try {
    return read(readFileSync(path));
  } catch (error) {
    const reason = (error as Error).message;
    log.warn(`Failed to read fee estimates from ${path}: ${reason}. Continue anyway.`);
    return undefined;
  }
}
