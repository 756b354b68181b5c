/**
 * Undo records: the coins a block spent, by transaction and input, in bitcoind's encoding, with its
 * checksum. Scripts of an uncompressed P2PK, which bitcoind shortens too, are written in full: both forms
 * are legal, and the short one needs curve arithmetic to be read.
 */
import type { Coin } from '@coind/consensus';
import {
  type Block,
  type BlockHash,
  concatBytes,
  DecodeError,
  equalBytes,
  hexToHash,
  Reader,
  sha256d,
  Writer,
} from '@coind/primitives';
import {
  decompressAmount,
  readScript,
  readVarInt,
  writeAmount,
  writeScript,
  writeVarInt,
} from './coin-codec.ts';

/** The coins each transaction but the coinbase spent, in order of its inputs. */
export type BlockUndo = readonly (readonly Coin[])[];

const CHECKSUM = 32;

/**
 * Encodes `spent` (all coins a block spent, in order of inputs) as the undo record of `block`, with
 * the checksum at its end.
 */
export function encodeUndo(block: Block, spent: readonly Coin[]): Uint8Array {
  const inputs = block.txs.reduce((count, tx, i) => count + (i > 0 ? tx.inputs.length : 0), 0);
  if (inputs !== spent.length) throw new Error('an undo record holds one coin for each input');
  const writer = new Writer(64 + spent.length * 40);
  writer.compactSize(block.txs.length - 1);
  let next = 0;
  for (let i = 1; i < block.txs.length; i++) {
    const count = block.txs[i]?.inputs.length ?? 0;
    writer.compactSize(count);
    for (let j = 0; j < count; j++) writeCoin(writer, spent[next++] as Coin);
  }
  const undo = writer.finish();
  return concatBytes(undo, checksumOf(undo, block.header.prevHash));
}

/** Reads the undo record of a child of `prevHash`. Throws `DecodeError`, also for a bad checksum. */
export function decodeUndo(bytes: Uint8Array, prevHash: BlockHash): BlockUndo {
  const undo = bytes.subarray(0, bytes.length - CHECKSUM);
  if (!equalBytes(bytes.subarray(undo.length), checksumOf(undo, prevHash))) {
    throw new DecodeError('the checksum does not match');
  }
  const reader = new Reader(undo);
  const txs: Coin[][] = [];
  for (let count = reader.compactSize(); count > 0; count--) {
    const coins: Coin[] = [];
    for (let inputs = reader.compactSize(); inputs > 0; inputs--) coins.push(readCoin(reader));
    txs.push(coins);
  }
  reader.end();
  return txs;
}

function checksumOf(undo: Uint8Array, prevHash: BlockHash): Uint8Array {
  return sha256d(concatBytes(hexToHash(prevHash), undo));
}

function writeCoin(writer: Writer, { output, height, coinbase }: Coin): void {
  writeVarInt(writer, height * 2 + (coinbase ? 1 : 0));
  // Once the version of the transaction, kept so that older readers can skip it.
  if (height > 0) writer.u8(0);
  writeAmount(writer, output.value);
  writeScript(writer, output.scriptPubKey);
}

function readCoin(reader: Reader): Coin {
  const code = Number(readVarInt(reader));
  const height = Math.floor(code / 2);
  if (height > 0) readVarInt(reader);
  const value = decompressAmount(readVarInt(reader));
  return { output: { value, scriptPubKey: readScript(reader) }, height, coinbase: code % 2 === 1 };
}
