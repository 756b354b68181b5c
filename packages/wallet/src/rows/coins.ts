/** Rows about coins: where each stands, the unspent ones by class, what they are worth together. */
import type { OutPoint, Sats, Txid } from '@coind/primitives';
import { bool, hex, type PartCodec, part, struct } from '@coind/store';
import { type ScriptRow, scriptRow } from './keys.ts';
import { height, type ScriptHex, sats } from './parts.ts';

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

/** How a `CoinRow` is written. */
export const coinRow: PartCodec<CoinRow> = part(
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

/** What lies with an unspent coin: enough to list it or to spend it without a look anywhere else. */
export interface UnspentRow extends Pick<CoinRow, 'script' | 'height' | 'coinbase'> {
  /** Missing for watched coins, which have a description of their own (`known`). */
  readonly owner?: ScriptRow;
}

/** How an `UnspentRow` is written. */
export const unspentRow: PartCodec<UnspentRow> = part(
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

/** A wallet without coins. */
export const EMPTY_TOTALS: TotalsRow = {
  confirmed: 0n,
  trusted: 0n,
  pending: 0n,
  immature: 0n,
  nonmempool: 0n,
};

/** How a `TotalsRow` is written. */
export const totalsRow: PartCodec<TotalsRow> = struct<TotalsRow>({
  confirmed: sats,
  trusted: sats,
  pending: sats,
  immature: sats,
  nonmempool: sats,
});

/** An outpoint as a plain value (rows must not keep whole transactions alive). */
export function outpointOf(id: Txid, vout: number): OutPoint {
  return { txid: id, vout };
}
