/**
 * Encrypting a wallet, opening it for a while and closing it again. How secrets are sealed is `vault.ts`;
 * here is when: the clock (a mocked one too), the order of things, and that nothing readable is left behind.
 */
import type { WalletContext } from './context.ts';
import { WalletError } from './errors.ts';
import { randomKeys } from './key-scheme.ts';
import type { WalletCore } from './wallet-core.ts';

/** What a timer of the platform can hold. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Keys that are derived in one step while somebody waits for all of them. */
const KEYS_PER_STEP = 128;

/** The lock of one wallet. */
export class WalletEncryption {
  readonly #core: WalletCore;
  #until = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Its time is up, but somebody holds it open. */
  #isDue = false;
  #holders = 0;

  constructor({ core }: { core: WalletCore }) {
    this.#core = core;
  }

  get #context(): WalletContext {
    return this.#core.context;
  }

  get isEncrypted(): boolean {
    return this.#context.vault.isEncrypted;
  }

  /** Unix seconds at which it locks itself; 0 while locked, undefined without encryption. */
  get unlockedUntil(): number | undefined {
    if (!this.isEncrypted) return undefined;
    this.#lockWhenDue();
    return this.#context.vault.isLocked ? 0 : this.#until;
  }

  /** For callers in the wallet's queue. Throws 'wallet-locked'. */
  requireUnlocked(): void {
    this.#lockWhenDue();
    if (this.#context.vault.isLocked) throw new WalletError('wallet-locked');
  }

  /**
   * Seals all secrets, and makes new ones for new addresses: what was readable until now may lie in some
   * backup. Locked afterwards. Throws 'nothing-to-encrypt', 'wallet-encrypted'.
   */
  encrypt(passphrase: string): Promise<void> {
    const { tables, vault, keyring, random, source, params } = this.#context;
    return this.#core.read(async () => {
      const meta = tables.meta.getSync(undefined);
      if (meta?.flags.privateKeysDisabled) throw new WalletError('nothing-to-encrypt');
      if (vault.isEncrypted) throw new WalletError('wallet-encrypted');
      this.#refuseWhileHeld('encrypting the wallet');
      const prepared = await vault.prepare(passphrase);
      await this.#fillHardened();
      const ids = keyring.list().map(({ id }) => id);
      try {
        await this.#core.changeNow((unit) => {
          vault.encrypt(unit, prepared, ids);
          if (!meta || meta.flags.blank) return;
          const keys = randomKeys(meta.keyScheme ?? 'modern', (size) => random.bytes(size), params);
          keyring.addNew(unit, keys, source.now());
          unit.put(tables.meta, undefined, { ...meta, masterKeyId: keys.masterKeyId });
        });
        await keyring.load();
      } finally {
        this.#lockNow();
      }
      // Deleted rows stay readable in the files until those are written anew.
      await this.#core.compact();
    });
  }

  /**
   * Opens the secrets for so many seconds and fills the keypool; a new call replaces the time. Throws
   * 'wallet-unencrypted', 'passphrase-incorrect'.
   */
  unlock(passphrase: string, seconds: number): Promise<void> {
    const { vault, keyring, source } = this.#context;
    return this.#core.read(async () => {
      if (!vault.isEncrypted) throw new WalletError('wallet-unencrypted');
      await vault.unlock(passphrase);
      await keyring.load();
      await this.#core.changeNow((unit) => keyring.promise(unit));
      await this.#fillHardened();
      this.#until = source.now() + seconds;
      this.#isDue = false;
      this.#lockAfter(seconds * 1000);
    });
  }

  /** Throws 'wallet-unencrypted'. */
  lock(): Promise<void> {
    return this.#core.read(() => {
      if (!this.isEncrypted) throw new WalletError('wallet-unencrypted');
      this.#refuseWhileHeld('locking the wallet');
      this.#lockNow();
    });
  }

  /** Leaves it as locked or unlocked as it was. Throws 'wallet-unencrypted', 'passphrase-incorrect'. */
  changePassphrase(old: string, next: string): Promise<void> {
    const { tables, vault } = this.#context;
    return this.#core.read(async () => {
      if (!vault.isEncrypted) throw new WalletError('wallet-unencrypted');
      this.#refuseWhileHeld('changing the passphrase');
      const row = await vault.reseal(old, next);
      await this.#core.changeNow((unit) => unit.put(tables.encryption, undefined, row));
      await this.#core.compact();
    });
  }

  /**
   * Lets the time of an unlocked wallet run out only after `work`, and refuses meanwhile to lock it: a search of old
   * blocks goes on making keys.
   */
  async keepOpen<T>(work: () => Promise<T>): Promise<T> {
    this.#holders++;
    try {
      return await work();
    } finally {
      this.#holders--;
      this.#lockWhenDue();
    }
  }

  /** Throws 'searching' with what had to wait. */
  #refuseWhileHeld(what: string): void {
    if (this.#holders === 0) return;
    throw new WalletError(
      'searching',
      `Error: the wallet is currently being used to rescan the blockchain for related transactions. Please call \`abortrescan\` before ${what}.`,
    );
  }

  /** Forgets everything; the wallet is being closed. */
  close(): void {
    this.#lockNow();
  }

  /** Derives what a locked wallet cannot. */
  async #fillHardened(): Promise<void> {
    const { keyring } = this.#context;
    const step = () => this.#core.changeNow((unit) => keyring.fill(unit, KEYS_PER_STEP, true));
    while ((await step()) > 0);
  }

  #lockWhenDue(): void {
    const { vault, source } = this.#context;
    if (this.#holders > 0 || !this.isEncrypted || vault.isLocked) return;
    if (this.#isDue || source.now() >= this.#until) this.#lockNow();
  }

  #lockNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#until = 0;
    this.#isDue = false;
    if (!this.isEncrypted) return;
    this.#context.vault.lock();
    this.#context.keyring.wipe();
  }

  /** Real time locks it even when nobody asks, and even when a test holds the clock still. */
  #lockAfter(leftMs: number): void {
    clearTimeout(this.#timer);
    const waitMs = Math.min(leftMs, MAX_TIMER_MS);
    this.#timer = setTimeout(() => {
      if (leftMs > waitMs) this.#lockAfter(leftMs - waitMs);
      else this.#isDue = true;
      // After what is being signed.
      if (this.#isDue) void this.#core.read(() => this.#lockWhenDue());
    }, waitMs);
    this.#timer.unref();
  }
}
