/**
 * Keys and scripts coming into an open wallet, and the search of old blocks for what they were paid. What
 * one descriptor adds is `import.ts`, one script `watch.ts`; here is the order: check, commit, let the keyring
 * know, search.
 */

import type { BlockRef } from '@coind/consensus';
import { type Descriptor, DescriptorError, expandDescriptor } from '@coind/descriptors';
import { bytesToHex, type Tx } from '@coind/primitives';
import { type WalletContext, walletMeta } from './context.ts';
import { chainsBeyond, type DumpedKey, parseDump } from './dump.ts';
import { parseDumpedScripts } from './dump-scripts.ts';
import type { WalletEncryption } from './encryption.ts';
import { WalletError } from './errors.ts';
import { addHdKey, type ChainWish, createChains } from './hd-keys.ts';
import {
  addDescriptor,
  checkImport,
  type DescriptorImport,
  type ImportOutcome,
  nameKey,
  wifDescriptor,
} from './import.ts';
import { importMulti, type MultiImport } from './import-multi.ts';
import { addDumpedScripts, addMultisig, addWitness } from './multisig.ts';
import { type Rescans, TIMESTAMP_WINDOW } from './rescan.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import type { WalletCore } from './wallet-core.ts';
import { type Importing, importPublicKey, importRedeemScript, importScript } from './watch.ts';

/** Keys that are added in one batch. */
const KEYS_PER_BATCH = 100;

/** What is to be watched: a script, a script and the P2SH address it is behind, or all that pays a key. */
export type Watched = { readonly kind: 'script' | 'redeem-script' | 'public-key' } & {
  readonly bytes: Uint8Array;
};

const watching = {
  script: importScript,
  'redeem-script': importRedeemScript,
  'public-key': importPublicKey,
} as const;

/** Imports of one wallet. */
export class KeyImports {
  readonly #core: WalletCore;
  readonly #encryption: WalletEncryption;
  readonly #rescans: Rescans;

  constructor(modules: { core: WalletCore; encryption: WalletEncryption; rescans: Rescans }) {
    this.#core = modules.core;
    this.#encryption = modules.encryption;
    this.#rescans = modules.rescans;
  }

  get #context(): WalletContext {
    return this.#core.context;
  }

  /** Runs `work`, with the right to search when it is to be followed by a search. */
  #beforeSearch<T>(rescan: boolean, work: () => Promise<T>): Promise<T> {
    return rescan ? this.#rescans.reserved(work) : work();
  }

  /** Adds a private key with all addresses it can have, named `label`. One that is there is only named. */
  privateKey(wif: string, label: string, rescan: boolean): Promise<void> {
    const context = this.#context;
    return this.#beforeSearch(rescan, async () => {
      await this.#requireKeys();
      const descriptor = wifDescriptor(context, wif);
      if (this.#hasKeyOf(descriptor)) {
        await this.#core.change((unit) => nameKey(context, unit, descriptor, label));
        return;
      }
      await this.#changeKeys((unit) => {
        const settings = { timestamp: 1, active: false, internal: false };
        return addDescriptor(context, unit, descriptor, settings, label);
      });
      if (rescan) await this.#rescans.searchWhole();
    });
  }

  /** Adds the keys of a dump that it does not have, with their labels. */
  dump(text: string): Promise<void> {
    return this.#rescans.reserved(async () => {
      await this.#requireKeys();
      const oldest = await this.#addDump(text);
      if (oldest < Number.POSITIVE_INFINITY) await this.#rescans.searchWhole(oldest);
    });
  }

  /** The time of the oldest key that was new. */
  async #addDump(text: string): Promise<number> {
    const context = this.#context;
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
    const scripts = parseDumpedScripts(text);
    await this.#importing((importing) => addDumpedScripts(importing, scripts));
    const times = scripts.map(({ time }) => time).filter((time) => time > 0);
    return Math.min(oldest, ...times);
  }

  /** Watches something from now on, and what it was paid before if asked. Throws 'has-private-key'. */
  watch({ kind, bytes }: Watched, label: string, rescan: boolean): Promise<void> {
    return this.#beforeSearch(rescan, async () => {
      await this.#importing((importing) => watching[kind](importing, bytes, label));
      if (rescan) await this.#rescans.searchWhole();
    });
  }

  /** Names the address of a multisignature descriptor. */
  multisig(descriptor: string, label: string): Promise<void> {
    return this.#importing((importing) => addMultisig(importing, descriptor, label));
  }

  /** Takes in the witness form of an address, and returns it. Throws 'not-witness', 'other-witness'. */
  witness(scriptPubKey: Uint8Array, behindHash: boolean): Promise<Uint8Array> {
    return this.#importing((importing) => addWitness(importing, scriptPubKey, behindHash));
  }

  /** Imports descriptors one by one, then searches the blocks since the oldest of them. */
  descriptors(requests: readonly DescriptorImport[]): Promise<ImportOutcome[]> {
    return this.#rescans.reserved(() =>
      this.#all(requests, true, (request, timestamp, warnings) =>
        this.#descriptor(request, timestamp, warnings),
      ),
    );
  }

  /** Imports addresses, scripts and keys one by one, then searches the blocks since the oldest of them. */
  multi(requests: readonly MultiImport[], rescan: boolean): Promise<ImportOutcome[]> {
    return this.#beforeSearch(rescan, () =>
      this.#all(requests, rescan, (request, timestamp) =>
        this.#importing((importing) => importMulti(importing, request, timestamp)),
      ),
    );
  }

  /** Does requests one by one; a refusal is one request's outcome. */
  async #all<R extends { readonly timestamp: number | 'now' }>(
    requests: readonly R[],
    rescan: boolean,
    work: (request: R, timestamp: number, warnings: string[]) => Promise<void>,
  ): Promise<ImportOutcome[]> {
    await this.#core.read(() => this.#encryption.requireUnlocked());
    const tip = this.#context.source.tip();
    const outcomes: ImportOutcome[] = [];
    const times: number[] = [];
    for (const request of requests) {
      const asked = request.timestamp === 'now' ? tip.medianTimePast : request.timestamp;
      times.push(asked);
      const warnings: string[] = [];
      try {
        await work(request, Math.max(1, asked), warnings);
        outcomes.push({ success: true, warnings });
      } catch (error) {
        const refused = error instanceof WalletError || error instanceof DescriptorError;
        if (!refused) throw error;
        outcomes.push({ success: false, error, warnings });
      }
    }
    if (!rescan || !outcomes.some(({ success }) => success)) return outcomes;
    const lowest = Math.max(1, Math.min(tip.time, ...times));
    const complete = await this.#rescans.searchSince(lowest);
    if (complete <= lowest) return outcomes;
    return outcomes.map((outcome, i) => withMissing(outcome, times[i] as number, complete));
  }

  async #descriptor(
    request: DescriptorImport,
    timestamp: number,
    warnings: string[],
  ): Promise<void> {
    const context = this.#context;
    const { flags } = walletMeta(context);
    const checked = checkImport(context, flags, request, timestamp, warnings);
    for (const { descriptor, settings, label } of checked) {
      await this.#changeKeys((unit) => addDescriptor(context, unit, descriptor, settings, label));
    }
  }

  /**
   * Takes in a transaction of a block that is proven to have it. Throws 'foreign-transaction' unless one of its
   * outputs is own or watched.
   */
  transaction(tx: Tx, ref: BlockRef, index: number): Promise<void> {
    const { source } = this.#context;
    return this.#core.change((_unit, ledger) => {
      if (!ledger.pays(tx)) throw new WalletError('foreign-transaction');
      const blockTime = source.headerTime(ref.hash);
      ledger.confirm(tx, ref, index, {
        now: source.now(),
        ...(blockTime !== undefined && { blockTime }),
      });
    });
  }

  /** Makes chains of an address type; returns their descriptors. */
  async chains(wish: ChainWish): Promise<string[]> {
    await this.#core.read(() => this.#encryption.requireUnlocked());
    return this.#changeKeys((unit) => createChains(this.#context, unit, wish));
  }

  /** Keeps an extended private key, a new one unless it is given; returns its public form. */
  async hdKey(text: string | undefined): Promise<string> {
    await this.#requireKeys();
    return this.#changeKeys((unit) => addHdKey(this.#context, unit, text));
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

  #importing<T>(work: (importing: Importing) => Promise<T>): Promise<T> {
    return this.#changeKeys((unit) => work({ context: this.#context, unit }));
  }

  /** A change of keys; the keyring knows of it before the next call runs. */
  #changeKeys<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    return this.#core.read(async () => {
      const { keyring } = this.#context;
      try {
        return await this.#core.changeNow(work);
      } finally {
        keyring.refresh();
      }
    });
  }
}

/** What an import is worth when blocks since its time could not be read. */
function withMissing(outcome: ImportOutcome, timestamp: number, complete: number): ImportOutcome {
  if (!outcome.success || complete <= timestamp) return outcome;
  const details = {
    timestamp: BigInt(timestamp),
    blockTime: BigInt(complete - TIMESTAMP_WINDOW - 1),
  };
  return {
    success: false,
    error: new WalletError('rescan-failed', undefined, details),
    warnings: outcome.warnings,
  };
}
