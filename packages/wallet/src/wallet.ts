/**
 * A wallet as its callers see it: what can be asked comes from `wallet-reads.ts`, what changes it is here, each
 * in a few lines that say where the work is done. Every method waits its turn in the wallet's queue. Objects go
 * in, values come out, amounts are satoshis; RPC shapes are somebody else's.
 */
import type { BlockRef } from '@coind/consensus';
import type { FeeRate, OutPoint, Sats, Tx, Txid, TxOutput } from '@coind/primitives';
import { assignAccount, currentScript, labelAddress, newReceivingScript } from './address-book.ts';
import type { AddressType } from './address-type.ts';
import { encodeBackup, encodeWatchOnlyBackup } from './backup.ts';
import { type Balances, balances } from './balances.ts';
import { moveBetween } from './books.ts';
import type { BumpOptions } from './bump-fee.ts';
import { lockCoins, unlockCoins } from './coin-locks.ts';
import { addressOf, walletMeta } from './context.ts';
import { dumpKeys, type TextSink } from './dump.ts';
import type { WalletEncryption } from './encryption.ts';
import { WalletError } from './errors.ts';
import { type ChainWish, type DerivedHdKey, deriveHdKey } from './hd-keys.ts';
import { transactionCount } from './history.ts';
import { type Once, recallOnce, rememberOnce } from './idempotency.ts';
import type { DescriptorImport, ImportOutcome } from './import.ts';
import type { MultiImport } from './import-multi.ts';
import {
  type DescriptorText,
  descriptorTexts,
  privateKeyWif,
  signedMessage,
} from './key-exports.ts';
import { KeyImports, type Watched } from './key-imports.ts';
import {
  type HandlingOptions,
  type PartialPayment,
  PartialPayments,
  type UnsignedReplacement,
} from './partial-payments.ts';
import {
  type Payment,
  Payments,
  type Replacement,
  type ReplaceOptions,
  type SendOptions,
} from './payments.ts';
import type { Psbt } from './psbt/psbt.ts';
import type { SignOutcome } from './psbt/psbt-signer.ts';
import { type FillOptions, fillPsbt } from './psbt/wallet-psbt.ts';
import { type RescanProgress, Rescans } from './rescan.ts';
import type { SendAllOptions, Share } from './send-all.ts';
import type { SignedTx } from './sign.ts';
import { type PrevOut, signForWallet } from './sign-request.ts';
import type { PreparedTx, Recipient, SpendOptions } from './spend-options.ts';
import type { BookRow, WalletMeta } from './tables.ts';
import type { WalletCore, WalletListener } from './wallet-core.ts';
import type { RescanOutcome, WalletFollower } from './wallet-follower.ts';
import { WalletReads } from './wallet-reads.ts';

/** What a wallet is, for `getwalletinfo`. */
export interface WalletInfo {
  readonly name: string;
  readonly meta: WalletMeta;
  readonly transactions: number;
  readonly keypoolSize: number;
  readonly keypoolSizeInternal: number;
  /** Unix seconds at which the next key was made. */
  readonly keypoolOldest: number;
  readonly payTxFee: FeeRate;
  readonly balances: Balances;
  /** How far a search of old blocks has come that is under way. */
  readonly scanning: RescanProgress | undefined;
  /** Only of encrypted wallets: Unix seconds, 0 while locked. */
  readonly unlockedUntil?: number;
}

/** An open wallet. */
export class Wallet extends WalletReads {
  readonly #follower: WalletFollower;
  readonly #payments: Payments;
  readonly #partialPayments: PartialPayments;
  readonly #imports: KeyImports;
  readonly #rescans: Rescans;

  /** Its passphrase, if it has one. */
  readonly encryption: WalletEncryption;

  constructor(modules: {
    core: WalletCore;
    follower: WalletFollower;
    encryption: WalletEncryption;
  }) {
    super(modules.core);
    this.#follower = modules.follower;
    this.encryption = modules.encryption;
    this.#payments = new Payments(modules);
    this.#partialPayments = new PartialPayments({ core: modules.core, payments: this.#payments });
    this.#rescans = new Rescans(modules);
    this.#imports = new KeyImports({ ...modules, rescans: this.#rescans });
  }

  /** Everything asked for so far is done. */
  idle(): Promise<void> {
    return this.core.idle();
  }

  /** Tells of every transaction whose state changed, after the change is on disk. */
  onEvent(listener: WalletListener): () => void {
    return this.core.onEvent(listener);
  }

  /** Stops following the chain and closes the wallet's store. */
  async close(): Promise<void> {
    await this.#follower.stop();
    await this.core.idle();
    this.encryption.close();
    await this.core.close();
  }

  /** Whether coins on addresses that were spent from before are kept apart. */
  setAvoidReuse(avoidReuse: boolean): Promise<void> {
    const { meta } = this.context.tables;
    return this.core.change((unit) => {
      const before = walletMeta(this.context);
      unit.put(meta, undefined, { ...before, flags: { ...before.flags, avoidReuse } });
    });
  }

  /** Whether payments signal that they may be replaced, unless told otherwise (`-walletrbf`). */
  get replaceable(): boolean {
    return this.context.options.replaceable;
  }

  // --- addresses --------------------------------------------------------------------------------

  /** A fresh receiving address with a label, which is also its account. */
  async newAddress({
    label = '',
    type = this.context.options.addressType,
  }: {
    label?: string;
    type?: AddressType;
  } = {}): Promise<string> {
    const script = await this.core.change((unit) =>
      newReceivingScript(unit, this.context, label, type),
    );
    return this.#address(script);
  }

  /** A fresh change address, not booked. */
  async changeAddress(
    type: AddressType = this.context.options.changeType ?? this.context.options.addressType,
  ): Promise<string> {
    const { keyring } = this.context;
    return this.#address(await this.core.change((unit) => keyring.handOut(unit, type, true)));
  }

  /** A fresh receiving address that is not booked: what a block mined by the wallet pays. */
  async unbookedAddress(type: AddressType = this.context.options.addressType): Promise<string> {
    const { keyring } = this.context;
    return this.#address(await this.core.change((unit) => keyring.handOut(unit, type, false)));
  }

  /** The account's current address: the same until it was paid. */
  async accountAddress(account: string): Promise<string> {
    const type = this.context.options.addressType;
    return this.#address(
      await this.core.change((unit) => currentScript(unit, this.context, account, type)),
    );
  }

  #address(script: string): string {
    // Every script a wallet hands out has an address.
    return addressOf(script, this.context.params) as string;
  }

  /** Names any address; foreign ones become somebody to send to. Throws 'invalid-address'. */
  async setLabel(address: string, label: string, purpose?: BookRow['purpose']): Promise<void> {
    await this.core.change((unit) => labelAddress(unit, this.context, address, { label, purpose }));
  }

  /** Moves an own address to an account; its old account then shows another current address. */
  async setAccount(address: string, account: string): Promise<void> {
    await this.core.change((unit) =>
      assignAccount(unit, this.context, address, { account, type: this.addressType }),
    );
  }

  // --- coins ------------------------------------------------------------------------------------

  /** Keeps coins from being spent. All or none. Throws 'invalid-lock' with bitcoind's text. */
  lock(outpoints: readonly OutPoint[], { persistent = false } = {}): Promise<void> {
    return this.core.change((unit) => lockCoins(unit, this.core, outpoints, persistent));
  }

  /** Frees coins again; all of them without a list. Throws 'invalid-lock'. */
  unlock(outpoints?: readonly OutPoint[]): Promise<void> {
    return this.core.change((unit) => unlockCoins(unit, this.core, outpoints));
  }

  /** The same for coins that are about to be spent; those locked already stay so. */
  keepCoins(outpoints: readonly OutPoint[]): Promise<void> {
    return this.core.change((unit) => this.core.setLocked(unit, outpoints, true, false));
  }

  // --- paying -----------------------------------------------------------------------------------

  /**
   * Pays, and answers when the transaction is on disk and in the mempool. Order of refusals: keys,
   * addresses, the account's balance, coins. Throws `WalletError`.
   */
  send(payments: readonly Payment[], options: SendOptions = {}): Promise<PreparedTx> {
    return this.#payments.send(payments, options);
  }

  /** The same for scripts. */
  sendToScripts(recipients: readonly Recipient[], options: SendOptions = {}): Promise<PreparedTx> {
    return this.#payments.sendToScripts(recipients, options);
  }

  /**
   * Replaces an unconfirmed payment by one that pays more; account and notes stay. Answers when the new
   * one is on disk and in the mempool. Throws `WalletError`.
   */
  bumpFee(txid: Txid, options: ReplaceOptions = {}): Promise<Replacement> {
    return this.#payments.replace(txid, options);
  }

  /** Makes and signs a payment without telling anybody; takes a change address from the keypool. */
  createTransaction(
    recipients: readonly Recipient[],
    options: SpendOptions = {},
  ): Promise<PreparedTx> {
    return this.#payments.create(recipients, options);
  }

  /**
   * Adds coins to a transaction that somebody described, and change where there is some. Nothing is
   * signed, so the keys may be elsewhere or locked.
   */
  fundTransaction(
    recipients: readonly Recipient[],
    options: SpendOptions = {},
  ): Promise<PreparedTx> {
    return this.#payments.fund(recipients, options);
  }

  /** Pays, or signs as far as the wallet can and leaves the rest to others. Throws `WalletError`. */
  sendPartly(
    recipients: readonly Recipient[],
    options: SpendOptions & HandlingOptions = {},
  ): Promise<PartialPayment> {
    return this.#partialPayments.send(recipients, options);
  }

  /** Spends everything, in the same way. Throws `WalletError`. */
  sendAll(
    shares: readonly Share[],
    options: SendAllOptions & HandlingOptions = {},
  ): Promise<PartialPayment> {
    return this.#partialPayments.sendAll(shares, options);
  }

  /** Plans what `bumpFee` sends, for others to sign. Throws `WalletError`. */
  planReplacement(
    txid: Txid,
    options: BumpOptions & { readonly version: Psbt['version'] },
  ): Promise<UnsignedReplacement> {
    return this.#partialPayments.planReplacement(txid, options);
  }

  /**
   * Fills in what the wallet knows of a PSBT, and signs. Returns what became of each input; undefined when
   * the inputs ask for locktimes that clash.
   */
  fillPsbt(psbt: Psbt, options: FillOptions): Promise<readonly SignOutcome[] | undefined> {
    return this.core.read(() => {
      if (options.sign) this.encryption.requireUnlocked();
      return fillPsbt(this.context, psbt, options);
    });
  }

  /** Moves an amount between accounts: two entries in the books, no coin. */
  move(from: string, to: string, amount: Sats, comment = '', once?: Once): Promise<void> {
    const { tables, source } = this.context;
    return this.core.change((unit) => {
      if (once && recallOnce(tables, once)) return;
      if (once) rememberOnce(unit, tables, once);
      moveBetween(unit, tables, { from, to, amount, comment, time: source.now() });
    });
  }

  /** Fee rate of payments that ask for none; zero leaves it to estimates. Kept until unloaded. */
  setTxFee(rate: FeeRate): void {
    this.core.payTxFee = rate;
  }

  /** Offers unconfirmed transactions that are not in the mempool to it again; says which it took. */
  resend(): Promise<readonly Txid[]> {
    return this.#follower.resend();
  }

  /**
   * Gives up a transaction that is neither confirmed nor in the mempool. One that a block has made
   * impossible is refused as well, unless `conflictedToo`: it is given up already.
   */
  abandon(txid: Txid, { conflictedToo = false } = {}): Promise<void> {
    return this.core.change((_unit, ledger) => {
      const row = this.context.tables.txs.getSync(txid);
      if (!row) throw new WalletError('unknown-transaction');
      const { kind } = row.state;
      if (kind === 'confirmed' || kind === 'mempool' || (kind === 'conflicted' && !conflictedToo)) {
        throw new WalletError('not-abandonable');
      }
      ledger.abandon(txid);
    });
  }

  // --- keys -------------------------------------------------------------------------------------

  /** Throws 'wallet-locked': for doors that refuse before they look at anything else. */
  requireUnlocked(): Promise<void> {
    return this.core.read(() => this.encryption.requireUnlocked());
  }

  /** Signs what the wallet has keys for. `prevouts` adds outputs and scripts it may not know. */
  signTransaction(
    tx: Tx,
    prevouts: readonly PrevOut[] = [],
    hashType?: number,
  ): Promise<SignedTx & { readonly spent: readonly (TxOutput | undefined)[] }> {
    return this.core.read(() => {
      this.encryption.requireUnlocked();
      return signForWallet(this.context, tx, prevouts, hashType);
    });
  }

  /** The private key of an own address with one key, as WIF. */
  dumpPrivateKey(address: string): Promise<string> {
    return this.core.read(() => {
      this.encryption.requireUnlocked();
      return privateKeyWif(this.context, address);
    });
  }

  /** Signs a message with the key of a P2PKH address; base64. */
  signMessage(address: string, message: string): Promise<string> {
    return this.core.read(() => {
      this.encryption.requireUnlocked();
      return signedMessage(this.context, address, message);
    });
  }

  /** Adds a private key with all addresses it can have, named `label`. Old blocks are searched. */
  importPrivateKey(wif: string, label = '', rescan = true): Promise<void> {
    return this.#imports.privateKey(wif, label, rescan);
  }

  /** Writes all private keys as text, a line each, as bitcoind did. Throws 'wallet-locked'. */
  async dumpKeys(creator: string, write: TextSink): Promise<void> {
    // Programs of that time read keys one by one, those of the keypool too.
    await this.#follower.fillAll({ hardenedOnly: true });
    await this.core.read(() => {
      this.encryption.requireUnlocked();
      return dumpKeys(this.context, creator, write);
    });
  }

  /** Adds the keys of such a text that it does not have, with their labels; searches old blocks. */
  importDump(text: string): Promise<void> {
    return this.#imports.dump(text);
  }

  /**
   * Watches something whose keys are elsewhere: an own one in a wallet without private keys, beside the own ones in
   * others. Throws 'has-private-key', 'rescan-running'.
   */
  watch(watched: Watched, label: string, rescan: boolean): Promise<void> {
    return this.#imports.watch(watched, label, rescan);
  }

  /** Names the address of a multisignature descriptor; it is an own one when all its keys are. */
  addMultisig(descriptor: string, label: string): Promise<void> {
    return this.#imports.multisig(descriptor, label);
  }

  /** Takes in the witness form of an address, and returns it. Throws 'not-witness', 'other-witness'. */
  addWitness(scriptPubKey: Uint8Array, behindHash: boolean): Promise<Uint8Array> {
    return this.#imports.witness(scriptPubKey, behindHash);
  }

  /** Imports descriptors one by one, then searches the blocks since the oldest of them. */
  importDescriptors(requests: readonly DescriptorImport[]): Promise<ImportOutcome[]> {
    return this.#imports.descriptors(requests);
  }

  /** Imports addresses, scripts and keys one by one, then searches the blocks since the oldest of them. */
  importMulti(requests: readonly MultiImport[], rescan = true): Promise<ImportOutcome[]> {
    return this.#imports.multi(requests, rescan);
  }

  /** Takes in a transaction that is proven to be in a block. Throws 'foreign-transaction'. */
  importTransaction(tx: Tx, ref: BlockRef, index: number): Promise<void> {
    return this.#imports.transaction(tx, ref, index);
  }

  /** Forgets a transaction as if it had never been met; says whether there was one. */
  removeTransaction(txid: Txid): Promise<boolean> {
    return this.core.change((_unit, ledger) => {
      const isKnown = this.context.tables.txs.getSync(txid) !== undefined;
      if (isKnown) ledger.forget(txid, 'removal');
      return isKnown;
    });
  }

  /** Searches old blocks for the wallet's own, by height. Throws 'rescan-running'. */
  rescan(start: number, end?: number): Promise<RescanOutcome> {
    return this.#rescans.reserved(() => this.#rescans.search(start, end));
  }

  /** Makes a search under way stop; says whether there was one. */
  abortRescan(): boolean {
    return this.#rescans.abort();
  }

  /** Makes chains that addresses of a type come from; returns their descriptors. Throws 'invalid-hd-key'. */
  createChains(wish: ChainWish): Promise<readonly string[]> {
    return this.#imports.chains(wish);
  }

  /** Keeps an extended private key for chains to come, a new one unless it is given; returns its public form. */
  addHdKey(xprv?: string): Promise<string> {
    return this.#imports.hdKey(xprv);
  }

  /** Derives a key by a path with hardened steps. Throws 'private-keys-disabled', 'invalid-path', 'invalid-hd-key'. */
  deriveHdKey(path: string, xpub?: string): Promise<DerivedHdKey> {
    return this.core.read(() => {
      if (walletMeta(this.context).flags.privateKeysDisabled) {
        throw new WalletError('private-keys-disabled');
      }
      this.encryption.requireUnlocked();
      return deriveHdKey(this.context, path, xpub);
    });
  }

  /** Descriptors in order of their text; with secrets where the wallet has them. */
  descriptors({ secrets = false } = {}): Promise<readonly DescriptorText[]> {
    return this.core.read(() => {
      if (secrets) this.encryption.requireUnlocked();
      return descriptorTexts(this.context, secrets);
    });
  }

  /** The whole wallet, as it is now, as the bytes of one file in pieces; `Wallets.restore` reads them. */
  backup(): Promise<AsyncIterable<Uint8Array>> {
    const { tables, params } = this.context;
    return this.core.read(() => encodeBackup(tables, params.name));
  }

  /** The same of a wallet that has everything but the private keys. Throws 'nothing-to-export'. */
  async watchOnlyBackup(): Promise<AsyncIterable<Uint8Array>> {
    const { tables, params, keyring } = this.context;
    await this.#follower.fillAll();
    return this.core.read(() => {
      if (keyring.list().length === 0) throw new WalletError('nothing-to-export');
      return encodeWatchOnlyBackup(tables, params.name);
    });
  }

  /** Fills the keypool now instead of in idle time, to `size` addresses per chain if it is smaller. */
  async refillKeypool(size?: number): Promise<void> {
    await this.core.change((unit) => {
      this.encryption.requireUnlocked();
      this.context.keyring.promise(unit, size);
    });
    await this.#follower.fillAll();
  }

  /** What the wallet is and how it stands. */
  info(): Promise<WalletInfo> {
    return this.core.read(() => ({
      name: this.name,
      meta: walletMeta(this.context),
      transactions: transactionCount(this.context),
      keypoolSize: this.context.keyring.keypoolSize(false),
      keypoolSizeInternal: this.context.keyring.keypoolSize(true),
      keypoolOldest: this.context.keyring.keypoolOldest() ?? this.context.source.now(),
      payTxFee: this.core.payTxFee,
      balances: balances(this.context),
      scanning: this.#rescans.progress,
      ...(this.encryption.isEncrypted && { unlockedUntil: this.encryption.unlockedUntil ?? 0 }),
    }));
  }
}
