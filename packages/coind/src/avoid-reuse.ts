/** The flag of a wallet that keeps coins on addresses used before apart. */
import { RpcError } from '@coind/rpc';
import type { WalletContext } from './context.ts';

/** Refuses to look for used addresses in a wallet that does not keep them apart. Throws -4. */
export async function checkReuse(
  { wallet }: WalletContext,
  asked: boolean | undefined,
): Promise<void> {
  if (asked === true && !(await wallet.info()).meta.flags.avoidReuse) {
    throw new RpcError(-4, 'wallet does not have the "avoid reuse" feature enabled');
  }
}
