/**
 * What keeps a transaction out of the mempool: others there that spend the same coins, or, of version 3 (BIP431),
 * the one child that an unconfirmed parent may have. The wallet's own that is kept out spends nothing meanwhile.
 */
import type { OutPoint, Tx, Txid } from '@coind/primitives';
import type { ChainSource } from './chain-source.ts';
import { outpointOf } from './tables.ts';
import { TRUC_VERSION } from './truc-coins.ts';

/** What is asked of the mempool. */
export type RivalSource = Pick<ChainSource, 'spender' | 'inMempool'>;

/** Transactions of the mempool that `tx` cannot be there with. `txOf` tells the wallet's transactions. */
export function rivalsOf(
  source: RivalSource,
  tx: Tx,
  txOf: (txid: Txid) => Tx | undefined,
): Set<Txid> {
  const rivals = new Set<Txid>();
  if (tx.isCoinbase) return rivals;
  const meet = (outpoint: OutPoint): void => {
    const spender = source.spender(outpoint);
    if (spender !== undefined && spender !== tx.txid) rivals.add(spender);
  };
  for (const { prevout } of tx.inputs) {
    meet(prevout);
    if (tx.version !== TRUC_VERSION || !source.inMempool(prevout.txid)) continue;
    const parent = txOf(prevout.txid);
    if (parent?.version !== TRUC_VERSION) continue;
    for (let vout = 0; vout < parent.outputs.length; vout++) meet(outpointOf(parent.txid, vout));
  }
  return rivals;
}
