/**
 * Statistics over the whole UTXO set, as `gettxoutsetinfo` reports them. Walks every coin in order of
 * outpoint over a snapshot, so blocks may arrive meanwhile.
 */
import { createHash } from 'node:crypto';
import {
  addCoin,
  type BlockRef,
  bogoSize,
  type Coin,
  MuHash,
  SerializedCoinsHash,
} from '@coind/consensus';
import type { OutPoint, Sats, Txid } from '@coind/primitives';
import { LegacyCoinsHash } from './legacy-coins-hash.ts';

/** Which hash over the set is wanted. */
export type UtxoHashKind = 'none' | 'hash_serialized_2' | 'hash_serialized_3' | 'muhash';

/** What `gettxoutsetinfo` knows of the set. */
export interface UtxoStats {
  /** The block after which these are the unspent outputs. */
  readonly ref: BlockRef;
  /** Coins. */
  readonly txouts: number;
  /** Transactions with at least one unspent output. */
  readonly transactions: number;
  readonly bogosize: number;
  readonly totalAmount: Sats;
  /** Display-order hex; undefined when none was wanted. */
  readonly hash: string | undefined;
  /** Bytes of the coins' keys and values in the store. */
  readonly diskSize: number;
}

function serializedHash(
  kind: UtxoHashKind,
  tip: BlockRef,
): SerializedCoinsHash | LegacyCoinsHash | undefined {
  if (kind === 'hash_serialized_2') return new LegacyCoinsHash(tip);
  if (kind !== 'hash_serialized_3') return undefined;
  return new SerializedCoinsHash(() => createHash('sha256'));
}

/** Counts and hashes `coins`, the set as of `tip`. */
export async function computeUtxoStats(
  kind: UtxoHashKind,
  tip: BlockRef,
  coins: AsyncIterable<[OutPoint, Coin][]>,
): Promise<UtxoStats> {
  const muhash = kind === 'muhash' ? new MuHash() : undefined;
  const serialized = serializedHash(kind, tip);
  let txouts = 0;
  let transactions = 0;
  let bogosize = 0;
  let totalAmount = 0n;
  let diskSize = 0;
  let last: Txid | undefined;
  for await (const chunk of coins) {
    for (const [outpoint, coin] of chunk) {
      const { value, scriptPubKey } = coin.output;
      txouts++;
      if (outpoint.txid !== last) transactions++;
      last = outpoint.txid;
      bogosize += bogoSize(scriptPubKey);
      totalAmount += value;
      diskSize += 37 + 12 + scriptPubKey.length;
      if (muhash) addCoin(muhash, outpoint, coin);
      serialized?.add(outpoint, coin);
    }
  }
  return {
    ref: tip,
    txouts,
    transactions,
    bogosize,
    totalAmount,
    hash: muhash?.digest() ?? serialized?.digest(),
    diskSize,
  };
}
