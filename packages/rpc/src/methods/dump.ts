/** The methods by which keys came in and went out as text, up to 0.21; keys of the wallet are descriptors today. */
import { nothing, str } from '../codec.ts';
import { object } from '../codec-shapes.ts';
import { method, type Profile } from '../method.ts';

const profiles: readonly Profile[] = ['coind', 'legacy'];

/** Methods about keys as text. */
export const dump = {
  dumpwallet: method({
    category: 'wallet',
    profiles,
    about: 'Writes all private keys into a text file that is not there yet.',
    params: { filename: str('The file') },
    result: object({ filename: str('The file, with its whole path') }),
    examples: ['"/tmp/keys.txt"'],
  }),
  importwallet: method({
    category: 'wallet',
    profiles,
    about:
      'Adds the keys of a file that dumpwallet of this or of another node wrote, with their labels, and looks for their payments. Keys that are there already keep their account.',
    params: { filename: str('The file') },
    result: nothing(),
    examples: ['"/tmp/keys.txt"'],
  }),
};
