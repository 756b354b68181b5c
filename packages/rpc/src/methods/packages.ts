/** Methods that give the mempool several transactions at once, or ask what it would say to them. */
import { feeRate } from '@coind/primitives';
import { amount, bool, hex, int, maxFeeRate, optional, str, txid } from '../codec.ts';
import { list, object, record } from '../codec-shapes.ts';
import { method } from '../method.ts';

const modern = ['coind', 'core'] as const;
const DEFAULT_MAX_FEE_RATE = feeRate(10_000_000n);

const fees = object({
  base: amount('Its fee'),
  'effective-feerate': optional(amount('The fee per 1,000 vbytes it was judged by')),
  'effective-includes': optional(list(hex(''), 'The transactions (wtxid) that counts')),
});
const sizes = {
  vsize_adjusted: optional(int('Virtual size, counting sigops')),
  vsize: optional(int('The same as vsize_adjusted')),
  vsize_bip141: optional(int('Virtual size as BIP141 has it')),
};

/** Methods about several transactions. */
export const packages = {
  testmempoolaccept: method({
    category: 'rawtransactions',
    about: 'Whether the mempool would accept transactions, without sending them.',
    profiles: modern,
    params: {
      rawtxs: list(hex(''), 'The transactions', { usage: '["rawtx",...]' }),
      maxfeerate: optional(
        maxFeeRate('The highest fee rate to accept, BTC per 1,000 vbytes; 0: any'),
        DEFAULT_MAX_FEE_RATE,
      ),
    },
    result: list(
      object({
        txid: txid('The transaction id'),
        wtxid: hex('The hash with witness'),
        'package-error': optional(str('What is wrong with them together')),
        allowed: optional(bool('Whether it would be accepted')),
        ...sizes,
        fees: optional(fees),
        'reject-reason': optional(str('Why not')),
        'reject-details': optional(str('Why not, in detail')),
      }),
    ),
    examples: ['"[\\"0200…\\"]"'],
  }),
  submitpackage: method({
    category: 'rawtransactions',
    about: 'Puts a transaction and its parents into the mempool together: it may pay for them.',
    profiles: modern,
    params: {
      package: list(hex(''), 'The parents, then the child', { usage: '["rawtx",...]' }),
      maxfeerate: optional(
        maxFeeRate('The highest fee rate to send, BTC per 1,000 vbytes; 0: any'),
        DEFAULT_MAX_FEE_RATE,
      ),
      maxburnamount: optional(amount('The most to pay to outputs that cannot be spent'), 0n),
    },
    result: object({
      package_msg: str('"success", or what is wrong'),
      'tx-results': record(
        object({
          txid: txid('The transaction id'),
          'other-wtxid': optional(hex('Its twin with another witness that is there instead')),
          ...sizes,
          fees: optional(fees),
          error: optional(str('Why it was not accepted')),
        }),
        'Results by hash with witness',
      ),
      'replaced-transactions': optional(list(txid(''), 'What had to go')),
    }),
    examples: ['"[\\"0200…\\",\\"0200…\\"]"'],
  }),
};
