/**
 * One key-value map of a PSBT (BIP174): what a field type may be called and hold is said by a table of
 * `FieldSpec`; reading checks against it, writing goes in its order. What the fields mean is `psbt.ts`.
 */
import { bytesToHex, compareBytes, DecodeError, Reader, Writer } from '@coind/primitives';

/** A PSBT that is not one, with bitcoind's reason. */
export class PsbtError extends Error {
  override readonly name = 'PsbtError';
}

/** Refuses a PSBT. */
export function refusePsbt(reason: string): never {
  throw new PsbtError(reason);
}

/** The type of fields that belong to one program; in a table, where they are written. */
export const PROPRIETARY = 0xfc;

/** PSBTs come as version 0 (BIP174) or 2 (BIP370). */
export type PsbtVersion = 0 | 2;

/** What a type of field may hold. */
export interface FieldSpec {
  readonly type: number;
  /** As error texts call it. */
  readonly name: string;
  /** Bytes of the key behind its type; more than one length where keys come in several sizes. */
  readonly keyLengths?: readonly number[];
  /** What is said of a key of another length, where it is not the usual. */
  readonly wrongKey?: string;
  /** Refuses what is none; returns the value as it is written, or undefined to leave it out. */
  readonly read: (value: Uint8Array, key: Uint8Array) => Uint8Array | undefined;
  /** What is written for a value, where that is less than what was read. */
  readonly write?: (value: Uint8Array) => Uint8Array;
  /** The text for a field that only one version of PSBT has, and that version. */
  readonly only?: { readonly version: PsbtVersion; readonly refusal: string };
  /** The order among fields of a type, where it is not that of their keys. */
  readonly order?: (key: Uint8Array, value: Uint8Array) => Uint8Array;
  /** True for what a finished input no longer needs. */
  readonly untilFinal?: boolean;
}

/** What a kind of map may hold, in the order in which bitcoind writes it. */
export interface MapSpec {
  /** `global`, `input` or `output`. */
  readonly name: string;
  readonly fields: readonly (FieldSpec | typeof PROPRIETARY)[];
}

/** A field that nobody but its owner understands. */
export interface Proprietary {
  readonly identifier: Uint8Array;
  readonly subtype: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const NO_KEY = new Uint8Array(0);

/** Fields by type and key. */
export class PsbtMap {
  readonly #spec: MapSpec;
  readonly #known = new Map<number, Map<string, Entry>>();
  readonly #proprietary = new Map<string, Entry>();
  readonly #unknown = new Map<string, Entry>();

  constructor(spec: MapSpec) {
    this.#spec = spec;
  }

  #field(type: number): FieldSpec | undefined {
    for (const field of this.#spec.fields) {
      if (field !== PROPRIETARY && field.type === type) return field;
    }
    return undefined;
  }

  /** The value of a field; undefined when it is not there. */
  get(type: number, key: Uint8Array = NO_KEY): Uint8Array | undefined {
    return this.#known.get(type)?.get(bytesToHex(key))?.value;
  }

  has(type: number): boolean {
    return this.#known.has(type);
  }

  set(type: number, value: Uint8Array, key: Uint8Array = NO_KEY): void {
    let entries = this.#known.get(type);
    if (!entries) {
      entries = new Map();
      this.#known.set(type, entries);
    }
    entries.set(bytesToHex(key), { key, value });
  }

  /** Removes every field of a type. */
  delete(type: number): void {
    this.#known.delete(type);
  }

  /** The fields of a type, in the order in which they are written. */
  all(type: number): readonly Entry[] {
    const order = this.#field(type)?.order;
    const entries = [...(this.#known.get(type)?.values() ?? [])];
    const place = ({ key, value }: Entry) => order?.(key, value) ?? key;
    return entries.sort((a, b) => compareBytes(place(a), place(b)));
  }

  get proprietary(): readonly Proprietary[] {
    return sorted(this.#proprietary).map(({ key, value }) => {
      const reader = new Reader(key);
      reader.compactSize();
      return { identifier: reader.varBytes(), subtype: reader.compactSize(), key, value };
    });
  }

  /** Fields of types that this program does not know, by whole key. */
  get unknown(): readonly Entry[] {
    return sorted(this.#unknown);
  }

  /** Takes from `other` every field that is not here. */
  merge(other: PsbtMap): void {
    for (const [type, entries] of other.#known) {
      for (const { key, value } of entries.values()) {
        if (this.get(type, key) === undefined) this.set(type, value, key);
      }
    }
    for (const [name, entry] of other.#proprietary) {
      if (!this.#proprietary.has(name)) this.#proprietary.set(name, entry);
    }
    this.mergeUnknown(other);
  }

  mergeUnknown(other: PsbtMap): void {
    for (const [name, entry] of other.#unknown) {
      if (!this.#unknown.has(name)) this.#unknown.set(name, entry);
    }
  }

  clone(): PsbtMap {
    const copy = new PsbtMap(this.#spec);
    copy.merge(this);
    return copy;
  }

  /** Reads fields up to the separator. Throws `PsbtError`. */
  static read(reader: Reader, spec: MapSpec): PsbtMap {
    const map = new PsbtMap(spec);
    const seen = new Set<string>();
    while (reader.left > 0) {
      const key = reader.varBytes();
      if (key.length === 0) return map;
      const name = bytesToHex(key);
      if (seen.has(name)) {
        refusePsbt(`Duplicate Key, ${spec.name} key "${name}" already provided`);
      }
      seen.add(name);
      map.#readField(key, name, reader.varBytes());
    }
    const article = spec.name === 'global' ? 'the' : 'an';
    return refusePsbt(`Separator is missing at the end of ${article} ${spec.name} map`);
  }

  #readField(key: Uint8Array, name: string, value: Uint8Array): void {
    const reader = new Reader(key);
    const type = reader.compactSize();
    const spec = this.#field(type);
    if (type === PROPRIETARY) {
      reader.varBytes();
      reader.compactSize();
      this.#proprietary.set(name, { key, value });
    } else if (!spec) {
      this.#unknown.set(name, { key, value });
    } else {
      const rest = reader.take(reader.left);
      checkKey(spec, rest);
      const kept = spec.read(value, rest);
      if (kept) this.set(type, kept, rest);
    }
  }

  /** Writes all fields that `isWritten` wants, and the separator. */
  write(writer: Writer, isWritten: (field: FieldSpec) => boolean): void {
    for (const field of this.#spec.fields) {
      if (field === PROPRIETARY) writeEntries(writer, this.#proprietary);
      else if (isWritten(field)) this.#writeType(writer, field);
    }
    writeEntries(writer, this.#unknown);
    writer.u8(0);
  }

  #writeType(writer: Writer, { type, write }: FieldSpec): void {
    for (const { key, value } of this.all(type)) {
      const full = new Writer().compactSize(type).bytes(key).finish();
      writer.varBytes(full).varBytes(write ? write(value) : value);
    }
  }
}

function sorted(entries: ReadonlyMap<string, Entry>): Entry[] {
  return [...entries.values()].sort((a, b) => compareBytes(a.key, b.key));
}

function writeEntries(writer: Writer, entries: ReadonlyMap<string, Entry>): void {
  for (const { key, value } of sorted(entries)) writer.varBytes(key).varBytes(value);
}

function checkKey({ name, keyLengths = [0], wrongKey }: FieldSpec, key: Uint8Array): void {
  if (keyLengths.includes(key.length)) return;
  if (wrongKey !== undefined) refusePsbt(wrongKey);
  const [size = 0] = keyLengths;
  if (keyLengths.length > 1) {
    refusePsbt(`Size of key was not the expected size for the type ${name}`);
  }
  refusePsbt(`Size of key was not ${size + 1} for the type ${name}`);
}

/** `read` with the errors of the byte reader turned into refusals. */
export function reading<T>(bytes: Uint8Array, read: (reader: Reader) => T): T {
  const reader = new Reader(bytes);
  try {
    const value = read(reader);
    if (reader.left > 0) refusePsbt('Size of value was not the stated size');
    return value;
  } catch (error) {
    if (error instanceof DecodeError) return refusePsbt(error.message);
    throw error;
  }
}
