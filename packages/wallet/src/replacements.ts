/**
 * Coins that a fee bump left unsafe. Of a transaction and its replacement either may confirm, and after a
 * reorganisation the other one: what was paid with outputs of either would be paid once more by whoever mends it, and
 * both payments could stand in the end. So neither's outputs are spent before one of the two is in a block, unless
 * somebody asks for unsafe coins.
 */
import type { OutPoint } from '@coind/primitives';
import type { WalletContext } from './context.ts';

/** Whether the transaction of a coin replaces another or was replaced itself. Only said of unconfirmed ones. */
export function isOfReplacement(
  { tables }: Pick<WalletContext, 'tables'>,
  { txid }: OutPoint,
): boolean {
  const row = tables.txs.getSync(txid);
  return row?.replaces !== undefined || row?.replacedBy !== undefined;
}
