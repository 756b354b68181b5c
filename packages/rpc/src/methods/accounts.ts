/**
 * The account methods of bitcoind up to 0.17: an account is a ledger of its own inside the wallet.
 * Modern bitcoind has none of them; beside its methods they keep the texts of 0.16.
 */
import {
  account,
  amount,
  bool,
  hex,
  int,
  into,
  label,
  late,
  nothing,
  optional,
  positiveAmount,
  signedAmount,
  str,
  txid,
} from '../codec.ts';
import { list, object, record } from '../codec-shapes.ts';
import { type Deprecation, method, type Profile } from '../method.ts';
import { idempotencyKey } from './params.ts';
import { includeWatchonly, minconf, sumsPage, whereItStands } from './wallet-shapes.ts';

const profiles: readonly Profile[] = ['coind', 'legacy'];

/** 0.17 has accounts only for those who ask for them. */
function withAccounts(name: string): Deprecation {
  const text = `${name} is deprecated and will be removed in V0.18. To use this command, start bitcoind with -deprecatedrpc=accounts.`;
  return { release: '0.17', word: 'accounts', text, first: true };
}

/** The account methods of bitcoind up to 0.17. */
export const accounts = {
  getaccountaddress: method({
    category: 'wallet',
    profiles,
    deprecated: withAccounts('getaccountaddress'),
    about: 'The address of an account to give out; a new one once it has been paid.',
    params: { account: account('The account') },
    result: str('The address'),
    examples: ['alice'],
  }),
  getaccount: method({
    category: 'wallet',
    profiles,
    deprecated: withAccounts('getaccount'),
    about: 'The account of an address, empty for the default one.',
    params: { address: str('The address') },
    result: str('The account'),
    examples: ['"bcrt1q…"'],
  }),
  setaccount: method({
    category: 'wallet',
    profiles,
    deprecated: withAccounts('setaccount'),
    about: 'Moves an address of the wallet to an account.',
    params: { address: str('The address'), account: late(optional(account('The account'), '')) },
    result: nothing(),
    examples: ['"bcrt1q…" alice'],
  }),
  getaddressesbyaccount: method({
    category: 'wallet',
    profiles,
    deprecated: withAccounts('getaddressesbyaccount'),
    about: 'The addresses of an account.',
    params: { account: account('The account') },
    result: list(str(''), 'The addresses'),
    examples: ['alice'],
  }),
  getreceivedbyaccount: method({
    category: 'wallet',
    profiles,
    deprecated: withAccounts('getreceivedbyaccount'),
    about: 'All that was ever paid to the addresses of an account.',
    params: { account: late(account('The account')), minconf },
    result: amount('The sum'),
    examples: ['alice'],
  }),
  listaccounts: method({
    category: 'wallet',
    profiles,
    deprecated: withAccounts('listaccounts'),
    about: 'The balances of all accounts.',
    params: { minconf, include_watchonly: includeWatchonly },
    result: record(signedAmount('The balance'), 'Balances by account'),
    examples: [''],
  }),
  listreceivedbyaccount: method({
    category: 'wallet',
    profiles,
    deprecated: withAccounts('listreceivedbyaccount'),
    about: 'All that was ever paid, by account.',
    params: {
      minconf,
      include_empty: optional(bool('Whether accounts without payments are listed'), false),
      include_watchonly: includeWatchonly,
      ...sumsPage,
    },
    result: list(
      object({
        involvesWatchonly: optional(bool('True when watched addresses are among them')),
        account: str('The account'),
        amount: amount('The sum'),
        confirmations: int('Confirmations of the newest payment'),
        cursor: whereItStands,
      }),
    ),
    examples: [''],
  }),
  addmultisigaddress: method({
    category: 'wallet',
    profiles,
    about:
      'Names the address of a multisignature script. With all keys in the wallet it is an address of the wallet.',
    params: {
      nrequired: int('Signatures needed'),
      keys: list(str(''), 'Public keys, or addresses of the wallet', { usage: '["key",...]' }),
      account: optional(account('The account it belongs to'), ''),
      address_type: optional(str('legacy, p2sh-segwit or bech32')),
    },
    result: object({ address: str('The address'), redeemScript: hex('The script') }),
    examples: ['2 "[\\"03…\\", \\"bcrt1q…\\"]" alice'],
    labels: {
      params: {
        nrequired: int('Signatures needed'),
        keys: list(str(''), 'Public keys, or addresses of the wallet', { usage: '["key",...]' }),
        label: into('account', optional(label('Its label'), '')),
        address_type: optional(str('legacy, p2sh-segwit or bech32')),
      },
    },
  }),
  addwitnessaddress: method({
    category: 'wallet',
    profiles,
    deprecated: {
      release: ['0.16', '0.17'],
      word: 'addwitnessaddress',
      text: 'addwitnessaddress is deprecated and will be fully removed in v0.17. To use addwitnessaddress in v0.16, restart bitcoind with -deprecatedrpc=addwitnessaddress.\nProjects should transition to using the address_type argument of getnewaddress, or option -addresstype=[bech32|p2sh-segwit] instead.\n',
    },
    about: 'The segwit form of an address whose key or script the wallet knows; it is booked.',
    params: {
      address: str('The address'),
      p2sh: optional(bool('Whether it is behind a script hash'), true),
    },
    result: str('The address'),
    examples: ['"mip…"'],
  }),
  move: method({
    category: 'wallet',
    profiles,
    deprecated: withAccounts('move'),
    about: 'Moves an amount from one account to another. No coin moves; balances may get negative.',
    params: {
      fromaccount: account('The account that gives'),
      toaccount: account('The account that gets'),
      amount: positiveAmount('How much'),
      minconf: optional(int('Ignored'), 1),
      comment: optional(str('A note'), ''),
      idempotency_key: idempotencyKey,
    },
    result: bool('True'),
    examples: ['alice bob 0.1'],
  }),
  sendfrom: method({
    category: 'wallet',
    profiles,
    deprecated: withAccounts('sendfrom'),
    about: 'Sends an amount from an account to an address. The account bears the fee.',
    params: {
      fromaccount: account('The account that pays'),
      toaddress: str('Who is paid'),
      amount: late(positiveAmount('How much')),
      minconf: late(minconf),
      comment: late(optional(str('A note kept in the wallet'), '')),
      comment_to: late(optional(str('A note about whom it is for'), '')),
      idempotency_key: idempotencyKey,
    },
    result: txid('The transaction id'),
    examples: ['alice "bcrt1q…" 0.1'],
  }),
};
