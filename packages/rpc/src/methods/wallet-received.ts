/** The wallet methods about all that was ever paid, by address and by label. */
import { amount, bool, int, into, label, late, optional, str, txid } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { countedCoinbase } from './params.ts';
import { includeWatchonly, minconf, sumsPage, whereItStands } from './wallet-shapes.ts';

const coinbaseReceived = into(
  'coinbase',
  optional(countedCoinbase('Whether coinbases that cannot be spent yet count'), 'mature'),
);
const legacyReceived = {
  minconf,
  include_empty: optional(bool('Whether those without payments are listed'), false),
  include_watchonly: includeWatchonly,
};
const legacyReceivedByAddress = {
  ...legacyReceived,
  address_filter: optional(str('Only this address')),
};
/** A coinbase was never "received" in 0.16. */
const noCoinbase = { coinbase: 'none' };
const includeEmpty = optional(bool('Whether those without payments are listed'), false);
const involvesWatchonly = {
  involvesWatchonly: optional(bool('True when watched addresses were paid')),
};
const received = {
  address: str('The address'),
  amount: amount('The sum'),
  confirmations: int('Confirmations of the newest payment'),
  label: str('The label'),
  txids: list(txid(''), 'The transactions'),
};
const receivedByAddressParams = {
  minconf,
  include_empty: includeEmpty,
  include_watchonly: includeWatchonly,
  address_filter: optional(str('Only this address')),
  include_immature_coinbase: coinbaseReceived,
};
const receivedByLabelParams = {
  minconf,
  include_empty: includeEmpty,
  include_watchonly: includeWatchonly,
  include_immature_coinbase: coinbaseReceived,
};
const receivedByLabelLine = {
  ...involvesWatchonly,
  amount: received.amount,
  confirmations: received.confirmations,
  label: received.label,
};

/** Wallet methods about what was received. */
export const walletReceived = {
  getreceivedbyaddress: method({
    category: 'wallet',
    about: 'All that was ever paid to an address.',
    params: { address: str('The address'), minconf, include_immature_coinbase: coinbaseReceived },
    result: amount('The sum'),
    examples: ['"bcrt1q…" 6'],
    legacy: { params: { address: str('The address'), minconf: late(minconf) }, fixed: noCoinbase },
  }),
  getreceivedbylabel: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'All that was ever paid to the addresses with a label.',
    params: { label: label('The label'), minconf, include_immature_coinbase: coinbaseReceived },
    result: amount('The sum'),
    examples: ['alice'],
    legacy: { params: { label: label('The label'), minconf }, fixed: noCoinbase },
  }),
  listreceivedbyaddress: method({
    category: 'wallet',
    about: 'All that was ever paid, by address.',
    params: { ...receivedByAddressParams, ...sumsPage },
    result: list(object({ ...involvesWatchonly, ...received, cursor: whereItStands })),
    examples: [''],
    core: {
      params: receivedByAddressParams,
      result: list(object({ ...involvesWatchonly, ...received })),
    },
    legacy: {
      params: { ...legacyReceived, ...sumsPage },
      fixed: noCoinbase,
      result: list(
        object({
          ...involvesWatchonly,
          address: received.address,
          account: str('The account'),
          amount: received.amount,
          confirmations: received.confirmations,
          label: received.label,
          txids: received.txids,
          cursor: whereItStands,
        }),
      ),
    },
    labels: { params: legacyReceivedByAddress },
  }),
  listreceivedbylabel: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'All that was ever paid, by label.',
    params: { ...receivedByLabelParams, ...sumsPage },
    result: list(object({ ...receivedByLabelLine, cursor: whereItStands })),
    examples: [''],
    core: { params: receivedByLabelParams, result: list(object(receivedByLabelLine)) },
    legacy: {
      params: legacyReceived,
      fixed: noCoinbase,
      result: list(
        object({
          ...involvesWatchonly,
          account: str('The account'),
          amount: received.amount,
          confirmations: received.confirmations,
          label: received.label,
        }),
      ),
    },
  }),
};
