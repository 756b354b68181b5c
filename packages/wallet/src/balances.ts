/**
 * Balances and received amounts. All are running sums; a minimum of confirmations above one takes off
 * what lies in the last few heights, so nothing here grows with the history.
 */
import type { BlockRef } from '@coind/consensus';
import { bytesToHex, type Sats } from '@coind/primitives';
import { scriptOf, type WalletContext, walletHeight } from './context.ts';
import { WalletError } from './errors.ts';
import { COINBASE_MATURITY } from './height-entries.ts';
import { subject, sumFromHeight } from './height-sums.ts';
import { scriptFromHeight } from './script-sums.ts';
import {
  type AccountRow,
  EMPTY_SCRIPT_SUMS,
  EMPTY_TOTALS,
  type ScriptHex,
  type TotalsRow,
} from './tables.ts';

/** What sums are read from. */
export type Books = Pick<WalletContext, 'tables' | 'params' | 'keyring'>;

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
  /** Coins of watched addresses; missing when the wallet watches none. */
  readonly watched?: {
    readonly trusted: Sats;
    readonly untrustedPending: Sats;
    readonly immature: Sats;
  };
  readonly lastBlock: BlockRef | undefined;
}

/** Which coinbase payments count as received: none (0.16), mature ones or all (today). */
export type CoinbaseReceived = 'none' | 'mature' | 'all';

/** Sums of all coins by class. */
export function balances({ tables, keyring }: Books): Balances {
  const totals = tables.totals.getSync(undefined) ?? EMPTY_TOTALS;
  const seen = keyring.known.any
    ? (tables.watchedTotals.getSync(undefined) ?? EMPTY_TOTALS)
    : undefined;
  return {
    spendable: totals.confirmed + totals.trusted,
    trusted: totals.confirmed + totals.trusted + totals.nonmempool,
    untrustedPending: totals.pending,
    immature: totals.immature,
    nonmempool: -totals.nonmempool,
    ...(seen && {
      watched: {
        trusted: seen.confirmed + seen.trusted + seen.nonmempool,
        untrustedPending: seen.pending,
        immature: seen.immature,
      },
    }),
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

/**
 * Trusted coins with at least so many confirmations; 0 includes own unconfirmed change. Watched coins only
 * where they are asked for.
 */
export async function coinBalance(
  books: Books,
  minConfirmations: number,
  withWatched = false,
): Promise<Sats> {
  const { tables } = books;
  const sumOf = async ({ confirmed, trusted }: TotalsRow, name: string): Promise<Sats> => {
    if (minConfirmations <= 0) return confirmed + trusted;
    return confirmed - (await tooYoung(books, named(books, name), minConfirmations));
  };
  const own = await sumOf(tables.totals.getSync(undefined) ?? EMPTY_TOTALS, subject.coins);
  if (!withWatched) return own;
  const seen = tables.watchedTotals.getSync(undefined) ?? EMPTY_TOTALS;
  return own + (await sumOf(seen, subject.watchedCoins));
}

/** The sums that make a balance. */
type BalanceSums = Pick<AccountRow, 'credits' | 'pendingCredits' | 'debits'> &
  Partial<Pick<AccountRow, 'moved'>>;

async function balanceOf(
  books: Books,
  row: BalanceSums | undefined,
  credits: string,
  minConfirmations: number,
): Promise<Sats> {
  if (!row) return 0n;
  const balance = row.credits - row.debits + (row.moved ?? 0n);
  if (minConfirmations <= 0) return balance + row.pendingCredits;
  return balance - (await tooYoung(books, named(books, credits), minConfirmations));
}

/** Balance of an account: credits obey the confirmations, debits and moves do not. */
export async function accountBalanceAt(
  books: Books,
  account: string,
  minConfirmations: number,
  withWatched = false,
): Promise<Sats> {
  const { accounts, watchedAccounts } = books.tables;
  const own = accounts.getSync(account);
  const balance = await balanceOf(books, own, subject.credits(account), minConfirmations);
  if (!withWatched) return balance;
  const more = watchedAccounts.getSync(account);
  const name = subject.watchedCredits(account);
  return balance + (await balanceOf(books, more, name, minConfirmations));
}

/** The same formula over all accounts at once, as `getbalance "*"` had it; moves cancel out. */
export async function allAccountsBalance(
  books: Books,
  minConfirmations: number,
  withWatched = false,
): Promise<Sats> {
  const { allAccounts, watchedInAll } = books.tables;
  const own = allAccounts.getSync(undefined);
  const balance = await balanceOf(books, own, subject.allCredits, minConfirmations);
  if (!withWatched) return balance;
  const more = watchedInAll.getSync(undefined);
  return balance + (await balanceOf(books, more, subject.allWatchedCredits, minConfirmations));
}

/** Every account that has an own address, a counted transaction or a move, by name. */
export async function listAccounts(
  books: Books,
  minConfirmations: number,
  withWatched = false,
): Promise<Map<string, Sats>> {
  const found = new Map<string, Sats>();
  const { accounts, watchedAccounts } = books.tables;
  const watches = withWatched && books.keyring.known.any;
  for await (const [account, row] of accounts.entries()) {
    const seen = watches ? watchedAccounts.getSync(account) : undefined;
    // An account with a watched address has a row of its own: its addresses are counted there too.
    if (row.ownAddresses + row.transactions + row.moves + (seen?.addresses ?? 0) === 0) continue;
    found.set(account, await accountBalanceAt(books, account, minConfirmations, seen && true));
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

/** Everything ever paid to an own or watched address. Throws `WalletError` for foreign and invalid ones. */
export async function receivedByAddress(
  books: Books,
  address: string,
  minConfirmations: number,
  coinbase: CoinbaseReceived,
): Promise<Sats> {
  const script = bytesToHex(scriptOf(address, books.params));
  if (!books.keyring.standing(undefined, script)) throw new WalletError('foreign-address');
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

/**
 * Everything ever paid to the addresses of a label (which is an account); to watched ones too unless
 * told otherwise.
 */
export async function receivedByLabel(
  books: Books,
  label: string,
  minConfirmations: number,
  coinbase: CoinbaseReceived,
  withWatched = true,
): Promise<Sats> {
  const { accounts, watchedAccounts } = books.tables;
  const names = { plain: subject.label(label, false), mined: subject.label(label, true) };
  const row = accounts.getSync(label);
  const own = await received(books, row, names, minConfirmations, coinbase);
  if (!withWatched || !books.keyring.known.any) return own;
  const seen = watchedAccounts.getSync(label);
  const watched = {
    plain: subject.watchedLabel(label, false),
    mined: subject.watchedLabel(label, true),
  };
  return own + (await received(books, seen, watched, minConfirmations, coinbase));
}

/** What one set of sums says was received. */
async function received(
  books: Books,
  row: Pick<AccountRow, 'received' | 'pendingReceived'> | undefined,
  { plain, mined }: { plain: string; mined: string },
  minConfirmations: number,
  coinbase: CoinbaseReceived,
): Promise<Sats> {
  if (!row) return 0n;
  const paid =
    minConfirmations <= 0
      ? row.received + row.pendingReceived
      : row.received - (await tooYoung(books, named(books, plain), minConfirmations));
  return paid + (await coinbaseReceived(books, named(books, mined), minConfirmations, coinbase));
}
