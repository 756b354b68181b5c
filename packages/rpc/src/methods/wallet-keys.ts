/** Wallet methods about the keys themselves and the files that hold them. */
import { bool, hex, int, int64, nothing, optional, str } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { prevTxs, signResult } from './shapes.ts';

const modern = ['coind', 'core'] as const;
const legacyKeys = ['coind', 'legacy'] as const;
const height = (about: string) => optional(int(about));

/** Wallet methods about keys and files. */
export const walletKeys = {
  dumpprivkey: method({
    category: 'wallet',
    profiles: legacyKeys,
    about: 'The private key of an address.',
    params: { address: str('The address') },
    result: str('The key'),
    examples: ['"bcrt1q…"'],
  }),
  signmessage: method({
    category: 'wallet',
    about: 'Signs a message with the key of an address.',
    params: { address: str('The address'), message: str('The message') },
    result: str('The signature, base64'),
    examples: ['"1…" "hello"'],
  }),
  signrawtransactionwithwallet: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'Signs a transaction with the keys of the wallet.',
    params: {
      hexstring: hex('The transaction'),
      prevtxs: optional(prevTxs),
      sighashtype: optional(str('ALL, NONE, SINGLE, each with |ANYONECANPAY, or DEFAULT')),
    },
    result: signResult,
    examples: ['"0200…"'],
  }),
  abortrescan: method({
    category: 'wallet',
    about: 'Stops a search of old blocks.',
    params: {},
    result: bool('Whether there was one'),
    examples: [''],
  }),
  backupwallet: method({
    category: 'wallet',
    about: 'Writes the whole wallet into a file, over one that is there.',
    params: { destination: str('The file, or a directory to put wallet.dat into') },
    result: nothing(),
    examples: ['"/tmp/backup.dat"'],
  }),
  gethdkeys: method({
    category: 'wallet',
    profiles: modern,
    about: 'The extended keys the wallet is made of, and what is made from each.',
    params: {
      options: optional(
        object(
          {
            active_only: optional(bool('Only those that new addresses come from')),
            private: optional(bool('Whether to show private keys')),
          },
          'What to list',
          { alsoNamed: true, usage: '{"active_only":bool,"private":bool,...}' },
        ),
      ),
    },
    result: list(
      object({
        xpub: str('The public key'),
        has_private: bool('Whether the wallet has the private key'),
        xprv: optional(str('The private key')),
        descriptors: list(
          object({
            desc: str('The descriptor'),
            active: bool('Whether new addresses come from it'),
          }),
        ),
      }),
    ),
    examples: [''],
  }),
  keypoolrefill: method({
    category: 'wallet',
    about: 'Makes new keys until so many are ready; never fewer than there were.',
    params: { newsize: optional(int('How many; default: what -keypool says')) },
    result: nothing(),
    examples: ['', '200'],
  }),
  listdescriptors: method({
    category: 'wallet',
    profiles: modern,
    about: 'The descriptors of the wallet.',
    params: { private: optional(bool('Whether to show private keys'), false) },
    result: object({
      wallet_name: str('The wallet'),
      descriptors: list(
        object({
          desc: str('The descriptor'),
          timestamp: int64('When its keys were made'),
          active: bool('Whether new addresses come from it'),
          internal: optional(bool('Whether it is for change; only when active')),
          range: optional(list(int(''), 'The first and the last of its keys known')),
          next: optional(int64('The same as next_index')),
          next_index: optional(int64('The next key to hand out')),
        }),
      ),
    }),
    examples: ['', 'true'],
  }),
  rescanblockchain: method({
    category: 'wallet',
    about: "Searches old blocks for the wallet's payments.",
    params: {
      start_height: optional(int('The first block'), 0),
      stop_height: height('The last block; the tip when left out'),
    },
    result: object({
      start_height: int('The first block searched'),
      stop_height: int('The last block searched'),
    }),
    examples: ['', '100000 120000'],
  }),
  signrawtransaction: method({
    category: 'rawtransactions',
    profiles: ['coind', 'legacy'],
    deprecated: {
      release: '0.17',
      word: 'signrawtransaction',
      text: 'signrawtransaction is deprecated and will be fully removed in v0.18. To use signrawtransaction in v0.17, restart bitcoind with -deprecatedrpc=signrawtransaction.\nProjects should transition to using signrawtransactionwithkey and signrawtransactionwithwallet before upgrading to v0.18',
    },
    about: 'Signs a transaction with given keys, or with those of the wallet.',
    params: {
      hexstring: hex('The transaction'),
      prevtxs: optional(prevTxs),
      privkeys: optional(list(str(''), 'Private keys', { usage: '["privatekey",...]' })),
      sighashtype: optional(str('ALL, NONE, SINGLE, each with |ANYONECANPAY'), 'ALL'),
    },
    result: signResult,
    examples: ['"0200…"'],
    legacy: { checked: ['hexstring', 'prevtxs', 'privkeys', 'sighashtype'] },
  }),
};
