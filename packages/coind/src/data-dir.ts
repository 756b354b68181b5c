/**
 * The data directory: where each thing lies, its lock, the cookie for RPC and the pid file. The layout is
 * bitcoind's, because programs look there. What is in the files is the business of their writers.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfError } from '@coind/rpc/conf';
import { type DirectoryLock, lockDirectory, processes } from './dir-lock.ts';

/** Where things lie; all absolute. */
export interface Paths {
  /** -datadir itself. */
  readonly root: string;
  /** The network's directory: `root` for main, otherwise one below it. */
  readonly network: string;
  /** Block files; elsewhere with -blocksdir. */
  readonly blocks: string;
  /** The UTXO set and the block index. */
  readonly chainstate: string;
  readonly indexes: string;
  /** Undefined with -norpccookiefile or when a password is set. */
  readonly cookie: string | undefined;
  readonly pid: string;
  /** Undefined with -nosettings. */
  readonly settings: string | undefined;
  readonly mempool: string;
  /** The directory of the fee estimators' files. */
  readonly fees: string;
  /** -walletdir, when given. */
  readonly givenWallets: string | undefined;
  /** What texts call the program; coind without it. */
  readonly client?: string;
}

/** Who may read the cookie file: bits of its mode by the words of -rpccookieperms. */
export const cookieModes: Readonly<Record<string, number>> = {
  owner: 0o600,
  group: 0o640,
  all: 0o644,
};

/** An open data directory: nobody else has it until `close`. */
export interface DataDir extends Paths {
  /** Where wallets lie: `wallets` where that exists, else the network's directory. */
  readonly wallets: string;
  /**
   * Makes a new cookie and writes its file, whole or not at all. Undefined when there shall be none.
   * Call it when RPC is about to listen: programs wait for this file.
   */
  writeCookie(mode?: number): { readonly user: string; readonly password: string } | undefined;
  writePid(): void;
  /** Removes cookie and pid file and gives the lock back. */
  close(): void;
}

/**
 * Makes the directories that a first start needs. `wallets` comes into being only together with the
 * directory above it: where wallets once lay beside the other files they stay there.
 */
export function makeDirectories({ root, network, blocks }: Paths): void {
  for (const directory of new Set([root, network])) {
    if (!existsSync(directory)) mkdirSync(join(directory, 'wallets'), { recursive: true });
  }
  mkdirSync(blocks, { recursive: true });
}

/** Takes the data directory. Throws {@link ConfError} when somebody has it or it cannot be written. */
export function openDataDir(paths: Paths): DataDir {
  makeDirectories(paths);
  const locks: DirectoryLock[] = [];
  const unlock = () => {
    for (const lock of locks.reverse()) lock.release();
    locks.length = 0;
  };
  try {
    for (const directory of [paths.network, paths.blocks]) {
      locks.push(lockDirectory(directory, processes, paths.client));
    }
  } catch (error) {
    unlock();
    throw error;
  }
  const inside = join(paths.network, 'wallets');
  const mine = new Set<string>();
  return {
    ...paths,
    wallets: paths.givenWallets ?? (existsSync(inside) ? inside : paths.network),
    writeCookie(mode = 0o600) {
      const { cookie } = paths;
      if (cookie === undefined) return undefined;
      const user = '__cookie__';
      const password = randomBytes(32).toString('hex');
      writeWhole(cookie, `${user}:${password}`, mode);
      mine.add(cookie);
      return { user, password };
    },
    writePid() {
      try {
        writeFileSync(paths.pid, `${process.pid}\n`);
      } catch (error) {
        const reason = (error as Error).message;
        throw new ConfError(`Unable to create the PID file '${paths.pid}': ${reason}`);
      }
      mine.add(paths.pid);
    },
    close() {
      for (const file of mine) rmSync(file, { force: true });
      mine.clear();
      unlock();
    },
  };
}

/** Writes a file so that a reader sees all of it or its former content. */
export function writeWhole(path: string, text: string, mode = 0o600): void {
  const draft = `${path}.tmp`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(draft, text, { mode });
  // The mode of writeFileSync is narrowed by the umask, and does not change a file that is there.
  chmodSync(draft, mode);
  renameSync(draft, path);
}
