/**
 * The books: running sums of accounts, labels and scripts, and the journal that explains every change
 * of an account. Postings go in here and come out again exactly as they went in; what they should be is
 * decided in `tx-effects.ts`.
 */
import type { Sats } from '@coind/primitives';
import { addAtHeight, subject } from './height-sums.ts';
import { changeScript } from './script-sums.ts';
import {
  type AccountRow,
  type Counters,
  EMPTY_ACCOUNT,
  EMPTY_WATCHED_SUMS,
  FIRST_COUNTERS,
  type JournalRow,
  type Posting,
  type WalletTables,
  type WatchedSumsRow,
} from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** Confirmed credits less debits plus moves: the balance at one confirmation. */
export function accountBalance({ credits, debits, moved }: AccountRow): Sats {
  return credits - debits + moved;
}

/** True for an account that nothing points to any more. */
function isEmpty(row: AccountRow | WatchedSumsRow): boolean {
  return Object.values(row).every((value) => value === 0n || value === 0);
}

/** Changes one account row; rows that say nothing are not kept. */
export function changeAccount(
  unit: UnitOfWork,
  { accounts }: WalletTables,
  account: string,
  change: (row: AccountRow) => Partial<AccountRow>,
): void {
  const row = unit.get(accounts, account) ?? EMPTY_ACCOUNT;
  const next = { ...row, ...change(row) };
  if (isEmpty(next)) unit.del(accounts, account);
  else unit.put(accounts, account, next);
}

/** The same for what watched addresses add to an account. */
export function changeWatched(
  unit: UnitOfWork,
  { watchedAccounts }: WalletTables,
  account: string,
  change: (row: WatchedSumsRow) => Partial<WatchedSumsRow>,
): void {
  const row = unit.get(watchedAccounts, account) ?? EMPTY_WATCHED_SUMS;
  const next = { ...row, ...change(row) };
  if (isEmpty(next)) unit.del(watchedAccounts, account);
  else unit.put(watchedAccounts, account, next);
}

function changeWatchedInAll(
  unit: UnitOfWork,
  { watchedInAll }: WalletTables,
  change: (row: WatchedSumsRow) => Partial<WatchedSumsRow>,
): void {
  const row = unit.get(watchedInAll, undefined) ?? EMPTY_WATCHED_SUMS;
  unit.put(watchedInAll, undefined, { ...row, ...change(row) });
}

function changeAll(
  unit: UnitOfWork,
  { allAccounts }: WalletTables,
  change: (row: AccountRow) => Partial<AccountRow>,
): void {
  const row = unit.get(allAccounts, undefined) ?? EMPTY_ACCOUNT;
  unit.put(allAccounts, undefined, { ...row, ...change(row) });
}

/** Hands out the next number of a kind. */
export function takeNumber(
  unit: UnitOfWork,
  { counters }: WalletTables,
  name: keyof Counters,
): number {
  const row = unit.get(counters, undefined) ?? FIRST_COUNTERS;
  unit.put(counters, undefined, { ...row, [name]: row[name] + 1 });
  return row[name];
}

/** Appends a line to an account's journal, after its row was changed. */
export function appendJournal(
  unit: UnitOfWork,
  tables: WalletTables,
  account: string,
  line: Omit<JournalRow, 'balance'>,
  balance: Sats = accountBalance(unit.get(tables.accounts, account) ?? EMPTY_ACCOUNT),
): void {
  const key: [string, number] = [account, takeNumber(unit, tables, 'journal')];
  unit.put(tables.journal, key, { ...line, balance });
}

/** What one change adds to the books of an account. */
interface AccountChange {
  receive: Sats;
  send: Sats;
}

/** Appends the lines of one change: what was received before what was sent. */
function explain(
  unit: UnitOfWork,
  tables: WalletTables,
  changes: ReadonlyMap<string, AccountChange>,
  journal: Omit<JournalRow, 'amount' | 'balance' | 'kind'>,
): void {
  for (const [account, { receive, send }] of changes) {
    if (receive === 0n && send === 0n) continue;
    const after = accountBalance(unit.get(tables.accounts, account) ?? EMPTY_ACCOUNT);
    const line = (kind: 'receive' | 'send', amount: Sats, balance: Sats): void => {
      if (amount !== 0n) {
        appendJournal(unit, tables, account, { ...journal, kind, amount }, balance);
      }
    };
    line('receive', receive, after - send);
    line('send', send, after);
  }
}

/** Kinds of which only the sum of the amounts counts: a hundred payments to one account change it once. */
const SUMMED: ReadonlySet<Posting['kind']> = new Set([
  'credit',
  'debit',
  'label',
  'watchedCredit',
  'watchedDebit',
  'watchedLabel',
]);

/** What a change has more of a posting than before; of summed kinds the amount is that of all of them. */
interface Difference {
  count: number;
  amount: Sats;
  readonly posting: Posting;
}

const nameOf = ({ kind, name, amount, height, coinbase }: Posting): string =>
  `${kind} ${SUMMED.has(kind) ? '' : amount} ${height} ${coinbase} ${name}`;

/** Replaces the postings `old` by `next`; what is in both is not touched. */
export function repost(
  unit: UnitOfWork,
  tables: WalletTables,
  old: readonly Posting[],
  next: readonly Posting[],
  about: { order: number; journal: Omit<JournalRow, 'amount' | 'balance' | 'kind'> },
): void {
  const differences = new Map<string, Difference>();
  const tally = (posting: Posting, sign: 1 | -1): void => {
    const name = nameOf(posting);
    const entry = differences.get(name) ?? { count: 0, amount: 0n, posting };
    entry.count += sign;
    entry.amount += sign > 0 ? posting.amount : -posting.amount;
    differences.set(name, entry);
  };
  for (const posting of old) tally(posting, -1);
  for (const posting of next) tally(posting, 1);
  const changes = new Map<string, AccountChange>();
  for (const { count, amount, posting } of differences.values()) {
    if (SUMMED.has(posting.kind)) {
      if (amount === 0n) continue;
      applyPosting(unit, tables, { ...posting, amount }, 1, about.order, changes);
    } else if (count !== 0) {
      applyPosting(unit, tables, posting, count, about.order, changes);
    }
  }
  explain(unit, tables, changes, about.journal);
}

/** Applies a posting `count` times; a negative count takes it back. */
function applyPosting(
  unit: UnitOfWork,
  tables: WalletTables,
  posting: Posting,
  count: number,
  order: number,
  changes: Map<string, AccountChange>,
): void {
  const { kind, name, height, coinbase } = posting;
  const amount = posting.amount * BigInt(count);
  const confirmed = height !== undefined;
  const note = (side: keyof AccountChange, by: Sats): void => {
    const change = changes.get(name) ?? { receive: 0n, send: 0n };
    change[side] += by;
    changes.set(name, change);
  };
  switch (kind) {
    case 'credit':
      changeAccount(unit, tables, name, (row) =>
        confirmed
          ? { credits: row.credits + amount }
          : { pendingCredits: row.pendingCredits + amount },
      );
      changeAll(unit, tables, (row) =>
        confirmed
          ? { credits: row.credits + amount }
          : { pendingCredits: row.pendingCredits + amount },
      );
      if (confirmed) {
        addAtHeight(unit, tables, subject.credits(name), height, amount);
        addAtHeight(unit, tables, subject.allCredits, height, amount);
        note('receive', amount);
      }
      break;
    case 'debit':
      changeAccount(unit, tables, name, (row) => ({ debits: row.debits + amount }));
      changeAll(unit, tables, (row) => ({ debits: row.debits + amount }));
      note('send', -amount);
      break;
    case 'touch':
      changeAccount(unit, tables, name, (row) => ({ transactions: row.transactions + count }));
      break;
    case 'label':
      if (confirmed) addAtHeight(unit, tables, subject.label(name, coinbase), height, amount);
      if (coinbase) break;
      changeAccount(unit, tables, name, (row) =>
        confirmed
          ? { received: row.received + amount }
          : { pendingReceived: row.pendingReceived + amount },
      );
      break;
    case 'script':
      changeScript(unit, tables, posting, count);
      break;
    case 'name':
      if (count > 0) unit.put(tables.named, [name, order], true);
      else unit.del(tables.named, [name, order]);
      break;
    default:
      applyWatched(unit, tables, { ...posting, amount });
  }
}

/** Watched coins have sums of their own and no lines in the journal: no money of the wallet's moves. */
function applyWatched(unit: UnitOfWork, tables: WalletTables, posting: Posting): void {
  const { kind, name, height, coinbase, amount } = posting;
  const change = (by: (row: WatchedSumsRow) => Partial<WatchedSumsRow>): void => {
    changeWatched(unit, tables, name, by);
    if (kind !== 'watchedLabel') changeWatchedInAll(unit, tables, by);
  };
  if (kind === 'watchedDebit') change(({ debits }) => ({ debits: debits + amount }));
  else if (kind === 'watchedCredit' && height === undefined) {
    change(({ pendingCredits }) => ({ pendingCredits: pendingCredits + amount }));
  } else if (kind === 'watchedCredit' && height !== undefined) {
    change(({ credits }) => ({ credits: credits + amount }));
    addAtHeight(unit, tables, subject.watchedCredits(name), height, amount);
    addAtHeight(unit, tables, subject.allWatchedCredits, height, amount);
  } else if (height !== undefined) {
    addAtHeight(unit, tables, subject.watchedLabel(name, coinbase), height, amount);
    if (!coinbase) change(({ received }) => ({ received: received + amount }));
  } else if (!coinbase) {
    change(({ pendingReceived }) => ({ pendingReceived: pendingReceived + amount }));
  }
}

/** What `move` does: two entries in the books, no coin. */
export function moveBetween(
  unit: UnitOfWork,
  tables: WalletTables,
  about: { from: string; to: string; amount: Sats; comment: string; time: number },
): void {
  const { from, to, amount, comment, time } = about;
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
}
