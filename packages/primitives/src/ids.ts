/**
 * Hashes that name things, as branded lower-case hex in display order (byte-reversed, the way block
 * explorers and RPC print them). Bytes in wire order exist only inside codecs and on disk.
 */
import { bytesToHex, hexToBytes } from './bytes.ts';

declare const brand: unique symbol;
/** A `Base` that only a codec can make: `Brand<string, 'Txid'>` is no `BlockHash`. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Names a transaction without its witness; 64 hex digits, display order. */
export type Txid = Brand<string, 'Txid'>;
/** Names a transaction with its witness (BIP141); 64 hex digits, display order. */
export type Wtxid = Brand<string, 'Wtxid'>;
/** Names a block; 64 hex digits, display order. */
export type BlockHash = Brand<string, 'BlockHash'>;

/** The block hash of all zeros, the parent of every genesis block. */
export const ZERO_HASH = '0'.repeat(64) as BlockHash;
/** The txid of all zeros, which a coinbase names as its prevout. */
export const ZERO_TXID = '0'.repeat(64) as Txid;

/** Where a hash is turned around, so that nothing is allocated for it; without Buffer there is none. */
const scratch = (globalThis as { Buffer?: typeof Buffer }).Buffer?.alloc(32);

/** Display-order hex of 32 wire-order bytes. The caller says which kind of id it is. */
export function hashToHex<Id extends string>(wire: Uint8Array): Id {
  if (scratch && wire.length === 32) {
    for (let i = 0; i < 32; i++) scratch[i] = wire[31 - i] as number;
    return scratch.toString('hex') as Id;
  }
  const reversed = new Uint8Array(wire.length);
  for (let i = 0, j = wire.length - 1; j >= 0; i++, j--) reversed[i] = wire[j] as number;
  return bytesToHex(reversed) as Id;
}

/** Wire-order bytes of a display-order id. */
export function hexToHash(id: string): Uint8Array {
  if (id.length !== 64) return hexToBytes(id).reverse();
  const wire = new Uint8Array(32);
  putHash(wire, 0, id);
  return wire;
}

/** Writes the 32 wire-order bytes of a display-order id from `at` on. Throws `RangeError` for other text. */
export function putHash(bytes: Uint8Array, at: number, id: string): void {
  if (scratch && id.length === 64 && scratch.write(id, 'hex') === 32) {
    for (let i = 0; i < 32; i++) bytes[at + i] = scratch[31 - i] as number;
  } else {
    bytes.set(hexToBytes(id).reverse(), at);
  }
}

/** True for 64 hex digits in lower case: what every id of ours looks like. */
export function isHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** Names one output of a transaction: which transaction, which output. */
export interface OutPoint {
  readonly txid: Txid;
  /** Index of the output, uint32; 0xffffffff with a zero txid is the coinbase's "no output". */
  readonly vout: number;
}

/** A text key for maps and sets of outpoints. */
export function outpointKey(outpoint: OutPoint): string {
  return `${outpoint.txid}:${outpoint.vout}`;
}
