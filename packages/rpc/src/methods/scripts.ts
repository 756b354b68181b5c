/** Methods about scripts and descriptors that need neither chain nor wallet. */
import { bool, hex, int, json, optional, str } from '../codec.ts';
import { list, object, oneOf } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { indexRange } from './params.ts';

const modern = ['coind', 'core'] as const;
const wrapped = { 'p2sh-segwit': optional(str('The P2SH address of that')) };
const segwit = {
  asm: str('The script, disassembled'),
  desc: str('Its descriptor'),
  hex: hex('The script'),
  address: optional(str('Its address')),
  type: str('Its template'),
};
const multisigParams = {
  nrequired: int('Signatures needed'),
  keys: list(str(''), 'The public keys', { usage: '["key",...]' }),
};

/** Methods about scripts and descriptors. */
export const scripts = {
  decodescript: method({
    category: 'rawtransactions',
    about: 'What a script is, and the addresses of it behind P2SH and P2WSH.',
    params: { hexstring: hex('The script') },
    result: object({
      asm: segwit.asm,
      desc: segwit.desc,
      address: segwit.address,
      type: segwit.type,
      p2sh: optional(str('Its P2SH address')),
      segwit: optional(object({ ...segwit, ...wrapped }, 'As a witness program')),
    }),
    examples: ['"76a914…88ac"'],
    legacy: {
      result: object({
        asm: segwit.asm,
        reqSigs: optional(int('Signatures needed')),
        type: segwit.type,
        addresses: optional(list(str(''), 'Its addresses')),
        p2sh: optional(str('Its P2SH address')),
        segwit: optional(
          object({
            asm: segwit.asm,
            hex: segwit.hex,
            reqSigs: optional(int('Signatures needed')),
            type: segwit.type,
            addresses: optional(list(str(''), 'Its addresses')),
            ...wrapped,
          }),
        ),
      }),
    },
  }),
  combinerawtransaction: method({
    category: 'rawtransactions',
    about: 'One transaction with the signatures of several copies of it.',
    params: { txs: list(json(''), 'The copies', { usage: '["hexstring",...]' }) },
    result: hex('The transaction'),
    examples: ['"[\\"0200…\\", \\"0200…\\"]"'],
  }),
  createmultisig: method({
    category: 'util',
    about: 'The address of a multisignature script.',
    params: {
      ...multisigParams,
      address_type: optional(str('legacy, p2sh-segwit or bech32'), 'legacy'),
    },
    result: object({
      address: str('The address'),
      redeemScript: hex('The script'),
      descriptor: str('Its descriptor'),
      warnings: optional(list(str(''), 'Warnings')),
    }),
    examples: ['2 "[\\"03…\\", \\"03…\\"]"'],
    legacy: {
      params: multisigParams,
      result: object({ address: str('The address'), redeemScript: hex('The script') }),
    },
  }),
  getdescriptorinfo: method({
    category: 'util',
    profiles: modern,
    about: 'What a descriptor is.',
    params: { descriptor: str('The descriptor') },
    result: object({
      descriptor: str('Its public text, with checksum'),
      multipath_expansion: optional(list(str(''), 'The descriptors it stands for')),
      checksum: str('The checksum of the text given'),
      isrange: bool('Whether it has a wildcard'),
      issolvable: bool('Whether it says how to spend'),
      hasprivatekeys: bool('Whether it has a private key'),
    }),
    examples: ['"wpkh(03…)"'],
  }),
  deriveaddresses: method({
    category: 'util',
    profiles: modern,
    about: 'The addresses of a descriptor.',
    params: {
      descriptor: str('The descriptor, with checksum'),
      range: optional(indexRange('Which of its keys')),
    },
    result: list(oneOf([str('The address'), list(str(''), 'Addresses of one alternative')])),
    examples: ['"wpkh(…/0/*)#…" "[0,2]"'],
  }),
};
