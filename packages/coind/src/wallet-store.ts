/** Where wallets lie: which names may become paths, and how a wallet's store is opened. */
import { existsSync, readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { RpcError } from '@coind/rpc';

/** `name` as a wallet's name. Throws -4 for one that leads out of the wallet directory. */
export function parseWalletName(name: string): string {
  if (/^\.{1,2}(?:\/|$)/.test(name)) {
    throw new RpcError(
      -4,
      'Wallet file verification failed. Wallet name given as a relative path cannot begin with ./ or ../, for wallets not in the walletdir, please use an absolute path.',
    );
  }
  if (isAbsolute(name) || name.split('/').includes('..') || name.includes('\0')) {
    throw new RpcError(
      -4,
      'Wallet file verification failed. Wallet name given as a path must be normalized',
    );
  }
  return name;
}

/** The directory of the wallet `name`, where bitcoind has its file; the default wallet's name is empty. */
export function walletPath(directory: string, name: string): string {
  return join(directory, name, 'wallet.dat');
}

/** Where a wallet that will lie at `path` is put together; no wallet is found there. */
export function draftPathOf(path: string): string {
  return `${path}.draft`;
}

/** Whether there is such a wallet. */
export function walletExists(directory: string, name: string): boolean {
  return existsSync(walletPath(directory, name));
}

/** The names of all wallets below `directory`, sorted. */
export function listWalletDirectory(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const found: string[] = [];
  const visit = (name: string): void => {
    if (walletExists(directory, name)) found.push(name);
    for (const entry of readdirSync(join(directory, name), { withFileTypes: true })) {
      if (!entry.isDirectory() || /^wallet\.dat(?:\.draft)?$/.test(entry.name)) continue;
      visit(name === '' ? entry.name : `${name}/${entry.name}`);
    }
  };
  visit('');
  return found.sort();
}
