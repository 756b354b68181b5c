/** Handlers of the methods that make, load and list wallets: they need no wallet to be chosen. */
import { createReadStream, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import { StoreError } from '@coind/store';
import { WalletError } from '@coind/wallet';
import type { RpcContext } from '../context.ts';
import { walletsOf } from '../wallet-context.ts';
import { asRpcError, inWords } from '../wallet-errors.ts';
import { parseWalletName } from '../wallet-store.ts';

/** Notes in settings.json whether a wallet is loaded at every start; undefined leaves it as it is. */
function rememberToLoad({ node }: RpcContext, name: string, load: boolean | undefined): void {
  if (load === undefined) return;
  const before = node.settings.values.get('wallet');
  const names = (Array.isArray(before) ? before : []).filter((other) => other !== name);
  node.settings.set('wallet', load ? [...names, name] : names);
}

/** The directory that is a wallet's, whether there is one or not. */
function directoryOf({ node }: RpcContext, name: string): string {
  return dirname(node.walletPath(name));
}

/** What kept a wallet from being restored to `path`; a backup that cannot be read is no wallet file to bitcoind. */
function asRestoreError(error: unknown, path: string): unknown {
  if (!(error instanceof WalletError)) return error;
  if (error.key === 'wallet-exists') {
    return new RpcError(-36, `Failed to restore wallet. Database file exists in '${path}'.`);
  }
  if (error.key !== 'invalid-backup') return asRpcError(error);
  return new RpcError(
    -18,
    `Wallet file verification failed. Failed to load database path '${dirname(path)}'. ${error.message}`,
  );
}

/** The wallet that a call names, by its path or by an argument. Throws -8 for none, or two. */
function chosenName({ walletName }: RpcContext, argument: string | undefined): string {
  if (walletName !== undefined && argument !== undefined && walletName !== argument) {
    throw new RpcError(
      -8,
      'The RPC endpoint wallet and the wallet name parameter specify different wallets',
    );
  }
  const name = argument ?? walletName;
  if (name !== undefined) return name;
  throw new RpcError(
    -8,
    'Either the RPC endpoint wallet or the wallet name parameter must be provided',
  );
}

/** Handlers of the methods that make, load and list wallets. */
export const wallets: Handlers<typeof methods.wallets, RpcContext> = {
  async createwallet(context, args) {
    const { wallet_name: name, disable_private_keys, blank, passphrase, avoid_reuse } = args;
    const all = walletsOf(context);
    if (!args.descriptors) {
      throw new RpcError(
        -4,
        'descriptors argument must be set to "true"; it is no longer possible to create a legacy wallet.',
      );
    }
    if (args.external_signer) {
      throw new RpcError(
        -4,
        disable_private_keys
          ? 'External signers are not supported.'
          : 'Private keys must be disabled when using an external signer',
      );
    }
    if (passphrase !== undefined && passphrase !== '' && disable_private_keys) {
      throw new RpcError(
        -4,
        'Passphrase provided but private keys are disabled. A passphrase is only used to encrypt private keys, so cannot be used for wallets with private keys disabled.',
      );
    }
    if (name === '') throw new RpcError(-8, 'Wallet name cannot be empty');
    parseWalletName(name);
    await inWords({}, async () => {
      try {
        await all.create(name, {
          blank,
          privateKeysDisabled: disable_private_keys,
          avoidReuse: avoid_reuse,
          ...(passphrase !== undefined && passphrase !== '' && { passphrase }),
        });
      } catch (error) {
        if (!(error instanceof WalletError && error.key === 'wallet-exists')) throw error;
        throw new RpcError(
          -4,
          `Wallet file verification failed. Failed to create database path '${directoryOf(context, name)}'. Database already exists.`,
        );
      }
    });
    await context.node.defaultWallet.stepAside();
    rememberToLoad(context, name, args.load_on_startup);
    const warnings =
      passphrase === ''
        ? ['Empty string given as passphrase, wallet will not be encrypted.']
        : undefined;
    return { name, ...(warnings && { warnings }) };
  },

  async loadwallet(context, { filename, load_on_startup }) {
    parseWalletName(filename);
    try {
      await walletsOf(context).load(filename);
    } catch (error) {
      if (error instanceof StoreError) {
        throw new RpcError(-18, `Wallet file verification failed. ${error.message}`);
      }
      if (!(error instanceof WalletError)) throw error;
      if (error.key === 'blocks-missing') throw asRpcError(error);
      if (error.key === 'wallet-already-loaded') {
        throw new RpcError(-35, `Wallet "${filename}" is already loaded.`);
      }
      const directory = directoryOf(context, filename);
      const fault = existsSync(directory)
        ? 'Data is not in recognized format.'
        : 'Path does not exist.';
      throw new RpcError(
        -18,
        `Wallet file verification failed. Failed to load database path '${directory}'. ${fault}`,
      );
    }
    await context.node.defaultWallet.stepAside();
    rememberToLoad(context, filename, load_on_startup);
    return { name: filename };
  },

  async unloadwallet(context, { wallet_name, load_on_startup }) {
    const name = chosenName(context, wallet_name);
    await inWords({}, () => walletsOf(context).unload(name));
    rememberToLoad(context, name, load_on_startup);
    return {};
  },

  async restorewallet(context, { wallet_name: name, backup_file, load_on_startup }) {
    if (!existsSync(backup_file)) throw new RpcError(-8, 'Backup file does not exist');
    if (name === '') throw new RpcError(-8, 'Wallet name cannot be empty');
    parseWalletName(name);
    const all = walletsOf(context);
    try {
      await all.restore(name, createReadStream(backup_file));
    } catch (error) {
      throw asRestoreError(error, context.node.walletPath(name));
    }
    rememberToLoad(context, name, load_on_startup);
    return { name };
  },

  migratewallet(context, { wallet_name }) {
    const name = chosenName(context, wallet_name);
    const isKnown = walletsOf(context).get(name) || context.node.walletsOnDisk().includes(name);
    if (!isKnown) throw new RpcError(-4, 'Error: Wallet does not exist');
    throw new RpcError(-4, 'Error: This wallet is already a descriptor wallet');
  },

  listwalletdir: ({ node }) => ({
    wallets: node.walletsOnDisk().map((name) => ({ name, warnings: [] })),
  }),

  listwallets: (context) =>
    walletsOf(context)
      .list()
      .map(({ name }) => name),
};
