/**
 * The fields of a PSBT by map (BIP174, BIP370, BIP371, BIP373), in the order in which bitcoind writes
 * them: their types, how long their keys are, and what their values must be.
 */
import {
  compareBytes,
  concatBytes,
  DecodeError,
  hash160,
  LOCKTIME_THRESHOLD,
  Reader,
  readOutput,
  Tx,
  Writer,
} from '@coind/primitives';
import { isDefinedHashType, isPublicKey, isStrictDer, LEAF_MASK } from '@coind/script';
import {
  type FieldSpec,
  type MapSpec,
  PROPRIETARY,
  type PsbtVersion,
  reading,
  refusePsbt,
} from './psbt-map.ts';

/** Types of global fields. */
export const Global = {
  UNSIGNED_TX: 0x00,
  XPUB: 0x01,
  TX_VERSION: 0x02,
  FALLBACK_LOCKTIME: 0x03,
  INPUT_COUNT: 0x04,
  OUTPUT_COUNT: 0x05,
  TX_MODIFIABLE: 0x06,
  VERSION: 0xfb,
} as const;

/** Types of fields of inputs. */
export const In = {
  NON_WITNESS_UTXO: 0x00,
  WITNESS_UTXO: 0x01,
  PARTIAL_SIG: 0x02,
  SIGHASH: 0x03,
  REDEEM_SCRIPT: 0x04,
  WITNESS_SCRIPT: 0x05,
  BIP32_DERIVATION: 0x06,
  FINAL_SCRIPTSIG: 0x07,
  FINAL_WITNESS: 0x08,
  RIPEMD160: 0x0a,
  SHA256: 0x0b,
  HASH160: 0x0c,
  HASH256: 0x0d,
  PREVIOUS_TXID: 0x0e,
  OUTPUT_INDEX: 0x0f,
  SEQUENCE: 0x10,
  TIME_LOCKTIME: 0x11,
  HEIGHT_LOCKTIME: 0x12,
  TAP_KEY_SIG: 0x13,
  TAP_SCRIPT_SIG: 0x14,
  TAP_LEAF_SCRIPT: 0x15,
  TAP_BIP32_DERIVATION: 0x16,
  TAP_INTERNAL_KEY: 0x17,
  TAP_MERKLE_ROOT: 0x18,
  MUSIG2_PARTICIPANTS: 0x1a,
  MUSIG2_PUB_NONCE: 0x1b,
  MUSIG2_PARTIAL_SIG: 0x1c,
} as const;

/** Types of fields of outputs. */
export const Out = {
  REDEEM_SCRIPT: 0x00,
  WITNESS_SCRIPT: 0x01,
  BIP32_DERIVATION: 0x02,
  AMOUNT: 0x03,
  SCRIPT: 0x04,
  TAP_INTERNAL_KEY: 0x05,
  TAP_TREE: 0x06,
  TAP_BIP32_DERIVATION: 0x07,
  MUSIG2_PARTICIPANTS: 0x08,
} as const;

/** The fields that are filled in on the way to a signature, in the numbers of a map; outputs hold no signatures. */
export interface FieldTypes {
  readonly REDEEM_SCRIPT: number;
  readonly WITNESS_SCRIPT: number;
  readonly BIP32_DERIVATION: number;
  readonly TAP_INTERNAL_KEY: number;
  readonly TAP_BIP32_DERIVATION: number;
  readonly MUSIG2_PARTICIPANTS: number;
  readonly PARTIAL_SIG?: number;
  readonly RIPEMD160?: number;
  readonly SHA256?: number;
  readonly HASH160?: number;
  readonly HASH256?: number;
  readonly TAP_KEY_SIG?: number;
  readonly TAP_SCRIPT_SIG?: number;
  readonly TAP_LEAF_SCRIPT?: number;
  readonly TAP_MERKLE_ROOT?: number;
  readonly TAP_TREE?: number;
  readonly MUSIG2_PUB_NONCE?: number;
  readonly MUSIG2_PARTIAL_SIG?: number;
}

/** A key with the prefix of its form: compressed, or not. */
const PUBKEY = [33, 65];
const X_ONLY = [32];
const HASH_20 = [20];
const HASH_32 = [32];
/** Participant and aggregate key, and for a script the hash of its leaf. */
const MUSIG2_KEY = [66, 98];
const XPUB_LENGTH = 78;
const PUB_NONCE_LENGTH = 66;
const MAX_TREE_DEPTH = 128;

const same = (value: Uint8Array): Uint8Array => value;
const unlessEmpty = (value: Uint8Array): Uint8Array | undefined =>
  value.length > 0 ? value : undefined;
const unlessZero = (value: Uint8Array): Uint8Array | undefined =>
  value.some((byte) => byte !== 0) ? value : undefined;

/** A value of exactly so many bytes. */
function sized(length: number): FieldSpec['read'] {
  return (value) =>
    value.length === length ? value : refusePsbt('Size of value was not the stated size');
}

/** A count, which other programs may write longer than need be. */
function count(value: Uint8Array): Uint8Array {
  return new Writer().compactSize(reading(value, (reader) => reader.compactSize())).finish();
}

function locktime(isValid: (time: number) => string | undefined): FieldSpec['read'] {
  return (value) => {
    const refusal = isValid(reading(value, (reader) => reader.u32()));
    return refusal === undefined ? value : refusePsbt(refusal);
  };
}

function checkPublicKey(key: Uint8Array, refusal = 'Invalid pubkey'): void {
  if (!isPublicKey(key)) refusePsbt(refusal);
}

/** Reads a way to derive a key: fingerprint and steps. */
function checkOrigin(length: number): void {
  if (length === 0 || length % 4 !== 0) refusePsbt('Invalid length for HD key path');
}

function derivation(value: Uint8Array, key: Uint8Array): Uint8Array {
  checkPublicKey(key);
  checkOrigin(value.length);
  return value;
}

function xpub(value: Uint8Array, key: Uint8Array): Uint8Array {
  checkPublicKey(key.subarray(45));
  checkOrigin(value.length);
  return value;
}

/** The hashes of leaves a taproot key is used in, and how it is derived. */
export interface TapDerivation {
  readonly leafHashes: readonly Uint8Array[];
  /** Fingerprint and path, as they are written. */
  readonly origin: Uint8Array;
}

/** Reads the value of a TAP_BIP32_DERIVATION. */
export function decodeTapDerivation(value: Uint8Array): TapDerivation {
  return reading(value, (reader) => {
    const leafHashes: Uint8Array[] = [];
    for (let left = reader.compactSize(); left > 0; left--) leafHashes.push(reader.take(32));
    checkOrigin(reader.left);
    return { leafHashes, origin: reader.take(reader.left) };
  });
}

/** Writes the value of a TAP_BIP32_DERIVATION; every leaf once, in order. */
export function encodeTapDerivation({ leafHashes, origin }: TapDerivation): Uint8Array {
  const leaves = [...leafHashes].sort(compareBytes);
  const once = leaves.filter(
    (leaf, i) => i === 0 || compareBytes(leaf, leaves[i - 1] as Uint8Array) !== 0,
  );
  const writer = new Writer().compactSize(once.length);
  for (const leaf of once) writer.bytes(leaf);
  return writer.bytes(origin).finish();
}

/** Whether the hashes end within the value, however many are said to be there. */
function holdsItsHashes(value: Uint8Array): boolean {
  const reader = new Reader(value);
  try {
    return reader.compactSize() * 32 <= reader.left;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

function tapDerivation(place: 'Input' | 'Output'): FieldSpec['read'] {
  return (value) => {
    if (!holdsItsHashes(value)) {
      refusePsbt(`${place} Taproot BIP32 keypath has an invalid length`);
    }
    return encodeTapDerivation(decodeTapDerivation(value));
  };
}

/** The keys of a MUSIG2_PARTICIPANTS. */
export function participantsIn(value: Uint8Array): readonly Uint8Array[] {
  const keys: Uint8Array[] = [];
  for (let at = 0; at < value.length; at += 33) keys.push(value.subarray(at, at + 33));
  return keys;
}

function participants(place: string): FieldSpec['read'] {
  return (value, key) => {
    checkPublicKey(key, `${place} musig2 aggregate pubkey is invalid`);
    for (const participant of participantsIn(
      value.subarray(0, value.length - (value.length % 33)),
    )) {
      checkPublicKey(participant, `${place} musig2 participant pubkey is invalid`);
    }
    if (value.length % 33 !== 0) {
      refusePsbt(`${place} musig2 participants pubkeys value size is not a multiple of 33`);
    }
    return value;
  };
}

function checkMusig2Key(key: Uint8Array): void {
  checkPublicKey(key.subarray(33, 66), 'musig2 aggregate pubkey is invalid');
  checkPublicKey(key.subarray(0, 33), 'musig2 participant pubkey is invalid');
}

/** By aggregate key, then leaf (none first), then participant. */
function musig2Order(key: Uint8Array): Uint8Array {
  const leaf = key.length > 66 ? key.subarray(66) : new Uint8Array(32);
  return concatBytes(key.subarray(33, 66), leaf, key.subarray(0, 33));
}

/** Leaves of a TAP_TREE, in depth-first order. */
export interface TapTreeLeaf {
  readonly depth: number;
  readonly leafVersion: number;
  readonly script: Uint8Array;
}

/** Reads the value of a TAP_TREE. Throws `PsbtError` unless its leaves make one tree. */
export function decodeTapTree(value: Uint8Array): readonly TapTreeLeaf[] {
  if (value.length === 0) refusePsbt('Output Taproot tree must not be empty');
  const leaves = reading(value, readLeaves);
  for (const { depth, leafVersion } of leaves) {
    if (depth > MAX_TREE_DEPTH) {
      refusePsbt('Output Taproot tree has as leaf greater than Taproot maximum depth');
    }
    if ((leafVersion & ~LEAF_MASK) !== 0) {
      refusePsbt('Output Taproot tree has a leaf with an invalid leaf version');
    }
  }
  if (!isWholeTree(leaves)) refusePsbt('Output Taproot tree is malformed');
  return leaves;
}

function readLeaves(reader: Reader): TapTreeLeaf[] {
  const leaves: TapTreeLeaf[] = [];
  while (reader.left > 0) {
    leaves.push({ depth: reader.u8(), leafVersion: reader.u8(), script: reader.varBytes() });
  }
  return leaves;
}

/** Whether leaves at these depths, in order, fill a binary tree. */
function isWholeTree(leaves: readonly TapTreeLeaf[]): boolean {
  // By depth, whether a left half waits there for its right one.
  const waiting: boolean[] = [];
  for (const leaf of leaves) {
    let { depth } = leaf;
    if (depth + 1 < waiting.length) return false;
    while (waiting[depth]) {
      if (depth === 0) return false;
      waiting.length = depth;
      depth--;
    }
    waiting[depth] = true;
  }
  return waiting.length === 1;
}

const SCHNORR_LENGTHS = [64, 65];

function schnorrSignature(name: string): FieldSpec['read'] {
  return (value) => {
    if (SCHNORR_LENGTHS.includes(value.length)) return value;
    const wrong = value.length < 64 ? 'shorter than 64' : 'longer than 65';
    return refusePsbt(`Input Taproot ${name} path signature is ${wrong} bytes`);
  };
}

function partialSignature(value: Uint8Array, key: Uint8Array): Uint8Array {
  checkPublicKey(key);
  const isEncoded = isStrictDer(value) && isDefinedHashType(value);
  return isEncoded ? value : refusePsbt('Signature is not a valid encoding');
}

function witnessUtxo(value: Uint8Array): Uint8Array | undefined {
  // An amount of -1 stands for no output.
  return reading(value, readOutput).value === -1n ? undefined : value;
}

function finalWitness(value: Uint8Array): Uint8Array | undefined {
  return decodeWitness(value).length > 0 ? value : undefined;
}

/** Reads the value of a FINAL_WITNESS. */
export function decodeWitness(value: Uint8Array): readonly Uint8Array[] {
  return reading(value, (reader) => {
    const items: Uint8Array[] = [];
    for (let left = reader.compactSize(); left > 0; left--) items.push(reader.varBytes());
    return items;
  });
}

function leafScript(value: Uint8Array): Uint8Array {
  return value.length > 0 ? value : refusePsbt('Input Taproot leaf script must be at least 1 byte');
}

/** By script and leaf version, then the shortest control block first. */
function leafOrder(key: Uint8Array, value: Uint8Array): Uint8Array {
  const size = new Writer()
    .u8(key.length >>> 8)
    .u8(key.length)
    .finish();
  const script = value.subarray(0, -1);
  // A script that is the beginning of another comes before it: each byte behind a 1, the end a 0.
  const marked = new Uint8Array(2 * script.length + 1);
  for (const [i, byte] of script.entries()) marked.set([1, byte], 2 * i);
  return concatBytes(marked, value.subarray(-1), size, key);
}

/** Lengths of control blocks: 33 bytes and up to 128 hashes. */
const CONTROL_LENGTHS = Array.from({ length: 129 }, (_, hashes) => 33 + 32 * hashes);

function inVersion(version: PsbtVersion, refusal: string): Pick<FieldSpec, 'only'> {
  return { only: { version, refusal } };
}

const v2Only = (name: string) => inVersion(2, `${name} is not allowed in PSBTv0`);

export const GLOBAL_MAP: MapSpec = {
  name: 'global',
  fields: [
    {
      type: Global.UNSIGNED_TX,
      name: 'Global Unsigned TX',
      read: unsignedTx,
      ...inVersion(0, 'PSBT_GLOBAL_UNSIGNED_TX is not allowed in PSBTv2'),
    },
    {
      type: Global.XPUB,
      name: 'Global XPUB',
      keyLengths: [XPUB_LENGTH],
      read: xpub,
      order: (key, value) => concatBytes(value, key),
    },
    {
      type: Global.TX_VERSION,
      name: 'Global Transaction Version',
      read: sized(4),
      ...v2Only('PSBT_GLOBAL_TX_VERSION'),
    },
    {
      type: Global.FALLBACK_LOCKTIME,
      name: 'Global Fallback Locktime',
      read: sized(4),
      ...v2Only('PSBT_GLOBAL_FALLBACK_LOCKTIME'),
    },
    {
      type: Global.INPUT_COUNT,
      name: 'Global Input Count',
      read: count,
      ...v2Only('PSBT_GLOBAL_INPUT_COUNT'),
    },
    {
      type: Global.OUTPUT_COUNT,
      name: 'Global Output Count',
      read: count,
      ...v2Only('PSBT_GLOBAL_OUTPUT_COUNT'),
    },
    {
      type: Global.TX_MODIFIABLE,
      name: 'Global TX Modifiable Flags',
      read: sized(1),
      ...v2Only('PSBT_GLOBAL_TX_MODIFIABLE'),
    },
    { type: Global.VERSION, name: 'Global PSBT Version', read: sized(4) },
    PROPRIETARY,
  ],
};

function unsignedTx(value: Uint8Array): Uint8Array {
  const tx = decodeUnsignedTx(value);
  for (const { scriptSig } of tx.inputs) {
    if (scriptSig.length > 0) {
      refusePsbt('Unsigned tx does not have empty scriptSigs and scriptWitnesses.');
    }
  }
  return value;
}

/** Reads the value of an UNSIGNED_TX. */
export function decodeUnsignedTx(value: Uint8Array): Tx {
  return reading(value, (reader) => Tx.decodeWithoutWitness(reader.take(reader.left)));
}

/** Reads the value of a NON_WITNESS_UTXO. */
export function decodeWholeTx(value: Uint8Array): Tx {
  return reading(value, (reader) => Tx.read(reader));
}

export const INPUT_MAP: MapSpec = {
  name: 'input',
  fields: [
    {
      type: In.NON_WITNESS_UTXO,
      name: 'Input Non-witness UTXO',
      read: (value) => decodeWholeTx(value).encode(),
      // Its txid says which transaction it is; the witness would only make the PSBT longer.
      write: (value) => decodeWholeTx(value).encodeStripped(),
    },
    { type: In.WITNESS_UTXO, name: 'Input Witness UTXO', read: witnessUtxo },
    {
      type: In.PARTIAL_SIG,
      name: 'partial signature pubkey',
      keyLengths: PUBKEY,
      read: partialSignature,
      order: hash160,
      untilFinal: true,
    },
    { type: In.SIGHASH, name: 'Input Sighash Type', read: sized(4), untilFinal: true },
    { type: In.REDEEM_SCRIPT, name: 'Input redeemScript', read: unlessEmpty, untilFinal: true },
    { type: In.WITNESS_SCRIPT, name: 'Input witnessScript', read: unlessEmpty, untilFinal: true },
    {
      type: In.BIP32_DERIVATION,
      name: 'BIP32 keypath',
      keyLengths: PUBKEY,
      read: derivation,
      untilFinal: true,
    },
    {
      type: In.RIPEMD160,
      name: 'Input RIPEMD160 Preimage',
      keyLengths: HASH_20,
      read: same,
      untilFinal: true,
    },
    {
      type: In.SHA256,
      name: 'Input SHA256 Preimage',
      keyLengths: HASH_32,
      read: same,
      untilFinal: true,
    },
    {
      type: In.HASH160,
      name: 'Input Hash160 Preimage',
      keyLengths: HASH_20,
      read: same,
      untilFinal: true,
    },
    {
      type: In.HASH256,
      name: 'Input Hash256 Preimage',
      keyLengths: HASH_32,
      read: same,
      untilFinal: true,
    },
    {
      type: In.TAP_KEY_SIG,
      name: 'Input Taproot Key Path Signature',
      read: schnorrSignature('key'),
      untilFinal: true,
    },
    {
      type: In.TAP_SCRIPT_SIG,
      name: 'Input Taproot Script Path Signature',
      keyLengths: [64],
      read: schnorrSignature('script'),
      untilFinal: true,
    },
    {
      type: In.TAP_LEAF_SCRIPT,
      name: 'Input Taproot leaf script',
      keyLengths: CONTROL_LENGTHS,
      read: leafScript,
      order: leafOrder,
      untilFinal: true,
    },
    {
      type: In.TAP_BIP32_DERIVATION,
      name: 'Input Taproot BIP32 Keypath',
      keyLengths: X_ONLY,
      read: tapDerivation('Input'),
      untilFinal: true,
    },
    {
      type: In.TAP_INTERNAL_KEY,
      name: 'Input Taproot Internal Key',
      read: (value, key) => unlessZero(sized(32)(value, key) as Uint8Array),
      untilFinal: true,
    },
    {
      type: In.TAP_MERKLE_ROOT,
      name: 'Input Taproot Merkle Root',
      read: (value, key) => unlessZero(sized(32)(value, key) as Uint8Array),
      untilFinal: true,
    },
    {
      type: In.MUSIG2_PARTICIPANTS,
      name: 'Input MuSig2 Participants Pubkeys',
      keyLengths: [33],
      read: participants('Input'),
      untilFinal: true,
    },
    {
      type: In.MUSIG2_PUB_NONCE,
      name: 'Input MuSig2 public nonce',
      keyLengths: MUSIG2_KEY,
      wrongKey: 'Input musig2 pubnonce key is not expected size of 67 or 99 bytes',
      read: (value, key) => {
        checkMusig2Key(key);
        const isNonce = value.length === PUB_NONCE_LENGTH;
        return isNonce ? value : refusePsbt('Input musig2 pubnonce value is not 66 bytes');
      },
      order: musig2Order,
      untilFinal: true,
    },
    {
      type: In.MUSIG2_PARTIAL_SIG,
      name: 'Input MuSig2 partial signature',
      keyLengths: MUSIG2_KEY,
      wrongKey: 'Input musig2 partial sig key is not expected size of 67 or 99 bytes',
      read: (value, key) => {
        checkMusig2Key(key);
        return sized(32)(value, key);
      },
      order: musig2Order,
      untilFinal: true,
    },
    { type: In.FINAL_SCRIPTSIG, name: 'Input Final scriptSig', read: unlessEmpty },
    { type: In.FINAL_WITNESS, name: 'Input Final scriptWitness', read: finalWitness },
    {
      type: In.PREVIOUS_TXID,
      name: 'Input Previous TXID',
      read: sized(32),
      ...v2Only('Previous txid'),
    },
    {
      type: In.OUTPUT_INDEX,
      name: "Input Previous Output's Index",
      read: sized(4),
      ...v2Only("Previous output's index"),
    },
    { type: In.SEQUENCE, name: 'Input Sequence', read: sized(4), ...v2Only('Sequence') },
    {
      type: In.TIME_LOCKTIME,
      name: 'Input Required Time Based Locktime',
      read: locktime((time) =>
        time < LOCKTIME_THRESHOLD
          ? 'Required time based locktime is invalid (less than 500000000)'
          : undefined,
      ),
      ...v2Only('Required time based locktime'),
    },
    {
      type: In.HEIGHT_LOCKTIME,
      name: 'Input Required Height Based Locktime',
      read: locktime((height) => {
        if (height === 0) return 'Required height based locktime is invalid (0)';
        if (height < LOCKTIME_THRESHOLD) return undefined;
        return 'Required height based locktime is invalid (greater than or equal to 500000000)';
      }),
      ...v2Only('Required height based locktime'),
    },
    PROPRIETARY,
  ],
};

export const OUTPUT_MAP: MapSpec = {
  name: 'output',
  fields: [
    { type: Out.REDEEM_SCRIPT, name: 'Output redeemScript', read: unlessEmpty },
    { type: Out.WITNESS_SCRIPT, name: 'Output witnessScript', read: unlessEmpty },
    { type: Out.BIP32_DERIVATION, name: 'BIP32 keypath', keyLengths: PUBKEY, read: derivation },
    { type: Out.AMOUNT, name: 'Output Amount', read: sized(8), ...v2Only('Output amount') },
    { type: Out.SCRIPT, name: 'Output Script', read: same, ...v2Only('Output script') },
    PROPRIETARY,
    {
      type: Out.TAP_INTERNAL_KEY,
      name: 'Output Taproot Internal Key',
      read: (value, key) => unlessZero(sized(32)(value, key) as Uint8Array),
    },
    {
      type: Out.TAP_TREE,
      name: 'Output Taproot Tree Key',
      read: (value) => {
        decodeTapTree(value);
        return value;
      },
    },
    {
      type: Out.TAP_BIP32_DERIVATION,
      name: 'Output Taproot BIP32 Keypath',
      keyLengths: X_ONLY,
      read: tapDerivation('Output'),
    },
    {
      type: Out.MUSIG2_PARTICIPANTS,
      name: 'Output MuSig2 Participants Pubkeys',
      keyLengths: [33],
      read: participants('Output'),
    },
  ],
};
