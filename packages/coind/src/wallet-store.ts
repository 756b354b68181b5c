/** Where wallets lie: which names may become paths, and how a wallet's store is opened. */
import { existsSync, readdirSync } from 'node:fs';
import { join, normalize, resolve } from 'node:path';
import { RpcError } from '@coind/rpc';

/** `name` as a wallet's name: below the wallet directory, or an absolute path. Throws -4 for others. */
export function parseWalletName(name: string): string {
  const fault = faultOf(name);
  if (fault === undefined) return name;
  throw new RpcError(-4, `Wallet file verification failed. ${fault}`);
}

function faultOf(name: string): string | undefined {
  // An absolute path is one; what winds its way to somewhere is none, nor are dots with a slash behind them.
  const isWinding = name !== '' && normalize(name) !== name;
  if (isWinding || /(?:^|\/)\.{1,2}\/$/.test(name) || name.includes('\0')) {
    return 'Wallet name given as a path must be normalized';
  }
  if (/^\.{1,2}(?:\/|$)/.test(name)) {
    return 'Wallet name given as a relative path cannot begin with ./ or ../, for wallets not in the walletdir, please use an absolute path.';
  }
  return name === '/' ? 'Wallet name cannot be the root path' : undefined;
}

/** The directory of the wallet `name`, where bitcoind has its file; the default wallet's name is empty. */
export function walletPath(directory: string, name: string): string {
  return join(resolve(directory, name), 'wallet.dat');
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
