/**
 * Transactions: the legacy and the BIP144 serialisation, ids, size and weight (BIP141). Says nothing
 * about validity. A `Tx` never changes; ids and sizes are computed once, on first use.
 */
import type { Sats } from './amount.ts';
import { sha256d } from './hash.ts';
import { hashToHex, hexToHash, type OutPoint, type Txid, type Wtxid, ZERO_TXID } from './ids.ts';
import { DecodeError, Reader } from './reader.ts';
import { compactSizeLength, Writer } from './writer.ts';

/** Where a coin is spent. */
export interface TxInput {
  readonly prevout: OutPoint;
  readonly scriptSig: Uint8Array;
  /** uint32. Below 0xffffffff it enables locktime, below 0xfffffffe BIP125, see also BIP68. */
  readonly sequence: number;
  /** Witness stack; empty for none. */
  readonly witness: readonly Uint8Array[];
}

/** Where a coin is made. */
export interface TxOutput {
  /** int64 satoshis; may be outside the money range until a rule has looked. */
  readonly value: Sats;
  readonly scriptPubKey: Uint8Array;
}

/** What a transaction says. */
export interface TxFields {
  /** uint32; bitcoind prints it as such. */
  readonly version: number;
  readonly inputs: readonly TxInput[];
  readonly outputs: readonly TxOutput[];
  /** uint32: a height below 500,000,000, else unix seconds (BIP65, BIP113). */
  readonly locktime: number;
}

/** Sequence that switches locktime off for its input. */
export const SEQUENCE_FINAL = 0xffffffff;
/** `prevout.vout` of a coinbase input. */
export const NO_VOUT = 0xffffffff;

const NO_WITNESS: readonly Uint8Array[] = [];
const SEGWIT_MARKER = 0x00;
const SEGWIT_FLAG = 0x01;

/** A transaction. */
export class Tx implements TxFields {
  readonly version: number;
  readonly inputs: readonly TxInput[];
  readonly outputs: readonly TxOutput[];
  readonly locktime: number;
  readonly hasWitness: boolean;
  #txid: Txid | undefined;
  #wtxid: Wtxid | undefined;
  #strippedSize = 0;
  #size = 0;
  /** The full serialisation, when it was decoded or already encoded. */
  #bytes: Uint8Array | undefined;

  constructor(fields: TxFields) {
    this.version = fields.version;
    this.inputs = fields.inputs;
    this.outputs = fields.outputs;
    this.locktime = fields.locktime;
    this.hasWitness = fields.inputs.some((input) => input.witness.length > 0);
  }

  /** Reads exactly one transaction, with or without witness. Throws `DecodeError`. */
  static decode(bytes: Uint8Array): Tx {
    const reader = new Reader(bytes);
    const tx = Tx.read(reader);
    reader.end();
    return tx;
  }

  /** Reads one transaction from where `reader` stands. */
  static read(reader: Reader): Tx {
    const start = reader.offset;
    const version = reader.u32();
    let flags = 0;
    const mark = reader.bytes[reader.offset];
    const flag = reader.bytes[reader.offset + 1];
    if (mark === SEGWIT_MARKER && flag !== undefined && flag !== 0) {
      reader.take(2);
      flags = flag;
    }
    const inputs = readInputs(reader);
    const outputs = readOutputs(reader);
    if (flags & SEGWIT_FLAG) {
      for (const input of inputs) input.witness = readWitness(reader);
      if (inputs.every((input) => input.witness.length === 0)) {
        throw new DecodeError('superfluous witness record');
      }
    }
    if (flags & ~SEGWIT_FLAG) throw new DecodeError('unknown transaction optional data');
    const locktime = reader.u32();
    const tx = new Tx({ version, inputs, outputs, locktime });
    tx.#bytes = reader.bytes.subarray(start, reader.offset);
    return tx;
  }

  /**
   * Reads a transaction that has no witness data whatever its first bytes suggest. An unfunded
   * transaction with no inputs looks like a segwit one, so RPC that takes such must try both forms.
   */
  static decodeWithoutWitness(bytes: Uint8Array): Tx {
    const reader = new Reader(bytes);
    const version = reader.u32();
    const inputs = readInputs(reader);
    const outputs = readOutputs(reader);
    const locktime = reader.u32();
    reader.end();
    return new Tx({ version, inputs, outputs, locktime });
  }

  /** Hash of the serialisation without witness. */
  get txid(): Txid {
    this.#txid ??= hashToHex(sha256d(this.encodeStripped()));
    return this.#txid;
  }

  /** Hash of the serialisation with witness (BIP141); equals the txid when there is none. */
  get wtxid(): Wtxid {
    this.#wtxid ??= this.hasWitness
      ? hashToHex(sha256d(this.encode()))
      : (this.txid as string as Wtxid);
    return this.#wtxid;
  }

  /** One input that names no output. */
  get isCoinbase(): boolean {
    const input = this.inputs[0];
    return (
      this.inputs.length === 1 &&
      input !== undefined &&
      input.prevout.vout === NO_VOUT &&
      input.prevout.txid === ZERO_TXID
    );
  }

  /** Bytes without witness. */
  get strippedSize(): number {
    if (this.#strippedSize === 0) {
      let size = 8 + compactSizeLength(this.inputs.length) + compactSizeLength(this.outputs.length);
      for (const { scriptSig } of this.inputs) {
        size += 40 + compactSizeLength(scriptSig.length) + scriptSig.length;
      }
      for (const { scriptPubKey } of this.outputs) {
        size += 8 + compactSizeLength(scriptPubKey.length) + scriptPubKey.length;
      }
      this.#strippedSize = size;
    }
    return this.#strippedSize;
  }

  /** Bytes with witness. */
  get size(): number {
    if (this.#size === 0) {
      let size = this.strippedSize;
      if (this.hasWitness) {
        size += 2;
        for (const { witness } of this.inputs) {
          size += compactSizeLength(witness.length);
          for (const item of witness) size += compactSizeLength(item.length) + item.length;
        }
      }
      this.#size = size;
    }
    return this.#size;
  }

  /** BIP141 weight: three times the stripped size plus the full size. */
  get weight(): number {
    return 3 * this.strippedSize + this.size;
  }

  /** Virtual bytes: a quarter of the weight, rounded up. */
  get vsize(): number {
    return Math.ceil(this.weight / 4);
  }

  /** The full serialisation. Shared, not a copy: do not write into it. */
  encode(): Uint8Array {
    if (!this.#bytes) {
      const writer = new Writer(this.size);
      this.#write(writer, this.hasWitness);
      this.#bytes = writer.finish();
    }
    return this.#bytes;
  }

  /** The serialisation without witness, of which the txid is the hash. */
  encodeStripped(): Uint8Array {
    if (!this.hasWitness) return this.encode();
    const writer = new Writer(this.strippedSize);
    this.#write(writer, false);
    return writer.finish();
  }

  #write(writer: Writer, withWitness: boolean): void {
    writer.u32(this.version);
    if (withWitness) writer.u8(SEGWIT_MARKER).u8(SEGWIT_FLAG);
    writer.compactSize(this.inputs.length);
    for (const { prevout, scriptSig, sequence } of this.inputs) {
      writeOutPoint(writer, prevout).varBytes(scriptSig).u32(sequence);
    }
    writer.compactSize(this.outputs.length);
    for (const output of this.outputs) writeOutput(writer, output);
    if (withWitness) {
      for (const { witness } of this.inputs) {
        writer.compactSize(witness.length);
        for (const item of witness) writer.varBytes(item);
      }
    }
    writer.u32(this.locktime);
  }
}

/** Reads `txid || vout`. */
export function readOutPoint(reader: Reader): OutPoint {
  return { txid: hashToHex<Txid>(reader.take(32)), vout: reader.u32() };
}

/** Writes `txid || vout`. */
export function writeOutPoint(writer: Writer, outpoint: OutPoint): Writer {
  return writer.bytes(hexToHash(outpoint.txid)).u32(outpoint.vout);
}

/** Reads `value || scriptPubKey`. */
export function readOutput(reader: Reader): TxOutput {
  return { value: reader.i64(), scriptPubKey: reader.varBytes() };
}

/** Writes `value || scriptPubKey`. */
export function writeOutput(writer: Writer, output: TxOutput): Writer {
  return writer.i64(output.value).varBytes(output.scriptPubKey);
}

/** An input while it is being read: witnesses come after the outputs. */
type UnfinishedInput = Omit<TxInput, 'witness'> & { witness: readonly Uint8Array[] };

function readInputs(reader: Reader): UnfinishedInput[] {
  const inputs: UnfinishedInput[] = [];
  // Not preallocated by `count`: a lying count must run out of bytes, not out of memory.
  for (let count = reader.compactSize(); count > 0; count--) {
    inputs.push({
      prevout: readOutPoint(reader),
      scriptSig: reader.varBytes(),
      sequence: reader.u32(),
      witness: NO_WITNESS,
    });
  }
  return inputs;
}

function readOutputs(reader: Reader): readonly TxOutput[] {
  const outputs: TxOutput[] = [];
  for (let count = reader.compactSize(); count > 0; count--) outputs.push(readOutput(reader));
  return outputs;
}

function readWitness(reader: Reader): readonly Uint8Array[] {
  const items: Uint8Array[] = [];
  for (let count = reader.compactSize(); count > 0; count--) items.push(reader.varBytes());
  return items;
}
