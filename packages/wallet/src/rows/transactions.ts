/** Rows about transactions: what became of them, what they added to the sums, their order. */
import type { BlockRef } from '@coind/consensus';
import type { Sats, Txid } from '@coind/primitives';
import { bool, hex, optional, type PartCodec, part, u32be, uint, varText } from '@coind/store';
import { ref, sats, txid } from './parts.ts';

/** What became of a transaction. */
export type TxState =
  | { readonly kind: 'confirmed'; readonly ref: BlockRef; readonly index: number }
  | { readonly kind: 'mempool' }
  /** Neither confirmed nor in the mempool. */
  | { readonly kind: 'inactive'; readonly abandoned: boolean }
  /** A block of the active chain holds a transaction that spends the same coin. */
  | { readonly kind: 'conflicted'; readonly ref: BlockRef };

const stateKinds: readonly TxState['kind'][] = ['confirmed', 'mempool', 'inactive', 'conflicted'];

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

/** A transaction of the wallet, without its bytes. */
export interface TxRow {
  readonly state: TxState;
  readonly order: number;
  readonly coinbase: boolean;
  /** All that it spends is the wallet's own and trusted, or it is confirmed. */
  readonly trusted: boolean;
  /** Something in the mempool contradicts it, or what it spends: meanwhile it spends nothing. */
  readonly outbid: boolean;
  /** What listings call its time. */
  readonly time: number;
  readonly timeReceived: number;
  readonly fromAccount: string;
  readonly comment?: string;
  readonly to?: string;
  readonly replaces?: Txid;
  readonly replacedBy?: Txid;
}

/** What most transactions lack: a bit says what is there. */
const extras = {
  comment: varText,
  to: varText,
  replaces: txid,
  replacedBy: txid,
} as const;

const extraNames = ['comment', 'to', 'replaces', 'replacedBy'] as const;

/** Behind the bits of the extras; not set in rows of earlier versions. */
const OUTBID_BIT = 0x40;

/** How a `TxRow` is written. */
export const txRow: PartCodec<TxRow> = part(
  (writer, row) => {
    txState.put(writer, row.state);
    uint.put(writer, row.order);
    uint.put(writer, row.time);
    uint.put(writer, row.timeReceived);
    varText.put(writer, row.fromAccount);
    let bits = (row.coinbase ? 1 : 0) | (row.trusted ? 2 : 0) | (row.outbid ? OUTBID_BIT : 0);
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
      outbid: (bits & OUTBID_BIT) !== 0,
      time,
      timeReceived,
      fromAccount,
      ...(more as Pick<TxRow, keyof typeof extras>),
    };
  },
  96,
);

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
export const postings: PartCodec<readonly Posting[]> = part(
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

/** What stands at a place in the order. */
export interface OrderRow {
  /** Undefined for one side of a move. */
  readonly txid: Txid | undefined;
}
