/** Calls of a wallet by the names that they had in 2010: the handlers of their later names. */
import type { Handlers, methods } from '@coind/rpc';
import type { WalletContext } from '../context.ts';
import { accounts } from './accounts.ts';
import { walletReceived } from './wallet-received.ts';

/** Calls of a wallet by their former names. */
export const former: Handlers<typeof methods.former, WalletContext> = {
  getlabel: accounts.getaccount,
  getamountreceived: walletReceived.getreceivedbyaddress,
  getallreceived: walletReceived.listreceivedbyaddress,
};
