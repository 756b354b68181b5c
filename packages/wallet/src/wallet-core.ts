/**
 * The inside of an open wallet that its parts share: one queue through which every read and write goes
 * (so 200 payments at once are exact, and a reader sees whole changes only), the commit, locked coins
 * and the listeners. What changes mean is the ledger's; what callers may ask is in `wallet.ts`.
 */
import { type FeeRate, feeRate, type OutPoint, outpointKey, type Sats } from '@coind/primitives';
import type { Store, Write } from '@coind/store';
import type { WalletContext } from './context.ts';
import { Ledger, type LedgerEvent } from './ledger.ts';
import { Serial } from './serial.ts';
import { UnitOfWork } from './unit-of-work.ts';

/** Told of every transaction whose state changed, after the change is on disk. */
export type WalletListener = (event: LedgerEvent) => void;

interface Locked {
  readonly outpoint: OutPoint;
  readonly persistent: boolean;
}

/** Shared inside of one wallet. */
export class WalletCore {
  readonly name: string;
  readonly context: WalletContext;
  readonly #store: Store;
  readonly #serial = new Serial();
  readonly #listeners = new Set<WalletListener>();
  readonly #locked = new Map<string, Locked>();
  /** `settxfee`; forgotten when the wallet is unloaded. */
  payTxFee: FeeRate = feeRate(0n);

  constructor({ name }: { name: string }, modules: { context: WalletContext; store: Store }) {
    this.name = name;
    this.context = modules.context;
    this.#store = modules.store;
  }

  /** Reads what is needed in memory. */
  async load(): Promise<void> {
    await this.context.keyring.load();
    for await (const [outpoint] of this.context.tables.locked.entries()) {
      this.#locked.set(outpointKey(outpoint), { outpoint, persistent: true });
    }
  }

  /** Runs a read between changes. */
  read<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#serial.run(work);
  }

  /**
   * Runs a change and commits it. `sync` waits until it would survive a loss of power: for everything
   * that somebody is told of. Nothing is written when `work` throws.
   */
  change<T>(
    work: (unit: UnitOfWork, ledger: Ledger) => T | Promise<T>,
    { sync = true } = {},
  ): Promise<T> {
    return this.#serial.run(() => this.changeNow(work, { sync }));
  }

  /** The same for a caller that is already in the queue. */
  async changeNow<T>(
    work: (unit: UnitOfWork, ledger: Ledger) => T | Promise<T>,
    { sync = true } = {},
  ): Promise<T> {
    const unit = new UnitOfWork(this.context.rows);
    const ledger = new Ledger(unit, this.context);
    const result = await work(unit, ledger);
    this.#unlockSpent(unit, ledger);
    const writes = unit.writes();
    if (writes.length > 0) await this.#write(writes, sync);
    unit.keepIn(this.context.rows);
    this.context.coins.follow(unit);
    for (const event of ledger.events) for (const listener of this.#listeners) listener(event);
    return result;
  }

  /** Coins that are spent after all are not kept any longer. */
  #unlockSpent(unit: UnitOfWork, ledger: Ledger): void {
    if (this.#locked.size === 0) return;
    for (const { txid, state } of ledger.events) {
      if (state.kind !== 'mempool' && state.kind !== 'confirmed') continue;
      const spent = ledger.tx(txid).inputs.map(({ prevout }) => prevout);
      const kept = spent.filter((outpoint) => this.isLocked(outpoint));
      if (kept.length > 0) this.setLocked(unit, kept, false, false);
    }
  }

  async #write(writes: readonly Write[], sync: boolean): Promise<void> {
    try {
      await this.#store.commit(writes, { sync });
    } catch (error) {
      // It may be on disk all the same.
      this.context.rows.clear();
      this.context.coins.clear();
      throw error;
    }
  }

  /** Everything asked for so far is done. */
  idle(): Promise<void> {
    return this.#serial.idle();
  }

  onEvent(listener: WalletListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  isLocked(outpoint: OutPoint): boolean {
    return this.#locked.size > 0 && this.#locked.has(outpointKey(outpoint));
  }

  /** What the locked coins that could be spent are worth. */
  lockedValue(): Sats {
    let sum = 0n;
    for (const { outpoint } of this.#locked.values()) {
      const coin = this.context.tables.coins.getSync(outpoint);
      if (!coin || coin.watched) continue;
      if (coin.class === 'confirmed' || coin.class === 'trusted') sum += coin.value;
    }
    return sum;
  }

  lockedCoins(): readonly OutPoint[] {
    return [...this.#locked.values()].map(({ outpoint }) => outpoint);
  }

  /** Locks or unlocks coins; the caller checked that it may. */
  setLocked(
    unit: UnitOfWork,
    outpoints: readonly OutPoint[],
    locked: boolean,
    persistent: boolean,
  ): void {
    for (const outpoint of outpoints) {
      const key = outpointKey(outpoint);
      if (locked) {
        this.#locked.set(key, { outpoint, persistent });
        if (persistent) unit.put(this.context.tables.locked, outpoint, true);
      } else {
        this.#locked.delete(key);
        unit.del(this.context.tables.locked, outpoint);
      }
    }
  }

  /** Writes the files anew, so that nothing deleted is left in them. */
  compact(): Promise<void> {
    return this.#store.compact();
  }

  async close(): Promise<void> {
    await this.#serial.idle();
    await this.#store.close();
  }
}
