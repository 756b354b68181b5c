/**
 * Undo records: the coins a block spent, by transaction and input, in bitcoind's encoding (variable
 * length integers, compressed amounts, the common scripts in 20 or 32 bytes), with its checksum.
 * Scripts of an uncompressed P2PK, which bitcoind shortens too, are written in full: both forms are
 * legal, and the short one needs curve arithmetic to be read.
 */
import type { Coin } from '@coind/consensus';
import {
  type Block,
  type BlockHash,
  concatBytes,
  DecodeError,
  equalBytes,
  hexToHash,
  MAX_SIZE,
  Reader,
  type Sats,
  sha256d,
  Writer,
} from '@coind/primitives';

/** The coins each transaction but the coinbase spent, in order of its inputs. */
export type BlockUndo = readonly (readonly Coin[])[];

const CHECKSUM = 32;
/** Shapes of scripts that have a short form; other scripts are their length plus this, then bytes. */
const SPECIAL_SCRIPTS = 6;

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

/** bitcoind's VARINT: seven bits a byte, most significant first, each length without overlap. */
function writeVarInt(writer: Writer, value: number): void {
  const digits: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128) - 1) {
    digits.push((rest % 128) | (digits.length > 0 ? 0x80 : 0));
    if (rest < 128) break;
  }
  for (let i = digits.length - 1; i >= 0; i--) writer.u8(digits[i] as number);
}

function readVarInt(reader: Reader): bigint {
  let value = 0;
  for (;;) {
    // Beyond 2^45 the next step could leave what a double holds exactly.
    if (value >= 2 ** 45) return readLongVarInt(reader, BigInt(value));
    const byte = reader.u8();
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return BigInt(value);
    value++;
  }
}

function readLongVarInt(reader: Reader, start: bigint): bigint {
  let value = start;
  for (;;) {
    const byte = reader.u8();
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (value >> 64n) throw new DecodeError('variable length integer too long');
    if (byte < 0x80) return value;
    value++;
  }
}

/** As for smaller numbers: bitcoind's VARINT. */
export function writeLongVarInt(writer: Writer, value: bigint): void {
  if (value < 2n ** 45n) {
    writeVarInt(writer, Number(value));
    return;
  }
  const digits: number[] = [];
  for (let rest = value; ; rest = (rest >> 7n) - 1n) {
    digits.push(Number(rest & 0x7fn) | (digits.length > 0 ? 0x80 : 0));
    if (rest < 128n) break;
  }
  for (let i = digits.length - 1; i >= 0; i--) writer.u8(digits[i] as number);
}

function writeAmount(writer: Writer, value: Sats): void {
  writeLongVarInt(writer, compressAmount(value));
}

/** Moves trailing decimal zeros, which amounts often have, into one digit. */
export function compressAmount(value: Sats): bigint {
  if (value === 0n) return 0n;
  let rest = value;
  let zeros = 0n;
  while (rest % 10n === 0n && zeros < 9n) {
    rest /= 10n;
    zeros++;
  }
  if (zeros === 9n) return 1n + (rest - 1n) * 10n + 9n;
  return 1n + ((rest / 10n) * 9n + (rest % 10n) - 1n) * 10n + zeros;
}

/** The amount of which `compressAmount` made `compressed`. */
export function decompressAmount(compressed: bigint): Sats {
  if (compressed === 0n) return 0n;
  let rest = compressed - 1n;
  const zeros = rest % 10n;
  rest /= 10n;
  if (zeros === 9n) return (rest + 1n) * 10n ** 9n;
  return ((rest / 9n) * 10n + (rest % 9n) + 1n) * 10n ** zeros;
}

const OP_DUP = 0x76;
const OP_HASH160 = 0xa9;
const OP_EQUALVERIFY = 0x88;
const OP_EQUAL = 0x87;
const OP_CHECKSIG = 0xac;

/** Writes a script in its short form, if it has one that takes no curve arithmetic to read. */
export function writeScript(writer: Writer, script: Uint8Array): void {
  const s = script;
  if (s.length === 25 && s[0] === OP_DUP && s[1] === OP_HASH160 && s[2] === 20) {
    if (s[23] === OP_EQUALVERIFY && s[24] === OP_CHECKSIG) {
      writer.u8(0).bytes(s.subarray(3, 23));
      return;
    }
  } else if (s.length === 23 && s[0] === OP_HASH160 && s[1] === 20 && s[22] === OP_EQUAL) {
    writer.u8(1).bytes(s.subarray(2, 22));
    return;
  } else if (
    s.length === 35 &&
    s[0] === 33 &&
    (s[1] === 2 || s[1] === 3) &&
    s[34] === OP_CHECKSIG
  ) {
    writer.bytes(s.subarray(1, 34));
    return;
  }
  writeVarInt(writer, script.length + SPECIAL_SCRIPTS);
  writer.bytes(script);
}

function readScript(reader: Reader): Uint8Array {
  const kind = Number(readVarInt(reader));
  if (kind === 0) {
    const hash = reader.take(20);
    return Uint8Array.of(OP_DUP, OP_HASH160, 20, ...hash, OP_EQUALVERIFY, OP_CHECKSIG);
  }
  if (kind === 1) return Uint8Array.of(OP_HASH160, 20, ...reader.take(20), OP_EQUAL);
  if (kind === 2 || kind === 3) return Uint8Array.of(33, kind, ...reader.take(32), OP_CHECKSIG);
  if (kind < SPECIAL_SCRIPTS) throw new DecodeError('a compressed public key we never write');
  const size = kind - SPECIAL_SCRIPTS;
  if (size > MAX_SIZE) throw new DecodeError('size too large');
  return reader.take(size);
}
