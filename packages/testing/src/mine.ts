/** Blocks and coins for tests, through nothing but RPC: works against any node with the same methods. */
import type { BlockHash, Sats, Txid } from '@coind/primitives';
import type { Client } from '@coind/rpc/client';

/** Blocks after which a coinbase can be spent. */
const MATURITY = 100;

/** Mines `count` blocks to a new address of the wallet, or to `address`. */
export async function mine(
  client: Client,
  count: number,
  address?: string,
): Promise<readonly BlockHash[]> {
  return client.generatetoaddress({
    nblocks: count,
    address: address ?? (await client.getnewaddress()),
  });
}

/**
 * Pays `amount` satoshis to `address` from the node's wallet and mines the payment. Mines the wallet some coins
 * first when it has not enough.
 */
export async function fund(client: Client, address: string, amount: Sats): Promise<Txid> {
  while ((await client.getbalance()) <= amount) await mine(client, MATURITY + 1);
  const sent = await client.sendtoaddress({ address, amount });
  await mine(client, 1);
  return typeof sent === 'string' ? sent : sent.txid;
}
