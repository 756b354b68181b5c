/** Handlers of the account methods of bitcoind up to 0.17. */
import type { Handlers, methods } from '@coind/rpc';
import type { WalletContext } from '../context.ts';
import { onceOf } from '../idempotency.ts';
import { scriptOfAddress } from '../shapes/recipient.ts';

/** Handlers of the account methods. */
export const accounts: Handlers<typeof methods.accounts, WalletContext> = {
  getaccountaddress: ({ wallet }, { account }) => wallet.accountAddress(account),

  async getaccount({ wallet }, { address }) {
    return (await wallet.addressInfo(address)).book?.label ?? '';
  },

  async setaccount(context, { address, account }) {
    scriptOfAddress(address, context.node);
    await context.wallet.setAccount(address, account);
    return null;
  },

  async getaddressesbyaccount({ wallet }, { account }) {
    return (await wallet.addressesByLabel(account)).map(({ address }) => address);
  },

  getreceivedbyaccount: ({ wallet }, { account, minconf }) =>
    wallet.receivedByLabel(account, minconf, 'none'),

  listaccounts: ({ wallet }, { minconf }) => wallet.listAccounts(minconf),

  async listreceivedbyaccount({ wallet }, { minconf, include_empty }) {
    const lines = await wallet.listReceivedByLabel(minconf, include_empty, 'none');
    return lines.map(({ label, amount, confirmations }) => ({
      account: label,
      amount,
      confirmations,
    }));
  },

  async move(context, args) {
    const { fromaccount, toaccount, amount, comment } = args;
    const { once } = onceOf(context, 'move', args);
    await context.wallet.move(fromaccount, toaccount, amount, comment, once);
    return true;
  },

  async sendfrom(context, args) {
    const { fromaccount, toaddress, minconf, comment, comment_to } = args;
    scriptOfAddress(toaddress, context.node);
    const { amount } = args;
    const { tx } = await context.wallet.send([{ address: toaddress, amount }], {
      ...onceOf(context, 'sendfrom', args),
      fromAccount: fromaccount,
      accountConfirmations: minconf,
      ...(comment !== '' && { comment }),
      ...(comment_to !== '' && { to: comment_to }),
    });
    return tx.txid;
  },
};
