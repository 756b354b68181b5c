/** Handlers of the wallet methods about extended keys. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import { parseAddressType, WalletError } from '@coind/wallet';
import type { WalletContext } from '../context.ts';
import { writeSynced } from '../written-files.ts';

/** Runs `work`; a wallet without private keys is refused by the name of the call. */
async function withKeys<T>(refusal: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WalletError && error.key === 'private-keys-disabled') {
      throw new RpcError(-4, refusal);
    }
    throw error;
  }
}

/** Handlers of the wallet methods about extended keys. */
export const walletHd: Handlers<typeof methods.walletHd, WalletContext> = {
  async addhdkey({ wallet }, { hdkey }) {
    const refusal = 'addhdkey is not available for wallets without private keys';
    return { xpub: await withKeys(refusal, () => wallet.addHdKey(hdkey)) };
  },

  async createwalletdescriptor({ wallet }, { type: name, options }) {
    const type = parseAddressType(name);
    if (type === undefined) throw rpcError('unknownAddressType', name);
    const descs = await wallet.createChains({
      type,
      ...(options?.internal !== undefined && { internal: options.internal }),
      ...(options?.hdkey !== undefined && { xpub: options.hdkey }),
    });
    return { descs: [...descs] };
  },

  async derivehdkey({ wallet }, { path, options }) {
    const refusal = 'derivehdkey is not available for watch-only wallets';
    const { xprv, ...shown } = await withKeys(refusal, () =>
      wallet.deriveHdKey(path, options?.hdkey),
    );
    return { ...shown, ...(options?.private && { xprv }) };
  },

  async exportwatchonlywallet({ wallet }, { destination }) {
    if (destination === '') throw new RpcError(-4, 'Error: Export destination cannot be empty');
    const path = resolve(destination);
    if (existsSync(path)) {
      throw new RpcError(-4, `Error: Export destination '${destination}' already exists`);
    }
    const pieces = await wallet.watchOnlyBackup();
    try {
      await writeSynced(path, pieces);
    } catch {
      await rm(path, { force: true });
      throw new RpcError(-4, `Error: Could not create file '${destination}'`);
    }
    return { exported_file: path };
  },
};
