/** Methods that find a block of a given kind at once, for tests. */
import { blockHash, bool, hex, int, int64, optional, str } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method } from '../method.ts';

const modern = ['coind', 'core'] as const;

/** Methods that find a block of a given kind. */
export const generating = {
  generatetodescriptor: method({
    category: 'hidden',
    profiles: modern,
    about: 'Finds blocks at once and pays their rewards to a descriptor.',
    params: {
      num_blocks: int('How many'),
      descriptor: str('Who is paid'),
      maxtries: optional(int64('How many nonces to try'), 1_000_000),
    },
    result: list(blockHash(''), 'The blocks found'),
    examples: ['11 "wpkh(…)"'],
  }),
  generateblock: method({
    category: 'hidden',
    profiles: modern,
    about: 'Finds a block of given transactions and pays its reward.',
    params: {
      output: str('Who is paid: an address or a descriptor'),
      transactions: list(str(''), 'Transactions, as hex or by their id in the mempool', {
        usage: '["rawtx/txid",...]',
      }),
      submit: optional(bool('Whether to hand it in; otherwise it is shown'), true),
    },
    result: object({
      hash: blockHash('The block'),
      hex: optional(hex('The block, when it was not handed in')),
    }),
    examples: ['"bcrt1q…" "[]"'],
  }),
};
