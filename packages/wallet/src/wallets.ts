/** All wallets of a node: creating, opening and closing them. Where their stores lie is the caller's. */

import { randomBytes, randomInt } from 'node:crypto';
import { feeRate } from '@coind/primitives';
import type { Store } from '@coind/store';
import { type BackupPieces, decodeBackup } from './backup.ts';
import type { ChainSource } from './chain-source.ts';
import { CoinsByValue } from './coins-by-value.ts';
import type { Randomness, WalletContext, WalletOptions } from './context.ts';
import { WalletEncryption } from './encryption.ts';
import { WalletError } from './errors.ts';
import { type KeyScheme, keysOfSeed, type NewKeys, randomKeys } from './key-scheme.ts';
import { Keyring } from './keyring.ts';
import { passMissingBlocks } from './missing-blocks.ts';
import { SecretNonces } from './psbt/secret-nonces.ts';
import { RowCache } from './row-cache.ts';
import { openTables, UNBORN, WALLET_SCHEMA, type WalletFlags } from './tables.ts';
import { extendTrail } from './trail.ts';
import { UnitOfWork } from './unit-of-work.ts';
import { upgradeWallet } from './upgrades.ts';
import { defaultKdfCost, Vault } from './vault.ts';
import { Wallet } from './wallet.ts';
import { WalletCore } from './wallet-core.ts';
import { WalletFollower, type WalletLog } from './wallet-follower.ts';

/** bitcoind's defaults. */
export const defaultWalletOptions: WalletOptions = {
  addressType: 'bech32',
  keypool: 1000,
  keyScheme: 'modern',
  kdfCost: defaultKdfCost,
  fallbackFeeRate: feeRate(0n),
  minFeeRate: feeRate(1000n),
  discardFeeRate: feeRate(10_000n),
  maxFee: 10_000_000n,
  confirmTarget: 6,
  replaceable: true,
  spendUnconfirmedChange: true,
  rejectLongChains: true,
};

/** The system's randomness. */
export const systemRandom: Randomness = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
  below: (limit) => randomInt(limit),
};

/** A store in which a wallet is put together, and which is nobody's until it is kept. */
export interface StoreDraft {
  readonly store: Store;
  /** Makes it the store of the wallet, at once or not at all, and opens it as that. */
  keep(): Promise<Store>;
  discard(): Promise<void>;
}

/** What wallets need of their surroundings. */
export interface WalletsModules {
  readonly source: ChainSource;
  /** Opens the store of a wallet. `create` says whether it may be new. */
  storeFor(name: string, create: boolean): Promise<Store>;
  /** An empty draft for a wallet that does not exist. */
  draftFor(name: string): Promise<StoreDraft>;
  /** True when a wallet of that name lies on disk. */
  exists(name: string): Promise<boolean>;
  readonly random?: Randomness;
  readonly log?: WalletLog;
  /** Told of failures while following, which no caller waits for. */
  onError(error: unknown): void;
}

/** How to create a wallet. */
export interface CreateOptions {
  readonly blank?: boolean;
  readonly privateKeysDisabled?: boolean;
  readonly avoidReuse?: boolean;
  /** Encrypts it from the beginning. */
  readonly passphrase?: string;
  /** Makes the keys from this seed instead of a random one. */
  readonly seed?: Uint8Array;
}

/** Keys of a given seed, or of one that nobody knows. */
function newKeys(
  { params, random }: WalletContext,
  scheme: KeyScheme,
  seed: Uint8Array | undefined,
): NewKeys {
  const given = seed && keysOfSeed(scheme, seed, params);
  return given ?? randomKeys(scheme, (size) => random.bytes(size), params);
}

/** The wallets of a node. */
export class Wallets {
  readonly #options: WalletOptions;
  readonly #modules: WalletsModules;
  readonly #open = new Map<string, Wallet>();
  /** Names being opened or closed, so that two callers do not open one store twice. */
  readonly #busy = new Set<string>();
  readonly #listeners = new Set<(wallet: Wallet) => void>();

  constructor(options: WalletOptions, modules: WalletsModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Loaded wallets in the order in which they were loaded. */
  list(): readonly Wallet[] {
    return [...this.#open.values()];
  }

  get(name: string): Wallet | undefined {
    return this.#open.get(name);
  }

  /** Called with every wallet that is opened from now on, before it catches up with the chain. */
  onOpen(listener: (wallet: Wallet) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Creates and loads a wallet. Throws `WalletError` 'wallet-exists'. */
  create(name: string, options: CreateOptions = {}): Promise<Wallet> {
    return this.#exclusively(name, async () => {
      if (this.#open.has(name) || (await this.#modules.exists(name))) {
        throw new WalletError('wallet-exists');
      }
      const store = await this.#modules.storeFor(name, true);
      const context = this.#context(store);
      await this.#initialise(store, context, options);
      return this.#start(name, store, context);
    });
  }

  /** Loads a wallet. Throws 'wallet-not-found', 'wallet-already-loaded', or `StoreError`. */
  load(name: string): Promise<Wallet> {
    return this.#exclusively(name, async () => {
      if (this.#open.has(name)) throw new WalletError('wallet-already-loaded');
      if (!(await this.#modules.exists(name))) throw new WalletError('wallet-not-found');
      const store = await this.#modules.storeFor(name, false);
      const context = this.#context(store);
      if (!context.tables.meta.getSync(undefined)) {
        // The process died while it was being created; nobody was told of it.
        await this.#initialise(store, context, {});
      }
      await this.#noteClient(name, store, context);
      return this.#start(name, store, context);
    });
  }

  /**
   * Makes a wallet of a backup and loads it. Throws 'wallet-exists', 'invalid-backup'; then, or when the process
   * dies meanwhile, there is no wallet of that name.
   */
  restore(name: string, backup: BackupPieces): Promise<Wallet> {
    return this.#exclusively(name, async () => {
      if (this.#open.has(name) || (await this.#modules.exists(name))) {
        throw new WalletError('wallet-exists');
      }
      const store = await this.#fromBackup(name, backup);
      const context = this.#context(store);
      await this.#noteClient(name, store, context);
      return this.#start(name, store, context, { isCopy: true });
    });
  }

  async #fromBackup(name: string, backup: BackupPieces): Promise<Store> {
    const draft = await this.#modules.draftFor(name);
    try {
      let schema = WALLET_SCHEMA;
      for await (const rows of decodeBackup(backup, this.#modules.source.params.name)) {
        schema = rows.schema;
        await draft.store.commit(rows.writes, { sync: true });
      }
      await upgradeWallet(draft.store, schema);
      await passMissingBlocks(this.#context(draft.store), draft.store);
    } catch (error) {
      await draft.discard();
      throw error;
    }
    return draft.keep();
  }

  /** Closes a wallet; its files stay. Throws 'wallet-not-found'. */
  unload(name: string): Promise<void> {
    return this.#exclusively(name, async () => {
      const wallet = this.#open.get(name);
      if (!wallet) throw new WalletError('wallet-not-found');
      this.#open.delete(name);
      await wallet.close();
    });
  }

  /** Closes all. */
  async close(): Promise<void> {
    const wallets = this.list();
    this.#open.clear();
    await Promise.all(wallets.map((wallet) => wallet.close()));
  }

  async #exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy.has(name)) throw new WalletError('wallet-already-loaded');
    this.#busy.add(name);
    try {
      return await work();
    } finally {
      this.#busy.delete(name);
    }
  }

  #context(store: Store): WalletContext {
    const { source, random = systemRandom } = this.#modules;
    const rows = new RowCache(openTables(store));
    const { tables } = rows;
    const { params } = source;
    const { keypool, kdfCost } = this.#options;
    const vault = new Vault(kdfCost, { tables });
    const now = () => source.now();
    const keyring = new Keyring({ params, keypool }, { tables, vault, now });
    const coins = new CoinsByValue(tables);
    const nonces = new SecretNonces({ random: (length) => random.bytes(length) });
    const parts = { params, tables, rows, keyring, coins, vault, source, random, nonces };
    return { ...parts, options: this.#options };
  }

  /** Writes the first rows: flags, keys, and the tip, before which nothing can be the wallet's. */
  async #initialise(store: Store, context: WalletContext, options: CreateOptions): Promise<void> {
    const { tables, vault, keyring, source } = context;
    const { blank = false, privateKeysDisabled = false, avoidReuse = false } = options;
    const { passphrase, seed } = options;
    const { keyScheme, clientVersion } = this.#options;
    const flags: WalletFlags = { blank, privateKeysDisabled, avoidReuse };
    const unit = new UnitOfWork();
    const tip = source.tip();
    const birthTime = source.now();
    const keys = blank || privateKeysDisabled ? undefined : newKeys(context, keyScheme, seed);
    unit.put(tables.meta, undefined, {
      flags,
      birthTime: keys ? birthTime : UNBORN,
      ...(keys && { masterKeyId: keys.masterKeyId }),
      ...(keyScheme !== 'modern' && { keyScheme }),
      ...(clientVersion !== undefined && { lastClient: clientVersion }),
    });
    // Somebody else's seed may have a past; the caller says so by a rescan.
    const start = { hash: tip.hash, height: tip.height };
    unit.put(tables.position, undefined, start);
    extendTrail(unit, tables, start);
    if (passphrase !== undefined) vault.encrypt(unit, await vault.prepare(passphrase), []);
    if (keys) keyring.addNew(unit, keys, birthTime);
    await store.commit(unit.writes(), { sync: true });
    unit.keepIn(context.rows);
    vault.lock();
  }

  /** Says which version had the wallet open last, and remembers this one. */
  async #noteClient(name: string, store: Store, { tables, rows }: WalletContext): Promise<void> {
    const meta = tables.meta.getSync(undefined);
    const { clientVersion } = this.#options;
    if (meta?.lastClient !== undefined) {
      this.#modules.log?.info(`[${name}] Last client version = ${meta.lastClient}`);
    }
    if (!meta || clientVersion === undefined || meta.lastClient === clientVersion) return;
    const unit = new UnitOfWork();
    unit.put(tables.meta, undefined, { ...meta, lastClient: clientVersion });
    await store.commit(unit.writes(), { sync: true });
    unit.keepIn(rows);
  }

  async #start(
    name: string,
    store: Store,
    context: WalletContext,
    { isCopy = false } = {},
  ): Promise<Wallet> {
    const core = new WalletCore({ name }, { context, store });
    const { onError, log } = this.#modules;
    const follower = new WalletFollower(core, { onError, log });
    const encryption = new WalletEncryption({ core });
    const wallet = new Wallet({ core, follower, encryption });
    try {
      await core.load();
      for (const listener of this.#listeners) listener(wallet);
      await passMissingBlocks(context, store);
      await follower.start({ isCopy });
      // What was handed out before is made up for, as bitcoind does when it loads a wallet.
      await core.change((unit) => context.keyring.promise(unit), { sync: false });
    } catch (error) {
      await follower.stop();
      await core.close();
      throw error;
    }
    this.#open.set(name, wallet);
    return wallet;
  }
}
