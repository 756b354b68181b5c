/** Methods that need neither chain nor wallet: addresses and signed messages. */
import { bool, byNameOnly, hex, int, int64, optional, str } from '../codec.ts';
import { list, object, record } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { apostrophePath, embedded } from './wallet-shapes.ts';

const walletFacts = {
  ismine: bool('Whether the wallet can spend from it'),
  account: str('Its account'),
};

/** What an address says of itself. */
const addressFacts = {
  isvalid: bool('Whether it is one'),
  address: optional(str('The address')),
  scriptPubKey: optional(hex('The script it stands for')),
  isscript: optional(bool('Whether it pays to a script')),
  iswitness: optional(bool('Whether it is a witness program')),
  witness_version: optional(int('The version of the program')),
  witness_program: optional(hex('The program')),
};

/** Methods that need neither chain nor wallet. */
export const util = {
  getindexinfo: method({
    category: 'util',
    about: 'Which indexes the node keeps, and how far each has come.',
    params: { index_name: optional(str('Only this one'), '') },
    result: record(
      object({
        synced: bool('Whether it has caught up with the chain once'),
        best_block_height: int('The height it has reached'),
      }),
      'Indexes by name',
    ),
    examples: ['', 'txindex'],
    profiles: ['coind', 'core'],
  }),
  validateaddress: method({
    category: 'util',
    about: 'Whether a text is an address of this network, and what it stands for.',
    params: {
      address: str('The text'),
      wallet_facts: byNameOnly(
        optional(bool('Whether to tell what the wallet knows of it'), false),
      ),
    },
    result: object({
      ...addressFacts,
      error_locations: optional(list(int(''), 'Where the text is wrong')),
      error: optional(str('What is wrong')),
      ismine: optional(walletFacts.ismine),
      account: optional(walletFacts.account),
    }),
    examples: ['"bcrt1q…"'],
    core: { params: { address: str('The text') } },
    legacy: {
      params: { address: str('The text') },
      fixed: { wallet_facts: true },
      result: object({
        isvalid: bool('Whether it is one'),
        address: optional(str('The address')),
        scriptPubKey: optional(hex('The script it stands for')),
        ismine: optional(walletFacts.ismine),
        iswatchonly: optional(bool('Whether the wallet watches it')),
        isscript: optional(bool('Whether it pays to a script')),
        iswitness: optional(bool('Whether it is a witness program')),
        witness_version: optional(int('The version of the program')),
        witness_program: optional(hex('The program')),
        script: optional(str('The kind of script behind it')),
        hex: optional(hex('The script behind it')),
        embedded: optional(embedded),
        addresses: optional(list(str(''), 'The addresses of its keys, or the one behind it')),
        pubkeys: optional(list(hex(''), 'Its keys')),
        sigsrequired: optional(int('Signatures needed')),
        pubkey: optional(hex('The public key')),
        iscompressed: optional(bool('Whether the key is compressed')),
        account: optional(walletFacts.account),
        timestamp: optional(int64('When its key was made')),
        hdkeypath: optional(apostrophePath),
        hdmasterkeyid: optional(hex('The id of the master key')),
      }),
    },
    // What the wallet knows had moved to getaddressinfo.
    labels: {
      unless: 'validateaddress',
      fixed: { wallet_facts: false },
      result: object(addressFacts),
    },
  }),
  signmessagewithprivkey: method({
    category: 'util',
    about: 'Signs a message with a key.',
    params: { privkey: str('The private key'), message: str('The message') },
    result: str('The signature, base64'),
    examples: ['"cT…" "hello"'],
  }),
  verifymessage: method({
    category: 'util',
    about: 'Whether a message was signed with the key of an address.',
    params: {
      address: str('The address'),
      signature: str('The signature, base64'),
      message: str('The message'),
    },
    result: bool('Whether it was'),
    examples: ['"1…" "H…" "hello"'],
  }),
};
