/** Methods about what spent an output. */
import { blockHash, bool, hex, optional, txid, uint32 } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { inputIndex } from './params.ts';

/** Methods about what spent an output. */
export const chainSpenders = {
  gettxspendingprevout: method({
    category: 'blockchain',
    about:
      'The transactions that spend outputs: of the mempool, and with -txospenderindex of the chain.',
    params: {
      outputs: list(
        object(
          {
            txid: txid('The transaction spent from'),
            vout: { ...inputIndex('The output'), type: 'number' as const },
          },
          '',
          { reading: 'strict' },
        ),
        'The outputs',
        { usage: '[{"txid":"hex","vout":n},...]' },
      ),
      options: optional(
        object(
          {
            mempool_only: optional(
              bool('Whether only the mempool counts; it does without -txospenderindex'),
            ),
            return_spending_tx: optional(bool('Whether to show the transactions'), false),
          },
          '',
          {
            reading: 'strict',
            alsoNamed: true,
            usage: '{"mempool_only":bool,"return_spending_tx":bool,...}',
          },
        ),
      ),
    },
    result: list(
      object({
        txid: txid('The transaction spent from'),
        vout: uint32('The output'),
        spendingtxid: optional(txid('What spends it')),
        spendingtx: optional(hex('The transaction that spends it')),
        blockhash: optional(blockHash('Its block, if it has one')),
      }),
    ),
    examples: ['\'[{"txid":"…","vout":3}]\''],
    profiles: ['coind', 'core'],
  }),
};
