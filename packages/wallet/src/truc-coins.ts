/**
 * Which unconfirmed coins a transaction of a version may spend (BIP431): version 3 (TRUC) has at most one unconfirmed
 * parent, of version 3 itself and without other relatives; other versions have no such parents at all.
 */
import { type OutPoint, Reader, type Sats, type Txid } from '@coind/primitives';
import type { WalletContext } from './context.ts';
import { WalletError } from './errors.ts';
import { UNSPENT_GROUPS } from './tables.ts';

/** The version of TRUC transactions. */
export const TRUC_VERSION = 3;
/** The most that one weighs. */
export const TRUC_MAX_WEIGHT = 40_000;
/** The most that one weighs whose parent is unconfirmed. */
export const TRUC_CHILD_MAX_WEIGHT = 4_000;

/** What unconfirmed coins a transaction may spend. */
export class TrucCoins {
  readonly #context: WalletContext;
  readonly #version: number;
  #parent: Txid | undefined;

  private constructor(context: WalletContext, version: number) {
    this.#context = context;
    this.#version = version;
  }

  /** The rule for a transaction of a version that takes coins from `groups` of the index. */
  static async of(context: WalletContext, version: number): Promise<TrucCoins> {
    const rule = new TrucCoins(context, version);
    if (version === TRUC_VERSION) rule.#parent = await rule.#richestParent();
    return rule;
  }

  /** Whether an unconfirmed coin may be chosen. */
  allows({ txid }: OutPoint): boolean {
    if (this.#version === TRUC_VERSION) return txid === this.#parent;
    return this.#versionOf(txid) !== TRUC_VERSION;
  }

  /** Refuses an unconfirmed coin that the caller named and that may not be spent. */
  check({ txid }: OutPoint): void {
    const version = this.#versionOf(txid);
    const isMixed = (version === TRUC_VERSION) !== (this.#version === TRUC_VERSION);
    if (version === undefined || !isMixed) return;
    throw new WalletError(
      'invalid-input',
      `Can't spend unconfirmed version ${version} pre-selected input with a version ${this.#version} tx`,
    );
  }

  #versionOf(txid: Txid): number | undefined {
    const bytes = this.#context.tables.txBytes.getSync(txid);
    return bytes && new Reader(bytes).u32();
  }

  /** Of the transactions that may have a child, the one whose coins are worth most. */
  async #richestParent(): Promise<Txid | undefined> {
    const { tables, source } = this.#context;
    const { trusted = 0, pending = 2 } = UNSPENT_GROUPS;
    const worth = new Map<Txid, Sats>();
    for (const group of [trusted, pending]) {
      for await (const [[, value, { txid }]] of tables.unspent.entries({ prefix: [group] })) {
        if (this.#versionOf(txid) !== TRUC_VERSION || source.chainLength([txid]) > 1) continue;
        worth.set(txid, (worth.get(txid) ?? 0n) + value);
      }
    }
    let best: [Txid, Sats] | undefined;
    for (const entry of worth) if (!best || entry[1] > best[1]) best = entry;
    return best?.[0];
  }
}
