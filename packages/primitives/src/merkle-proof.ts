/**
 * Merkle blocks (BIP37): a header and as much of the merkle tree as proves that some transactions are
 * in its block. `gettxoutproof` hands them out, and so did peers to bloom filters.
 */
import { BlockHeader } from './block.ts';
import { equalBytes } from './bytes.ts';
import { sha256d } from './hash.ts';
import { hashToHex, hexToHash, type Txid } from './ids.ts';
import type { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** No block has more transactions: the weight limit over the least weight of one. */
const MAX_TX_COUNT = 4_000_000 / 240;

/** A proof. Whether it proves anything is what `proven` says. */
export interface MerkleBlock {
  readonly header: BlockHeader;
  /** Transactions of the whole block. */
  readonly txCount: number;
  /** Nodes of the tree, wire order, as a walk from the root meets them. */
  readonly hashes: readonly Uint8Array[];
  /** One bit per node of that walk, lowest first: whether something proven lies below. */
  readonly flags: Uint8Array;
}

/** Nodes of the tree `height` levels above the leaves. */
function widthAt(txCount: number, height: number): number {
  return Math.ceil(txCount / 2 ** height);
}

function heightOf(txCount: number): number {
  let height = 0;
  while (widthAt(txCount, height) > 1) height++;
  return height;
}

function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  const pair = new Uint8Array(64);
  pair.set(left);
  pair.set(right, 32);
  return sha256d(pair);
}

/** The proof that those of `txids` (all of a block with `header`) which are `wanted` are in it. */
export function proveTxs(
  header: BlockHeader,
  txids: readonly Txid[],
  wanted: ReadonlySet<Txid>,
): MerkleBlock {
  const levels = [txids.map(hexToHash)];
  let matches = [txids.map((txid) => wanted.has(txid))];
  for (let level = levels[0] as Uint8Array[]; level.length > 1; ) {
    const below = matches[matches.length - 1] as boolean[];
    const next: Uint8Array[] = [];
    const found: boolean[] = [];
    for (let i = 0; i < level.length; i += 2) {
      next.push(hashPair(level[i] as Uint8Array, level[i + 1] ?? (level[i] as Uint8Array)));
      found.push(below[i] === true || below[i + 1] === true);
    }
    levels.push(next);
    matches = [...matches, found];
    level = next;
  }
  const hashes: Uint8Array[] = [];
  const bits: boolean[] = [];
  const walk = (height: number, position: number): void => {
    const below = matches[height]?.[position] === true;
    bits.push(below);
    if (height === 0 || !below) {
      hashes.push(levels[height]?.[position] as Uint8Array);
      return;
    }
    walk(height - 1, position * 2);
    if (position * 2 + 1 < widthAt(txids.length, height - 1)) walk(height - 1, position * 2 + 1);
  };
  walk(levels.length - 1, 0);
  const flags = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [i, bit] of bits.entries()) {
    if (bit) flags[i >> 3] = (flags[i >> 3] as number) | (1 << (i & 7));
  }
  return { header, txCount: txids.length, hashes, flags };
}

/** A transaction that is proven to be in a block. */
export interface ProvenTx {
  readonly txid: Txid;
  /** Its place in the block. */
  readonly index: number;
}

/**
 * The transactions that `proof` proves to be in the block of its header; undefined when it is no proof:
 * parts are missing or left over, or the tree has another root.
 */
export function provenTxs(proof: MerkleBlock): Txid[] | undefined {
  return provenPlaces(proof)?.map(({ txid }) => txid);
}

/** The same with their places. */
export function provenPlaces({
  header,
  txCount,
  hashes,
  flags,
}: MerkleBlock): ProvenTx[] | undefined {
  if (txCount === 0 || txCount > MAX_TX_COUNT || hashes.length > txCount) return undefined;
  if (flags.length * 8 < hashes.length) return undefined;
  const found: ProvenTx[] = [];
  let nextBit = 0;
  let nextHash = 0;
  const walk = (height: number, position: number): Uint8Array | undefined => {
    if (nextBit >= flags.length * 8) return undefined;
    const below = ((flags[nextBit >> 3] as number) >> (nextBit & 7)) & 1;
    nextBit++;
    if (height === 0 || below === 0) {
      const hash = hashes[nextHash++];
      if (hash && height === 0 && below === 1) {
        found.push({ txid: hashToHex<Txid>(hash), index: position });
      }
      return hash;
    }
    const left = walk(height - 1, position * 2);
    if (!left) return undefined;
    if (position * 2 + 1 >= widthAt(txCount, height - 1)) return hashPair(left, left);
    const right = walk(height - 1, position * 2 + 1);
    // Two equal halves are CVE-2012-2459: another list of transactions with the same root.
    return right && !equalBytes(left, right) ? hashPair(left, right) : undefined;
  };
  const root = walk(heightOf(txCount), 0);
  const isWhole = nextHash === hashes.length && Math.ceil(nextBit / 8) === flags.length;
  return root && isWhole && hashToHex(root) === header.merkleRoot ? found : undefined;
}

/** The bytes of a merkle block. */
export function encodeMerkleBlock({ header, txCount, hashes, flags }: MerkleBlock): Uint8Array {
  const writer = header.write(new Writer(100 + hashes.length * 32)).u32(txCount);
  writer.compactSize(hashes.length);
  for (const hash of hashes) writer.bytes(hash);
  return writer.varBytes(flags).finish();
}

/** Reads a merkle block from where `reader` stands. Throws `DecodeError`. */
export function readMerkleBlock(reader: Reader): MerkleBlock {
  const header = BlockHeader.read(reader);
  const txCount = reader.u32();
  const hashes: Uint8Array[] = [];
  for (let count = reader.compactSize(); count > 0; count--) hashes.push(reader.take(32));
  return { header, txCount, hashes, flags: reader.varBytes() };
}
