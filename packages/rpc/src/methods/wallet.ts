/** The methods about the state of one wallet and its settings. */
import { amount, bool, hex, int, int64, num, optional, str } from '../codec.ts';
import { list, object, oneOf } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { legacyWalletName } from './params.ts';
import { lastProcessedBlock } from './shapes.ts';

const legacyKeys = ['coind', 'legacy'] as const;
const modern = ['coind', 'core'] as const;
/** What getwalletinfo tells. */
const walletInfo = {
  walletname: str('Its name'),
  walletversion: int('The version of its format'),
  format: str('The database it is kept in'),
  txcount: int('Transactions'),
  keypoolsize: int('Keys ready for receiving'),
  keypoolsize_hd_internal: optional(int('Keys ready for change')),
  unlocked_until: optional(int64('When it locks itself, 0: it is locked')),
  private_keys_enabled: bool('Whether it has private keys'),
  avoid_reuse: bool('Whether it keeps coins of used addresses apart'),
  scanning: oneOf([
    bool('False'),
    object({ duration: int64('Seconds so far'), progress: num('0 … 1') }),
  ]),
  descriptors: bool('True'),
  external_signer: bool('Whether another program signs'),
  blank: bool('Whether it was made without keys'),
  birthtime: optional(int64('When its oldest key was made')),
  flags: list(str(''), 'Its flags'),
  lastprocessedblock: lastProcessedBlock,
};
/** What 0.16's told. */
const legacyWalletInfo = {
  walletname: legacyWalletName('Its name'),
  walletversion: int('The version of its format'),
  balance: amount('What can be spent'),
  unconfirmed_balance: amount('What is on its way'),
  immature_balance: amount('Coinbases that cannot be spent yet'),
  txcount: int('Transactions'),
  keypoololdest: int64('When the oldest unused key was made'),
  keypoolsize: int('Keys ready for receiving'),
  keypoolsize_hd_internal: optional(int('Keys ready for change')),
  unlocked_until: optional(int64('When it locks itself, 0: it is locked')),
  paytxfee: amount('The fee per 1,000 bytes set by settxfee'),
};
const hdmasterkeyid = optional(hex('The id of the master key'));
/** Programs know bitcoind's wallets by the one format they have had since they became descriptors. */
const coreFormat = { ...walletInfo.format, encode: () => '"sqlite"' };

/** The methods about the state of a wallet and its settings. */
export const wallet = {
  getwalletinfo: method({
    category: 'wallet',
    about: 'The state of the wallet.',
    params: {},
    result: object(walletInfo),
    examples: [''],
    core: { result: object({ ...walletInfo, format: coreFormat }) },
    legacy: { result: object({ ...legacyWalletInfo, hdmasterkeyid }) },
    labels: {
      result: object({
        ...legacyWalletInfo,
        hdseedid: optional(hex('The id of the seed')),
        hdmasterkeyid,
        private_keys_enabled: walletInfo.private_keys_enabled,
      }),
      unless: 'nothing',
    },
  }),
  setwalletflag: method({
    category: 'wallet',
    profiles: modern,
    about: 'Sets a flag of the wallet.',
    params: {
      flag: str('avoid_reuse'),
      value: optional(bool('The new value'), true),
    },
    result: object({
      flag_name: str('The flag'),
      flag_state: bool('Its value'),
      warnings: optional(str('What to know about it')),
    }),
    examples: ['avoid_reuse'],
  }),
  settxfee: method({
    category: 'wallet',
    profiles: legacyKeys,
    about: 'Sets the fee per 1,000 bytes that payments have; 0 goes back to estimates.',
    params: { amount: amount('The fee') },
    result: bool('True'),
    examples: ['0.0001'],
  }),
};
