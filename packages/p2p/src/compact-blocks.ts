/**
 * Compact blocks (BIP152, version 2): a block as short ids of its transactions, which the receiver mostly
 * has. Messages, making them, and putting a block together again; who sends what to whom, and what a bad
 * one means for its sender, is block-relay's and block-download's.
 */
import { checkMerkleRoot, checkWitnessCommitment, ValidationError } from '@coind/consensus';
import {
  Block,
  type BlockHash,
  BlockHeader,
  DecodeError,
  HEADER_SIZE,
  hashToHex,
  hexToHash,
  Reader,
  SipHasher,
  sha256,
  Tx,
  Writer,
  type Wtxid,
} from '@coind/primitives';

const SHORT_ID_BYTES = 6;
const MAX_INDEX = 0xffff;

/** A transaction that is sent along, since the receiver cannot have it: the coinbase at least. */
export interface PrefilledTx {
  /** Its place in the block. */
  readonly index: number;
  readonly tx: Tx;
}

/** What a cmpctblock message says. */
export interface CompactBlock {
  readonly header: BlockHeader;
  /** Changes the short ids, so that nobody can make them collide for everybody. */
  readonly nonce: bigint;
  /** 48 bits each, of the transactions that are not prefilled, in order. */
  readonly shortIds: readonly number[];
  readonly prefilled: readonly PrefilledTx[];
}

/** What a getblocktxn message says: which transactions of the block are missing. */
export interface BlockTxnRequest {
  readonly blockHash: BlockHash;
  /** Ascending. */
  readonly indexes: readonly number[];
}

/** What a blocktxn message says. */
export interface BlockTxn {
  readonly blockHash: BlockHash;
  readonly txs: readonly Tx[];
}

/** Computes short ids for one compact block. */
function shortIdHasher(header: BlockHeader, nonce: bigint): (wtxid: Wtxid) => number {
  const seed = new Writer(HEADER_SIZE + 8).bytes(header.encode()).u64(nonce).finish();
  const hasher = new SipHasher(sha256(seed).subarray(0, 16));
  return (wtxid) => hasher.hash48(hexToHash(wtxid));
}

/** The compact form of `block`, with only its coinbase in full. `nonce` is random. */
export function compactBlockOf(block: Block, nonce: bigint): CompactBlock {
  const shortId = shortIdHasher(block.header, nonce);
  const [coinbase, ...others] = block.txs;
  return {
    header: block.header,
    nonce,
    shortIds: others.map((tx) => shortId(tx.wtxid)),
    prefilled: coinbase ? [{ index: 0, tx: coinbase }] : [],
  };
}

/** The payload of a cmpctblock message. */
export function encodeCompactBlock(compact: CompactBlock): Uint8Array {
  const { header, nonce, shortIds, prefilled } = compact;
  const writer = new Writer(512 + SHORT_ID_BYTES * shortIds.length);
  header.write(writer).u64(nonce).compactSize(shortIds.length);
  for (const id of shortIds) writer.u32(id % 0x100000000).u16(Math.floor(id / 0x100000000));
  writer.compactSize(prefilled.length);
  let next = 0;
  for (const { index, tx } of prefilled) {
    writer.compactSize(index - next).bytes(tx.encode());
    next = index + 1;
  }
  return writer.finish();
}

/**
 * Reads a cmpctblock message. Throws `DecodeError`. Indexes beyond the block are for `PartialBlock` to
 * refuse: they break a rule, not the format.
 */
export function decodeCompactBlock(payload: Uint8Array): CompactBlock {
  const reader = new Reader(payload);
  const header = BlockHeader.read(reader);
  const nonce = reader.u64();
  const shortIds: number[] = [];
  for (let count = reader.compactSize(); count > 0; count--) {
    const low = reader.u32();
    shortIds.push(low + reader.u16() * 0x100000000);
  }
  const prefilled: PrefilledTx[] = [];
  let index = 0;
  for (let count = reader.compactSize(); count > 0; count--) {
    index += readGap(reader);
    prefilled.push({ index, tx: Tx.read(reader) });
    index++;
  }
  if (shortIds.length + prefilled.length > MAX_INDEX) {
    throw new DecodeError('indexes overflowed 16 bits');
  }
  return { header, nonce, shortIds, prefilled };
}

function readGap(reader: Reader): number {
  const gap = reader.compactSize();
  if (gap > MAX_INDEX) throw new DecodeError('index overflowed 16 bits');
  return gap;
}

/** The payload of a getblocktxn message. */
export function encodeBlockTxnRequest({ blockHash, indexes }: BlockTxnRequest): Uint8Array {
  const writer = new Writer(48 + 3 * indexes.length).bytes(hexToHash(blockHash));
  writer.compactSize(indexes.length);
  let next = 0;
  for (const index of indexes) {
    writer.compactSize(index - next);
    next = index + 1;
  }
  return writer.finish();
}

/** Reads a getblocktxn message. Throws `DecodeError`. */
export function decodeBlockTxnRequest(payload: Uint8Array): BlockTxnRequest {
  const reader = new Reader(payload);
  const blockHash = hashToHex<BlockHash>(reader.take(32));
  const indexes: number[] = [];
  let next = 0;
  for (let count = reader.compactSize(); count > 0; count--) {
    const index = next + readGap(reader);
    if (index > MAX_INDEX) throw new DecodeError('differential value overflow');
    indexes.push(index);
    next = index + 1;
  }
  return { blockHash, indexes };
}

/** The payload of a blocktxn message. */
export function encodeBlockTxn({ blockHash, txs }: BlockTxn): Uint8Array {
  const size = txs.reduce((sum, tx) => sum + tx.size, 48);
  const writer = new Writer(size).bytes(hexToHash(blockHash)).compactSize(txs.length);
  for (const tx of txs) writer.bytes(tx.encode());
  return writer.finish();
}

/** Reads a blocktxn message. Throws `DecodeError`. */
export function decodeBlockTxn(payload: Uint8Array): BlockTxn {
  const reader = new Reader(payload);
  const blockHash = hashToHex<BlockHash>(reader.take(32));
  const txs: Tx[] = [];
  for (let count = reader.compactSize(); count > 0; count--) txs.push(Tx.read(reader));
  return { blockHash, txs };
}

/**
 * Why a block could not be put together: `invalid` is the sender's fault, `failed` may be an accident of
 * short ids, and the block has to be asked for in full.
 */
export type ReconstructionFailure = 'invalid' | 'failed';

/** How a block was put together. */
export interface ReconstructionCounts {
  readonly prefilled: number;
  /** Found among what we had, `extra` included. */
  readonly known: number;
  readonly extra: number;
}

/** A block of which some transactions are still missing. */
export class PartialBlock {
  readonly header: BlockHeader;
  readonly counts: ReconstructionCounts;
  readonly #txs: (Tx | undefined)[];

  private constructor(header: BlockHeader, txs: (Tx | undefined)[], counts: ReconstructionCounts) {
    this.header = header;
    this.#txs = txs;
    this.counts = counts;
  }

  /** Fills in what is found in `pool` (no transaction twice) and in `extra` (which may overlap it). */
  static begin(
    compact: CompactBlock,
    pool: Iterable<Tx>,
    extra: Iterable<Tx> = [],
  ): PartialBlock | ReconstructionFailure {
    const txs = placePrefilled(compact);
    if (!txs) return 'invalid';
    const places = new Map<number, number>();
    let place = 0;
    for (const id of compact.shortIds) {
      while (txs[place]) place++;
      places.set(id, place++);
    }
    // Two transactions with one short id: nobody can tell which is meant.
    if (places.size !== compact.shortIds.length) return 'failed';
    const shortId = shortIdHasher(compact.header, compact.nonce);
    const collided = new Set<number>();
    let known = 0;
    let fromExtra = 0;
    const offer = (tx: Tx, isExtra: boolean): void => {
      const at = places.get(shortId(tx.wtxid));
      if (at === undefined || collided.has(at)) return;
      const other = txs[at];
      if (!other) {
        txs[at] = tx;
        known++;
        if (isExtra) fromExtra++;
      } else if (other.wtxid !== tx.wtxid) {
        // Asking for it is cheaper than to find out after all was put together.
        txs[at] = undefined;
        collided.add(at);
        known--;
      }
    };
    for (const tx of pool) {
      if (known === places.size) break;
      offer(tx, false);
    }
    for (const tx of extra) {
      if (known === places.size) break;
      offer(tx, true);
    }
    const counts = { prefilled: compact.prefilled.length, known, extra: fromExtra };
    return new PartialBlock(compact.header, txs, counts);
  }

  /** How many transactions the block has. */
  get txCount(): number {
    return this.#txs.length;
  }

  /** Places of the transactions that have to be asked for, ascending. */
  missing(): number[] {
    const indexes: number[] = [];
    this.#txs.forEach((tx, index) => {
      if (!tx) indexes.push(index);
    });
    return indexes;
  }

  /**
   * The block, with `txs` for those that were missing, in order. The header commits to the result:
   * otherwise another transaction of ours had the short id, which is `failed`.
   */
  complete(
    txs: readonly Tx[],
    { segwitActive }: { readonly segwitActive: boolean },
  ): Block | ReconstructionFailure {
    const missing = this.missing();
    if (missing.length !== txs.length) return 'invalid';
    const whole = this.#txs.slice();
    missing.forEach((place, i) => {
      whole[place] = txs[i];
    });
    const block = new Block(this.header, whole as Tx[]);
    return isMutated(block, segwitActive) ? 'failed' : block;
  }
}

/** The transactions sent along in their places; undefined when the message cannot be of a block. */
function placePrefilled(compact: CompactBlock): (Tx | undefined)[] | undefined {
  const { header, shortIds, prefilled } = compact;
  const count = shortIds.length + prefilled.length;
  if (header.bits === 0 || count === 0) return undefined;
  const txs = new Array<Tx | undefined>(count).fill(undefined);
  for (const [i, { index, tx }] of prefilled.entries()) {
    if (tx.inputs.length === 0 && tx.outputs.length === 0) return undefined;
    // Between two of them there must be short ids for all that lie there.
    if (index > MAX_INDEX || index > shortIds.length + i) return undefined;
    txs[index] = tx;
  }
  return txs;
}

/**
 * True when the transactions are not those that the header commits to: another body of the same block may
 * be valid. `segwitActive`: the coinbase has to commit to witnesses.
 */
export function isMutated(block: Block, segwitActive: boolean): boolean {
  return mutationOf(block, segwitActive) !== undefined;
}

/** What shows that the transactions are not the right ones, as a text; undefined when nothing does. */
export function mutationOf(block: Block, segwitActive: boolean): string | undefined {
  try {
    checkMerkleRoot(block);
    // Without a coinbase in front, a transaction of 64 bytes may be a node of the tree in disguise.
    if (!block.txs[0]?.isCoinbase) {
      const ambiguous = block.txs.some((tx) => tx.strippedSize === 64);
      return ambiguous ? 'a transaction of 64 bytes and no coinbase' : undefined;
    }
    checkWitnessCommitment(block, segwitActive);
    return undefined;
  } catch (error) {
    if (error instanceof ValidationError) return error.message;
    throw error;
  }
}
