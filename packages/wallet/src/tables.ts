/**
 * Everything a wallet keeps on disk, on one page. Primary rows (keys, book, transactions, moves) say
 * what happened; every other row follows from them and can be computed again. Scripts are named by the
 * hex of their scriptPubKey: an address is only its spelling. What a row says and how it is written is in
 * `rows/`, by subject.
 */
import type { BlockHash, Txid } from '@coind/primitives';
import {
  bool,
  hash32,
  hex,
  i64be,
  json,
  list,
  optional,
  outpoint,
  type Store,
  struct,
  type Table,
  type TableSpec,
  text,
  tuple,
  u8,
  u32be,
  uint,
  unit,
} from '@coind/store';
import { account, bookRow, journalRow, moveRow, scriptSums, watchedSums } from './rows/books.ts';
import { coinRow, totalsRow, unspentRow } from './rows/coins.ts';
import { type DescriptorRow, derivedRow, type KnownScriptRow, scriptRow } from './rows/keys.ts';
import { mark, rawBytes, ref, txid } from './rows/parts.ts';
import { type OrderRow, postings, txRow } from './rows/transactions.ts';
import type { Counters, EncryptionRow, OnceRow, WalletMeta } from './rows/wallet.ts';

export {
  type AccountRow,
  type BookRow,
  EMPTY_ACCOUNT,
  EMPTY_SCRIPT_SUMS,
  EMPTY_WATCHED_SUMS,
  type HeightSum,
  type JournalCause,
  type JournalRow,
  type MoveRow,
  type ScriptSumsRow,
  type WatchedSumsRow,
} from './rows/books.ts';
export {
  type CoinClass,
  type CoinRow,
  EMPTY_TOTALS,
  outpointOf,
  type TotalsRow,
  UNSPENT_GROUPS,
  type UnspentRow,
  WATCHED_GROUP,
} from './rows/coins.ts';
export type { DerivedRow, DescriptorRow, KnownScriptRow, ScriptRow } from './rows/keys.ts';
export type { ScriptHex } from './rows/parts.ts';
export type { OrderRow, Posting, TxRow, TxState } from './rows/transactions.ts';
export {
  type Counters,
  type EncryptionRow,
  FIRST_COUNTERS,
  type OnceRow,
  UNBORN,
  type WalletFlags,
  type WalletMeta,
} from './rows/wallet.ts';

/** Version of this layout; older ones are brought to it (`upgrades.ts`), newer ones refused. */
export const WALLET_SCHEMA = 3;

function spec<K, V>(
  prefix: string,
  key: TableSpec<K, V>['key'],
  value: TableSpec<K, V>['value'],
  about: string,
): TableSpec<K, V> {
  return { prefix, key, value, about };
}

/** The tables, by name. */
export const walletTables = {
  meta: spec('m:', unit, json<WalletMeta>(), 'Flags and birth time.'),
  counters: spec(
    'n:',
    unit,
    struct<Counters>({ order: uint, journal: uint, transactions: uint, lastTime: uint }),
    'Numbers that count up.',
  ),
  position: spec('p:', unit, ref, 'The last block this wallet has worked through.'),
  trail: spec(
    'w:',
    u32be,
    hash32<BlockHash>(),
    'Blocks it has worked through: the recent ones, and few of the older.',
  ),
  descriptors: spec('d:', u32be, json<DescriptorRow>(), 'Descriptors, public parts.'),
  secrets: spec(
    'S:',
    u32be,
    text,
    'Descriptors with their private keys, while there is no passphrase.',
  ),
  sealed: spec<number, Uint8Array>('E:', u32be, rawBytes, 'The same, sealed under the master key.'),
  encryption: spec(
    'W:',
    unit,
    json<EncryptionRow>(),
    'The master key, sealed under the passphrase, and how.',
  ),
  derived: spec('D:', tuple(u32be, u32be), derivedRow, 'Keys of hardened chains, by index.'),
  scripts: spec(
    'k:',
    hex,
    scriptRow,
    'Own scripts: which descriptor makes them, at which index, with which key.',
  ),
  book: spec('b:', hex, bookRow, 'Address book: the label of a script.'),
  labels: spec('l:', tuple(text, hex), mark, 'Scripts by label.'),
  accounts: spec('a:', text, account, 'Running sums by account.'),
  allAccounts: spec('z:', unit, account, 'The same sums over all accounts, moves left out.'),
  watchedAccounts: spec('A:', text, watchedSums, 'What watched addresses add to an account.'),
  watchedInAll: spec('Z:', unit, watchedSums, 'What they add to the sums over all accounts.'),
  known: spec(
    'K:',
    hex,
    json<KnownScriptRow>(),
    'Scripts of others that the wallet watches or knows how to solve.',
  ),
  sharedKeys: spec(
    'Y:',
    tuple(hex, hex),
    mark,
    'Public keys of known scripts with several: whoever brings the last one makes the script own.',
  ),
  current: spec('r:', text, hex, 'The receiving script that getaccountaddress shows.'),
  scriptSums: spec('X:', hex, scriptSums, 'Running sums by script.'),
  sums: spec(
    's:',
    tuple(text, u8, u32be),
    i64be,
    'Amounts by subject and height, in two levels, so that any minconf is a short range.',
  ),
  txs: spec('t:', txid, txRow, 'Transactions: state, time, account, comments.'),
  txBytes: spec<Txid, Uint8Array>('T:', txid, rawBytes, 'Transactions as they are serialised.'),
  postings: spec('g:', txid, postings, 'What a transaction added to the sums.'),
  order: spec(
    'o:',
    uint,
    struct<OrderRow>({ txid: optional(txid) }),
    'Transactions and moves in the order in which they were learnt.',
  ),
  named: spec('i:', tuple(text, uint), mark, 'The same order, by account and label.'),
  moves: spec('M:', uint, moveRow, 'Moves between accounts, one row per side.'),
  heights: spec('h:', tuple(u32be, txid), bool, 'Transactions by height; false for conflicted.'),
  unconfirmed: spec('u:', txid, mark, 'Transactions without a block, conflicted ones excepted.'),
  coins: spec('c:', outpoint, coinRow, 'Own and watched outputs, spent ones included.'),
  unspent: spec(
    'v:',
    tuple(u8, i64be, outpoint),
    unspentRow,
    'Unspent coins by class (`UNSPENT_GROUPS`, `WATCHED_GROUP`) and value, with what it takes to list and spend them.',
  ),
  coinsByScript: spec('y:', tuple(hex, outpoint), mark, 'Unspent own and watched coins by script.'),
  spends: spec('e:', outpoint, list(txid), 'Wallet transactions that spend an outpoint.'),
  payments: spec(
    'q:',
    tuple(hex, uint, u32be),
    txid,
    'Outputs of wallet transactions by script, own and foreign, in order.',
  ),
  totals: spec('B:', unit, totalsRow, 'What the unspent coins are worth, by class.'),
  watchedTotals: spec('V:', unit, totalsRow, 'The same of watched coins.'),
  journal: spec(
    'j:',
    tuple(text, uint),
    journalRow,
    'The books: every change of an account, with its balance afterwards. Only appended to.',
  ),
  onces: spec('I:', text, json<OnceRow>(), 'Idempotency keys and what was answered first.'),
  locked: spec(
    'L:',
    outpoint,
    mark,
    'Coins that the user keeps from being spent, across restarts.',
  ),
} as const;

type TableOf<S> = S extends TableSpec<infer K, infer V> ? Table<K, V> : never;

/** The tables of one wallet, open. */
export type WalletTables = {
  readonly [Name in keyof typeof walletTables]: TableOf<(typeof walletTables)[Name]>;
};

/** Opens the tables in `store`. */
export function openTables(store: Store): WalletTables {
  const opened: Record<string, unknown> = {};
  for (const [name, tableSpec] of Object.entries(walletTables)) {
    opened[name] = store.table(tableSpec as TableSpec<unknown, unknown>);
  }
  return opened as WalletTables;
}
