/** Methods about snapshots of the UTXO set. */
import { blockHash, bool, hex, int, int64, optional, str } from '../codec.ts';
import { object } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { hashOrHeight } from './params.ts';

/** Methods about snapshots of the UTXO set. */
export const chainSnapshots = {
  dumptxoutset: method({
    category: 'blockchain',
    about: 'Writes the set of unspent outputs into a file, as of the tip or of an earlier block.',
    params: {
      path: str('The file; relative paths start in the data directory of the network'),
      type: optional(str('latest or rollback'), ''),
      options: optional(
        object(
          {
            rollback: optional(hashOrHeight('The block as of which', { cli: 'json_or_string' })),
            in_memory: optional(bool('Taken for bitcoind’s sake: it always is'), false),
          },
          'How to write it',
          { alsoNamed: true, usage: '{"rollback":n,"in_memory":bool,...}' },
        ),
      ),
    },
    result: object({
      coins_written: int64('Unspent outputs written'),
      base_hash: blockHash('The block'),
      base_height: int('Its height'),
      path: str('The file'),
      txoutset_hash: hex('hash_serialized_3 of the set'),
      nchaintx: int64('Transactions of the chain up to the block'),
    }),
    examples: ['utxo.dat latest'],
    profiles: ['coind', 'core'],
  }),
  loadtxoutset: method({
    category: 'blockchain',
    about:
      'Begins with a snapshot of the set of unspent outputs that the network is known to have had.',
    params: { path: str('The file; relative paths start in the data directory of the network') },
    result: object({
      coins_loaded: int64('Unspent outputs read'),
      tip_hash: blockHash('The block of the snapshot'),
      base_height: int('Its height'),
      path: str('The file'),
    }),
    examples: ['utxo.dat'],
    profiles: ['coind', 'core'],
  }),
};
