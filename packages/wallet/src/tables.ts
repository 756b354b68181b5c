/**
 * Everything a wallet keeps on disk, on one page. Primary rows (keys, book, transactions, moves) say
 * what happened; every other row follows from them and can be computed again. Scripts are named by the
 * hex of their scriptPubKey: an address is only its spelling.
 */
import type { BlockRef } from '@coind/consensus';
import type { BlockHash, OutPoint, Sats, Txid } from '@coind/primitives';
import {
  bool,
  hash32,
  hex,
  i64be,
  json,
  list,
  optional,
  outpoint,
  type PartCodec,
  part,
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
  varText,
} from '@coind/store';
import type { AddressType } from './address-type.ts';
import type { ChosenFeeRate } from './chosen-fee-rate.ts';
import type { KeyScheme } from './key-scheme.ts';

/** What a key stands for. */
export interface OnceRow {
  /** SHA-256 of the request, hex. */
  readonly request: string;
  /** The payment; missing for a move, which answers nothing. */
  readonly payment?: {
    readonly txid: Txid;
    readonly fee: Sats;
    readonly feeRate: ChosenFeeRate;
    /** Of a replacement: the fee of what it replaced. */
    readonly oldFee?: Sats;
  };
}

/** How the key that seals the master key is made of the passphrase, and the sealed master key. */
export interface EncryptionRow {
  readonly kdf: 'scrypt';
  /** scrypt's cost N, block size r and parallelism p. */
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  /** Hex. */
  readonly salt: string;
  /** Nonce, ciphertext and tag, hex. */
  readonly masterKey: string;
}

/** Version of this layout; older ones are brought to it (`upgrades.ts`), newer ones refused. */
export const WALLET_SCHEMA = 3;

/** Lower-case hex of a scriptPubKey. */
export type ScriptHex = string;

/** Settings that a wallet is created with and keeps. */
export interface WalletFlags {
  /** Created without keys; imports may have filled it since. */
  readonly blank: boolean;
  /** Holds public keys only: knows its coins but cannot sign. */
  readonly privateKeysDisabled: boolean;
  readonly avoidReuse: boolean;
}

/** The birth time of a wallet that never had a key or an address. */
export const UNBORN: number = Number.MAX_SAFE_INTEGER;

/** What a wallet is. */
export interface WalletMeta {
  readonly flags: WalletFlags;
  /** Unix seconds of the oldest key: nothing before it can be the wallet's. `UNBORN` before there is one. */
  readonly birthTime: number;
  /** HASH160 of the public key its keys come from, as display-order hex; 0.16 showed it. */
  readonly masterKeyId?: string;
  /** How its keys are derived; missing for today's way. */
  readonly keyScheme?: KeyScheme;
}

/** Numbers that count up; never handed out twice. */
export interface Counters {
  /** Next place in the order in which the wallet learns of transactions and moves. */
  readonly order: number;
  /** Next line of the journal. */
  readonly journal: number;
  readonly transactions: number;
  /** Time of the newest entry; a later entry does not show an earlier time. */
  readonly lastTime: number;
}

/** A descriptor the wallet watches and, where it has the keys, signs for. */
export interface DescriptorRow {
  /** Public text with its checksum; hardened steps folded into the origin where that was possible. */
  readonly descriptor: string;
  /** The text as it was given, in public form, for listings. */
  readonly given: string;
  readonly timestamp: number;
  /** Hands out new addresses of its type. */
  readonly active: boolean;
  readonly internal: boolean;
  readonly type?: AddressType;
  /** Of keys that the wallet made itself: what they follow from, as in `WalletMeta`. */
  readonly masterKeyId?: string;
  /** First index that was asked for. */
  readonly rangeStart: number;
  /** One after the last index whose script is in the `scripts` table. */
  readonly rangeEnd: number;
  /** Next index that was never handed out. */
  readonly next: number;
  /** One after the last index that counts as ready in the keypool. */
  readonly promised: number;
}

/** A key of a hardened chain, which a locked wallet could not derive. */
export interface DerivedRow {
  /** Unix seconds at which it was derived. */
  readonly time: number;
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
}

/** Which key a script belongs to. */
export interface ScriptRow {
  readonly descriptor: number;
  readonly index: number;
  /**
   * The key of a script with one key: to derive it again costs more than all the rest of showing a coin.
   * Rows that schema 1 wrote lack it.
   */
  readonly publicKey?: Uint8Array;
}

/** An entry of the address book. */
export interface BookRow {
  readonly label: string;
  readonly purpose: 'receive' | 'send' | '';
}

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

/** What a script got at one height, from a coinbase or not. */
export interface HeightSum {
  readonly height: number;
  readonly coinbase: boolean;
  readonly amount: Sats;
}

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

/** A script that is not the wallet's own, and what it knows of it. */
export interface KnownScriptRow {
  /** Its coins are in the wallet's ledger, apart from those it can spend. */
  readonly watched: boolean;
  /** Unix seconds before which nothing was paid to it; 0 when nobody said. */
  readonly timestamp: number;
  /** How it is solved, with public keys, where that is known. */
  readonly descriptor?: string;
  /** What lies behind a script hash, where no descriptor says it. */
  readonly redeemScript?: ScriptHex;
}

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

/** What became of a transaction. */
export type TxState =
  | { readonly kind: 'confirmed'; readonly ref: BlockRef; readonly index: number }
  | { readonly kind: 'mempool' }
  /** Neither confirmed nor in the mempool. */
  | { readonly kind: 'inactive'; readonly abandoned: boolean }
  /** A block of the active chain holds a transaction that spends the same coin. */
  | { readonly kind: 'conflicted'; readonly ref: BlockRef };

/** A transaction of the wallet, without its bytes. */
export interface TxRow {
  readonly state: TxState;
  readonly order: number;
  readonly coinbase: boolean;
  /** All that it spends is the wallet's own and trusted, or it is confirmed. */
  readonly trusted: boolean;
  /** What listings call its time. */
  readonly time: number;
  readonly timeReceived: number;
  readonly fromAccount: string;
  readonly comment?: string;
  readonly to?: string;
  readonly replaces?: Txid;
  readonly replacedBy?: Txid;
}

/** What a transaction contributed to a running sum; taken back exactly when something changes. */
export interface Posting {
  /**
   * `account` credits and debits; `touch` counts it; the rest are received sums and index entries. The watched
   * kinds are what comes on top when watched coins count too, so they may be negative.
   */
  readonly kind:
    | 'credit'
    | 'debit'
    | 'touch'
    | 'label'
    | 'script'
    | 'name'
    | 'watchedCredit'
    | 'watchedDebit'
    | 'watchedLabel';
  /** An account or label, or a script in hex. */
  readonly name: string;
  readonly amount: Sats;
  /** Height of its block; undefined while unconfirmed. */
  readonly height?: number;
  readonly coinbase: boolean;
}

/**
 * Where a coin stands. Only `confirmed` and `trusted` ones are selected for spending. `nonmempool` ones
 * would be such, but a transaction outside chain and mempool spends them; `none` do not exist (yet).
 */
export type CoinClass =
  | 'none'
  | 'confirmed'
  | 'trusted'
  | 'pending'
  | 'immature'
  | 'nonmempool'
  | 'spent';

/** An output that is the wallet's own or watched, spent or not. */
export interface CoinRow {
  readonly value: Sats;
  readonly script: ScriptHex;
  /** Height of its block; -1 while unconfirmed. */
  readonly height: number;
  readonly coinbase: boolean;
  readonly class: CoinClass;
  /** The wallet knows of it, but the keys are somewhere else. */
  readonly watched: boolean;
}

/** What lies with an unspent coin: enough to list it or to spend it without a look anywhere else. */
export interface UnspentRow extends Pick<CoinRow, 'script' | 'height' | 'coinbase'> {
  /** Missing for watched coins, which have a description of their own (`known`). */
  readonly owner?: ScriptRow;
}

/** The first part of the key of `unspent`, by class; other classes are not in it. */
export const UNSPENT_GROUPS: Readonly<Partial<Record<CoinClass, number>>> = {
  trusted: 0,
  confirmed: 1,
  pending: 2,
  immature: 3,
};

/** What is added to that for watched coins, so that no search for coins to spend meets them. */
export const WATCHED_GROUP = 0x10;

/** What unspent coins of each class are worth. */
export type TotalsRow = Readonly<
  Record<'confirmed' | 'trusted' | 'pending' | 'immature' | 'nonmempool', Sats>
>;

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
export type JournalCause =
  | 'transaction'
  | 'move'
  | 'rename'
  | 'rescan'
  | 'reorganisation'
  | 'conflict'
  | 'refused'
  | 'removal';

/** What stands at a place in the order. */
export interface OrderRow {
  /** Undefined for one side of a move. */
  readonly txid: Txid | undefined;
}

/** One side of a move. */
export interface MoveRow {
  readonly account: string;
  readonly otherAccount: string;
  readonly amount: Sats;
  readonly comment: string;
  readonly time: number;
}

const rawBytes = {
  encode: (value: Uint8Array): Uint8Array => value,
  decode: (value: Uint8Array): Uint8Array => value,
};
/** One of a few words, by its place among them. Words may be added at the end. */
function oneOf<Word extends string>(words: readonly Word[]): PartCodec<Word> {
  return part<Word>(
    (writer, word) => void writer.u8(words.indexOf(word)),
    (reader) => words[reader.u8()] as Word,
    1,
  );
}
/** The value of a set: a row that is there says true. */
const mark: PartCodec<true> = part(
  () => {},
  () => true as const,
  0,
);
const txid = hash32<Txid>();
const ref: PartCodec<BlockRef> = struct<BlockRef>({ hash: hash32<BlockHash>(), height: u32be });
const sats: PartCodec<Sats> = i64be;
const classes: readonly CoinClass[] = [
  'none',
  'confirmed',
  'trusted',
  'pending',
  'immature',
  'nonmempool',
  'spent',
];
/** Set in the byte of a coin's class when the coin is a watched one. */
const WATCHED_BIT = 0x80;
const height: PartCodec<number> = part(
  (writer, value) => void writer.i32(value),
  (reader) => reader.i32(),
);

const scriptRow: PartCodec<ScriptRow> = part(
  (writer, { descriptor, index, publicKey }) => {
    u32be.put(writer, descriptor);
    u32be.put(writer, index);
    if (publicKey) writer.bytes(publicKey);
  },
  (reader) => ({
    descriptor: u32be.take(reader),
    index: u32be.take(reader),
    // Last in its value, so that what is left is the key.
    ...(reader.left > 0 && { publicKey: reader.take(reader.left) }),
  }),
  41,
);
const derivedRow: PartCodec<DerivedRow> = part(
  (writer, { time, publicKey }) => {
    u32be.put(writer, time);
    writer.bytes(publicKey);
  },
  (reader) => ({ time: u32be.take(reader), publicKey: reader.take(33) }),
  37,
);
const unspentRow: PartCodec<UnspentRow> = part(
  (writer, { script, height: at, coinbase, owner }) => {
    hex.put(writer, script);
    height.put(writer, at);
    bool.put(writer, coinbase);
    if (owner) scriptRow.put(writer, owner);
  },
  (reader) => ({
    script: hex.take(reader),
    height: height.take(reader),
    coinbase: bool.take(reader),
    // Last in its value, so that nothing left means that there is none.
    ...(reader.left > 0 && { owner: scriptRow.take(reader) }),
  }),
  80,
);
const coinRow: PartCodec<CoinRow> = part(
  (writer, { value, script, height: at, coinbase, class: coinClass, watched }) => {
    sats.put(writer, value);
    hex.put(writer, script);
    height.put(writer, at);
    bool.put(writer, coinbase);
    writer.u8(classes.indexOf(coinClass) | (watched ? WATCHED_BIT : 0));
  },
  (reader) => {
    const value = sats.take(reader);
    const script = hex.take(reader);
    const at = height.take(reader);
    const coinbase = bool.take(reader);
    const byte = reader.u8();
    const coinClass = classes[byte & ~WATCHED_BIT] ?? 'none';
    const watched = (byte & WATCHED_BIT) !== 0;
    return { value, script, height: at, coinbase, class: coinClass, watched };
  },
  56,
);
const watchedSums: PartCodec<WatchedSumsRow> = struct<WatchedSumsRow>({
  credits: sats,
  pendingCredits: sats,
  debits: sats,
  received: sats,
  pendingReceived: sats,
  addresses: uint,
});
const totalsRow: PartCodec<TotalsRow> = struct<TotalsRow>({
  confirmed: sats,
  trusted: sats,
  pending: sats,
  immature: sats,
  nonmempool: sats,
});

const account: PartCodec<AccountRow> = struct<AccountRow>({
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
/** By the byte they are written as, so new ones come last. */
const kinds: readonly Posting['kind'][] = [
  'credit',
  'debit',
  'touch',
  'label',
  'script',
  'name',
  'watchedCredit',
  'watchedDebit',
  'watchedLabel',
];
const maybeHeight = optional(u32be);
/** All postings of a transaction share its height and what it is; only account and amount differ. */
const postings: PartCodec<readonly Posting[]> = part(
  (writer, rows) => {
    const [first] = rows;
    maybeHeight.put(writer, first?.height);
    bool.put(writer, first?.coinbase === true);
    writer.compactSize(rows.length);
    for (const { kind, name, amount } of rows) {
      writer.u8(kinds.indexOf(kind));
      (kind === 'script' ? hex : varText).put(writer, name);
      if (!isBare(kind)) sats.put(writer, amount);
    }
  },
  (reader) => {
    const height = maybeHeight.take(reader);
    const coinbase = bool.take(reader);
    const rows: Posting[] = [];
    for (let count = reader.compactSize(); count > 0; count--) {
      const kind = kinds[reader.u8()] ?? 'name';
      const name = (kind === 'script' ? hex : varText).take(reader);
      const amount = isBare(kind) ? 0n : sats.take(reader);
      rows.push({ kind, name, amount, ...(height !== undefined && { height }), coinbase });
    }
    return rows;
  },
  64,
);

/** True for postings that carry no amount. */
function isBare(kind: Posting['kind']): boolean {
  return kind === 'touch' || kind === 'name';
}

const heightSum: PartCodec<HeightSum> = struct<HeightSum>({
  height: u32be,
  coinbase: bool,
  amount: sats,
});
const scriptSums: PartCodec<ScriptSumsRow> = part(
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

const txState: PartCodec<TxState> = part(
  (writer, state) => {
    writer.u8(stateKinds.indexOf(state.kind));
    if (state.kind === 'confirmed') writer.u32(state.index);
    if ('ref' in state) ref.put(writer, state.ref);
    if (state.kind === 'inactive') bool.put(writer, state.abandoned);
  },
  (reader) => {
    const kind = stateKinds[reader.u8()] ?? 'inactive';
    switch (kind) {
      case 'confirmed': {
        const index = reader.u32();
        return { kind, ref: ref.take(reader), index };
      }
      case 'conflicted':
        return { kind, ref: ref.take(reader) };
      case 'mempool':
        return { kind };
      case 'inactive':
        return { kind, abandoned: bool.take(reader) };
    }
  },
  41,
);
const stateKinds: readonly TxState['kind'][] = ['confirmed', 'mempool', 'inactive', 'conflicted'];

/** What most transactions lack: a bit says what is there. */
const extras = {
  comment: varText,
  to: varText,
  replaces: txid,
  replacedBy: txid,
} as const;
const extraNames = ['comment', 'to', 'replaces', 'replacedBy'] as const;

const txRow: PartCodec<TxRow> = part(
  (writer, row) => {
    txState.put(writer, row.state);
    uint.put(writer, row.order);
    uint.put(writer, row.time);
    uint.put(writer, row.timeReceived);
    varText.put(writer, row.fromAccount);
    let bits = (row.coinbase ? 1 : 0) | (row.trusted ? 2 : 0);
    extraNames.forEach((name, nth) => {
      if (row[name] !== undefined) bits |= 4 << nth;
    });
    writer.u8(bits);
    for (const name of extraNames) {
      const value = row[name];
      if (value !== undefined) (extras[name] as PartCodec<string>).put(writer, value);
    }
  },
  (reader) => {
    const state = txState.take(reader);
    const order = uint.take(reader);
    const time = uint.take(reader);
    const timeReceived = uint.take(reader);
    const fromAccount = varText.take(reader);
    const bits = reader.u8();
    const more: { -readonly [Name in keyof typeof extras]?: string } = {};
    extraNames.forEach((name, nth) => {
      if (bits & (4 << nth)) more[name] = extras[name].take(reader);
    });
    return {
      state,
      order,
      coinbase: (bits & 1) !== 0,
      trusted: (bits & 2) !== 0,
      time,
      timeReceived,
      fromAccount,
      ...(more as Pick<TxRow, keyof typeof extras>),
    };
  },
  96,
);

const purposes: readonly BookRow['purpose'][] = ['', 'receive', 'send'];
const bookRow: PartCodec<BookRow> = struct<BookRow>({ purpose: oneOf(purposes), label: varText });
const moveRow: PartCodec<MoveRow> = struct<MoveRow>({
  time: uint,
  account: varText,
  otherAccount: varText,
  amount: sats,
  comment: varText,
});
const journalRow: PartCodec<JournalRow> = struct<JournalRow>({
  kind: oneOf<JournalRow['kind']>(['receive', 'send', 'move']),
  cause: oneOf<JournalCause>([
    'transaction',
    'move',
    'rename',
    'rescan',
    'reorganisation',
    'conflict',
    'refused',
  ]),
  amount: sats,
  balance: sats,
  time: uint,
  about: varText,
});

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
/** An account without anything watched. */
export const EMPTY_WATCHED_SUMS: WatchedSumsRow = {
  credits: 0n,
  pendingCredits: 0n,
  debits: 0n,
  received: 0n,
  pendingReceived: 0n,
  addresses: 0,
};
/** A script nothing was paid to. */
export const EMPTY_SCRIPT_SUMS: ScriptSumsRow = {
  uses: 0,
  received: 0n,
  pendingReceived: 0n,
  heights: [],
};
/** A wallet without coins. */
export const EMPTY_TOTALS: TotalsRow = {
  confirmed: 0n,
  trusted: 0n,
  pending: 0n,
  immature: 0n,
  nonmempool: 0n,
};
/** A wallet that has seen nothing. */
export const FIRST_COUNTERS: Counters = { order: 0, journal: 0, transactions: 0, lastTime: 0 };

/** An outpoint as a plain value (rows must not keep whole transactions alive). */
export function outpointOf(id: Txid, vout: number): OutPoint {
  return { txid: id, vout };
}
