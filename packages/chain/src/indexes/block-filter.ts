/**
 * Compact block filters (BIP158, the basic type): a Golomb-coded set of the scripts a block makes and
 * spends, small enough to be sent to wallets, which look in it whether a block concerns them. Filter
 * headers (BIP157) chain them. Where filters are kept is `filter-index`.
 */
import type { Coin } from '@coind/consensus';
import {
  type Block,
  type BlockHash,
  concatBytes,
  hashToHex,
  hexToHash,
  Reader,
  SipHasher,
  sha256d,
  Writer,
} from '@coind/primitives';

/** Bits of a delta that are written as they are. */
const P = 19;
/** One false positive in so many. */
const M = 784_931n;
const OP_RETURN = 0x6a;

/** What goes into the filter of a block: its outputs' scripts and those it spends, each once. */
export function filterElements(
  block: Block,
  spent: readonly (readonly Coin[])[],
): readonly Uint8Array[] {
  const elements = new Map<string, Uint8Array>();
  const add = (script: Uint8Array): void => {
    if (script.length > 0) elements.set(keyOf(script), script);
  };
  for (const { outputs } of block.txs) {
    for (const { scriptPubKey } of outputs) if (scriptPubKey[0] !== OP_RETURN) add(scriptPubKey);
  }
  for (const coins of spent) for (const { output } of coins) add(output.scriptPubKey);
  return [...elements.values()];
}

/** Short texts hash faster than anything else JavaScript has for bytes. */
function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** Maps scripts to numbers below `count * M`, keyed by the block's hash. */
function hasherOf(hash: BlockHash, count: number): (script: Uint8Array) => number {
  const sip = new SipHasher(hexToHash(hash).subarray(0, 16));
  const range = BigInt(count) * M;
  return (script) => Number((sip.hash(script) * range) >> 64n);
}

function sortedHashes(
  scripts: readonly Uint8Array[],
  hash: (script: Uint8Array) => number,
): Float64Array {
  return Float64Array.from(scripts, hash).sort();
}

/** The filter of the block called `hash` over `elements`, which must be distinct. */
export function encodeFilter(hash: BlockHash, elements: readonly Uint8Array[]): Uint8Array {
  const bits = new BitWriter(new Writer(9 + elements.length * 3).compactSize(elements.length));
  let last = 0;
  for (const value of sortedHashes(elements, hasherOf(hash, elements.length))) {
    const delta = value - last;
    last = value;
    for (let unary = Math.floor(delta / 2 ** P); unary > 0; unary--) bits.write(1, 1);
    bits.write(0, 1);
    bits.write(delta % 2 ** P, P);
  }
  return bits.finish();
}

/**
 * Whether `filter` of the block called `hash` holds one of `scripts`; wrong once in 784,931 times, and
 * never in the other direction. Throws `DecodeError` for bytes that are no filter.
 */
export function matchesAny(
  filter: Uint8Array,
  hash: BlockHash,
  scripts: readonly Uint8Array[],
): boolean {
  const reader = new Reader(filter);
  const count = reader.compactSize();
  if (count === 0 || scripts.length === 0) return false;
  const wanted = sortedHashes(scripts, hasherOf(hash, count));
  const bits = new BitReader(reader);
  let value = 0;
  let next = 0;
  for (let i = 0; i < count; i++) {
    let unary = 0;
    while (bits.read(1) === 1) unary++;
    value += unary * 2 ** P + bits.read(P);
    while ((wanted[next] as number) < value) if (++next === wanted.length) return false;
    if (wanted[next] === value) return true;
  }
  return false;
}

/** The hash of a filter, display-order hex. */
export function filterHash(filter: Uint8Array): string {
  return hashToHex(sha256d(filter));
}

/** The header of a filter: its hash on top of the header of the block before (BIP157). */
export function filterHeader(hash: string, previous: string): string {
  return hashToHex(sha256d(concatBytes(hexToHash(hash), hexToHash(previous))));
}

/** Bits from the top of each byte down. */
class BitWriter {
  readonly #writer: Writer;
  #byte = 0;
  #free = 8;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** The lowest `count` bits of `value`. */
  write(value: number, count: number): void {
    for (let left = count; left > 0; ) {
      const taken = Math.min(left, this.#free);
      left -= taken;
      this.#free -= taken;
      this.#byte |= ((value >>> left) & ((1 << taken) - 1)) << this.#free;
      if (this.#free === 0) this.#flush();
    }
  }

  finish(): Uint8Array {
    if (this.#free < 8) this.#flush();
    return this.#writer.finish();
  }

  #flush(): void {
    this.#writer.u8(this.#byte);
    this.#byte = 0;
    this.#free = 8;
  }
}

class BitReader {
  readonly #reader: Reader;
  #byte = 0;
  #left = 0;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  read(count: number): number {
    let value = 0;
    for (let wanted = count; wanted > 0; ) {
      if (this.#left === 0) {
        this.#byte = this.#reader.u8();
        this.#left = 8;
      }
      const taken = Math.min(wanted, this.#left);
      this.#left -= taken;
      wanted -= taken;
      value = (value << taken) | ((this.#byte >>> this.#left) & ((1 << taken) - 1));
    }
    return value;
  }
}
