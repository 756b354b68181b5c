/** Rows about keys and scripts: descriptors, derived keys, own scripts, scripts of others. */
import { type PartCodec, part, u32be } from '@coind/store';
import type { AddressType } from '../address-type.ts';
import type { ScriptHex } from './parts.ts';

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

/** How a `DerivedRow` is written. */
export const derivedRow: PartCodec<DerivedRow> = part(
  (writer, { time, publicKey }) => {
    u32be.put(writer, time);
    writer.bytes(publicKey);
  },
  (reader) => ({ time: u32be.take(reader), publicKey: reader.take(33) }),
  37,
);

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

/** How a `ScriptRow` is written. */
export const scriptRow: PartCodec<ScriptRow> = part(
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
