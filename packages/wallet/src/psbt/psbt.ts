/**
 * Partially signed transactions (BIP174, and BIP370's version 2): a transaction on its way from one
 * signer to the next, with what each of them needs to know. Reading, writing, putting together; who
 * signs what is `psbt-signer.ts`.
 */
import {
  bytesToHex,
  DecodeError,
  hashToHex,
  hexToHash,
  type OutPoint,
  outpointKey,
  Reader,
  readOutput,
  SEQUENCE_FINAL,
  Tx,
  type Txid,
  type TxOutput,
  Writer,
  writeOutput,
} from '@coind/primitives';
import {
  decodeUnsignedTx,
  decodeWholeTx,
  decodeWitness,
  GLOBAL_MAP,
  Global,
  INPUT_MAP,
  In,
  OUTPUT_MAP,
  Out,
} from './psbt-fields.ts';
import {
  type FieldSpec,
  type MapSpec,
  PROPRIETARY,
  PsbtMap,
  type PsbtVersion,
  refusePsbt,
} from './psbt-map.ts';

const MAGIC = '70736274ff';
/** Bits of TX_MODIFIABLE: inputs and outputs may be added; a signature binds an input to its output. */
export const Modifiable = { INPUTS: 1, OUTPUTS: 2, HAS_SINGLE: 4 } as const;

const u32 = (value: number): Uint8Array => new Writer(4).u32(value).finish();
const readU32 = (bytes: Uint8Array | undefined): number | undefined =>
  bytes && new Reader(bytes).u32();

/** What a PSBT says of one input. */
export class PsbtInput {
  readonly map: PsbtMap;
  readonly outpoint: OutPoint;
  #sequence: number | undefined;

  constructor(map: PsbtMap, outpoint: OutPoint, sequence: number | undefined) {
    this.map = map;
    this.outpoint = outpoint;
    this.#sequence = sequence;
  }

  /** Undefined for final, which need not be said in version 2. */
  get sequence(): number | undefined {
    return this.#sequence;
  }

  /** The unix time before which the input cannot be spent, if it asks for one. */
  get timeLocktime(): number | undefined {
    return readU32(this.map.get(In.TIME_LOCKTIME));
  }

  /** The height before which the input cannot be spent, if it asks for one. */
  get heightLocktime(): number | undefined {
    return readU32(this.map.get(In.HEIGHT_LOCKTIME));
  }

  /** The whole transaction that is spent from. */
  get nonWitnessUtxo(): Tx | undefined {
    const bytes = this.map.get(In.NON_WITNESS_UTXO);
    return bytes && decodeWholeTx(bytes);
  }

  set nonWitnessUtxo(tx: Tx | undefined) {
    if (tx) this.map.set(In.NON_WITNESS_UTXO, tx.encode());
    else this.map.delete(In.NON_WITNESS_UTXO);
  }

  /** The output that is spent, as somebody said; only a witness signature proves it. */
  get witnessUtxo(): TxOutput | undefined {
    const bytes = this.map.get(In.WITNESS_UTXO);
    return bytes && readOutput(new Reader(bytes));
  }

  set witnessUtxo(output: TxOutput) {
    this.map.set(In.WITNESS_UTXO, writeOutput(new Writer(), output).finish());
  }

  /** The output that is spent, of the whole transaction if that is there. */
  get utxo(): TxOutput | undefined {
    const tx = this.nonWitnessUtxo;
    if (!tx) return this.witnessUtxo;
    return tx.txid === this.outpoint.txid ? tx.outputs[this.outpoint.vout] : undefined;
  }

  get sighash(): number | undefined {
    const value = readU32(this.map.get(In.SIGHASH));
    return value === undefined ? undefined : value | 0;
  }

  set sighash(type: number) {
    this.map.set(In.SIGHASH, u32(type));
  }

  get finalScriptSig(): Uint8Array | undefined {
    return this.map.get(In.FINAL_SCRIPTSIG);
  }

  get finalWitness(): readonly Uint8Array[] | undefined {
    const bytes = this.map.get(In.FINAL_WITNESS);
    return bytes && decodeWitness(bytes);
  }

  /** True when somebody has finished it, rightly or not. */
  get isFinal(): boolean {
    return this.map.has(In.FINAL_SCRIPTSIG) || this.map.has(In.FINAL_WITNESS);
  }

  /** Puts in what spends the coin; what led to it is not written any more. */
  finish(scriptSig: Uint8Array, witness: readonly Uint8Array[]): void {
    for (const type of [In.PARTIAL_SIG, In.BIP32_DERIVATION, In.REDEEM_SCRIPT, In.WITNESS_SCRIPT]) {
      this.map.delete(type);
    }
    if (scriptSig.length > 0) this.map.set(In.FINAL_SCRIPTSIG, scriptSig);
    if (witness.length === 0) return;
    const writer = new Writer().compactSize(witness.length);
    for (const item of witness) writer.varBytes(item);
    this.map.set(In.FINAL_WITNESS, writer.finish());
  }

  /** The same input without signatures, for a transaction that changes. */
  unsigned(): PsbtInput {
    const map = this.map.clone();
    for (const type of [In.PARTIAL_SIG, In.FINAL_SCRIPTSIG, In.FINAL_WITNESS]) map.delete(type);
    return new PsbtInput(map, this.outpoint, this.sequence);
  }

  merge(other: PsbtInput): void {
    this.map.merge(other.map);
    this.#sequence ??= other.#sequence;
  }

  clone(): PsbtInput {
    return new PsbtInput(this.map.clone(), this.outpoint, this.sequence);
  }
}

/** What a PSBT says of one output. */
export interface PsbtOutput extends TxOutput {
  readonly map: PsbtMap;
}

interface PsbtParts {
  readonly version: PsbtVersion;
  readonly global: PsbtMap;
  readonly txVersion: number;
  readonly fallbackLocktime: number | undefined;
  readonly inputs: readonly PsbtInput[];
  readonly outputs: readonly PsbtOutput[];
}

/** A partially signed transaction. Its inputs and outputs can be filled in; their number stays. */
export class Psbt {
  readonly version: PsbtVersion;
  readonly global: PsbtMap;
  readonly txVersion: number;
  /** The locktime where no input asks for one. */
  readonly fallbackLocktime: number | undefined;
  readonly inputs: readonly PsbtInput[];
  readonly outputs: readonly PsbtOutput[];

  constructor(parts: PsbtParts) {
    this.version = parts.version;
    this.global = parts.global;
    this.txVersion = parts.txVersion;
    this.fallbackLocktime = parts.fallbackLocktime;
    this.inputs = parts.inputs;
    this.outputs = parts.outputs;
  }

  /** A blank PSBT of `tx`, whose scriptSigs and witnesses are left out. */
  static of(tx: Tx, version: PsbtVersion = 2): Psbt {
    const inputs = tx.inputs.map(({ prevout, sequence }) => {
      return new PsbtInput(new PsbtMap(INPUT_MAP), prevout, sequence);
    });
    const outputs = tx.outputs.map((output) => ({ ...output, map: new PsbtMap(OUTPUT_MAP) }));
    const global = new PsbtMap(GLOBAL_MAP);
    const { version: txVersion, locktime: fallbackLocktime } = tx;
    return new Psbt({ version, global, txVersion, fallbackLocktime, inputs, outputs });
  }

  /** Reads a PSBT. Throws `PsbtError` with the reason why it is none. */
  static decode(bytes: Uint8Array): Psbt {
    try {
      const reader = new Reader(bytes);
      if (bytesToHex(reader.take(5)) !== MAGIC) refusePsbt('Invalid PSBT magic bytes');
      const psbt = readPsbt(reader);
      if (reader.left > 0) refusePsbt('extra data after PSBT');
      return psbt;
    } catch (error) {
      if (error instanceof DecodeError) return refusePsbt(error.message);
      throw error;
    }
  }

  encode(): Uint8Array {
    const writer = new Writer().bytes(Uint8Array.of(0x70, 0x73, 0x62, 0x74, 0xff));
    const isAllowed = ({ only }: FieldSpec) => !only || only.version === this.version;
    this.#globalToWrite().write(writer, isAllowed);
    for (const input of this.inputs) {
      const { isFinal } = input;
      const map = this.version === 2 ? withOrigin(input) : input.map;
      map.write(writer, (field) => isAllowed(field) && !(isFinal && field.untilFinal));
    }
    for (const output of this.outputs) {
      const map = this.version === 2 ? withPayment(output) : output.map;
      map.write(writer, isAllowed);
    }
    return writer.finish();
  }

  #globalToWrite(): PsbtMap {
    const map = this.global.clone();
    if (this.version === 0) {
      map.set(Global.UNSIGNED_TX, (this.unsignedTx() as Tx).encodeStripped());
      return map;
    }
    const count = (n: number) => new Writer().compactSize(n).finish();
    map.set(Global.TX_VERSION, u32(this.txVersion));
    map.set(Global.INPUT_COUNT, count(this.inputs.length));
    map.set(Global.OUTPUT_COUNT, count(this.outputs.length));
    map.set(Global.VERSION, u32(this.version));
    if (this.fallbackLocktime !== undefined) {
      map.set(Global.FALLBACK_LOCKTIME, u32(this.fallbackLocktime));
    }
    return map;
  }

  /** What may still be changed, bits of `Modifiable`; undefined when nobody said. */
  get modifiable(): number | undefined {
    return this.global.get(Global.TX_MODIFIABLE)?.[0];
  }

  /** The locktime that all inputs agree with; undefined when there is none (BIP370). */
  locktime(): number | undefined {
    const fallback = this.fallbackLocktime ?? 0;
    const asking = this.inputs.filter(
      (input) => input.timeLocktime !== undefined || input.heightLocktime !== undefined,
    );
    if (asking.length === 0) return fallback;
    const heights = asking.map((input) => input.heightLocktime);
    if (heights.every((height) => height !== undefined)) return Math.max(...heights);
    const times = asking.map((input) => input.timeLocktime);
    return times.every((time) => time !== undefined) ? Math.max(...times) : undefined;
  }

  /** The transaction without signatures; undefined when its inputs ask for locktimes that clash. */
  unsignedTx(): Tx | undefined {
    const locktime = this.locktime();
    if (locktime === undefined) return undefined;
    const inputs = this.inputs.map(({ outpoint: prevout, sequence = SEQUENCE_FINAL }) => {
      return { prevout, scriptSig: new Uint8Array(0), sequence, witness: [] };
    });
    const outputs = this.outputs.map(({ value, scriptPubKey }) => ({ value, scriptPubKey }));
    return new Tx({ version: this.txVersion, inputs, outputs, locktime });
  }

  /** Two PSBTs with the same id are about the same transaction; version 2 leaves sequences open. */
  get id(): Txid | undefined {
    const tx = this.unsignedTx();
    if (!tx || this.version === 0) return tx?.txid;
    const inputs = tx.inputs.map((input) => ({ ...input, sequence: 0 }));
    const { version, outputs, locktime } = tx;
    return new Tx({ version, inputs, outputs, locktime }).txid;
  }

  clone(): Psbt {
    const inputs = this.inputs.map((input) => input.clone());
    const outputs = this.outputs.map((output) => ({ ...output, map: output.map.clone() }));
    return new Psbt({ ...this, global: this.global.clone(), inputs, outputs });
  }
}

function withOrigin({ map, outpoint, sequence }: PsbtInput): PsbtMap {
  const full = map.clone();
  full.set(In.PREVIOUS_TXID, hexToHash(outpoint.txid));
  full.set(In.OUTPUT_INDEX, u32(outpoint.vout));
  if (sequence !== undefined) full.set(In.SEQUENCE, u32(sequence));
  return full;
}

function withPayment({ map, value, scriptPubKey }: PsbtOutput): PsbtMap {
  const full = map.clone();
  full.set(Out.AMOUNT, new Writer(8).i64(value).finish());
  full.set(Out.SCRIPT, scriptPubKey);
  return full;
}

function readPsbt(reader: Reader): Psbt {
  const global = PsbtMap.read(reader, GLOBAL_MAP);
  const version = readVersion(global);
  for (const [type, refusal] of REQUIRED[version]) if (!global.has(type)) refusePsbt(refusal);
  checkVersionFields(global, GLOBAL_MAP, version);
  const bytes = global.get(Global.UNSIGNED_TX);
  const tx = bytes && decodeUnsignedTx(bytes);
  const counts = countsOf(global, tx);
  const inputs: PsbtInput[] = [];
  while (reader.left > 0 && inputs.length < counts.inputs) {
    inputs.push(readInput(reader, version, tx?.inputs[inputs.length]));
  }
  if (inputs.length !== counts.inputs) {
    refusePsbt('Inputs provided does not match the number of inputs in transaction.');
  }
  const outputs: PsbtOutput[] = [];
  while (reader.left > 0 && outputs.length < counts.outputs) {
    outputs.push(readOutputMap(reader, version, tx?.outputs[outputs.length]));
  }
  if (outputs.length !== counts.outputs) {
    refusePsbt('Outputs provided does not match the number of outputs in transaction.');
  }
  const txVersion = tx?.version ?? (readU32(global.get(Global.TX_VERSION)) as number);
  const fallbackLocktime = tx?.locktime ?? readU32(global.get(Global.FALLBACK_LOCKTIME));
  return new Psbt({ version, global, txVersion, fallbackLocktime, inputs, outputs });
}

function readVersion(global: PsbtMap): PsbtVersion {
  const version = readU32(global.get(Global.VERSION)) ?? 0;
  if (version > 2) refusePsbt('Unsupported version number');
  if (version === 1) refusePsbt('There is no PSBT version 1');
  return version as PsbtVersion;
}

const REQUIRED: Readonly<
  Record<PsbtVersion, readonly (readonly [type: number, refusal: string])[]>
> = {
  0: [[Global.UNSIGNED_TX, 'No unsigned transaction was provided']],
  2: [
    [Global.TX_VERSION, 'PSBT_GLOBAL_TX_VERSION is required in PSBTv2'],
    [Global.INPUT_COUNT, 'PSBT_GLOBAL_INPUT_COUNT is required in PSBTv2'],
    [Global.OUTPUT_COUNT, 'PSBT_GLOBAL_OUTPUT_COUNT is required in PSBTv2'],
  ],
};

function checkVersionFields(map: PsbtMap, { fields }: MapSpec, version: PsbtVersion): void {
  for (const field of fields) {
    if (field === PROPRIETARY || !field.only || field.only.version === version) continue;
    if (map.has(field.type)) refusePsbt(field.only.refusal);
  }
}

function countsOf(global: PsbtMap, tx: Tx | undefined): { inputs: number; outputs: number } {
  if (tx) return { inputs: tx.inputs.length, outputs: tx.outputs.length };
  const count = (type: number) => new Reader(global.get(type) as Uint8Array).compactSize();
  return { inputs: count(Global.INPUT_COUNT), outputs: count(Global.OUTPUT_COUNT) };
}

function readInput(
  reader: Reader,
  version: PsbtVersion,
  unsigned: { readonly prevout: OutPoint; readonly sequence: number } | undefined,
): PsbtInput {
  const map = PsbtMap.read(reader, INPUT_MAP);
  checkVersionFields(map, INPUT_MAP, version);
  const input = unsigned
    ? new PsbtInput(map, unsigned.prevout, unsigned.sequence)
    : new PsbtInput(map, outpointIn(map), readU32(map.get(In.SEQUENCE)));
  const tx = input.nonWitnessUtxo;
  if (tx && tx.txid !== input.outpoint.txid) {
    refusePsbt('Non-witness UTXO does not match outpoint hash');
  }
  if (tx && input.outpoint.vout >= tx.outputs.length) {
    refusePsbt('Input specifies output index that does not exist');
  }
  return input;
}

function outpointIn(map: PsbtMap): OutPoint {
  const txid = map.get(In.PREVIOUS_TXID) ?? refusePsbt('Previous TXID is required in PSBTv2');
  const vout = readU32(map.get(In.OUTPUT_INDEX));
  if (vout === undefined) return refusePsbt("Previous output's index is required in PSBTv2");
  return { txid: hashToHex<Txid>(txid), vout };
}

function readOutputMap(
  reader: Reader,
  version: PsbtVersion,
  unsigned: TxOutput | undefined,
): PsbtOutput {
  const map = PsbtMap.read(reader, OUTPUT_MAP);
  checkVersionFields(map, OUTPUT_MAP, version);
  if (unsigned) return { ...unsigned, map };
  const amount = map.get(Out.AMOUNT) ?? refusePsbt('Output amount is required in PSBTv2');
  const scriptPubKey = map.get(Out.SCRIPT) ?? refusePsbt('Output script is required in PSBTv2');
  return { value: new Reader(amount).i64(), scriptPubKey, map };
}

/**
 * What all of `psbts` know of one transaction; where they disagree, the first one is believed. Undefined
 * when they are about different transactions.
 */
export function combinePsbts(psbts: readonly [Psbt, ...Psbt[]]): Psbt | undefined {
  const [first, ...others] = psbts;
  const combined = first.clone();
  for (const other of others) {
    const isSame = first.id !== undefined && first.id === other.id;
    if (!isSame || first.version !== other.version) return undefined;
    for (const [i, input] of combined.inputs.entries()) input.merge(other.inputs[i] as PsbtInput);
    for (const [i, { map }] of combined.outputs.entries()) {
      map.merge((other.outputs[i] as PsbtOutput).map);
    }
    mergeModifiable(combined, other);
    combined.global.merge(other.global);
  }
  const fallbackLocktime = psbts.find((psbt) => psbt.fallbackLocktime !== undefined);
  return new Psbt({ ...combined, fallbackLocktime: fallbackLocktime?.fallbackLocktime });
}

/** What one of them forbids is forbidden; what one of them is bound to, all are. */
function mergeModifiable(psbt: Psbt, { modifiable: theirs }: Psbt): void {
  const { modifiable: ours } = psbt;
  if (ours === undefined && theirs === undefined) return;
  const [a, b] = [ours ?? 0, theirs ?? 0];
  const bits = (a & b & ~Modifiable.HAS_SINGLE) | ((a | b) & Modifiable.HAS_SINGLE);
  psbt.global.set(Global.TX_MODIFIABLE, Uint8Array.of(bits));
}

/** An input that two PSBTs spend, so that they cannot be joined. */
export class SharedInputError extends Error {
  readonly outpoint: OutPoint;

  constructor(outpoint: OutPoint) {
    super(`Input ${outpoint.txid}:${outpoint.vout} exists in multiple PSBTs`);
    this.outpoint = outpoint;
  }
}

/**
 * One PSBT (version 0) with the inputs and outputs of all, in the order that `shuffle` gives, without
 * their signatures. Throws `SharedInputError`.
 */
export function joinPsbts(
  psbts: readonly Psbt[],
  shuffle: <T>(items: readonly T[]) => readonly T[],
): Psbt {
  const seen = new Set<string>();
  for (const { outpoint } of psbts.flatMap(({ inputs }) => inputs)) {
    if (seen.has(outpointKey(outpoint))) throw new SharedInputError(outpoint);
    seen.add(outpointKey(outpoint));
  }
  const global = new PsbtMap(GLOBAL_MAP);
  for (const psbt of psbts) global.mergeUnknown(psbt.global);
  return new Psbt({
    version: 0,
    global,
    txVersion: Math.max(1, ...psbts.map(({ txVersion }) => txVersion)),
    fallbackLocktime: Math.min(...psbts.map((psbt) => psbt.fallbackLocktime ?? 0)),
    inputs: shuffle(psbts.flatMap(({ inputs }) => inputs.map((input) => input.unsigned()))),
    outputs: shuffle(psbts.flatMap(({ outputs }) => outputs)),
  });
}
