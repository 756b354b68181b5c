/**
 * What was received, line by line: by label (which is an account) and by address, in bitcoind's order. A
 * line stands where its label or address does, so a list goes on behind any line, whatever came since.
 */
import { bytesToHex, type Sats, type Txid } from '@coind/primitives';
import type { Range } from '@coind/store';
import { BOOK_ORDER } from './address-book.ts';
import { type Books, type CoinbaseReceived, receivedByLabel } from './balances.ts';
import { addressOf, scriptOf, walletHeight } from './context.ts';
import { COINBASE_MATURITY } from './height-entries.ts';
import { lastHeight, subject } from './height-sums.ts';
import { lazily } from './lazily.ts';
import type { ScriptHex } from './tables.ts';

/** A line of `listreceivedbylabel` and `listreceivedbyaccount`. */
export interface ReceivedByLabel {
  readonly label: string;
  readonly amount: Sats;
  /** Of the youngest payment that counts; 0 when there is none. */
  readonly confirmations: number;
  /** Some of it was paid to watched addresses. */
  readonly involvesWatched: boolean;
}

/** A page of a list. */
export interface ListPage {
  /** Only what is behind the label or address here. */
  readonly after?: string | undefined;
  /** At most so many lines. */
  readonly limit?: number | undefined;
}

/** Which lines, and which payments count. */
export interface ReceivedFilter extends ListPage {
  readonly minConfirmations: number;
  /** Also those without payments. */
  readonly includeEmpty: boolean;
  readonly coinbase: CoinbaseReceived;
  /** Payments to watched addresses count too. */
  readonly withWatched?: boolean;
}

/** Received amounts of every label, by name. */
export async function listReceivedByLabel(
  books: Books,
  filter: ReceivedFilter,
): Promise<ReceivedByLabel[]> {
  const { minConfirmations, includeEmpty, coinbase, withWatched = false } = filter;
  const { after, limit = Number.POSITIVE_INFINITY } = filter;
  const lines: ReceivedByLabel[] = [];
  const watches = withWatched && books.keyring.known.any;
  for await (const [label, row] of lazily(
    books.tables.accounts,
    after === undefined ? {} : { gt: after },
  )) {
    if (lines.length >= limit) break;
    if (row.addresses === 0) continue;
    const own = await receivedByLabel(books, label, minConfirmations, coinbase, false);
    const amount = watches ? await receivedByLabel(books, label, minConfirmations, coinbase) : own;
    if (amount === 0n && !includeEmpty) continue;
    const seen = watches ? books.tables.watchedAccounts.getSync(label) : undefined;
    const unconfirmed = row.pendingReceived + (seen?.pendingReceived ?? 0n);
    const pending = minConfirmations <= 0 && unconfirmed > 0n;
    const least = Math.max(1, minConfirmations);
    const confirmations = pending ? 0 : await youngest(books, label, least, coinbase, watches);
    lines.push({
      label,
      amount,
      confirmations: amount === 0n ? 0 : confirmations,
      involvesWatched: amount > own,
    });
  }
  return lines;
}

async function youngest(
  books: Books,
  label: string,
  minConfirmations: number,
  coinbase: CoinbaseReceived,
  withWatched: boolean,
): Promise<number> {
  const tip = walletHeight(books);
  const upTo = tip - minConfirmations + 1;
  const heights: (number | undefined)[] = [];
  for (const nameOf of withWatched ? [subject.label, subject.watchedLabel] : [subject.label]) {
    heights.push(await lastHeight(books.tables, nameOf(label, false), upTo));
    if (coinbase === 'none') continue;
    const mature = coinbase === 'mature' ? Math.min(upTo, tip - COINBASE_MATURITY) : upTo;
    heights.push(await lastHeight(books.tables, nameOf(label, true), mature));
  }
  const found = heights.filter((height) => height !== undefined);
  return found.length === 0 ? 0 : tip - Math.max(...found) + 1;
}

/** A line of `listreceivedbyaddress`. */
export interface ReceivedByAddress extends ReceivedByLabel {
  readonly address: string;
  readonly txids: readonly Txid[];
}

/** Parts of the address book in bitcoind's order: by kind, then by what they hold; what is of no kind last. */
const BOOK_PARTS: readonly { readonly gte: ScriptHex; readonly lt?: ScriptHex }[] = (() => {
  const next = (start: string): string =>
    (Number.parseInt(start, 16) + 1).toString(16).padStart(start.length, '0');
  const kinds = BOOK_ORDER.map((start) => ({ gte: start, lt: next(start) }));
  const sorted = kinds.toSorted((a, b) => (a.gte < b.gte ? -1 : 1));
  const gaps = sorted.map(({ gte }, i) => ({ gte: sorted[i - 1]?.lt ?? '', lt: gte }));
  return [...kinds, ...gaps, { gte: sorted.at(-1)?.lt ?? '' }];
})();

/** Which rows of the address book, in which order. */
function bookRanges(only: ScriptHex | undefined, after: ScriptHex | undefined): Range<ScriptHex>[] {
  if (only !== undefined)
    return [{ gte: only, lte: only, ...(after !== undefined && { gt: after }) }];
  if (after === undefined) return [...BOOK_PARTS];
  const at = BOOK_PARTS.findIndex(
    ({ gte, lt }) => after >= gte && (lt === undefined || after < lt),
  );
  return BOOK_PARTS.slice(at).map((part, i) => (i === 0 ? { ...part, gt: after } : part));
}

/** Received amounts of every booked address (or of one), in the order of bitcoind's address book. */
export async function listReceivedByAddress(
  books: Books,
  filter: ReceivedFilter & { readonly only?: string | undefined },
): Promise<ReceivedByAddress[]> {
  const { minConfirmations, includeEmpty, coinbase, withWatched = false } = filter;
  const { only, after, limit = Number.POSITIVE_INFINITY } = filter;
  const scriptAt = (address: string | undefined): ScriptHex | undefined =>
    address === undefined ? undefined : bytesToHex(scriptOf(address, books.params));
  const lines: ReceivedByAddress[] = [];
  for (const range of bookRanges(scriptAt(only), scriptAt(after))) {
    for await (const [script, { label }] of lazily(books.tables.book, range)) {
      if (lines.length >= limit) return lines;
      const address = addressOf(script, books.params);
      if (address === undefined) continue;
      const standing = books.keyring.standing(undefined, script);
      const counts = standing === 'own' || (withWatched && standing === 'watched');
      const payments = counts
        ? await paymentsTo(books, script, minConfirmations, coinbase)
        : { amount: 0n, confirmations: 0, txids: [] };
      if (payments.txids.length === 0 && !includeEmpty) continue;
      const involvesWatched = standing === 'watched' && payments.txids.length > 0;
      lines.push({ address, label, involvesWatched, ...payments });
    }
  }
  return lines;
}

async function paymentsTo(
  books: Books,
  script: ScriptHex,
  minConfirmations: number,
  coinbase: CoinbaseReceived,
): Promise<Pick<ReceivedByAddress, 'amount' | 'confirmations' | 'txids'>> {
  const { tables } = books;
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
