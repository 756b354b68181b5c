/** Handlers of the wallet methods about single coins: which there are, and which are kept from being spent. */
import { type Handlers, type methods, Pages, rpcError } from '@coind/rpc';
import type { CoinFilter } from '@coind/wallet';
import type { WalletContext } from '../context.ts';
import { scriptOfAddress } from '../shapes/recipient.ts';
import { parseCoinPlace, unspentLines } from '../shapes/wallet-json.ts';

/** Handlers of the wallet methods about coins. */
export const walletCoins: Handlers<typeof methods.walletCoins, WalletContext> = {
  async listunspent(context, args) {
    const { minconf, maxconf, addresses, include_unsafe, query_options: query, cursor } = args;
    const seen = new Set<string>();
    for (const address of addresses) {
      scriptOfAddress(address, context.node, 'invalidRecipient');
      if (seen.has(address)) throw rpcError('duplicatedAddress', address);
      seen.add(address);
    }
    const filter: CoinFilter = {
      minConfirmations: minconf,
      maxConfirmations: maxconf,
      addresses,
      includeUnsafe: include_unsafe,
      includeWatched: true,
      ...(cursor && { after: parseCoinPlace(cursor) }),
      ...(query && {
        includeImmature: query.include_immature_coinbase,
        minAmount: query.minimumAmount,
        ...(query.maximumAmount !== undefined && { maxAmount: query.maximumAmount }),
        ...(query.maximumCount !== undefined && { maxCount: query.maximumCount }),
        ...(query.minimumSumAmount !== undefined && { minSum: query.minimumSumAmount }),
      }),
    };
    const pages = await context.wallet.unspentPages(filter);
    return new Pages(unspentLines(pages, context.node.mempool, cursor !== undefined));
  },

  async lockunspent({ wallet }, { unlock, transactions, persistent }) {
    for (const { vout } of transactions ?? []) if (vout < 0) throw rpcError('voutNegative');
    if (unlock) await wallet.unlock(transactions);
    else if (transactions) await wallet.lock(transactions, { persistent });
    return true;
  },

  listlockunspent: ({ wallet }) => wallet.lockedCoins(),
};
