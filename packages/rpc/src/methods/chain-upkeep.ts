/** Methods by which an operator looks after the stored chain: deleting old blocks, verifying the last. */
import { bool, int, optional } from '../codec.ts';
import { method } from '../method.ts';

/** Methods that look after the stored chain. */
export const chainUpkeep = {
  pruneblockchain: method({
    category: 'blockchain',
    about: 'Deletes the bodies of old blocks, where the node runs with -prune.',
    params: {
      height: int('The last block to delete, or a unix time two hours after the last one'),
    },
    result: int('The last block that is deleted now, -1 for none'),
    examples: ['1000'],
  }),
  verifychain: method({
    category: 'blockchain',
    about: 'Reads the last blocks back and verifies them again.',
    params: {
      checklevel: optional(int('0 reads them, 4 connects them again with all scripts'), 3),
      nblocks: optional(int('How many, 0 for all'), 6),
    },
    result: bool('Whether all that was looked at is whole'),
    examples: ['', '4 0'],
  }),
};
