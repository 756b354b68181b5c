/** The wallet methods about single coins: which there are, and which are kept from being spent. */
import { amount, bool, byNameOnly, int, int64, optional, str, txid, uint32 } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { lockedTxid } from './params.ts';
import {
  labelUnspent,
  minconf,
  pagedLegacyUnspent,
  pagedUnspent,
  unspent,
} from './wallet-shapes.ts';

const includeImmature = optional(bool('Whether coinbases that cannot be spent yet count'), false);
const outpoints = optional(
  list(
    object({ txid: txid('The transaction'), vout: int('The output') }, '', { reading: 'checked' }),
    'The coins',
    { usage: '[{"txid":"hex","vout":n},...]' },
  ),
);
const legacyOutpoints = optional(
  list(
    object({ txid: lockedTxid('The transaction'), vout: int('The output') }, '', {
      reading: 'checked',
    }),
    'The coins',
    { usage: '[{"txid":"txid","vout":n},...]' },
  ),
);
const coinCursor = byNameOnly(
  optional(
    str(
      'Lists what is behind the coin with this cursor; "" begins with the first. Coins then show theirs: that of the last one leads to the next page, as long as maximumCount says',
    ),
  ),
);
/** Which coins listunspent lists. */
const coinRange = {
  minconf,
  maxconf: optional(int('Coins with more confirmations are left out'), 9_999_999),
  addresses: optional(list(str(''), 'Only on these addresses', { usage: '["address",...]' }), []),
  include_unsafe: optional(bool('Whether unconfirmed coins of others are listed'), true),
};
const coinLimits = {
  minimumAmount: optional(amount('The smallest coin'), 0n),
  maximumAmount: optional(amount('The largest coin')),
  maximumCount: optional(int64('How many')),
  minimumSumAmount: optional(amount('Enough coins for this sum')),
};
const unspentParams = {
  ...coinRange,
  query_options: optional(
    object({ ...coinLimits, include_immature_coinbase: includeImmature }, 'Filters', {
      reading: 'strict',
      alsoNamed: true,
    }),
  ),
};
/** 0.16 passed over options it did not know. */
const legacyUnspentParams = {
  ...coinRange,
  query_options: optional(object(coinLimits, 'Filters')),
};

/** Wallet methods about coins. */
export const walletCoins = {
  listunspent: method({
    category: 'wallet',
    about: 'The coins the wallet can spend.',
    params: { ...unspentParams, cursor: coinCursor },
    result: list(pagedUnspent),
    examples: ['', '6 9999999 "[]" true "{\\"minimumAmount\\": 0.5}"'],
    core: { params: unspentParams, result: list(unspent) },
    legacy: {
      params: { ...legacyUnspentParams, cursor: coinCursor },
      checked: ['minconf', 'maxconf', 'addresses', 'include_unsafe'],
      result: list(pagedLegacyUnspent),
    },
    labels: { params: legacyUnspentParams, result: list(labelUnspent) },
  }),
  lockunspent: method({
    category: 'wallet',
    about: 'Keeps coins from being spent, or lets them go again.',
    params: {
      unlock: bool('True lets them go'),
      transactions: outpoints,
      persistent: optional(bool('Whether it outlasts a restart'), false),
    },
    result: bool('True'),
    examples: ['true'],
    legacy: {
      params: { unlock: bool('True lets them go'), transactions: legacyOutpoints },
      checked: ['unlock', 'transactions'],
    },
  }),
  listlockunspent: method({
    category: 'wallet',
    about: 'The coins kept from being spent.',
    params: {},
    result: list(object({ txid: txid('The transaction'), vout: uint32('The output') })),
    examples: [''],
  }),
};
