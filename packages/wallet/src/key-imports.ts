/**
 * Keys and scripts coming into an open wallet, and the search of old blocks for what they were paid. What
 * one descriptor adds is `import.ts`; here is the order: check, commit, let the keyring know, search.
 */
import {
  type Descriptor,
  DescriptorError,
  expandDescriptor,
  parseDescriptor,
} from '@coind/descriptors';
import { bytesToHex } from '@coind/primitives';
import { type WalletContext, walletMeta } from './context.ts';
import { chainsBeyond, type DumpedKey, parseDump } from './dump.ts';
import type { WalletEncryption } from './encryption.ts';
import { WalletError } from './errors.ts';
import {
  addDescriptor,
  checkImport,
  type DescriptorImport,
  type ImportOutcome,
  wifDescriptor,
} from './import.ts';
import { addMultisig } from './multisig.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import type { WalletCore } from './wallet-core.ts';
import type { WalletFollower } from './wallet-follower.ts';
import { watchDescriptor } from './watch.ts';

/** Seconds before a key's birth from which blocks are searched: clocks of miners differ. */
const TIMESTAMP_WINDOW = 7200;

/** Keys that are added in one batch. */
const KEYS_PER_BATCH = 100;

/** Imports of one wallet. */
export class KeyImports {
  readonly #core: WalletCore;
  readonly #follower: WalletFollower;
  readonly #encryption: WalletEncryption;
  #scanning = false;
  #abort = false;

  constructor(modules: {
    core: WalletCore;
    follower: WalletFollower;
    encryption: WalletEncryption;
  }) {
    this.#core = modules.core;
    this.#follower = modules.follower;
    this.#encryption = modules.encryption;
  }

  get #context(): WalletContext {
    return this.#core.context;
  }

  /** Whether old blocks are being searched. */
  get isScanning(): boolean {
    return this.#scanning;
  }

  /** Adds a private key with all addresses it can have, named `label`. */
  async privateKey(wif: string, label: string, rescan: boolean): Promise<void> {
    await this.#requireKeys();
    const descriptor = wifDescriptor(this.#context, wif);
    await this.#changeKeys((unit) => {
      const settings = { timestamp: 1, active: false, internal: false };
      return addDescriptor(this.#context, unit, descriptor, settings, label);
    });
    if (rescan) await this.rescan(0);
  }

  /** Adds the keys of a dump that it does not have, with their labels. */
  async dump(text: string): Promise<void> {
    const context = this.#context;
    await this.#requireKeys();
    const keys = [
      ...new Map(parseDump(text, context.params).map((key) => [key.wif, key])).values(),
    ];
    let oldest = Number.POSITIVE_INFINITY;
    const seeds: DumpedKey[] = [];
    for (let start = 0; start < keys.length; start += KEYS_PER_BATCH) {
      await this.#changeKeys(async (unit) => {
        for (const key of keys.slice(start, start + KEYS_PER_BATCH)) {
          const { wif, time, label } = key;
          const descriptor = wifDescriptor(context, wif);
          if (this.#hasKeyOf(descriptor)) continue;
          if (key.isSeed) seeds.push(key);
          const settings = { timestamp: time, active: false, internal: false };
          await addDescriptor(context, unit, descriptor, settings, label);
          oldest = Math.min(oldest, time);
        }
      });
    }
    await this.#changeKeys(async (unit) => {
      for (const { descriptor, settings } of chainsBeyond(seeds, keys, context.params)) {
        await addDescriptor(context, unit, descriptor, settings, undefined);
      }
    });
    if (oldest < Number.POSITIVE_INFINITY) {
      await this.rescan(this.#heightBefore(oldest - TIMESTAMP_WINDOW));
    }
  }

  /**
   * Watches scripts from now on. They are the own ones of a wallet without private keys; others keep them apart
   * from what they can spend. Throws 'has-private-key'.
   */
  async watch(descriptors: readonly string[], label: string, rescan: boolean): Promise<void> {
    const context = this.#context;
    const parsed = descriptors.map((text) => parseDescriptor(text, context.params));
    if (parsed.some((one) => this.#hasKeyOf(one))) throw new WalletError('has-private-key');
    const isOwnOnly = walletMeta(context).flags.privateKeysDisabled;
    await this.#changeKeys(async (unit) => {
      for (const descriptor of parsed) {
        if (isOwnOnly) {
          const settings = { timestamp: 1, active: false, internal: false };
          await addDescriptor(context, unit, descriptor, settings, label);
        } else {
          await watchDescriptor(context, unit, descriptor, { timestamp: 0, label });
        }
      }
    });
    if (rescan) await this.rescan(0);
  }

  /** Names the address of a multisignature descriptor. */
  multisig(descriptor: string, label: string): Promise<void> {
    return this.#changeKeys((unit) => addMultisig(this.#context, unit, descriptor, label));
  }

  /** Imports descriptors one by one, then searches the blocks since the oldest of them. */
  async descriptors(requests: readonly DescriptorImport[]): Promise<ImportOutcome[]> {
    await this.#core.read(() => this.#encryption.requireUnlocked());
    const now = this.#context.source.tip().medianTimePast;
    const outcomes: ImportOutcome[] = [];
    for (const request of requests) outcomes.push(await this.#descriptor(request, now));
    const times = outcomes.flatMap((outcome) => (outcome.success ? [outcome.timestamp] : []));
    if (times.length > 0) {
      await this.rescan(this.#heightBefore(Math.min(...times) - TIMESTAMP_WINDOW));
    }
    return outcomes;
  }

  async #descriptor(request: DescriptorImport, now: number): Promise<ImportOutcome> {
    const warnings: string[] = [];
    const context = this.#context;
    try {
      const { flags } = walletMeta(context);
      const checked = checkImport(context, flags, request, warnings, now);
      for (const { descriptor, settings, label } of checked) {
        await this.#changeKeys((unit) => addDescriptor(context, unit, descriptor, settings, label));
      }
      const times = checked.map(({ settings }) => settings.timestamp);
      return { success: true, timestamp: Math.min(...times), warnings };
    } catch (error) {
      const refused = error instanceof WalletError || error instanceof DescriptorError;
      if (refused) return { success: false, error, warnings };
      throw error;
    }
  }

  /** Searches old blocks for the wallet's own. */
  async rescan(start: number, end?: number): Promise<{ start: number; stop: number }> {
    this.#scanning = true;
    this.#abort = false;
    try {
      return await this.#follower.rescan(start, end, () => this.#abort);
    } finally {
      this.#scanning = false;
    }
  }

  /** Makes a search under way stop; says whether there was one. */
  abortRescan(): boolean {
    this.#abort = true;
    return this.#scanning;
  }

  /** Throws 'private-keys-disabled', 'wallet-locked'. */
  async #requireKeys(): Promise<void> {
    if (walletMeta(this.#context).flags.privateKeysDisabled) {
      throw new WalletError('private-keys-disabled');
    }
    await this.#core.read(() => this.#encryption.requireUnlocked());
  }

  #hasKeyOf(descriptor: Descriptor): boolean {
    const { keyring } = this.#context;
    return expandDescriptor(descriptor, 0).some(({ scriptPubKey }) => {
      const owner = keyring.owner(undefined, bytesToHex(scriptPubKey));
      return owner !== undefined && keyring.hasSecret(owner.descriptor);
    });
  }

  /** A change of keys; the keyring knows of it before the next call runs. */
  #changeKeys(work: (unit: UnitOfWork) => Promise<void>): Promise<void> {
    return this.#core.read(async () => {
      await this.#core.changeNow(work);
      await this.#context.keyring.load();
    });
  }

  /** The first block whose time is not before `time`; header times grow, with small exceptions. */
  #heightBefore(time: number): number {
    const { source } = this.#context;
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
}
