/**
 * What a wallet can be asked: addresses, balances, history, coins. Every question waits its turn in the
 * wallet's queue, so it sees whole changes and what the caller did before.
 */
import type { Block, OutPoint, Sats, Tx, Txid } from '@coind/primitives';
import { type AddressInfo, addressesByLabel, addressInfo, listLabels } from './address-book.ts';
import { type AddressGroup, addressGroupings } from './address-groups.ts';
import type { AddressType } from './address-type.ts';
import { type AuditReport, auditBooks } from './audit.ts';
import {
  accountBalanceAt,
  allAccountsBalance,
  type Balances,
  balances,
  type CoinbaseReceived,
  coinBalance,
  listAccounts,
  receivedByAddress,
  receivedByLabel,
} from './balances.ts';
import type { WalletContext } from './context.ts';
import { type HdKey, hdKeys } from './hd-keys.ts';
import {
  type HistoryEntry,
  type HistoryFilter,
  type HistoryPlace,
  listHistory,
  type TxView,
  transactionsSince,
  viewTransaction,
} from './history.ts';
import { type JournalPage, journalPage } from './journal.ts';
import {
  type ListPage,
  listReceivedByAddress,
  listReceivedByLabel,
  type ReceivedByAddress,
  type ReceivedByLabel,
} from './received-lists.ts';
import { balanceChange } from './simulate.ts';
import type { BookRow } from './tables.ts';
import { type CoinFilter, coinPages, type UnspentCoin } from './unspent.ts';
import type { WalletCore } from './wallet-core.ts';

/** The part of a wallet that changes nothing. */
export class WalletReads {
  protected readonly core: WalletCore;

  constructor(core: WalletCore) {
    this.core = core;
  }

  get name(): string {
    return this.core.name;
  }

  protected get context(): WalletContext {
    return this.core.context;
  }

  // --- addresses --------------------------------------------------------------------------------

  /** The kind of address that is handed out unless another is asked for. */
  get addressType(): AddressType {
    return this.context.options.addressType;
  }

  /** Everything known about an address. Throws 'invalid-address'. */
  addressInfo(address: string): Promise<AddressInfo> {
    return this.core.read(() => addressInfo(this.context, address));
  }

  addressesByLabel(
    label: string,
  ): Promise<readonly { address: string; purpose: BookRow['purpose'] }[]> {
    return this.core.read(() => addressesByLabel(this.context, label));
  }

  listLabels(purpose?: string): Promise<readonly string[]> {
    return this.core.read(() => listLabels(this.context, purpose));
  }

  /** Addresses whose owner can be seen to be one: spent together, or change of one another. */
  addressGroupings(): Promise<readonly AddressGroup[]> {
    return this.core.read(() => addressGroupings(this.context));
  }

  // --- balances ---------------------------------------------------------------------------------

  /** What can be spent: trusted coins with at least so many confirmations. */
  balance(minConfirmations = 0, { watched = false } = {}): Promise<Sats> {
    return this.core.read(() => coinBalance(this.context, minConfirmations, watched));
  }

  balances(): Promise<Balances> {
    return this.core.read(() => balances(this.context));
  }

  accountBalance(account: string, minConfirmations = 1, { watched = false } = {}): Promise<Sats> {
    return this.core.read(() => accountBalanceAt(this.context, account, minConfirmations, watched));
  }

  /** `getbalance "*"` of bitcoind 0.16: the account formula over everything. */
  allAccountsBalance(minConfirmations = 1, { watched = false } = {}): Promise<Sats> {
    return this.core.read(() => allAccountsBalance(this.context, minConfirmations, watched));
  }

  listAccounts(minConfirmations = 1, { watched = false } = {}): Promise<ReadonlyMap<string, Sats>> {
    return this.core.read(() => listAccounts(this.context, minConfirmations, watched));
  }

  receivedByAddress(
    address: string,
    minConfirmations = 1,
    coinbase: CoinbaseReceived = 'none',
  ): Promise<Sats> {
    return this.core.read(() =>
      receivedByAddress(this.context, address, minConfirmations, coinbase),
    );
  }

  receivedByLabel(
    label: string,
    minConfirmations = 1,
    coinbase: CoinbaseReceived = 'none',
  ): Promise<Sats> {
    return this.core.read(() => receivedByLabel(this.context, label, minConfirmations, coinbase));
  }

  listReceivedByLabel(
    minConfirmations = 1,
    includeEmpty = false,
    coinbase: CoinbaseReceived = 'none',
    { watched = false, ...page }: ListPage & { watched?: boolean } = {},
  ): Promise<readonly ReceivedByLabel[]> {
    const filter = { minConfirmations, includeEmpty, coinbase, withWatched: watched, ...page };
    return this.core.read(() => listReceivedByLabel(this.context, filter));
  }

  listReceivedByAddress(
    minConfirmations = 1,
    includeEmpty = false,
    coinbase: CoinbaseReceived = 'none',
    { watched = false, ...which }: ListPage & { only?: string | undefined; watched?: boolean } = {},
  ): Promise<readonly ReceivedByAddress[]> {
    const filter = { minConfirmations, includeEmpty, coinbase, withWatched: watched, ...which };
    return this.core.read(() => listReceivedByAddress(this.context, filter));
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
    return this.core.read(() => listHistory(this.context, filter, range));
  }

  /** A wallet transaction. Throws 'unknown-transaction'. */
  transaction(txid: Txid, filter?: HistoryFilter): Promise<TxView> {
    return this.core.read(() => viewTransaction(this.context, txid, filter));
  }

  /** Transactions in blocks above `height` and unconfirmed ones. */
  transactionsSince(height: number, filter?: HistoryFilter): Promise<readonly TxView[]> {
    return this.core.read(() => transactionsSince(this.context, height, filter));
  }

  /** Wallet transactions of a block that may have left the chain, as they stand now. */
  transactionsIn(block: Block, filter?: HistoryFilter): Promise<readonly TxView[]> {
    const { tables } = this.context;
    const shown: HistoryFilter = { by: 'all', moves: true, ...filter, contradicted: true };
    return this.core.read(() =>
      block.txs
        .filter(({ txid }) => tables.txs.getSync(txid))
        .map(({ txid }) => viewTransaction(this.context, txid, shown)),
    );
  }

  /** Lines of an account's book from the number `first` on, oldest first. */
  journal(account: string, first = 0, limit = 1000): Promise<JournalPage> {
    return this.core.read(() => journalPage(this.context.tables, account, first, limit));
  }

  /** Computes all sums again and says where the books differ; nothing is changed. */
  audit(): Promise<AuditReport> {
    return this.core.read(() => auditBooks({ ...this.context, tables: this.context.rows.disk }));
  }

  /** What the wallet would have more, or less, with these transactions, which may spend one another. */
  simulate(txs: readonly Tx[], { watched = false } = {}): Promise<Sats> {
    return this.core.read(() => balanceChange(this.context, txs, watched));
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
    return this.core.read(() =>
      coinPages(this.context, filter, (outpoint) => this.core.isLocked(outpoint)),
    );
  }

  lockedCoins(): readonly OutPoint[] {
    return this.core.lockedCoins();
  }

  // --- keys -------------------------------------------------------------------------------------

  /** The extended keys behind the descriptors; private ones where the wallet has them. */
  hdKeys({ activeOnly = false } = {}): Promise<readonly HdKey[]> {
    const { keyring, params } = this.context;
    return this.core.read(() => hdKeys(keyring, params, activeOnly ? 'active' : 'all'));
  }
}
