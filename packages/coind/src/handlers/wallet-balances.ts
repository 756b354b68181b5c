/** Handlers of the wallet methods about what there is to spend. */
import type { Handlers, methods } from '@coind/rpc';
import { checkReuse } from '../avoid-reuse.ts';
import type { WalletContext } from '../context.ts';
import { lastBlockOf } from '../shapes/wallet-json.ts';

/** Handlers of the wallet methods about balances. */
export const walletBalances: Handlers<typeof methods.walletBalances, WalletContext> = {
  async getbalance(context, { account, minconf, include_watchonly, avoid_reuse }) {
    await checkReuse(context, avoid_reuse);
    const { wallet } = context;
    const watched = { watched: include_watchonly };
    if (account === '*') return wallet.allAccountsBalance(minconf ?? 1, watched);
    if (account !== undefined) return wallet.accountBalance(account, minconf ?? 1, watched);
    return wallet.balance(minconf ?? 0, watched);
  },

  async getbalances({ wallet }) {
    const balances = await wallet.balances();
    return {
      mine: {
        trusted: balances.trusted,
        untrusted_pending: balances.untrustedPending,
        immature: balances.immature,
        nonmempool: balances.nonmempool,
      },
      ...(balances.watched && {
        watchonly: {
          trusted: balances.watched.trusted,
          untrusted_pending: balances.watched.untrustedPending,
          immature: balances.watched.immature,
        },
      }),
      lastprocessedblock: lastBlockOf(balances),
    };
  },

  getunconfirmedbalance: async ({ wallet }) => (await wallet.balances()).untrustedPending,
};
