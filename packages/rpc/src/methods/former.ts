/**
 * Names that calls had before they were renamed: `getlabel` and its kin became account calls in 0.3.17, the first two
 * sums of 2010 became getreceivedbyaddress and listreceivedbyaddress. What they answer is what the later name does.
 */
import type { Method } from '../method.ts';
import { accounts } from './accounts.ts';
import { walletReceived } from './wallet-received.ts';

/** The same call under its former name, for those who still use it. */
function formerly<M extends Method>(spec: M) {
  const { deprecated: _, ...rest } = spec;
  return { ...rest, category: 'hidden', profiles: ['coind', 'legacy'], releases: [] } as const;
}

/** Calls of a wallet by their former names. */
export const former = {
  getlabel: formerly(accounts.getaccount),
  getamountreceived: formerly(walletReceived.getreceivedbyaddress),
  getallreceived: formerly(walletReceived.listreceivedbyaddress),
};
