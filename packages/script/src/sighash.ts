/**
 * What a signature signs: the legacy digest, segwit v0 (BIP143) and taproot (BIP341, BIP342). Everything
 * that is the same for all inputs of a transaction is hashed or serialised once, in `PrecomputedTx`.
 */
import {
  concatBytes,
  hexToHash,
  type Sats,
  sha256,
  sha256d,
  type Tx,
  type TxOutput,
  taggedHash,
  Writer,
  writeOutput,
} from '@coind/primitives';
import { OP } from './opcodes.ts';
import { ScriptCursor } from './script.ts';

/** The parts of a hash type byte. Taproot's DEFAULT means ALL and takes no byte in the signature. */
export const HashType = {
  DEFAULT: 0,
  ALL: 1,
  NONE: 2,
  SINGLE: 3,
  ANYONECANPAY: 0x80,
} as const;

/** Bits that legacy and v0 signatures compare with NONE and SINGLE; other values mean ALL. */
const OUTPUT_MASK = 0x1f;
const ZERO_DIGEST: Uint8Array = new Uint8Array(32);
/** Bytes of a prevout. */
const OUTPOINT_SIZE = 36;
/** Bytes of an input with an empty script: prevout, length 0, sequence. */
const BLANK_INPUT_SIZE = OUTPOINT_SIZE + 1 + 4;

/**
 * What is hashed and forgotten at once is written here: memory for it anew each time, which V8 takes from
 * outside of its heap, was a sixth of a digest. Long ones, which are rare, must not stay.
 */
const scratch = new Writer(1024);
const MOST_SCRATCH = 64 << 10;

function scratchFor(size: number): Writer {
  return size <= MOST_SCRATCH ? scratch.reset() : new Writer(size);
}

/**
 * A transaction and the hashes that its signatures share. Each is computed on first use, so making one
 * costs nothing. `spent` are the outputs that the inputs spend, in their order; taproot needs them.
 */
export class PrecomputedTx {
  readonly tx: Tx;
  readonly spent: readonly TxOutput[] | undefined;
  #blankInputs: Uint8Array | undefined;
  #outputs: Uint8Array | undefined;
  #prevouts: Uint8Array | undefined;
  #sequences: Uint8Array | undefined;
  #outputsDigest: Uint8Array | undefined;
  #outputDigests: (Uint8Array | undefined)[] | undefined;
  #prevoutsTwice: Uint8Array | undefined;
  #sequencesTwice: Uint8Array | undefined;
  #outputsTwice: Uint8Array | undefined;
  #spentAmounts: Uint8Array | undefined;
  #spentScripts: Uint8Array | undefined;

  constructor(tx: Tx, spent?: readonly TxOutput[]) {
    if (spent && spent.length !== tx.inputs.length) {
      throw new RangeError('one spent output for each input is needed');
    }
    this.tx = tx;
    this.spent = spent;
  }

  /** All inputs with empty scripts, 41 bytes each. */
  get blankInputs(): Uint8Array {
    if (!this.#blankInputs) {
      const { inputs } = this.tx;
      const writer = new Writer(inputs.length * BLANK_INPUT_SIZE);
      for (const { prevout, sequence } of inputs) {
        writer.bytes(hexToHash(prevout.txid)).u32(prevout.vout).u8(0).u32(sequence);
      }
      this.#blankInputs = writer.finish();
    }
    return this.#blankInputs;
  }

  /** The prevout of one input, 36 bytes. */
  prevout(inputIndex: number): Uint8Array {
    return prevoutIn(this.blankInputs, inputIndex);
  }

  /** All outputs, serialised. */
  get outputs(): Uint8Array {
    if (!this.#outputs) {
      const writer = new Writer(64 * this.tx.outputs.length);
      for (const output of this.tx.outputs) writeOutput(writer, output);
      this.#outputs = writer.finish();
    }
    return this.#outputs;
  }

  /** SHA256 of all prevouts. */
  get prevoutsDigest(): Uint8Array {
    if (!this.#prevouts) {
      const { length } = this.tx.inputs;
      const { blankInputs } = this;
      const writer = scratchFor(length * OUTPOINT_SIZE);
      for (let i = 0; i < length; i++) writer.bytes(prevoutIn(blankInputs, i));
      this.#prevouts = sha256(writer.view());
    }
    return this.#prevouts;
  }

  /** SHA256 of all sequences. */
  get sequencesDigest(): Uint8Array {
    if (!this.#sequences) {
      const writer = scratchFor(4 * this.tx.inputs.length);
      for (const { sequence } of this.tx.inputs) writer.u32(sequence);
      this.#sequences = sha256(writer.view());
    }
    return this.#sequences;
  }

  /** SHA256 of all outputs. */
  get outputsDigest(): Uint8Array {
    this.#outputsDigest ??= sha256(this.outputs);
    return this.#outputsDigest;
  }

  /** SHA256 of one output, for SINGLE; undefined when there is no such output. */
  outputDigest(index: number): Uint8Array | undefined {
    const output = this.tx.outputs[index];
    if (!output) return undefined;
    // Kept, because a script may check thousands of signatures over one very long output.
    this.#outputDigests ??= [];
    const digest =
      this.#outputDigests[index] ?? sha256(writeOutput(new Writer(64), output).finish());
    this.#outputDigests[index] = digest;
    return digest;
  }

  /** BIP143's hashPrevouts. */
  get prevoutsTwice(): Uint8Array {
    this.#prevoutsTwice ??= sha256(this.prevoutsDigest);
    return this.#prevoutsTwice;
  }

  /** BIP143's hashSequence. */
  get sequencesTwice(): Uint8Array {
    this.#sequencesTwice ??= sha256(this.sequencesDigest);
    return this.#sequencesTwice;
  }

  /** BIP143's hashOutputs for ALL. */
  get outputsTwice(): Uint8Array {
    this.#outputsTwice ??= sha256(this.outputsDigest);
    return this.#outputsTwice;
  }

  /** The spent outputs; throws when they were not given, which is the caller's bug. */
  get spentOutputs(): readonly TxOutput[] {
    if (!this.spent) throw new Error('taproot signature hashes need the spent outputs');
    return this.spent;
  }

  /** SHA256 of the amounts of all spent outputs. */
  get spentAmountsDigest(): Uint8Array {
    if (!this.#spentAmounts) {
      const writer = new Writer(8 * this.spentOutputs.length);
      for (const { value } of this.spentOutputs) writer.i64(value);
      this.#spentAmounts = sha256(writer.finish());
    }
    return this.#spentAmounts;
  }

  /** SHA256 of the scripts of all spent outputs, each behind its length. */
  get spentScriptsDigest(): Uint8Array {
    if (!this.#spentScripts) {
      const writer = new Writer(40 * this.spentOutputs.length);
      for (const { scriptPubKey } of this.spentOutputs) writer.varBytes(scriptPubKey);
      this.#spentScripts = sha256(writer.finish());
    }
    return this.#spentScripts;
  }
}

function prevoutIn(blankInputs: Uint8Array, inputIndex: number): Uint8Array {
  const start = inputIndex * BLANK_INPUT_SIZE;
  return blankInputs.subarray(start, start + OUTPOINT_SIZE);
}

/** `script` without its OP_CODESEPARATORs; up to where it can be read, the rest as it is. */
function withoutCodeSeparators(script: Uint8Array): Uint8Array {
  // A quick look first: a byte 0xab that is no opcode costs only time.
  if (!script.includes(OP.OP_CODESEPARATOR)) return script;
  const cursor = new ScriptCursor(script);
  const parts: Uint8Array[] = [];
  let from = 0;
  while (cursor.next()) {
    if (cursor.opcode === OP.OP_CODESEPARATOR) {
      parts.push(script.subarray(from, cursor.offset - 1));
      from = cursor.offset;
    }
  }
  return from === 0 ? script : concatBytes(...parts, script.subarray(from));
}

/**
 * The digest of a signature before segwit, 32 bytes. `scriptCode` is the script that is executed, from
 * the last OP_CODESEPARATOR on and without the signature. `hashType` is an int32 of which every bit is
 * hashed. SINGLE without an output of the same index gives the number one, a bug that is consensus.
 */
export function sighashLegacy(
  precomputed: PrecomputedTx,
  inputIndex: number,
  scriptCode: Uint8Array,
  hashType: number,
): Uint8Array {
  const { tx, blankInputs } = precomputed;
  const outputType = hashType & OUTPUT_MASK;
  const single = outputType === HashType.SINGLE;
  const none = outputType === HashType.NONE;
  if (single && inputIndex >= tx.outputs.length) {
    const one = new Uint8Array(32);
    one[0] = 1;
    return one;
  }
  const anyoneCanPay = (hashType & HashType.ANYONECANPAY) !== 0;
  const script = withoutCodeSeparators(scriptCode);
  const outputsSize = none || single ? 64 + 9 * inputIndex : precomputed.outputs.length;
  const writer = scratchFor(blankInputs.length + script.length + outputsSize + 40);
  const start = inputIndex * BLANK_INPUT_SIZE;
  const end = start + BLANK_INPUT_SIZE;
  writer.u32(tx.version).compactSize(anyoneCanPay ? 1 : tx.inputs.length);
  if (!anyoneCanPay) writeBlank(writer, blankInputs, 0, start, none || single);
  writer
    .bytes(precomputed.prevout(inputIndex))
    .varBytes(script)
    .bytes(blankInputs.subarray(end - 4, end));
  if (!anyoneCanPay) writeBlank(writer, blankInputs, end, blankInputs.length, none || single);
  if (none) {
    writer.compactSize(0);
  } else if (single) {
    writer.compactSize(inputIndex + 1);
    // Outputs before it are blank: amount -1 and an empty script.
    for (let i = 0; i < inputIndex; i++) writer.i64(-1n).u8(0);
    const output = tx.outputs[inputIndex];
    if (output) writeOutput(writer, output);
  } else {
    writer.compactSize(tx.outputs.length).bytes(precomputed.outputs);
  }
  return sha256d(writer.u32(tx.locktime).u32(hashType).view());
}

/** Writes blank inputs between two offsets, with their sequences or with zeros in place of them. */
function writeBlank(
  writer: Writer,
  blankInputs: Uint8Array,
  from: number,
  to: number,
  zeroSequences: boolean,
): void {
  if (!zeroSequences) {
    writer.bytes(blankInputs.subarray(from, to));
    return;
  }
  for (let at = from; at < to; at += BLANK_INPUT_SIZE) {
    writer.bytes(blankInputs.subarray(at, at + BLANK_INPUT_SIZE - 4)).u32(0);
  }
}

/** The digest of a segwit v0 signature (BIP143), 32 bytes. `amount` is that of the spent output. */
export function sighashV0(
  precomputed: PrecomputedTx,
  inputIndex: number,
  scriptCode: Uint8Array,
  amount: Sats,
  hashType: number,
): Uint8Array {
  const { tx, blankInputs } = precomputed;
  const outputType = hashType & OUTPUT_MASK;
  const all = outputType !== HashType.SINGLE && outputType !== HashType.NONE;
  const anyoneCanPay = (hashType & HashType.ANYONECANPAY) !== 0;
  let outputs: Uint8Array = ZERO_DIGEST;
  if (all) {
    outputs = precomputed.outputsTwice;
  } else if (outputType === HashType.SINGLE) {
    const digest = precomputed.outputDigest(inputIndex);
    if (digest) outputs = sha256(digest);
  }
  const end = (inputIndex + 1) * BLANK_INPUT_SIZE;
  // Before the writer: making them uses the same memory.
  const prevouts = anyoneCanPay ? ZERO_DIGEST : precomputed.prevoutsTwice;
  const sequences = anyoneCanPay || !all ? ZERO_DIGEST : precomputed.sequencesTwice;
  const writer = scratchFor(172 + scriptCode.length)
    .u32(tx.version)
    .bytes(prevouts)
    .bytes(sequences)
    .bytes(precomputed.prevout(inputIndex))
    .varBytes(scriptCode)
    .i64(amount)
    .bytes(blankInputs.subarray(end - 4, end))
    .bytes(outputs)
    .u32(tx.locktime)
    .u32(hashType);
  return sha256d(writer.view());
}

/** What a taproot signature signs besides the transaction. */
export interface TaprootContext {
  /** SHA256 of the annex behind its length; absent without annex. */
  readonly annexHash?: Uint8Array;
  /** Hash of the leaf whose script is executed (BIP342); absent for a key path spend. */
  readonly leafHash?: Uint8Array;
  /** Index of the last executed OP_CODESEPARATOR among the opcodes; 0xffffffff when there is none. */
  readonly codeSeparatorPosition?: number;
}

/** `codeSeparatorPosition` before any OP_CODESEPARATOR was executed. */
export const NO_CODE_SEPARATOR = 0xffffffff;

/**
 * The digest of a taproot signature (BIP341, BIP342), 32 bytes. Undefined when the hash type is not
 * defined, or is SINGLE without an output of the same index: no signature is valid then.
 */
export function sighashTaproot(
  precomputed: PrecomputedTx,
  inputIndex: number,
  hashType: number,
  context: TaprootContext = {},
): Uint8Array | undefined {
  const { tx, spentOutputs } = precomputed;
  if (!(hashType <= 3 || (hashType >= 0x81 && hashType <= 0x83))) return undefined;
  const outputType = hashType === HashType.DEFAULT ? HashType.ALL : hashType & 3;
  const anyoneCanPay = (hashType & HashType.ANYONECANPAY) !== 0;
  const { annexHash, leafHash } = context;
  const writer = new Writer(256).u8(0).u8(hashType).u32(tx.version).u32(tx.locktime);
  if (!anyoneCanPay) {
    writer
      .bytes(precomputed.prevoutsDigest)
      .bytes(precomputed.spentAmountsDigest)
      .bytes(precomputed.spentScriptsDigest)
      .bytes(precomputed.sequencesDigest);
  }
  if (outputType === HashType.ALL) writer.bytes(precomputed.outputsDigest);
  writer.u8((leafHash ? 2 : 0) + (annexHash ? 1 : 0));
  if (anyoneCanPay) {
    const spent = spentOutputs[inputIndex];
    const input = tx.inputs[inputIndex];
    if (!spent || !input) throw new RangeError('no such input');
    writeOutput(writer.bytes(precomputed.prevout(inputIndex)), spent).u32(input.sequence);
  } else {
    writer.u32(inputIndex);
  }
  if (annexHash) writer.bytes(annexHash);
  if (outputType === HashType.SINGLE) {
    const digest = precomputed.outputDigest(inputIndex);
    if (!digest) return undefined;
    writer.bytes(digest);
  }
  if (leafHash) {
    writer
      .bytes(leafHash)
      .u8(0)
      .u32(context.codeSeparatorPosition ?? NO_CODE_SEPARATOR);
  }
  return taggedHash('TapSighash', writer.finish());
}
