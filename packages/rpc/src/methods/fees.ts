/** Methods about the fee rate that gets a transaction mined within some blocks. */
import { amount, int, int64, num, optional, signedAmount, str } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method } from '../method.ts';

const target = int('Within how many blocks');
const fee = signedAmount('The fee');
/** -1 BTC stands for none; that was no amount of money, and not written like one. */
const UNKNOWN_FEE = -100_000_000n;

const range = (about: string) =>
  optional(
    object(
      {
        startrange: num('The range begins above this rate, satoshis per 1,000 vbytes'),
        endrange: num('It ends with this one'),
        withintarget: num('Of its transactions, mined within the target'),
        totalconfirmed: num('Mined at all'),
        inmempool: num('Waiting for as long as the target, or longer'),
        leftmempool: num('Gone after the target without having been mined'),
      },
      about,
    ),
  );

const horizon = (about: string) =>
  optional(
    object(
      {
        feerate: optional(amount('The rate, BTC per 1,000 vbytes')),
        decay: num('What is left of a number after one more block'),
        scale: int('Blocks that count as one delay'),
        pass: range('The lowest rates that were good enough'),
        fail: range('The highest ones that were not'),
        errors: optional(list(str(''), 'Why there is no rate')),
      },
      about,
    ),
  );

/** Methods about fee rates. */
export const fees = {
  estimatesmartfee: method({
    category: 'util',
    about:
      'The fee rate for a confirmation within some blocks. Without enough data, an error; on test networks the rate of -fallbackfee.',
    params: {
      conf_target: target,
      estimate_mode: optional(str('unset, economical or conservative'), 'economical'),
      options: optional(
        object(
          {
            fee_rate_estimator: optional(
              str('block_policy, mempool_policy, or none for the lower of both'),
            ),
            verbosity: optional(int('2 tells of the last blocks too')),
          },
          'How to estimate',
          { reading: 'strict', usage: '{"fee_rate_estimator":"str","verbosity":n}' },
        ),
      ),
    },
    result: object({
      feerate: optional(amount('The rate, BTC per 1,000 vbytes')),
      estimator: optional(str('Which estimator it comes from, when the choice was left open')),
      errors: optional(list(str(''), 'Why there is none')),
      blocks: int('Within how many blocks it was found'),
      mempool_health_statistics: optional(
        list(
          object({
            block_height: int64('The height of one of the last blocks'),
            block_weight: int64('Its weight without the coinbase'),
            mempool_txs_weight: int64('What of that had been in the mempool'),
          }),
          'How well the mempool knew what was mined',
        ),
      ),
    }),
    examples: ['6'],
    legacy: {
      params: {
        conf_target: target,
        estimate_mode: optional(str('UNSET, ECONOMICAL or CONSERVATIVE'), 'conservative'),
      },
      // 0.16 knew no other.
      fixed: { options: { fee_rate_estimator: 'block_policy' } },
      checked: ['conf_target'],
    },
  }),
  estimaterawfee: method({
    category: 'hidden',
    about: 'What the last blocks say about fee rates, over three horizons, with all numbers.',
    params: {
      conf_target: target,
      threshold: optional(num('Part of the transactions that has to be mined by then'), 0.95),
    },
    result: object({
      short: horizon('Over some hours'),
      medium: horizon('Over some days'),
      long: horizon('Over some weeks'),
    }),
    examples: ['6 0.9'],
    legacy: { checked: ['conf_target'] },
  }),
  estimatefee: method({
    category: 'util',
    profiles: ['coind', 'legacy'],
    releases: ['0.16'],
    deprecated: {
      release: '0.16',
      word: 'estimatefee',
      text: 'estimatefee is deprecated and will be fully removed in v0.17. To use estimatefee in v0.16, restart bitcoind with -deprecatedrpc=estimatefee.\nProjects should transition to using estimatesmartfee before upgrading to v0.17',
    },
    about: 'The fee per 1,000 bytes for a confirmation within some blocks; -1 when unknown.',
    params: { nblocks: target },
    result: { ...fee, encode: (value) => (value === UNKNOWN_FEE ? '-1' : fee.encode(value)) },
    examples: ['6'],
    legacy: { checked: ['nblocks'] },
  }),
  estimatepriority: method({
    category: 'util',
    profiles: ['coind', 'legacy'],
    releases: [],
    about:
      'Once the priority for a confirmation without a fee; -1, for blocks have no room for such transactions any more.',
    params: { nblocks: target },
    result: num('The priority'),
    examples: ['6'],
    legacy: { checked: ['nblocks'] },
  }),
};
