/** Methods about the mempool as a whole: its file, and what its order earns. */
import { bool, int64, optional, signedAmount, str } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method } from '../method.ts';

const modern = ['coind', 'core'] as const;
const savedTo = object({ filename: str('The file') });

/** Methods about the whole mempool. */
export const mempoolFile = {
  savemempool: method({
    category: 'blockchain',
    about: 'Writes the mempool to its file.',
    params: {},
    result: savedTo,
    examples: [''],
    // 0.16 did not say where.
    legacy: { result: { ...savedTo, encode: () => 'null' } },
  }),
  importmempool: method({
    category: 'blockchain',
    profiles: modern,
    about: 'Submits the transactions of a file that savemempool wrote.',
    params: {
      filepath: str('The file'),
      options: optional(
        object(
          {
            use_current_time: optional(
              bool('Whether they enter now, whatever the file says'),
              true,
            ),
            apply_fee_delta_priority: optional(
              bool('Whether to add what prioritisetransaction once added'),
              false,
            ),
            apply_unbroadcast_set: optional(
              bool('Whether to mark again what no peer had shown to have'),
              false,
            ),
          },
          'What to take over from the file',
          { alsoNamed: true, usage: 'options' },
        ),
      ),
    },
    result: object({}),
    examples: ['"/path/to/mempool.dat"'],
  }),
  getmempoolfeeratediagram: method({
    category: 'hidden',
    profiles: modern,
    about: 'What the mempool earns within a weight, in the order in which it would be mined.',
    params: {},
    result: list(
      object({ weight: int64('The weight so far'), fee: signedAmount('The fees so far') }),
      'The corners of the curve',
    ),
    examples: [''],
  }),
};
