/**
 * The wallet methods about addresses: new ones, their labels, what the wallet knows of one. The methods that
 * are about accounts alone are in accounts.ts.
 */
import { account, into, label, nothing, optional, str } from '../codec.ts';
import { list, object, record } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { earlyAddressType } from './params.ts';
import { addressInfo, labelAddressInfo } from './wallet-shapes.ts';

const addressType = optional(str('legacy, p2sh-segwit, bech32 or bech32m'));
const labelParam = optional(label('The label'), '');
const modern = ['coind', 'core'] as const;

/** Wallet methods about addresses and labels. */
export const walletAddresses = {
  walletdisplayaddress: method({
    category: 'wallet',
    profiles: modern,
    about: 'Shows an address on an external signer.',
    params: { address: str('The address') },
    result: object({ address: str('The address') }),
    examples: ['"bcrt1q…"'],
  }),
  getnewaddress: method({
    category: 'wallet',
    about: 'A new address to be paid at.',
    params: { 'label|account': labelParam, address_type: addressType },
    result: str('The address'),
    examples: ['', 'alice bech32'],
    core: { params: { label: labelParam, address_type: addressType } },
    legacy: {
      params: {
        account: into('label', optional(account('The account'), '')),
        address_type: optional(earlyAddressType('usual')),
      },
    },
    labels: {
      params: { label: labelParam, address_type: optional(earlyAddressType('unknown')) },
    },
  }),
  getrawchangeaddress: method({
    category: 'wallet',
    about: 'A new address for change.',
    params: { address_type: addressType },
    result: str('The address'),
    examples: [''],
    legacy: { params: { address_type: optional(earlyAddressType('usual')) } },
    labels: { params: { address_type: optional(earlyAddressType('unknown')) }, unless: 'nothing' },
  }),
  setlabel: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'Gives an address a label.',
    params: { address: str('The address'), label: label('The label') },
    result: nothing(),
    examples: ['"bcrt1q…" alice'],
  }),
  listlabels: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'All labels.',
    params: { purpose: optional(str('send or receive')) },
    result: list(str(''), 'The labels, sorted'),
    examples: [''],
  }),
  getaddressesbylabel: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'The addresses with a label.',
    params: { label: label('The label') },
    result: record(object({ purpose: str('send or receive') }), 'By address'),
    examples: ['alice'],
  }),
  getaddressinfo: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'All the wallet knows of an address.',
    params: { address: str('The address') },
    result: addressInfo,
    examples: ['"bcrt1q…"'],
    labels: { result: labelAddressInfo },
    early: { result: labelAddressInfo },
  }),
};
