/**
 * Everything the chain keeps in the store, on one page. Bodies and undo records lie in append-only
 * files beside it (`block-files.ts`); a header's row says where. The active chain is the path from
 * the tip to genesis, so it needs no table of its own.
 */

import type { BlockRef, Coin } from '@coind/consensus';
import {
  type BlockHash,
  hashToHex,
  hexToHash,
  type OutPoint,
  Reader,
  Writer,
} from '@coind/primitives';
import {
  type Codec,
  hash32,
  outpoint,
  struct,
  type TableSpec,
  tuple,
  u32be,
  unit,
} from '@coind/store';
import type { FilePosition } from './block-files.ts';

/** Version of these tables; a directory of another one has to be built anew. */
export const CHAIN_SCHEMA = 1;

/** What is known about a header: the row of `headers`. */
export interface HeaderRecord {
  /** The 80 bytes; decoded when somebody asks. */
  readonly header: Uint8Array;
  /** It broke a rule, or an operator refused it. Its descendants are invalid because it is. */
  readonly invalid: boolean;
  /** It was once connected: every rule and script was checked. */
  readonly connected: boolean;
  /** Transactions of its body; 0 while there never was one. */
  readonly txCount: number;
  /** Undefined with a `txCount` for a body that was pruned. */
  readonly body: FilePosition | undefined;
  /** Lies in the undo file of the same number as the body's file. */
  readonly undo: FilePosition | undefined;
}

const INVALID = 1;
const CONNECTED = 2;
const HAS_BODY = 4;
const HAS_UNDO = 8;

/** Flags, header, count and positions in 105 bytes. */
export const headerRecord: Codec<HeaderRecord> = {
  encode({ header, invalid, connected, txCount, body, undo }) {
    const flags =
      (invalid ? INVALID : 0) |
      (connected ? CONNECTED : 0) |
      (body ? HAS_BODY : 0) |
      (undo ? HAS_UNDO : 0);
    return new Writer(105)
      .u8(flags)
      .bytes(header)
      .u32(txCount)
      .u32(body?.file ?? 0)
      .u32(body?.offset ?? 0)
      .u32(body?.size ?? 0)
      .u32(undo?.offset ?? 0)
      .u32(undo?.size ?? 0)
      .finish();
  },
  // By hand rather than with a Reader: every start decodes every header ever seen.
  decode(bytes) {
    const flags = bytes[0] as number;
    const file = u32At(bytes, 85);
    const body = { file, offset: u32At(bytes, 89), size: u32At(bytes, 93) };
    return {
      header: bytes.subarray(1, 81),
      invalid: (flags & INVALID) !== 0,
      connected: (flags & CONNECTED) !== 0,
      txCount: u32At(bytes, 81),
      body: flags & HAS_BODY ? body : undefined,
      undo:
        flags & HAS_UNDO ? { file, offset: u32At(bytes, 97), size: u32At(bytes, 101) } : undefined,
    };
  },
};

function u32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

/** `height * 2 + coinbase`, the amount, then the script to the end. */
export const coinRecord: Codec<Coin> = {
  encode({ output, height, coinbase }) {
    return new Writer(12 + output.scriptPubKey.length)
      .u32(height * 2 + (coinbase ? 1 : 0))
      .i64(output.value)
      .bytes(output.scriptPubKey)
      .finish();
  },
  decode(bytes) {
    const reader = new Reader(bytes);
    const code = reader.u32();
    return {
      output: { value: reader.i64(), scriptPubKey: reader.take(reader.left) },
      height: code >>> 1,
      coinbase: (code & 1) === 1,
    };
  },
};

/** The coins of which slot are those of the tip, since a snapshot was loaded. */
export interface SnapshotRecord {
  /** Where the coins of the active chain lie. */
  readonly slot: LedgerSlot;
  /** The block of the snapshot they began with. */
  readonly base: BlockHash;
  /** The other ledger has come to the same coins, or has taken over again. */
  readonly verified: boolean;
}

/** Which of the two places in the store a set of coins has. */
export type LedgerSlot = 0 | 1;

/** Slot, whether it was verified, and the block's hash. */
const snapshotRecord: Codec<SnapshotRecord> = {
  encode: ({ slot, base, verified }) =>
    new Writer(34)
      .u8(slot)
      .u8(verified ? 1 : 0)
      .bytes(hexToHash(base))
      .finish(),
  decode(bytes) {
    const reader = new Reader(bytes);
    const slot = reader.u8() === 1 ? 1 : 0;
    const verified = reader.u8() === 1;
    return { slot, verified, base: hashToHex<BlockHash>(reader.take(32)) };
  },
};

const tipRecord = struct<BlockRef>({ hash: hash32<BlockHash>(), height: u32be });

/** The chain's tables. */
export const tables = {
  headers: {
    prefix: 'h',
    // By height first: a scan meets every parent before its children.
    key: tuple(u32be, hash32<BlockHash>()),
    value: headerRecord,
    about: 'Every known header by height and hash, with its status and where its body lies.',
  } satisfies TableSpec<[number, BlockHash], HeaderRecord>,
  coins: {
    prefix: 'c',
    key: outpoint,
    value: coinRecord,
    about: 'The unspent outputs at the tip.',
  } satisfies TableSpec<OutPoint, Coin>,
  tip: {
    prefix: 't',
    key: unit,
    value: tipRecord,
    about: 'The block that the coins belong to.',
  } satisfies TableSpec<undefined, BlockRef>,
  segwitHeight: {
    prefix: 's',
    key: unit,
    value: u32be,
    about: 'The height from which blocks were checked by the rules of segwit.',
  } satisfies TableSpec<undefined, number>,
  rebuilding: {
    prefix: 'r',
    key: unit,
    value: u32be,
    about: 'There while the block files have not all been read into a new index; holds 1.',
  } satisfies TableSpec<undefined, number>,
  coins2: {
    prefix: 'd',
    key: outpoint,
    value: coinRecord,
    about: 'The second set of coins, beside that of a snapshot or begun by one.',
  } satisfies TableSpec<OutPoint, Coin>,
  tip2: {
    prefix: 'u',
    key: unit,
    value: tipRecord,
    about: 'The block that the second set of coins belongs to.',
  } satisfies TableSpec<undefined, BlockRef>,
  snapshot: {
    prefix: 'a',
    key: unit,
    value: snapshotRecord,
    about: 'Which set of coins is that of the tip, once a snapshot was loaded.',
  } satisfies TableSpec<undefined, SnapshotRecord>,
} as const;

/** The tables of each ledger. */
export const ledgerTables = [
  { coins: tables.coins, tip: tables.tip },
  { coins: tables.coins2, tip: tables.tip2 },
] as const;
