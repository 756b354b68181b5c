/** The methods about the passphrase of a wallet. */
import { int64, late, nothing, str } from '../codec.ts';
import { method } from '../method.ts';

/** The methods about a wallet's passphrase. */
export const encryption = {
  encryptwallet: method({
    category: 'wallet',
    about:
      'Encrypts the private keys of the wallet with a passphrase, without which nothing can be signed from then on. Makes new keys for new addresses: make a new backup.',
    params: { passphrase: late(str('The passphrase')) },
    result: str('What happened'),
    examples: ['"my pass phrase"'],
  }),
  walletpassphrase: method({
    category: 'wallet',
    about:
      'Unlocks the private keys for a time and fills the keypool. A new call replaces the time.',
    params: {
      passphrase: late(str('The passphrase')),
      timeout: late(int64('Seconds after which it locks itself, at most 100000000')),
    },
    result: nothing(),
    examples: ['"my pass phrase" 60'],
  }),
  walletpassphrasechange: method({
    category: 'wallet',
    about: 'Changes the passphrase. The wallet stays locked or unlocked.',
    params: {
      oldpassphrase: late(str('The passphrase it has')),
      newpassphrase: late(str('The passphrase it gets')),
    },
    result: nothing(),
    examples: ['"old one" "new one"'],
  }),
  walletlock: method({
    category: 'wallet',
    about: 'Forgets the private keys until walletpassphrase is called again.',
    params: {},
    result: nothing(),
    examples: [''],
  }),
};
