/** Wallet methods about extended keys: kept for later, made chains and child keys from, given away in public form. */
import { bool, optional, str } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method, type Profile } from '../method.ts';

const profiles: readonly Profile[] = ['coind', 'core'];
const hdkey = optional(str('The extended public key, as gethdkeys lists it'));

/** Wallet methods about extended keys. */
export const walletHd = {
  addhdkey: method({
    category: 'wallet',
    profiles,
    about: 'Keeps an extended private key in the wallet, for createwalletdescriptor to use.',
    params: { hdkey: optional(str('The extended private key; a new one unless it is given')) },
    result: object({ xpub: str('Its public form') }),
    examples: ['', '"tprv8…"'],
  }),
  createwalletdescriptor: method({
    category: 'wallet',
    profiles,
    about:
      'Makes the descriptors that new addresses of a type come from, where there are none yet.',
    params: {
      type: str('legacy, p2sh-segwit, bech32 or bech32m'),
      options: optional(
        object(
          {
            internal: optional(bool('Only for change, or only for receiving')),
            hdkey,
          },
          'From which key, and for what',
          { alsoNamed: true, usage: '{"internal":bool,"hdkey":"str",...}' },
        ),
      ),
    },
    result: object({ descs: list(str(''), 'The descriptors, in public form') }),
    examples: ['bech32m'],
  }),
  derivehdkey: method({
    category: 'wallet',
    profiles,
    about: 'The extended key that an extended key of the wallet has at a path.',
    params: {
      path: str('The path, with at least one hardened step'),
      options: optional(
        object(
          { private: optional(bool('Whether to show the private key')), hdkey },
          'From which key, and what to show',
          { alsoNamed: true, usage: '{"private":bool,"hdkey":"str",...}' },
        ),
      ),
    },
    result: object({
      origin: str('Fingerprint and path, as descriptors have it'),
      xpub: str('The public key'),
      xprv: optional(str('The private key')),
    }),
    examples: ['"m/87h/0h/0h"'],
  }),
  exportwatchonlywallet: method({
    category: 'wallet',
    profiles,
    about:
      'Writes the wallet without its private keys into a file that is not there yet; restorewallet makes a wallet of it that only watches.',
    params: { destination: str('The file') },
    result: object({ exported_file: str('The file, with its whole path') }),
    examples: ['"/tmp/watching.dat"'],
  }),
};
