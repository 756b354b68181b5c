/**
 * The wallet that is there without being asked for. It serves calls that name no wallet, and steps aside as soon
 * as somebody makes or loads a wallet of his own and it was never used: from then on calls without a name mean
 * that one, as in bitcoind, instead of being refused because there are two.
 */
import type { Wallets } from '@coind/wallet';

const NAME = '';

/** Opens it, made new where `exists` is false; returns how it steps aside. */
export async function openDefaultWallet(
  wallets: Wallets,
  exists: boolean,
): Promise<() => Promise<void>> {
  const wallet = await (exists ? wallets.load(NAME) : wallets.create(NAME));
  return async () => {
    if (wallets.get(NAME) !== wallet) return;
    const { transactions } = await wallet.info();
    const labels = await wallet.listLabels();
    if (transactions === 0 && labels.length === 0) await wallets.unload(NAME);
  };
}
