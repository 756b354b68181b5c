/** The methods that make, load and list wallets: they need no wallet to be chosen. */
import { bool, optional, str } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { legacyWalletName } from './params.ts';

const warnings = optional(list(str(''), 'Warnings'));
const loadOnStartup = optional(bool('Whether it is loaded at every start; null: as before'));
const modern = ['coind', 'core'] as const;

/** The methods that make, load and list wallets. */
export const wallets = {
  createwallet: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'Makes a wallet and loads it.',
    params: {
      wallet_name: str('Its name'),
      disable_private_keys: optional(bool('Whether it only watches'), false),
      blank: optional(bool('Whether it starts without keys'), false),
      passphrase: optional(str('Encrypts it')),
      avoid_reuse: optional(bool('Whether it keeps coins of used addresses apart'), false),
      descriptors: optional(bool('True; there are no other wallets'), true),
      load_on_startup: loadOnStartup,
      external_signer: optional(bool('Whether another program signs'), false),
    },
    result: object({ name: str('Its name'), warnings }),
    examples: ['savings'],
  }),
  loadwallet: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'Loads a wallet.',
    params: { filename: str('Its name'), load_on_startup: loadOnStartup },
    result: object({ name: str('Its name'), warnings }),
    examples: ['savings'],
  }),
  unloadwallet: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'Unloads a wallet: the one named, or the one of the path.',
    params: { wallet_name: optional(str('Its name')), load_on_startup: loadOnStartup },
    result: object({ warnings }),
    examples: ['savings'],
  }),
  restorewallet: method({
    category: 'wallet',
    profiles: modern,
    about: 'Makes a wallet of a backup and loads it.',
    params: {
      wallet_name: str('Its name'),
      backup_file: str('The backup'),
      load_on_startup: loadOnStartup,
    },
    result: object({ name: str('Its name'), warnings }),
    examples: ['savings "/tmp/backup.dat"'],
  }),
  migratewallet: method({
    category: 'wallet',
    profiles: modern,
    about:
      'Turns a wallet of before descriptors into one with them; no wallet of coind ever was one.',
    params: {
      wallet_name: optional(str('Its name', { cli: 'string' })),
      passphrase: optional(str('Its passphrase')),
      load_wallet: optional(bool('Whether to load it afterwards'), true),
    },
    result: object({
      wallet_name: str('Its name'),
      watchonly_name: optional(str('The wallet of what it only watched')),
      solvables_name: optional(str('The wallet of what it could only describe')),
      backup_path: str('A copy of what it was'),
    }),
    examples: ['savings'],
  }),
  listwallets: method({
    category: 'wallet',
    about: 'The wallets that are loaded.',
    params: {},
    result: list(str(''), 'Their names'),
    examples: [''],
    legacy: { result: list(legacyWalletName('')) },
  }),
  listwalletdir: method({
    category: 'wallet',
    profiles: modern,
    about: 'The wallets that lie in the wallet directory.',
    params: {},
    result: object({
      wallets: list(object({ name: str('Its name'), warnings: list(str(''), 'Warnings') })),
    }),
    examples: [''],
  }),
};
