/** Block headers and blocks: serialisation, hash, size and weight. Says nothing about validity. */
import { sha256d } from './hash.ts';
import { type BlockHash, hashToHex, hexToHash, ZERO_HASH } from './ids.ts';
import { type MerkleRoot, merkleRoot } from './merkle.ts';
import { Reader } from './reader.ts';
import { Tx } from './tx.ts';
import { compactSizeLength, Writer } from './writer.ts';

/** Bytes of a serialised header. */
export const HEADER_SIZE = 80;

/** What a header says. */
export interface BlockHeaderFields {
  /** int32; its high bits carry BIP9 signals. */
  readonly version: number;
  readonly prevHash: BlockHash;
  /** Display-order hex of the merkle root over the txids. */
  readonly merkleRoot: string;
  /** Unix seconds, uint32. */
  readonly time: number;
  /** Compact target. */
  readonly bits: number;
  readonly nonce: number;
}

/** A block header; never changes, hashed once. */
export class BlockHeader implements BlockHeaderFields {
  readonly version: number;
  readonly prevHash: BlockHash;
  readonly merkleRoot: string;
  readonly time: number;
  readonly bits: number;
  readonly nonce: number;
  #hash: BlockHash | undefined;

  constructor(fields: BlockHeaderFields) {
    this.version = fields.version;
    this.prevHash = fields.prevHash;
    this.merkleRoot = fields.merkleRoot;
    this.time = fields.time;
    this.bits = fields.bits;
    this.nonce = fields.nonce;
  }

  /** Reads exactly 80 bytes. Throws `DecodeError`. */
  static decode(bytes: Uint8Array): BlockHeader {
    const reader = new Reader(bytes);
    const header = BlockHeader.read(reader);
    reader.end();
    return header;
  }

  /** Reads a header from where `reader` stands. */
  static read(reader: Reader): BlockHeader {
    return new BlockHeader({
      version: reader.i32(),
      prevHash: hashToHex<BlockHash>(reader.take(32)),
      merkleRoot: hashToHex(reader.take(32)),
      time: reader.u32(),
      bits: reader.u32(),
      nonce: reader.u32(),
    });
  }

  /** Double SHA-256 of the 80 bytes. */
  get hash(): BlockHash {
    this.#hash ??= hashToHex<BlockHash>(sha256d(this.encode()));
    return this.#hash;
  }

  encode(): Uint8Array {
    return this.write(new Writer(HEADER_SIZE)).finish();
  }

  write(writer: Writer): Writer {
    return writer
      .i32(this.version)
      .bytes(hexToHash(this.prevHash))
      .bytes(hexToHash(this.merkleRoot))
      .u32(this.time)
      .u32(this.bits)
      .u32(this.nonce);
  }
}

/** A block: a header and its transactions. */
export class Block {
  readonly header: BlockHeader;
  readonly txs: readonly Tx[];
  #bytes: Uint8Array | undefined;
  #txidRoot: MerkleRoot | undefined;
  #wtxidRoot: string | undefined;

  constructor(header: BlockHeader, txs: readonly Tx[]) {
    this.header = header;
    this.txs = txs;
  }

  /** The block of `txs`, whose header says their merkle root. */
  static of(fields: Omit<BlockHeaderFields, 'merkleRoot'>, txs: readonly Tx[]): Block {
    const txidRoot = txidRootOf(txs);
    const block = new Block(new BlockHeader({ ...fields, merkleRoot: txidRoot.root }), txs);
    block.#txidRoot = txidRoot;
    return block;
  }

  /** The same transactions behind another header, one with its nonce say; what is known of them is kept. */
  withHeader(header: BlockHeader): Block {
    const block = new Block(header, this.txs);
    block.#txidRoot = this.#txidRoot;
    block.#wtxidRoot = this.#wtxidRoot;
    return block;
  }

  /** Reads exactly one block. Throws `DecodeError`. */
  static decode(bytes: Uint8Array): Block {
    const reader = new Reader(bytes);
    const block = Block.read(reader);
    reader.end();
    block.#bytes = bytes;
    return block;
  }

  /** Reads a block from where `reader` stands. */
  static read(reader: Reader): Block {
    const start = reader.offset;
    const header = BlockHeader.read(reader);
    const txs: Tx[] = [];
    for (let count = reader.compactSize(); count > 0; count--) txs.push(Tx.read(reader));
    const block = new Block(header, txs);
    block.#bytes = reader.bytes.subarray(start, reader.offset);
    return block;
  }

  get hash(): BlockHash {
    return this.header.hash;
  }

  /** Merkle root over the txids: what the header should say. Kept, because peers and chain both ask. */
  get txidRoot(): MerkleRoot {
    this.#txidRoot ??= txidRootOf(this.txs);
    return this.#txidRoot;
  }

  /** Merkle root over the wtxids, that of the coinbase, which commits to it, counting as zero (BIP141). */
  get wtxidRoot(): string {
    this.#wtxidRoot ??= wtxidRootOf(this.txs);
    return this.#wtxidRoot;
  }

  /** Bytes with witnesses. */
  get size(): number {
    return this.#sum((tx) => tx.size);
  }

  /** Bytes without witnesses. */
  get strippedSize(): number {
    return this.#sum((tx) => tx.strippedSize);
  }

  /** BIP141 weight; consensus allows 4,000,000. */
  get weight(): number {
    return 3 * this.strippedSize + this.size;
  }

  /** The full serialisation. Shared, not a copy: do not write into it. */
  encode(): Uint8Array {
    if (!this.#bytes) {
      const writer = this.header.write(new Writer(this.size)).compactSize(this.txs.length);
      for (const tx of this.txs) writer.bytes(tx.encode());
      this.#bytes = writer.finish();
    }
    return this.#bytes;
  }

  #sum(sizeOf: (tx: Tx) => number): number {
    let size = HEADER_SIZE + compactSizeLength(this.txs.length);
    for (const tx of this.txs) size += sizeOf(tx);
    return size;
  }
}

function txidRootOf(txs: readonly Tx[]): MerkleRoot {
  return merkleRoot(txs.map(({ txid }) => txid));
}

/** The root that a coinbase in front of `txs` commits to (BIP141); the coinbase itself may be any. */
export function wtxidRootOf(txs: readonly Tx[]): string {
  return merkleRoot(txs.map((tx, i) => (i === 0 ? ZERO_HASH : tx.wtxid))).root;
}
