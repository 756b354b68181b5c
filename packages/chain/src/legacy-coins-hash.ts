/**
 * `hash_serialized_2`, the hash of the UTXO set that bitcoind gave from 0.15 to 0.25: over the block, then the
 * coins of each transaction with their indexes counted from one, all numbers as VARINT.
 */
import { createHash } from 'node:crypto';
import type { BlockRef, Coin } from '@coind/consensus';
import { hashToHex, hexToHash, type OutPoint, type Txid, Writer } from '@coind/primitives';
import { writeLongVarInt } from './coin-codec.ts';

/** A running hash; coins come in the order of their outpoints. */
export class LegacyCoinsHash {
  readonly #inner = createHash('sha256');
  #txid: Txid | undefined;

  /** `tip` is the block of which the coins are the set. */
  constructor({ hash }: BlockRef) {
    this.#inner.update(hexToHash(hash));
  }

  add({ txid, vout }: OutPoint, { output, height, coinbase }: Coin): void {
    const writer = new Writer(64 + output.scriptPubKey.length);
    if (txid !== this.#txid) {
      if (this.#txid !== undefined) writer.u8(0);
      this.#txid = txid;
      writer.bytes(hexToHash(txid));
      writeLongVarInt(writer, BigInt(height) * 2n + (coinbase ? 1n : 0n));
    }
    writeLongVarInt(writer, BigInt(vout) + 1n);
    writer.varBytes(output.scriptPubKey);
    writeLongVarInt(writer, output.value);
    this.#inner.update(writer.finish());
  }

  /** Display-order hex. Call once. */
  digest(): string {
    if (this.#txid !== undefined) this.#inner.update(Uint8Array.of(0));
    return hashToHex(createHash('sha256').update(this.#inner.digest()).digest());
  }
}
