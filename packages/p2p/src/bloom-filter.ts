/**
 * Filters by which light clients say what they want to hear of, without saying it exactly (BIP37), and the
 * blocks they get: a proof of those transactions that match. Whether a node offers this is an option
 * (BIP111).
 */
import {
  type Block,
  encodeMerkleBlock,
  hexToHash,
  type OutPoint,
  proveTxs,
  Reader,
  type Tx,
  type Txid,
  Writer,
  writeOutPoint,
} from '@coind/primitives';
import { classifyOutput, ScriptCursor } from '@coind/script';

const MAX_FILTER_BYTES = 36_000;
const MAX_HASHES = 50;
/** The longest data one may add: the longest a script can push. */
export const MAX_FILTERADD_BYTES = 520;
/** Sets the hash functions apart. */
const SEED_STEP = 0xfba4c795;
const LN2 = Math.LN2;

/** What a match of an output adds to the filter, so that spending it matches too. */
export const filterUpdates = { NONE: 0, ALL: 1, PUBKEY_ONLY: 2 } as const;
const UPDATE_MASK = 3;

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
const scramble = (value: number): number =>
  Math.imul(rotate(Math.imul(value, 0xcc9e2d51), 15), 0x1b873593);

/** MurmurHash3, 32 bits, as uint32. */
export function murmur3(seed: number, bytes: Uint8Array): number {
  let hash = seed | 0;
  const whole = bytes.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    hash ^= scramble(littleEndian(bytes, at, 4));
    hash = (Math.imul(rotate(hash, 13), 5) + 0xe6546b64) | 0;
  }
  if (whole < bytes.length) hash ^= scramble(littleEndian(bytes, whole, bytes.length - whole));
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function littleEndian(bytes: Uint8Array, at: number, length: number): number {
  let word = 0;
  for (let i = length - 1; i >= 0; i--) word = (word << 8) | (bytes[at + i] as number);
  return word;
}

/** What a filter consists of. */
export interface BloomFilterFields {
  /** The bits; changed as elements are inserted. */
  readonly bits: Uint8Array;
  readonly hashCount: number;
  /** Changes the hashes, uint32. */
  readonly tweak: number;
  /** One of `filterUpdates` in its low bits. */
  readonly flags: number;
}

/** A filter that a peer has loaded. */
export class BloomFilter {
  readonly #bits: Uint8Array;
  readonly #hashCount: number;
  readonly #tweak: number;
  readonly #flags: number;

  constructor({ bits, hashCount, tweak, flags }: BloomFilterFields) {
    this.#bits = bits;
    this.#hashCount = hashCount;
    this.#tweak = tweak;
    this.#flags = flags;
  }

  /** A filter sized for `count` elements, of which other elements match at `rate`. */
  static sizedFor(
    count: number,
    rate: number,
    { tweak, flags }: Pick<BloomFilterFields, 'tweak' | 'flags'>,
  ): BloomFilter {
    const wanted = Math.floor((-1 / LN2 ** 2) * count * Math.log(rate));
    const bits = new Uint8Array(Math.min(wanted, 8 * MAX_FILTER_BYTES) >> 3);
    const hashCount = Math.min(Math.floor(((8 * bits.length) / count) * LN2), MAX_HASHES);
    return new BloomFilter({ bits, hashCount, tweak, flags });
  }

  /** Reads a filterload message. Throws `DecodeError`. */
  static decode(payload: Uint8Array): BloomFilter {
    const reader = new Reader(payload);
    const bits = reader.varBytes().slice();
    const hashCount = reader.u32();
    return new BloomFilter({ bits, hashCount, tweak: reader.u32(), flags: reader.u8() });
  }

  /** The payload of a filterload message. */
  encode(): Uint8Array {
    const writer = new Writer(this.#bits.length + 16).varBytes(this.#bits);
    return writer.u32(this.#hashCount).u32(this.#tweak).u8(this.#flags).finish();
  }

  /** False for a filter that costs more than anybody may ask for. */
  get isWithinLimits(): boolean {
    return this.#bits.length <= MAX_FILTER_BYTES && this.#hashCount <= MAX_HASHES;
  }

  insert(data: Uint8Array): void {
    // An empty filter matches everything (and has nothing to divide by).
    if (this.#bits.length === 0) return;
    for (let i = 0; i < this.#hashCount; i++) {
      const bit = this.#bitOf(i, data);
      this.#bits[bit >>> 3] = (this.#bits[bit >>> 3] as number) | (1 << (bit & 7));
    }
  }

  /** True for what was inserted, and by accident for some other data. */
  has(data: Uint8Array): boolean {
    if (this.#bits.length === 0) return true;
    for (let i = 0; i < this.#hashCount; i++) {
      const bit = this.#bitOf(i, data);
      if ((((this.#bits[bit >>> 3] as number) >> (bit & 7)) & 1) === 0) return false;
    }
    return true;
  }

  /**
   * True for a transaction that is meant: by its id, by what an output pays to, by what it spends, or by
   * what a scriptSig holds. Outputs that match are added as the flags say.
   */
  matchesAndUpdates(tx: Tx): boolean {
    if (this.#bits.length === 0) return true;
    let found = this.has(hexToHash(tx.txid));
    tx.outputs.forEach(({ scriptPubKey }, vout) => {
      if (!this.#hasPushOf(scriptPubKey)) return;
      found = true;
      if (this.#adds(scriptPubKey)) this.insert(outpointBytes({ txid: tx.txid, vout }));
    });
    return (
      found ||
      tx.inputs.some(
        ({ prevout, scriptSig }) => this.has(outpointBytes(prevout)) || this.#hasPushOf(scriptSig),
      )
    );
  }

  /** The payload of a merkleblock message for `block`, and the transactions that match. */
  merkleBlockOf(block: Block): { readonly message: Uint8Array; readonly matched: readonly Tx[] } {
    // In order: an output that matches is added before the transactions that may spend it.
    const matched = block.txs.filter((tx) => this.matchesAndUpdates(tx));
    const txids = block.txs.map(({ txid }) => txid);
    const wanted = new Set<Txid>(matched.map(({ txid }) => txid));
    return { message: encodeMerkleBlock(proveTxs(block.header, txids, wanted)), matched };
  }

  #bitOf(index: number, data: Uint8Array): number {
    const seed = (Math.imul(index, SEED_STEP) + this.#tweak) | 0;
    return murmur3(seed, data) % (8 * this.#bits.length);
  }

  #hasPushOf(script: Uint8Array): boolean {
    const cursor = new ScriptCursor(script);
    while (!cursor.done && cursor.next()) {
      const { data } = cursor;
      if (data.length > 0 && this.has(data)) return true;
    }
    return false;
  }

  #adds(scriptPubKey: Uint8Array): boolean {
    const update = this.#flags & UPDATE_MASK;
    if (update !== filterUpdates.PUBKEY_ONLY) return update === filterUpdates.ALL;
    const { type } = classifyOutput(scriptPubKey);
    return type === 'pubkey' || type === 'multisig';
  }
}

function outpointBytes(outpoint: OutPoint): Uint8Array {
  return writeOutPoint(new Writer(36), outpoint).finish();
}
