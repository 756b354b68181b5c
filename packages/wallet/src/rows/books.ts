/** Rows about labels and accounts: the address book, running sums, moves, the journal. */
import type { Sats } from '@coind/primitives';
import { bool, type PartCodec, part, struct, u32be, uint, varText } from '@coind/store';
import { oneOf, sats } from './parts.ts';

/** An entry of the address book. */
export interface BookRow {
  readonly label: string;
  readonly purpose: 'receive' | 'send' | '';
}

const purposes: readonly BookRow['purpose'][] = ['', 'receive', 'send'];

/** How a `BookRow` is written. */
export const bookRow: PartCodec<BookRow> = struct<BookRow>({
  purpose: oneOf(purposes),
  label: varText,
});

/** Running sums of one account, which is also one label. Amounts in satoshis. */
export interface AccountRow {
  /** Confirmed, mature payments to addresses of the account. */
  readonly credits: Sats;
  /** The same, unconfirmed. */
  readonly pendingCredits: Sats;
  /** Sent from the account, fees included. */
  readonly debits: Sats;
  /** Moved in less moved out. */
  readonly moved: Sats;
  /** Confirmed payments other than coinbase; spending changes nothing. */
  readonly received: Sats;
  readonly pendingReceived: Sats;
  /** How many own addresses have this name. */
  readonly ownAddresses: number;
  readonly addresses: number;
  /** Transactions that count in its balance, by the account they were sent from. */
  readonly transactions: number;
  readonly moves: number;
}

/** An account nothing has happened in. */
export const EMPTY_ACCOUNT: AccountRow = {
  credits: 0n,
  pendingCredits: 0n,
  debits: 0n,
  moved: 0n,
  received: 0n,
  pendingReceived: 0n,
  ownAddresses: 0,
  addresses: 0,
  transactions: 0,
  moves: 0,
};

/** How an `AccountRow` is written. */
export const account: PartCodec<AccountRow> = struct<AccountRow>({
  credits: sats,
  pendingCredits: sats,
  debits: sats,
  moved: sats,
  received: sats,
  pendingReceived: sats,
  ownAddresses: uint,
  addresses: uint,
  transactions: uint,
  moves: uint,
});

/**
 * What watched addresses add to the sums of one account, for those who want them counted. Differences: change
 * that comes back to an own address counts otherwise when the coins spent are watched ones.
 */
export interface WatchedSumsRow {
  readonly credits: Sats;
  readonly pendingCredits: Sats;
  readonly debits: Sats;
  readonly received: Sats;
  readonly pendingReceived: Sats;
  /** How many watched addresses have this name. */
  readonly addresses: number;
}

/** An account without anything watched. */
export const EMPTY_WATCHED_SUMS: WatchedSumsRow = {
  credits: 0n,
  pendingCredits: 0n,
  debits: 0n,
  received: 0n,
  pendingReceived: 0n,
  addresses: 0,
};

/** How a `WatchedSumsRow` is written. */
export const watchedSums: PartCodec<WatchedSumsRow> = struct<WatchedSumsRow>({
  credits: sats,
  pendingCredits: sats,
  debits: sats,
  received: sats,
  pendingReceived: sats,
  addresses: uint,
});

/** What a script got at one height, from a coinbase or not. */
export interface HeightSum {
  readonly height: number;
  readonly coinbase: boolean;
  readonly amount: Sats;
}

const heightSum: PartCodec<HeightSum> = struct<HeightSum>({
  height: u32be,
  coinbase: bool,
  amount: sats,
});

/** Running sums of one own or watched script. */
export interface ScriptSumsRow {
  /** Outputs of wallet transactions that pay it, whatever became of them. */
  readonly uses: number;
  readonly received: Sats;
  readonly pendingReceived: Sats;
  /**
   * What it got at each height, for the many scripts that were paid a few times; undefined once that is in
   * the `sums` table, where it stays.
   */
  readonly heights: readonly HeightSum[] | undefined;
}

/** A script nothing was paid to. */
export const EMPTY_SCRIPT_SUMS: ScriptSumsRow = {
  uses: 0,
  received: 0n,
  pendingReceived: 0n,
  heights: [],
};

/** How a `ScriptSumsRow` is written. */
export const scriptSums: PartCodec<ScriptSumsRow> = part(
  (writer, { uses, received, pendingReceived, heights }) => {
    uint.put(writer, uses);
    sats.put(writer, received);
    sats.put(writer, pendingReceived);
    if (heights) for (const sum of heights) heightSum.put(writer, sum);
    else writer.u8(0);
  },
  (reader) => {
    const sums = {
      uses: uint.take(reader),
      received: sats.take(reader),
      pendingReceived: sats.take(reader),
    };
    // A single byte is no sum: it says that they lie elsewhere.
    if (reader.left === 1) return { ...sums, heights: void reader.u8() };
    const heights: HeightSum[] = [];
    while (reader.left > 0) heights.push(heightSum.take(reader));
    return { ...sums, heights };
  },
  37,
);

/** One side of a move. */
export interface MoveRow {
  readonly account: string;
  readonly otherAccount: string;
  readonly amount: Sats;
  readonly comment: string;
  readonly time: number;
}

/** How a `MoveRow` is written. */
export const moveRow: PartCodec<MoveRow> = struct<MoveRow>({
  time: uint,
  account: varText,
  otherAccount: varText,
  amount: sats,
  comment: varText,
});

/** One line of an account's book. */
export interface JournalRow {
  readonly amount: Sats;
  /** Of the account after this line: confirmed credits less debits plus moves. */
  readonly balance: Sats;
  /** Outputs to its addresses; a payment from it with its fee; a move. Taking back has the other sign. */
  readonly kind: 'receive' | 'send' | 'move';
  /** The transaction behind it, or for a move the other account. */
  readonly about: string;
  /** What made the line necessary. */
  readonly cause: JournalCause;
  readonly time: number;
}

/**
 * Why a line is in the journal: a transaction was made or met or got its block; a move; an address got
 * another name; keys were imported and old blocks searched; a block left the chain; a rival transaction
 * was mined; the mempool refused a payment; somebody removed a transaction from the wallet.
 */
export type JournalCause = (typeof JOURNAL_CAUSES)[number];

/** In the order of their numbers on disk. */
export const JOURNAL_CAUSES = [
  'transaction',
  'move',
  'rename',
  'rescan',
  'reorganisation',
  'conflict',
  'refused',
  'removal',
] as const;

/** How a `JournalRow` is written. */
export const journalRow: PartCodec<JournalRow> = struct<JournalRow>({
  kind: oneOf<JournalRow['kind']>(['receive', 'send', 'move']),
  cause: oneOf(JOURNAL_CAUSES),
  amount: sats,
  balance: sats,
  time: uint,
  about: varText,
});
