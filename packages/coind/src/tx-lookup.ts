/** Where a transaction is: in the mempool, or in a block that an index or an unspent output of it names. */
import type { BlockInfo } from '@coind/chain';
import type { Entry } from '@coind/mempool';
import type { Tx, Txid } from '@coind/primitives';
import { blockOfUnspent } from './chain-lookup.ts';
import type { NodeModules } from './context.ts';

/** A transaction that was found. */
export type FoundTx =
  | { readonly tx: Tx; readonly entry: Entry; readonly info?: undefined }
  | { readonly tx: Tx; readonly entry?: undefined; readonly info: BlockInfo };

/** The transaction of this id, as far as the node can tell; the index is waited for, but not its first way up. */
export async function findTx(
  { chain, indexes, mempool, profile }: NodeModules,
  txid: Txid,
): Promise<FoundTx | undefined> {
  await indexes.tx?.caughtUp();
  const entry = mempool.get(txid);
  if (entry) return { tx: entry.tx, entry };
  const indexed = await indexes.tx?.find(txid);
  const info = indexed && chain.info(indexed.block);
  if (info) return { tx: indexed.tx, info };
  if (profile !== 'legacy') return undefined;
  // Up to 0.16 an output that was unspent gave its transaction away.
  const made = await blockOfUnspent(chain, txid);
  const block = made && (await chain.block(made.ref.hash));
  const tx = block?.txs.find((one) => one.txid === txid);
  return made && tx ? { tx, info: made } : undefined;
}
