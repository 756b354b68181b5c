/**
 * Balances and received amounts. All are running sums; a minimum of confirmations above one takes off
 * what lies in the last few heights, so nothing here grows with the history.
 */
import type { BlockRef } from '@coind/consensus';
import { bytesToHex, type Sats, type Txid } from '@coind/primitives';
import { accountBalance } from './books.ts';
import { addressOf, scriptOf, type WalletContext, walletHeight } from './context.ts';
import { WalletError } from './errors.ts';
import { lastHeight, subject, sumFromHeight } from './height-sums.ts';
import { COINBASE_MATURITY } from './ledger.ts';
import { scriptFromHeight } from './script-sums.ts';
import {
  type AccountRow,
  EMPTY_ACCOUNT,
  EMPTY_SCRIPT_SUMS,
  EMPTY_TOTALS,
  type ScriptHex,
} from './tables.ts';

type Books = Pick<WalletContext, 'tables' | 'params' | 'keyring'>;

/** What the wallet's coins are worth. */
export interface Balances {
  /** Confirmed, or unconfirmed and made from trusted own coins only; what `getbalance` says. */
  readonly spendable: Sats;
  /** The same and what only transactions outside chain and mempool spend (as `getbalances` has it). */
  readonly trusted: Sats;
  readonly untrustedPending: Sats;
  readonly immature: Sats;
  /** Zero, or minus what only transactions outside chain and mempool spend. */
  readonly nonmempool: Sats;
  readonly lastBlock: BlockRef | undefined;
}

/** Which coinbase payments count as received: none (0.16), mature ones or all (today). */
export type CoinbaseReceived = 'none' | 'mature' | 'all';

/** Sums of all coins by class. */
export function balances({ tables }: Books): Balances {
  const totals = tables.totals.getSync(undefined) ?? EMPTY_TOTALS;
  return {
    spendable: totals.confirmed + totals.trusted,
    trusted: totals.confirmed + totals.trusted + totals.nonmempool,
    untrustedPending: totals.pending,
    immature: totals.immature,
    nonmempool: -totals.nonmempool,
    lastBlock: tables.position.getSync(undefined),
  };
}

/** First height that has fewer than `minConfirmations` at the wallet's tip. */
function firstExcluded(books: Books, minConfirmations: number): number {
  return walletHeight(books) - minConfirmations + 2;
}

/** What somebody has at heights from `from` up to `tip`. */
type SumFrom = (from: number, tip: number) => Promise<Sats>;

const named =
  ({ tables }: Books, name: string): SumFrom =>
  (from, tip) =>
    sumFromHeight(tables, name, from, tip);

/** What of a sum by height is too young. */
async function tooYoung(books: Books, sumFrom: SumFrom, minConfirmations: number): Promise<Sats> {
  if (minConfirmations <= 1) return 0n;
  return sumFrom(firstExcluded(books, minConfirmations), walletHeight(books));
}

/** Trusted coins with at least so many confirmations; 0 includes own unconfirmed change. */
export async function coinBalance(books: Books, minConfirmations: number): Promise<Sats> {
  const { confirmed, trusted } = books.tables.totals.getSync(undefined) ?? EMPTY_TOTALS;
  if (minConfirmations <= 0) return confirmed + trusted;
  return confirmed - (await tooYoung(books, named(books, subject.coins), minConfirmations));
}

async function balanceOf(
  books: Books,
  row: AccountRow,
  credits: string,
  minConfirmations: number,
): Promise<Sats> {
  const balance = accountBalance(row);
  if (minConfirmations <= 0) return balance + row.pendingCredits;
  return balance - (await tooYoung(books, named(books, credits), minConfirmations));
}

/** Balance of an account: credits obey the confirmations, debits and moves do not. */
export function accountBalanceAt(
  books: Books,
  account: string,
  minConfirmations: number,
): Promise<Sats> {
  const row = books.tables.accounts.getSync(account) ?? EMPTY_ACCOUNT;
  return balanceOf(books, row, subject.credits(account), minConfirmations);
}

/** The same formula over all accounts at once, as `getbalance "*"` had it; moves cancel out. */
export function allAccountsBalance(books: Books, minConfirmations: number): Promise<Sats> {
  const row = books.tables.allAccounts.getSync(undefined) ?? EMPTY_ACCOUNT;
  return balanceOf(books, row, subject.allCredits, minConfirmations);
}

/** Every account that has an own address, a counted transaction or a move, by name. */
export async function listAccounts(
  books: Books,
  minConfirmations: number,
): Promise<Map<string, Sats>> {
  const found = new Map<string, Sats>();
  for await (const [account, row] of books.tables.accounts.entries()) {
    if (row.ownAddresses + row.transactions + row.moves === 0) continue;
    found.set(account, await balanceOf(books, row, subject.credits(account), minConfirmations));
  }
  return found;
}

/** Coinbase payments of a subject that count, at heights up to what the confirmations allow. */
async function coinbaseReceived(
  books: Books,
  sumFrom: SumFrom,
  minConfirmations: number,
  which: CoinbaseReceived,
): Promise<Sats> {
  if (which === 'none') return 0n;
  const least = Math.max(minConfirmations, which === 'mature' ? COINBASE_MATURITY + 1 : 1);
  const tip = walletHeight(books);
  return (await sumFrom(0, tip)) - (await sumFrom(firstExcluded(books, least), tip));
}

/** Everything ever paid to an own address. Throws `WalletError` for foreign and invalid ones. */
export async function receivedByAddress(
  books: Books,
  address: string,
  minConfirmations: number,
  coinbase: CoinbaseReceived,
): Promise<Sats> {
  const script = bytesToHex(scriptOf(address, books.params));
  if (!books.keyring.owner(undefined, script)) throw new WalletError('foreign-address');
  return receivedByScript(books, script, minConfirmations, coinbase);
}

async function receivedByScript(
  books: Books,
  script: ScriptHex,
  minConfirmations: number,
  coinbase: CoinbaseReceived,
): Promise<Sats> {
  const row = books.tables.scriptSums.getSync(script) ?? EMPTY_SCRIPT_SUMS;
  const sumFrom =
    (mined: boolean): SumFrom =>
    (from, tip) =>
      scriptFromHeight(books.tables, script, mined, from, tip);
  const paid =
    minConfirmations <= 0
      ? row.received + row.pendingReceived
      : row.received - (await tooYoung(books, sumFrom(false), minConfirmations));
  return paid + (await coinbaseReceived(books, sumFrom(true), minConfirmations, coinbase));
}

/** Everything ever paid to the addresses of a label (which is an account). */
export async function receivedByLabel(
  books: Books,
  label: string,
  minConfirmations: number,
  coinbase: CoinbaseReceived,
): Promise<Sats> {
  const row = books.tables.accounts.getSync(label) ?? EMPTY_ACCOUNT;
  const plain = named(books, subject.label(label, false));
  const paid =
    minConfirmations <= 0
      ? row.received + row.pendingReceived
      : row.received - (await tooYoung(books, plain, minConfirmations));
  const mined = named(books, subject.label(label, true));
  return paid + (await coinbaseReceived(books, mined, minConfirmations, coinbase));
}

/** A line of `listreceivedbylabel` and `listreceivedbyaccount`. */
export interface ReceivedByLabel {
  readonly label: string;
  readonly amount: Sats;
  /** Of the youngest payment that counts; 0 when there is none. */
  readonly confirmations: number;
}

/** Received amounts of every label, by name; `includeEmpty` also those without payments. */
export async function listReceivedByLabel(
  books: Books,
  minConfirmations: number,
  includeEmpty: boolean,
  coinbase: CoinbaseReceived,
): Promise<ReceivedByLabel[]> {
  const lines: ReceivedByLabel[] = [];
  for await (const [label, row] of books.tables.accounts.entries()) {
    if (row.addresses === 0) continue;
    const amount = await receivedByLabel(books, label, minConfirmations, coinbase);
    if (amount === 0n && !includeEmpty) continue;
    const pending = minConfirmations <= 0 && row.pendingReceived > 0n;
    const confirmations = pending
      ? 0
      : await youngest(books, label, Math.max(1, minConfirmations), coinbase);
    lines.push({ label, amount, confirmations: amount === 0n ? 0 : confirmations });
  }
  return lines;
}

async function youngest(
  books: Books,
  label: string,
  minConfirmations: number,
  coinbase: CoinbaseReceived,
): Promise<number> {
  const tip = walletHeight(books);
  const upTo = tip - minConfirmations + 1;
  const heights = [await lastHeight(books.tables, subject.label(label, false), upTo)];
  if (coinbase !== 'none') {
    const mature = coinbase === 'mature' ? Math.min(upTo, tip - COINBASE_MATURITY) : upTo;
    heights.push(await lastHeight(books.tables, subject.label(label, true), mature));
  }
  const found = heights.filter((height) => height !== undefined);
  return found.length === 0 ? 0 : tip - Math.max(...found) + 1;
}

/** A line of `listreceivedbyaddress`. */
export interface ReceivedByAddress extends ReceivedByLabel {
  readonly address: string;
  readonly txids: readonly Txid[];
}

/** Kinds of address in the order in which bitcoind keeps its address book, by their script's start. */
const BOOK_ORDER = ['76a914', 'a914', '0020', '0014', '5120'];

/** Orders scripts as bitcoind orders its address book: by kind, then by what they hold. */
function compareDestinations(a: ScriptHex, b: ScriptHex): number {
  const rank = (script: ScriptHex): number => {
    const found = BOOK_ORDER.findIndex((start) => script.startsWith(start));
    return found < 0 ? BOOK_ORDER.length : found;
  };
  const difference = rank(a) - rank(b);
  if (difference !== 0) return difference;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Received amounts of every booked address (or of one), in the order of bitcoind's address book. */
export async function listReceivedByAddress(
  books: Books,
  minConfirmations: number,
  includeEmpty: boolean,
  coinbase: CoinbaseReceived,
  only?: string,
): Promise<ReceivedByAddress[]> {
  const lines: [ScriptHex, ReceivedByAddress][] = [];
  const onlyScript = only === undefined ? undefined : bytesToHex(scriptOf(only, books.params));
  const range = onlyScript === undefined ? {} : { gte: onlyScript, lte: onlyScript };
  for await (const [script, { label }] of books.tables.book.entries(range)) {
    const address = addressOf(script, books.params);
    if (address === undefined) continue;
    const payments = await paymentsTo(books, script, minConfirmations, coinbase);
    if (payments.txids.length === 0 && !includeEmpty) continue;
    lines.push([script, { address, label, ...payments }]);
  }
  return lines.sort(([a], [b]) => compareDestinations(a, b)).map(([, line]) => line);
}

async function paymentsTo(
  books: Books,
  script: ScriptHex,
  minConfirmations: number,
  coinbase: CoinbaseReceived,
): Promise<Pick<ReceivedByAddress, 'amount' | 'confirmations' | 'txids'>> {
  const { tables } = books;
  const none = { amount: 0n, confirmations: 0, txids: [] };
  if (!books.keyring.owner(undefined, script)) return none;
  const tip = walletHeight(books);
  const txids: Txid[] = [];
  let confirmations: number | undefined;
  let amount = 0n;
  for await (const [[, , vout], txid] of tables.payments.entries({ prefix: [script] })) {
    const row = tables.txs.getSync(txid);
    const coin = tables.coins.getSync({ txid, vout });
    if (!row || !coin || row.state.kind === 'conflicted') continue;
    const depth = row.state.kind === 'confirmed' ? tip - row.state.ref.height + 1 : 0;
    if (depth < minConfirmations) continue;
    if (row.coinbase) {
      if (coinbase === 'none' || depth < 1) continue;
      if (coinbase === 'mature' && depth <= COINBASE_MATURITY) continue;
    }
    amount += coin.value;
    if (txids[txids.length - 1] !== txid) txids.push(txid);
    confirmations = Math.min(confirmations ?? depth, depth);
  }
  return { amount, confirmations: confirmations ?? 0, txids };
}
