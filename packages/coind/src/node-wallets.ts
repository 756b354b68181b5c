/**
 * The wallets of a node: where they lie, which are loaded at the start, and what of the options is theirs. What a
 * wallet does is the business of @coind/wallet.
 */
import { mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Profile } from '@coind/rpc';
import { memoryStore, openStore, type Store, StoreError } from '@coind/store';
import {
  defaultWalletOptions,
  WALLET_SCHEMA,
  WalletError,
  Wallets,
  type WalletsModules,
  walletErrors,
  walletUpgrades,
} from '@coind/wallet';
import type { NodeChainSource } from './chain-source.ts';
import type { Options } from './config.ts';
import type { DataDir } from './data-dir.ts';
import { type DefaultWallet, defaultWallet, NO_DEFAULT_WALLET } from './default-wallet.ts';
import type { Log } from './log.ts';
import { notifyWallets } from './shell-notify.ts';
import { clientName, clientVersion } from './version.ts';
import { draftPathOf, parseWalletName, walletExists, walletPath } from './wallet-store.ts';

interface WalletSurroundings {
  readonly dataDir: DataDir | undefined;
  readonly source: NodeChainSource;
  readonly log: Log;
  readonly onError: (error: unknown) => void;
}

/** Opens the wallets that are to be loaded; the default one is made when it is first asked for. */
export async function openNodeWallets(
  options: Options,
  { dataDir, source, log, onError }: WalletSurroundings,
): Promise<{ readonly wallets: Wallets; readonly defaultWallet: DefaultWallet }> {
  const kept = new Set<string>();
  const wallets = new Wallets(walletOptions(options), {
    source,
    onError,
    log: { info: (text) => log.info(text), debug: (text) => log.debug('scan', text) },
    ...(dataDir ? walletsOnDisk(dataDir, options) : walletsInMemory(kept)),
  });
  notifyWallets(options.wallets.notify, wallets, log);
  const isThere = dataDir !== undefined && walletExists(dataDir.wallets, '');
  for (const name of namesToLoad(options, isThere)) {
    await wallets.load(parseWalletName(name));
    log.info(`Wallet "${name}" loaded`);
  }
  if (!options.wallets.createDefault || options.wallets.load.length > 0) {
    return { wallets, defaultWallet: NO_DEFAULT_WALLET };
  }
  const unnamed = await defaultWallet(wallets, isThere);
  if (options.profile !== 'legacy') return { wallets, defaultWallet: unnamed };
  // 0.16 had its wallet from the first start on, and 0.17 kept it beside others.
  await unnamed.open();
  return { wallets, defaultWallet: { ...unnamed, stepAside: async () => undefined } };
}

/**
 * The wallets to load. To bitcoind one without a name, from before wallets had names, is a setting like others: it stays
 * on the list that is written when another wallet comes to it.
 */
function namesToLoad({ wallets, settingsFile }: Options, isThere: boolean): readonly string[] {
  if (!wallets.loadUnnamed || !isThere) return wallets.load;
  settingsFile.values.set('wallet', ['']);
  return [''];
}

type WalletStores = Pick<WalletsModules, 'storeFor' | 'draftFor' | 'exists'>;

function walletsOnDisk(
  { wallets: directory }: DataDir,
  { params, profile }: Options,
): WalletStores {
  const stamp = { network: params.name, schema: WALLET_SCHEMA, kind: 'wallet' };
  const open = async (path: string): Promise<Store> => {
    mkdirSync(path, { recursive: true });
    try {
      return await openStore(path, stamp, { upgrades: walletUpgrades });
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'locked') throw error;
      throw new WalletError('wallet-in-use', inUse(profile));
    }
  };
  return {
    storeFor: (name) => open(walletPath(directory, name)),
    async draftFor(name) {
      const path = walletPath(directory, name);
      const draftPath = draftPathOf(path);
      const remove = () => rmSync(draftPath, { recursive: true, force: true });
      // One may be left of a process that died.
      remove();
      const made = mkdirSync(draftPath, { recursive: true });
      const store = await open(draftPath);
      return {
        store,
        async keep() {
          await store.close();
          renameSync(draftPath, path);
          return open(path);
        },
        async discard() {
          await store.close();
          remove();
          if (made !== undefined) removeEmpty(dirname(path), made);
        },
      };
    },
    exists: async (name) => walletExists(directory, name),
  };
}

/** Removes a directory and those above it up to `top`, as far as nothing else came to lie in them. */
function removeEmpty(directory: string, top: string): void {
  try {
    for (let one = directory; one.startsWith(top); one = dirname(one)) rmdirSync(one);
  } catch {
    // Somebody uses it.
  }
}

/** bitcoind's words, which programs look for; the database behind ours is another one. */
function inUse(profile: Profile): string {
  return walletErrors['wallet-in-use'].replace('?', ` of ${clientName(profile)}?`);
}

function walletsInMemory(names: Set<string>): WalletStores {
  return {
    async storeFor(name) {
      names.add(name);
      return memoryStore();
    },
    async draftFor(name) {
      const store = memoryStore();
      const keep = async () => {
        names.add(name);
        return store;
      };
      return { store, keep, discard: () => store.close() };
    },
    exists: async (name) => names.has(name),
  };
}

function walletOptions({ wallets, profile }: Options) {
  return {
    addressType: wallets.addressType,
    ...(wallets.changeType !== undefined && { changeType: wallets.changeType }),
    keypool: wallets.keypoolSize,
    keyScheme: profile === 'legacy' ? ('0.16' as const) : ('modern' as const),
    clientVersion: clientVersion(profile),
    kdfCost: defaultWalletOptions.kdfCost,
    fallbackFeeRate: wallets.fallbackFeeRate,
    minFeeRate: wallets.minFeeRate,
    discardFeeRate: wallets.discardFeeRate,
    maxFee: wallets.maxTxFee,
    confirmTarget: wallets.confirmTarget,
    replaceable: wallets.replaceable,
    broadcast: wallets.broadcast,
    spendUnconfirmedChange: wallets.spendUnconfirmedChange,
    rejectLongChains: wallets.rejectLongChains,
    ...(wallets.ecdsaSize !== undefined && { ecdsaSize: wallets.ecdsaSize }),
    closestCoins: profile === 'legacy',
    payForAncestors: profile !== 'legacy',
    ...(profile === 'core' && { changeKeysOf: 'bitcoind' as const, keepRejected: true }),
  };
}
