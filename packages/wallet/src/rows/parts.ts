/** What the codecs of several subjects are made of. */
import type { BlockRef } from '@coind/consensus';
import type { BlockHash, Sats, Txid } from '@coind/primitives';
import { hash32, i64be, type PartCodec, part, struct, u32be } from '@coind/store';

/** Lower-case hex of a scriptPubKey. */
export type ScriptHex = string;

/** Bytes as they are. */
export const rawBytes = {
  encode: (value: Uint8Array): Uint8Array => value,
  decode: (value: Uint8Array): Uint8Array => value,
};

/** One of a few words, by its place among them. Words may be added at the end; any other is an error. */
export function oneOf<Word extends string>(words: readonly Word[]): PartCodec<Word> {
  return part<Word>(
    (writer, word) => {
      const place = words.indexOf(word);
      if (place < 0) throw new Error(`a row cannot hold the word ${word}`);
      writer.u8(place);
    },
    (reader) => {
      const word = words[reader.u8()];
      if (word === undefined) throw new Error('a row holds a word that is not known');
      return word;
    },
    1,
  );
}

/** The value of a set: a row that is there says true. */
export const mark: PartCodec<true> = part(
  () => {},
  () => true as const,
  0,
);

/** The hash of a transaction. */
export const txid = hash32<Txid>();

/** A block by hash and height. */
export const ref: PartCodec<BlockRef> = struct<BlockRef>({
  hash: hash32<BlockHash>(),
  height: u32be,
});

/** An amount, negative ones too. */
export const sats: PartCodec<Sats> = i64be;

/** The height of a block, -1 for none. */
export const height: PartCodec<number> = part(
  (writer, value) => void writer.i32(value),
  (reader) => reader.i32(),
);
