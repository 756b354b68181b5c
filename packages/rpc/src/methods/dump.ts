/** The methods by which keys came in and went out as text, up to 0.21; keys of the wallet are descriptors today. */
import { bool, nothing, optional, str } from '../codec.ts';
import { object } from '../codec-shapes.ts';
import { method, type Profile } from '../method.ts';

const profiles: readonly Profile[] = ['coind', 'legacy'];
const rescan = optional(bool('Whether to look for payments in the chain'), true);

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
  importaddress: method({
    category: 'wallet',
    profiles,
    about:
      'Watches an address or script whose keys are somewhere else. What it gets counts where watched addresses are asked for; it is never spent.',
    params: {
      address: str('The address, or a script in hex'),
      label: optional(str('Its label'), ''),
      rescan,
      p2sh: optional(bool('Whether the P2SH address of the script is meant too'), false),
    },
    result: nothing(),
    examples: ['"bcrt1q…" friends false'],
  }),
  importpubkey: method({
    category: 'wallet',
    profiles,
    about: 'The same for the addresses of a public key.',
    params: { pubkey: str('The public key in hex'), label: optional(str('Its label'), ''), rescan },
    result: nothing(),
    examples: ['"02…" friends false'],
  }),
};
