/**
 * The wallet methods about what there is to spend. Where a first argument was an account and became a dummy,
 * coind takes both readings.
 */
import { amount, bool, int, into, optional, signedAmount, str } from '../codec.ts';
import { object } from '../codec-shapes.ts';
import { rpcError } from '../error.ts';
import { method } from '../method.ts';
import { wholeWallet } from './params.ts';
import { lastProcessedBlock } from './shapes.ts';
import { includeWatchonly } from './wallet-shapes.ts';

const usage = 'getbalance ( "dummy" minconf include_watchonly avoid_reuse )';
const balanceTail = {
  minconf: optional(int('Payments with fewer confirmations do not count')),
  include_watchonly: includeWatchonly,
  avoid_reuse: optional(bool('Whether coins on addresses used before are left out')),
};
const legacyKeys = ['coind', 'legacy'] as const;
const modern = ['coind', 'core'] as const;

/** Wallet methods about balances. */
export const walletBalances = {
  getbalance: method({
    category: 'wallet',
    about: 'What the wallet, or an account, can spend.',
    usage,
    params: {
      'dummy|account': into('account', optional(wholeWallet('The account, or *', 'accounts'))),
      ...balanceTail,
    },
    result: signedAmount('The balance'),
    examples: ['', 'alice 6'],
    core: {
      params: {
        dummy: into('account', optional(wholeWallet('* or nothing', 'refused'))),
        ...balanceTail,
      },
      usage,
    },
    legacy: {
      params: {
        account: optional(str('The account, or * for all')),
        minconf: balanceTail.minconf,
        include_watchonly: includeWatchonly,
      },
      refuse({ account, minconf: least, include_watchonly }) {
        if (account !== undefined) return;
        if (least !== undefined) throw rpcError('minconfNeedsAccount');
        if (include_watchonly === true) throw rpcError('watchonlyNeedsAccount');
      },
    },
    labels: {
      params: {
        dummy: into('account', optional(wholeWallet('* or nothing', 'refused'))),
        minconf: balanceTail.minconf,
        include_watchonly: includeWatchonly,
      },
      refuse: () => undefined,
    },
  }),
  getbalances: method({
    category: 'wallet',
    profiles: modern,
    about: 'The balances of the wallet by what can be done with them.',
    params: {},
    result: object({
      mine: object({
        trusted: amount('What can be spent'),
        untrusted_pending: amount('What is on its way'),
        immature: amount('Coinbases that cannot be spent yet'),
        nonmempool: amount('Outputs of transactions that left the mempool'),
        used: optional(amount('On addresses used before')),
      }),
      watchonly: optional(
        object({
          trusted: amount('What has confirmed'),
          untrusted_pending: amount('What is on its way'),
          immature: amount('Coinbases that cannot be spent yet'),
        }),
      ),
      lastprocessedblock: lastProcessedBlock,
    }),
    examples: [''],
  }),
  getunconfirmedbalance: method({
    category: 'wallet',
    profiles: legacyKeys,
    about: 'What is on its way to the wallet.',
    params: {},
    result: amount('The sum'),
    examples: [''],
  }),
};
