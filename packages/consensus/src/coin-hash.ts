/**
 * The serialisation of a coin from which hashes over the whole UTXO set are made, as
 * `gettxoutsetinfo` reports them: `hash_serialized_3` over all coins in order, `muhash` in any order.
 */
import { hashToHex, type OutPoint, Writer, writeOutPoint, writeOutput } from '@coind/primitives';
import type { Coin } from './coins.ts';
import type { MuHash } from './muhash.ts';

/** `txid || vout || 2·height + coinbase (u32) || value || scriptPubKey`. */
export function encodeCoinForHash(outpoint: OutPoint, coin: Coin): Uint8Array {
  const writer = new Writer(56 + coin.output.scriptPubKey.length);
  writeOutPoint(writer, outpoint).u32((coin.height * 2 + (coin.coinbase ? 1 : 0)) >>> 0);
  return writeOutput(writer, coin.output).finish();
}

/** Adds a coin to a running hash of the set. */
export function addCoin(hash: MuHash, outpoint: OutPoint, coin: Coin): void {
  hash.add(encodeCoinForHash(outpoint, coin));
}

/** Takes a coin out of a running hash of the set. */
export function removeCoin(hash: MuHash, outpoint: OutPoint, coin: Coin): void {
  hash.remove(encodeCoinForHash(outpoint, coin));
}

/** A SHA-256 that takes its input in pieces, such as Node's `createHash('sha256')`. */
export interface Sha256Stream {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** `hash_serialized_3`: SHA-256, twice, over every coin in order of outpoint (txid bytes, vout). */
export class SerializedCoinsHash {
  readonly #inner: Sha256Stream;
  readonly #outer: Sha256Stream;

  /** `newSha256` makes a fresh stream: `() => createHash('sha256')`. */
  constructor(newSha256: () => Sha256Stream) {
    this.#inner = newSha256();
    this.#outer = newSha256();
  }

  add(outpoint: OutPoint, coin: Coin): void {
    this.#inner.update(encodeCoinForHash(outpoint, coin));
  }

  /** Display-order hex. Call once. */
  digest(): string {
    this.#outer.update(this.#inner.digest());
    return hashToHex(this.#outer.digest());
  }
}

/** A measure of the set that depends on no database: what a coin adds to `bogosize`. */
export function bogoSize(scriptPubKey: Uint8Array): number {
  return 32 + 4 + 4 + 8 + 2 + scriptPubKey.length;
}
