/**
 * A wallet as its callers see it: addresses, balances, history, payments, accounts, keys. Every method
 * waits its turn in the wallet's queue, so it sees whole changes and what the caller did before. Objects
 * go in, values come out, amounts are satoshis; RPC shapes are somebody else's.
 */
import {
  type Descriptor,
  DescriptorError,
  expandDescriptor,
  parseDescriptor,
} from '@coind/descriptors';
import {
  type Block,
  bytesToHex,
  type FeeRate,
  type OutPoint,
  type Sats,
  Tx as Transaction,
  type Tx,
  type Txid,
  type TxOutput,
} from '@coind/primitives';
import { encodeWif, isP2pkh } from '@coind/script';
import {
  type AddressInfo,
  addressesByLabel,
  addressInfo,
  bookScript,
  currentScript,
  listLabels,
  newReceivingScript,
  paymentsOf,
} from './address-book.ts';
import { type AddressGroup, addressGroupings } from './address-groups.ts';
import type { AddressType } from './address-type.ts';
import { type AuditReport, auditBooks } from './audit.ts';
import { encodeBackup } from './backup.ts';
import {
  accountBalanceAt,
  allAccountsBalance,
  type Balances,
  balances,
  type CoinbaseReceived,
  coinBalance,
  listAccounts,
  listReceivedByAddress,
  listReceivedByLabel,
  type ReceivedByAddress,
  type ReceivedByLabel,
  receivedByAddress,
  receivedByLabel,
} from './balances.ts';
import { appendJournal, changeAccount, takeNumber } from './books.ts';
import { type BumpOptions, planBump } from './bump-fee.ts';
import { addressOf, scriptOf, type WalletContext } from './context.ts';
import { dumpKeys, parseDump, type TextSink } from './dump.ts';
import type { WalletEncryption } from './encryption.ts';
import { WalletError } from './errors.ts';
import { type HdKey, hdKeys } from './hd-keys.ts';
import {
  type HistoryEntry,
  type HistoryFilter,
  type HistoryPlace,
  listHistory,
  type TxView,
  transactionCount,
  transactionsSince,
  viewTransaction,
} from './history.ts';
import {
  answerOf,
  firstPayment,
  forgetOnce,
  type Once,
  recallOnce,
  rememberOnce,
} from './idempotency.ts';
import {
  addDescriptor,
  checkImport,
  type DescriptorImport,
  type ImportOutcome,
  wifDescriptor,
} from './import.ts';
import { type JournalPage, journalPage } from './journal.ts';
import { signMessageWithKey } from './message.ts';
import { addMultisig } from './multisig.ts';
import type { SignedTx } from './sign.ts';
import { type PrevOut, signForWallet } from './sign-request.ts';
import { type PreparedTx, prepareSpend, type Recipient, type SpendOptions } from './spend.ts';
import type { BookRow, DescriptorRow, TxRow, WalletMeta } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import { type CoinFilter, coinPages, type UnspentCoin } from './unspent.ts';
import type { WalletCore, WalletListener } from './wallet-core.ts';
import type { WalletFollower } from './wallet-follower.ts';

/** A payment by address. */
export interface Payment {
  readonly address: string;
  readonly amount: Sats;
  readonly subtractFee?: boolean;
}

/** How to send, and what to remember about it. */
export interface SendOptions extends SpendOptions {
  /** The account that pays; it must have the amount at `accountConfirmations` when that is given. */
  readonly fromAccount?: string;
  /** Checks the account's balance at so many confirmations, as sendfrom and sendmany do. */
  readonly accountConfirmations?: number;
  readonly comment?: string;
  readonly to?: string;
  /** Chooses coins before it looks whether the wallet can sign: the order of `send`. */
  readonly evenLocked?: boolean;
  /** Has its effect once, however often it is asked for. */
  readonly once?: Once;
}

/** What a wallet is, for `getwalletinfo`. */
export interface WalletInfo {
  readonly name: string;
  readonly meta: WalletMeta;
  readonly transactions: number;
  readonly keypoolSize: number;
  readonly keypoolSizeInternal: number;
  readonly payTxFee: FeeRate;
  readonly balances: Balances;
  readonly scanning: boolean;
  /** Only of encrypted wallets: Unix seconds, 0 while locked. */
  readonly unlockedUntil?: number;
}

/** Which coins could not be locked or unlocked, and why, in bitcoind's words. */
const lockTexts = {
  unknown: 'Invalid parameter, unknown transaction',
  range: 'Invalid parameter, vout index out of bounds',
  spent: 'Invalid parameter, expected unspent output',
  notLocked: 'Invalid parameter, expected locked output',
  locked: 'Invalid parameter, output already locked',
} as const;

/** Seconds before a key's birth from which blocks are searched: clocks of miners differ. */
const TIMESTAMP_WINDOW = 7200;

/** Keys that are added in one batch. */
const KEYS_PER_BATCH = 100;

/** An open wallet. */
export class Wallet {
  readonly #core: WalletCore;
  readonly #follower: WalletFollower;
  #scanning = false;
  #abort = false;

  /** Its passphrase, if it has one. */
  readonly encryption: WalletEncryption;

  constructor(modules: {
    core: WalletCore;
    follower: WalletFollower;
    encryption: WalletEncryption;
  }) {
    this.#core = modules.core;
    this.#follower = modules.follower;
    this.encryption = modules.encryption;
  }

  get name(): string {
    return this.#core.name;
  }

  get #context(): WalletContext {
    return this.#core.context;
  }

  #meta(): WalletMeta {
    return this.#context.tables.meta.getSync(undefined) as WalletMeta;
  }

  /** Everything asked for so far is done. */
  idle(): Promise<void> {
    return this.#core.idle();
  }

  /** Tells of every transaction whose state changed, after the change is on disk. */
  onEvent(listener: WalletListener): () => void {
    return this.#core.onEvent(listener);
  }

  /** Stops following the chain and closes the wallet's store. */
  async close(): Promise<void> {
    await this.#follower.stop();
    await this.#core.idle();
    this.encryption.close();
    await this.#core.close();
  }

  /** Whether coins on addresses that were spent from before are kept apart. */
  setAvoidReuse(avoidReuse: boolean): Promise<void> {
    const { meta } = this.#context.tables;
    return this.#core.change((unit) => {
      const before = this.#meta();
      unit.put(meta, undefined, { ...before, flags: { ...before.flags, avoidReuse } });
    });
  }

  // --- addresses --------------------------------------------------------------------------------

  /** The kind of address that is handed out unless another is asked for. */
  get addressType(): AddressType {
    return this.#context.options.addressType;
  }

  /** A fresh receiving address with a label, which is also its account. */
  async newAddress({
    label = '',
    type = this.#context.options.addressType,
  }: {
    label?: string;
    type?: AddressType;
  } = {}): Promise<string> {
    const script = await this.#core.change((unit) =>
      newReceivingScript(unit, this.#context, label, type),
    );
    return this.#address(script);
  }

  /** A fresh change address, not booked. */
  async changeAddress(
    type: AddressType = this.#context.options.changeType ?? this.#context.options.addressType,
  ): Promise<string> {
    const { keyring } = this.#context;
    return this.#address(await this.#core.change((unit) => keyring.handOut(unit, type, true)));
  }

  /** A fresh receiving address that is not booked: what a block mined by the wallet pays. */
  async unbookedAddress(type: AddressType = this.#context.options.addressType): Promise<string> {
    const { keyring } = this.#context;
    return this.#address(await this.#core.change((unit) => keyring.handOut(unit, type, false)));
  }

  /** The account's current address: the same until it was paid. */
  async accountAddress(account: string): Promise<string> {
    const type = this.#context.options.addressType;
    return this.#address(
      await this.#core.change((unit) => currentScript(unit, this.#context, account, type)),
    );
  }

  #address(script: string): string {
    // Every script a wallet hands out has an address.
    return addressOf(script, this.#context.params) as string;
  }

  /** Names any address; foreign ones become somebody to send to. Throws 'invalid-address'. */
  async setLabel(address: string, label: string, purpose?: BookRow['purpose']): Promise<void> {
    const script = bytesToHex(scriptOf(address, this.#context.params));
    await this.#core.change(async (unit) => {
      const payments = await paymentsOf(this.#context, script);
      const own = this.#context.keyring.owner(unit, script) !== undefined;
      const kind = purpose ?? (own ? 'receive' : 'send');
      bookScript(unit, this.#context, script, { label, purpose: kind }, payments);
    });
  }

  /** Moves an own address to an account; its old account then shows another current address. */
  async setAccount(address: string, account: string): Promise<void> {
    const script = bytesToHex(scriptOf(address, this.#context.params));
    const type = this.#context.options.addressType;
    await this.#core.change(async (unit) => {
      if (!this.#context.keyring.owner(unit, script)) throw new WalletError('setaccount-foreign');
      const old = unit.get(this.#context.tables.book, script);
      if (old && currentScript(unit, this.#context, old.label, type) === script) {
        currentScript(unit, this.#context, old.label, type, true);
      }
      const payments = await paymentsOf(this.#context, script);
      const entry = { label: account, purpose: 'receive' } as const;
      bookScript(unit, this.#context, script, entry, payments);
    });
  }

  /** Everything known about an address. Throws 'invalid-address'. */
  addressInfo(address: string): Promise<AddressInfo> {
    return this.#core.read(() => addressInfo(this.#context, address));
  }

  addressesByLabel(
    label: string,
  ): Promise<readonly { address: string; purpose: BookRow['purpose'] }[]> {
    return this.#core.read(() => addressesByLabel(this.#context, label));
  }

  listLabels(purpose?: string): Promise<readonly string[]> {
    return this.#core.read(() => listLabels(this.#context, purpose));
  }

  // --- balances ---------------------------------------------------------------------------------

  /** What can be spent: trusted coins with at least so many confirmations. */
  balance(minConfirmations = 0): Promise<Sats> {
    return this.#core.read(() => coinBalance(this.#context, minConfirmations));
  }

  balances(): Promise<Balances> {
    return this.#core.read(() => balances(this.#context));
  }

  accountBalance(account: string, minConfirmations = 1): Promise<Sats> {
    return this.#core.read(() => accountBalanceAt(this.#context, account, minConfirmations));
  }

  /** `getbalance "*"` of bitcoind 0.16: the account formula over everything. */
  allAccountsBalance(minConfirmations = 1): Promise<Sats> {
    return this.#core.read(() => allAccountsBalance(this.#context, minConfirmations));
  }

  listAccounts(minConfirmations = 1): Promise<ReadonlyMap<string, Sats>> {
    return this.#core.read(() => listAccounts(this.#context, minConfirmations));
  }

  receivedByAddress(
    address: string,
    minConfirmations = 1,
    coinbase: CoinbaseReceived = 'none',
  ): Promise<Sats> {
    return this.#core.read(() =>
      receivedByAddress(this.#context, address, minConfirmations, coinbase),
    );
  }

  receivedByLabel(
    label: string,
    minConfirmations = 1,
    coinbase: CoinbaseReceived = 'none',
  ): Promise<Sats> {
    return this.#core.read(() => receivedByLabel(this.#context, label, minConfirmations, coinbase));
  }

  listReceivedByLabel(
    minConfirmations = 1,
    includeEmpty = false,
    coinbase: CoinbaseReceived = 'none',
  ): Promise<readonly ReceivedByLabel[]> {
    return this.#core.read(() =>
      listReceivedByLabel(this.#context, minConfirmations, includeEmpty, coinbase),
    );
  }

  listReceivedByAddress(
    minConfirmations = 1,
    includeEmpty = false,
    coinbase: CoinbaseReceived = 'none',
    only?: string,
  ): Promise<readonly ReceivedByAddress[]> {
    return this.#core.read(() =>
      listReceivedByAddress(this.#context, minConfirmations, includeEmpty, coinbase, only),
    );
  }

  // --- history ----------------------------------------------------------------------------------

  /** `count` entries before the newest `skip`, or before the place of an entry; oldest first. */
  listTransactions(
    filter: HistoryFilter,
    count = 10,
    skip = 0,
    before?: HistoryPlace,
  ): Promise<readonly HistoryEntry[]> {
    const range = { count, skip, ...(before && { before }) };
    return this.#core.read(() => listHistory(this.#context, filter, range));
  }

  /** A wallet transaction. Throws 'unknown-transaction'. */
  transaction(txid: Txid): Promise<TxView> {
    return this.#core.read(() => viewTransaction(this.#context, txid));
  }

  /** Transactions in blocks above `height` and unconfirmed ones. */
  transactionsSince(height: number, filter?: HistoryFilter): Promise<readonly TxView[]> {
    return this.#core.read(() => transactionsSince(this.#context, height, filter));
  }

  /** Wallet transactions of a block that may have left the chain, as they stand now. */
  transactionsIn(block: Block, filter?: HistoryFilter): Promise<readonly TxView[]> {
    const { tables } = this.#context;
    return this.#core.read(() =>
      block.txs
        .filter(({ txid }) => tables.txs.getSync(txid))
        .map(({ txid }) => viewTransaction(this.#context, txid, filter)),
    );
  }

  /** Lines of an account's book from the number `first` on, oldest first. */
  journal(account: string, first = 0, limit = 1000): Promise<JournalPage> {
    return this.#core.read(() => journalPage(this.#context.tables, account, first, limit));
  }

  /** Computes all sums again and says where the books differ; nothing is changed. */
  audit(): Promise<AuditReport> {
    return this.#core.read(() => auditBooks(this.#context));
  }

  // --- coins ------------------------------------------------------------------------------------

  /** Unspent coins that pass a filter; locked ones are left out. */
  async unspent(filter: CoinFilter = {}): Promise<readonly UnspentCoin[]> {
    const found: UnspentCoin[] = [];
    for await (const page of await this.unspentPages(filter))
      for (const coin of page) found.push(coin);
    return found;
  }

  /** The same in pages, as they are now: the wallet goes on while they are read. Read them to the end. */
  unspentPages(filter: CoinFilter = {}): Promise<AsyncIterable<readonly UnspentCoin[]>> {
    return this.#core.read(() =>
      coinPages(this.#context, filter, (outpoint) => this.#core.isLocked(outpoint)),
    );
  }

  lockedCoins(): readonly OutPoint[] {
    return this.#core.lockedCoins();
  }

  /** Keeps coins from being spent. All or none. Throws 'invalid-lock' with bitcoind's text. */
  lock(outpoints: readonly OutPoint[], { persistent = false } = {}): Promise<void> {
    return this.#core.change((unit) => {
      for (const outpoint of outpoints) {
        this.#checkLockable(outpoint);
        if (this.#core.isLocked(outpoint) && !persistent) {
          throw new WalletError('invalid-lock', lockTexts.locked);
        }
      }
      this.#core.setLocked(unit, outpoints, true, persistent);
    });
  }

  /** Frees coins again; all of them without a list. Throws 'invalid-lock'. */
  unlock(outpoints?: readonly OutPoint[]): Promise<void> {
    return this.#core.change((unit) => {
      for (const outpoint of outpoints ?? []) {
        this.#checkLockable(outpoint);
        if (!this.#core.isLocked(outpoint)) {
          throw new WalletError('invalid-lock', lockTexts.notLocked);
        }
      }
      this.#core.setLocked(unit, outpoints ?? this.#core.lockedCoins(), false, false);
    });
  }

  #checkLockable(outpoint: OutPoint): void {
    const { tables } = this.#context;
    const bytes = tables.txBytes.getSync(outpoint.txid);
    if (!bytes) throw new WalletError('invalid-lock', lockTexts.unknown);
    if (outpoint.vout >= Transaction.decode(bytes).outputs.length) {
      throw new WalletError('invalid-lock', lockTexts.range);
    }
    const coinClass = tables.coins.getSync(outpoint)?.class;
    if (coinClass === 'spent' || coinClass === 'nonmempool') {
      throw new WalletError('invalid-lock', lockTexts.spent);
    }
  }

  // --- paying -----------------------------------------------------------------------------------

  /**
   * Pays, and answers when the transaction is on disk and in the mempool. Order of refusals: keys,
   * addresses, the account's balance, coins. Throws `WalletError`.
   */
  async send(payments: readonly Payment[], options: SendOptions = {}): Promise<PreparedTx> {
    const { params } = this.#context;
    const recipients = payments.map(({ address, amount, subtractFee }) => ({
      script: scriptOf(address, params),
      amount,
      ...(subtractFee && { subtractFee }),
    }));
    return this.sendToScripts(recipients, options);
  }

  /** The same for scripts. */
  sendToScripts(recipients: readonly Recipient[], options: SendOptions = {}): Promise<PreparedTx> {
    const { tables } = this.#context;
    const { once } = options;
    return this.#core.read(async () => {
      const before = once && recallOnce(tables, once);
      if (before) return firstPayment(tables, before);
      if (options.evenLocked !== true) this.encryption.requireUnlocked();
      await this.#checkAccount(recipients, options);
      const prepared = await this.#core.changeNow(async (unit, ledger) => {
        const payment = await this.#prepare(recipients, options, unit);
        if (once) rememberOnce(unit, tables, once, answerOf(payment));
        const { fromAccount, comment, to } = options;
        ledger.learn(
          payment.tx,
          { kind: 'mempool' },
          {
            now: this.#context.source.now(),
            ...(fromAccount !== undefined && { fromAccount }),
            ...(comment !== undefined && { comment }),
            ...(to !== undefined && { to }),
          },
        );
        return payment;
      });
      await this.#broadcast(prepared.tx, once);
      return prepared;
    });
  }

  /** Addresses whose owner can be seen to be one: spent together, or change of one another. */
  addressGroupings(): Promise<readonly AddressGroup[]> {
    return this.#core.read(() => addressGroupings(this.#context));
  }

  /**
   * Replaces an unconfirmed payment by one that pays more; account and notes stay. Answers when the new
   * one is on disk and in the mempool. Throws `WalletError`.
   */
  bumpFee(
    txid: Txid,
    options: BumpOptions & { readonly once?: Once } = {},
  ): Promise<PreparedTx & { readonly oldFee: Sats }> {
    const { tables } = this.#context;
    const { once } = options;
    return this.#core.read(async () => {
      const before = once && recallOnce(tables, once);
      if (before) return { oldFee: before.payment?.oldFee ?? 0n, ...firstPayment(tables, before) };
      if (this.#meta().flags.privateKeysDisabled) throw new WalletError('private-keys-disabled');
      const plan = await planBump(this.#context, txid, options, this.#core.payTxFee);
      this.encryption.requireUnlocked();
      const row = this.#context.tables.txs.getSync(txid) as TxRow;
      const prepared = await this.#core.changeNow(async (unit, ledger) => {
        const payment = await this.#prepare(plan.recipients, plan.options, unit);
        const { fromAccount, comment, to } = row;
        const about = { fromAccount, replaces: txid, now: this.#context.source.now() };
        const notes = { ...(comment && { comment }), ...(to && { to }) };
        ledger.learn(payment.tx, { kind: 'mempool' }, { ...about, ...notes });
        ledger.annotate(txid, { replacedBy: payment.tx.txid });
        if (once) rememberOnce(unit, tables, once, { ...answerOf(payment), oldFee: plan.oldFee });
        return payment;
      });
      await this.#broadcast(prepared.tx, once);
      return { ...prepared, oldFee: plan.oldFee };
    });
  }

  /** Makes and signs a payment without telling anybody; takes a change address from the keypool. */
  createTransaction(
    recipients: readonly Recipient[],
    options: SpendOptions = {},
  ): Promise<PreparedTx> {
    return this.#core.change((unit) => this.#prepare(recipients, options, unit));
  }

  /**
   * Adds coins to a transaction that somebody described, and change where there is some. Nothing is
   * signed, so the keys may be elsewhere or locked.
   */
  fundTransaction(
    recipients: readonly Recipient[],
    options: SpendOptions = {},
  ): Promise<PreparedTx> {
    const unsigned = { ...options, unsigned: true };
    return this.#core.change((unit) => this.#plan(recipients, unsigned, unit));
  }

  #prepare(
    recipients: readonly Recipient[],
    options: SpendOptions,
    unit: UnitOfWork,
  ): Promise<PreparedTx> {
    if (this.#meta().flags.privateKeysDisabled) throw new WalletError('private-keys-disabled');
    return this.#plan(recipients, options, unit);
  }

  #plan(
    recipients: readonly Recipient[],
    options: SpendOptions,
    unit: UnitOfWork,
  ): Promise<PreparedTx> {
    const surroundings = {
      isLocked: (outpoint: OutPoint) => this.#core.isLocked(outpoint),
      lockedValue: () => this.#core.lockedValue(),
      payTxFee: this.#core.payTxFee,
    };
    return prepareSpend(this.#context, recipients, options, surroundings, unit);
  }

  async #checkAccount(recipients: readonly Recipient[], options: SendOptions): Promise<void> {
    const { fromAccount = '', accountConfirmations } = options;
    if (accountConfirmations === undefined) return;
    const asked = recipients.reduce((sum, { amount }) => sum + amount, 0n);
    const has = await accountBalanceAt(this.#context, fromAccount, accountConfirmations);
    if (asked > has) throw new WalletError('account-insufficient-funds');
  }

  /** Offers a transaction that is on disk; takes it back when the mempool will not have it. */
  async #broadcast(tx: Tx, once?: Once): Promise<void> {
    if (this.#context.options.broadcast === false) {
      await this.#core.changeNow((_unit, ledger) => ledger.removed(tx.txid));
      return;
    }
    const outcome = await this.#context.source.broadcast(tx);
    if (outcome.accepted) return;
    await this.#core.changeNow((unit, ledger) => {
      ledger.forget(tx.txid);
      if (once) forgetOnce(unit, this.#context.tables, once);
    });
    throw new WalletError(
      'broadcast-rejected',
      `Error: The transaction was rejected! Reason given: ${outcome.reason}`,
      { reason: outcome.reason },
    );
  }

  /** Moves an amount between accounts: two entries in the books, no coin. */
  move(from: string, to: string, amount: Sats, comment = '', once?: Once): Promise<void> {
    const { tables, source } = this.#context;
    return this.#core.change((unit) => {
      if (once && recallOnce(tables, once)) return;
      if (once) rememberOnce(unit, tables, once);
      const time = source.now();
      const side = (account: string, otherAccount: string, signed: Sats): void => {
        const order = takeNumber(unit, tables, 'order');
        unit.put(tables.order, order, { txid: undefined });
        unit.put(tables.named, [account, order], true);
        unit.put(tables.moves, order, { account, otherAccount, amount: signed, comment, time });
        changeAccount(unit, tables, account, (row) => ({
          moved: row.moved + signed,
          moves: row.moves + 1,
        }));
        const line = {
          amount: signed,
          kind: 'move',
          about: otherAccount,
          cause: 'move',
          time,
        } as const;
        appendJournal(unit, tables, account, line);
      };
      side(from, to, -amount);
      side(to, from, amount);
    });
  }

  /** Fee rate of payments that ask for none; zero leaves it to estimates. Kept until unloaded. */
  setTxFee(rate: FeeRate): void {
    this.#core.payTxFee = rate;
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
    return this.#core.change((_unit, ledger) => {
      const row = this.#context.tables.txs.getSync(txid);
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
    return this.#core.read(() => this.encryption.requireUnlocked());
  }

  /** Signs what the wallet has keys for. `prevouts` adds outputs and scripts it may not know. */
  signTransaction(
    tx: Tx,
    prevouts: readonly PrevOut[] = [],
    hashType?: number,
  ): Promise<SignedTx & { readonly spent: readonly (TxOutput | undefined)[] }> {
    return this.#core.read(() => {
      this.encryption.requireUnlocked();
      return signForWallet(this.#context, tx, prevouts, hashType);
    });
  }

  /** The private key of an own address with one key, as WIF. */
  dumpPrivateKey(address: string): Promise<string> {
    return this.#core.read(() => {
      this.encryption.requireUnlocked();
      const { privateKey, publicKey } = this.#singleKey(address);
      if (!privateKey) {
        throw new WalletError(
          'private-key-unknown',
          `Private key for address ${address} is not known`,
        );
      }
      return encodeWif(privateKey, publicKey.length === 33, this.#context.params);
    });
  }

  #singleKey(address: string) {
    const script = scriptOf(address, this.#context.params);
    const solution = this.#context.keyring.solve(bytesToHex(script), true);
    const [key] = solution?.keys ?? [];
    if (key && solution?.keys.length === 1 && !solution.witnessScript) return key;
    // A script hash that is not ours could be anything; a key hash is a key whose secret is unknown.
    if (!solution && script.length !== 23 && script.length !== 34) {
      return { publicKey: new Uint8Array(33), privateKey: undefined };
    }
    throw new WalletError('not-a-key-address', 'Address does not refer to a key');
  }

  /** Signs a message with the key of a P2PKH address; base64. */
  signMessage(address: string, message: string): Promise<string> {
    return this.#core.read(() => {
      this.encryption.requireUnlocked();
      const script = scriptOf(address, this.#context.params);
      if (!isP2pkh(script)) throw new WalletError('not-a-key-address');
      const { privateKey, publicKey } = this.#singleKey(address);
      if (!privateKey) throw new WalletError('private-key-unknown');
      return signMessageWithKey(message, privateKey, publicKey.length === 33);
    });
  }

  /** Adds a private key with all addresses it can have, named `label`. Old blocks are searched. */
  async importPrivateKey(wif: string, label = '', rescan = true): Promise<void> {
    const context = this.#context;
    if (this.#meta().flags.privateKeysDisabled) throw new WalletError('private-keys-disabled');
    await this.requireUnlocked();
    const descriptor = wifDescriptor(context, wif);
    await this.#changeKeys((unit) => {
      const settings = { timestamp: 1, active: false, internal: false };
      return addDescriptor(context, unit, descriptor, settings, label);
    });
    if (rescan) await this.rescan(0);
  }

  /** Writes all private keys as text, a line each, as bitcoind did. Throws 'wallet-locked'. */
  dumpKeys(creator: string, write: TextSink): Promise<void> {
    return this.#core.read(() => {
      this.encryption.requireUnlocked();
      dumpKeys(this.#context, creator, write);
    });
  }

  /** Adds the keys of such a text that it does not have, with their labels; searches old blocks. */
  async importDump(text: string): Promise<void> {
    const context = this.#context;
    if (this.#meta().flags.privateKeysDisabled) throw new WalletError('private-keys-disabled');
    await this.requireUnlocked();
    const keys = [
      ...new Map(parseDump(text, context.params).map((key) => [key.wif, key])).values(),
    ];
    let oldest = Number.POSITIVE_INFINITY;
    for (let start = 0; start < keys.length; start += KEYS_PER_BATCH) {
      await this.#changeKeys(async (unit) => {
        for (const { wif, time, label } of keys.slice(start, start + KEYS_PER_BATCH)) {
          const descriptor = wifDescriptor(context, wif);
          if (this.#hasKeyOf(descriptor)) continue;
          const settings = { timestamp: time, active: false, internal: false };
          await addDescriptor(context, unit, descriptor, settings, label);
          oldest = Math.min(oldest, time);
        }
      });
    }
    if (oldest < Number.POSITIVE_INFINITY) {
      await this.rescan(this.#heightBefore(oldest - TIMESTAMP_WINDOW));
    }
  }

  #hasKeyOf(descriptor: Descriptor): boolean {
    const { keyring } = this.#context;
    return expandDescriptor(descriptor, 0).some(({ scriptPubKey }) => {
      const owner = keyring.owner(undefined, bytesToHex(scriptPubKey));
      return owner !== undefined && keyring.hasSecret(owner.descriptor);
    });
  }

  /**
   * Names scripts that are not the wallet's. One without private keys watches them from now on; for
   * others they are entries of the address book. Throws 'has-private-key'.
   */
  async watch(descriptors: readonly string[], label: string, rescan: boolean): Promise<void> {
    const context = this.#context;
    const watching = this.#meta().flags.privateKeysDisabled;
    const parsed = descriptors.map((text) => parseDescriptor(text, context.params));
    if (parsed.some((one) => this.#hasKeyOf(one))) throw new WalletError('has-private-key');
    await this.#changeKeys(async (unit) => {
      for (const descriptor of parsed) {
        if (watching) {
          const settings = { timestamp: 1, active: false, internal: false };
          await addDescriptor(context, unit, descriptor, settings, label);
          continue;
        }
        for (const { scriptPubKey } of expandDescriptor(descriptor, 0)) {
          const script = bytesToHex(scriptPubKey);
          if (addressOf(script, context.params) === undefined) continue;
          const payments = await paymentsOf(context, script);
          bookScript(unit, context, script, { label, purpose: 'receive' }, payments);
        }
      }
    });
    if (watching && rescan) await this.rescan(0);
  }

  /** Names the address of a multisignature descriptor; it is an own one when all its keys are. */
  addMultisig(descriptor: string, label: string): Promise<void> {
    return this.#changeKeys((unit) => addMultisig(this.#context, unit, descriptor, label));
  }

  /** A change of keys; the keyring knows of it before the next call runs. */
  #changeKeys(work: (unit: UnitOfWork) => Promise<void>): Promise<void> {
    return this.#core.read(async () => {
      await this.#core.changeNow(work);
      await this.#context.keyring.load();
    });
  }

  /** Imports descriptors one by one, then searches the blocks since the oldest of them. */
  async importDescriptors(requests: readonly DescriptorImport[]): Promise<ImportOutcome[]> {
    await this.requireUnlocked();
    const now = this.#context.source.tip().medianTimePast;
    const outcomes: ImportOutcome[] = [];
    for (const request of requests) outcomes.push(await this.#importOne(request, now));
    const times = outcomes.flatMap((outcome) => (outcome.success ? [outcome.timestamp] : []));
    if (times.length > 0) {
      await this.rescan(this.#heightBefore(Math.min(...times) - TIMESTAMP_WINDOW));
    }
    return outcomes;
  }

  async #importOne(request: DescriptorImport, now: number): Promise<ImportOutcome> {
    const warnings: string[] = [];
    const context = this.#context;
    try {
      const { flags } = this.#meta();
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

  /** Descriptors in order of their text; with secrets where the wallet has them. */
  descriptors({
    secrets = false,
  } = {}): Promise<readonly (DescriptorRow & { readonly text: string })[]> {
    return this.#core.read(() => {
      const { keyring, tables } = this.#context;
      if (secrets && this.#meta().flags.privateKeysDisabled) {
        throw new WalletError(
          'private-keys-disabled',
          "Can't get private descriptor string for watch-only wallets",
        );
      }
      if (secrets) this.encryption.requireUnlocked();
      const found = keyring.list().map(({ id }) => {
        const row = tables.descriptors.getSync(id) as DescriptorRow;
        return { ...row, text: (secrets && keyring.secretText(id)) || row.descriptor };
      });
      return found.sort((a, b) => (a.text < b.text ? -1 : 1));
    });
  }

  /** The extended keys behind the descriptors; private ones where the wallet has them. */
  hdKeys({ activeOnly = false } = {}): Promise<readonly HdKey[]> {
    const { keyring, params } = this.#context;
    return this.#core.read(() => hdKeys(keyring, params, activeOnly));
  }

  /** The whole wallet, as it is now, as the bytes of one file in pieces; `Wallets.restore` reads them. */
  backup(): Promise<AsyncIterable<Uint8Array>> {
    const { tables, params } = this.#context;
    return this.#core.read(() => encodeBackup(tables, params.name));
  }

  /** Fills the keypool now instead of in idle time, to `size` addresses per chain if it is smaller. */
  async refillKeypool(size?: number): Promise<void> {
    await this.#core.change((unit) => {
      this.encryption.requireUnlocked();
      this.#context.keyring.promise(unit, size);
    });
    await this.#follower.fillAll();
  }

  /** What the wallet is and how it stands. */
  info(): Promise<WalletInfo> {
    return this.#core.read(() => ({
      name: this.name,
      meta: this.#meta(),
      transactions: transactionCount(this.#context),
      keypoolSize: this.#context.keyring.keypoolSize(false, this.#context.options.addressType),
      keypoolSizeInternal: this.#context.keyring.keypoolSize(
        true,
        this.#context.options.addressType,
      ),
      payTxFee: this.#core.payTxFee,
      balances: balances(this.#context),
      scanning: this.#scanning,
      ...(this.encryption.isEncrypted && { unlockedUntil: this.encryption.unlockedUntil ?? 0 }),
    }));
  }
}
