/**
 * Coins in bitcoind's compressed form, as undo records and UTXO snapshots hold them: variable length
 * integers, amounts without trailing zeros, the common scripts in 20 or 32 bytes.
 */
import { DecodeError, MAX_SIZE, type Reader, type Sats, type Writer } from '@coind/primitives';
import { convertPublicKey, isPublicKey, MAX_SCRIPT_SIZE, p2pk } from '@coind/script';

/** Shapes of scripts that have a short form; other scripts are their length plus this, then bytes. */
const SPECIAL_SCRIPTS = 6;
const UNCOMPRESSED_P2PK = 67;

/** bitcoind's VARINT: seven bits a byte, most significant first, each length without overlap. */
export function writeVarInt(writer: Writer, value: number): void {
  const digits: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128) - 1) {
    digits.push((rest % 128) | (digits.length > 0 ? 0x80 : 0));
    if (rest < 128) break;
  }
  for (let i = digits.length - 1; i >= 0; i--) writer.u8(digits[i] as number);
}

/** Reads what `writeVarInt` wrote. Throws `DecodeError`. */
export function readVarInt(reader: Reader): bigint {
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

/** Writes an amount, compressed. */
export function writeAmount(writer: Writer, value: Sats): void {
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
const OP_RETURN = 0x6a;

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

/**
 * The same, and an uncompressed key to which somebody is paid becomes its X and a bit of Y, as in a
 * snapshot.
 */
export function writeShortScript(writer: Writer, script: Uint8Array): void {
  const isP2pk =
    script.length === UNCOMPRESSED_P2PK &&
    script[0] === 65 &&
    script[1] === 4 &&
    script[66] === OP_CHECKSIG;
  if (isP2pk && isPublicKey(script.subarray(1, 66))) {
    writer.u8(4 + ((script[65] as number) & 1)).bytes(script.subarray(2, 34));
  } else {
    writeScript(writer, script);
  }
}

/** Reads a script in any form. One that nobody could spend for its size becomes OP_RETURN. */
export function readScript(reader: Reader): Uint8Array {
  const kind = Number(readVarInt(reader));
  if (kind === 0) {
    const hash = reader.take(20);
    return Uint8Array.of(OP_DUP, OP_HASH160, 20, ...hash, OP_EQUALVERIFY, OP_CHECKSIG);
  }
  if (kind === 1) return Uint8Array.of(OP_HASH160, 20, ...reader.take(20), OP_EQUAL);
  if (kind === 2 || kind === 3) return Uint8Array.of(33, kind, ...reader.take(32), OP_CHECKSIG);
  if (kind < SPECIAL_SCRIPTS) {
    const key = Uint8Array.of(kind - 2, ...reader.take(32));
    // An X that is on no point leaves nothing, as in bitcoind.
    return isPublicKey(key) ? p2pk(convertPublicKey(key, false)) : new Uint8Array(0);
  }
  const size = kind - SPECIAL_SCRIPTS;
  if (size > MAX_SIZE) throw new DecodeError('size too large');
  const script = reader.take(size);
  return size > MAX_SCRIPT_SIZE ? Uint8Array.of(OP_RETURN) : script;
}
