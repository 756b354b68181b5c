/** The method by which miners ask for the next block (BIP22, BIP23, BIP9, BIP145). */
import {
  json as anyJson,
  bool,
  byNameOnly,
  type Codec,
  hex,
  int,
  int64,
  optional,
  str,
} from '../codec.ts';
import { list, nullable, object, oneOf, record, remembered } from '../codec-shapes.ts';
import { RpcError, rpcError } from '../error.ts';
import { type Json, jsonType } from '../json.ts';
import { method } from '../method.ts';

/** The rules a miner knows; whatever is no list of them names none. */
function clientRules(about: string): Codec<readonly string[]> {
  return {
    ...list(str(''), about),
    type: undefined,
    decode(given) {
      if (!Array.isArray(given)) return [];
      return (given as readonly Json[]).map((rule) => {
        if (typeof rule !== 'string') throw rpcError('wrongType', 'string', jsonType(rule));
        return rule;
      });
    },
  };
}

function modeOf(about: string): Codec<string> {
  return {
    ...str(about),
    type: undefined,
    decode(given) {
      if (typeof given !== 'string') throw new RpcError(-8, 'Invalid mode');
      return given;
    },
  };
}

const request = object(
  {
    mode: optional(modeOf('"template" or "proposal"'), 'template'),
    capabilities: optional(anyJson('What the miner can do')),
    rules: optional(clientRules('Soft forks the miner knows; "segwit" must be there'), []),
    longpollid: optional(anyJson('The template after which the caller wants another')),
    data: optional(anyJson('The block that is proposed, hex')),
  },
  'What is asked for',
  {
    usage:
      '{"mode":"str","capabilities":["str",...],"rules":["segwit","str",...],"longpollid":"str","data":"hex"}',
  },
);

/** Methods about the next block as data. */
export const blockTemplate = {
  getblocktemplate: method({
    category: 'mining',
    about: 'What the next block should contain, or (mode "proposal") whether a block would do.',
    params: {
      template_request: request,
      needs_peers: byNameOnly(optional(bool('Whether to refuse while nobody is connected'), false)),
    },
    result: nullable(
      oneOf([
        str('Why the proposal is refused'),
        object({
          capabilities: list(str(''), 'What the server can do'),
          version: int('The block version'),
          rules: list(str(''), 'Soft forks in force; ! marks those that change the block itself'),
          vbavailable: record(int(''), 'Bits of soft forks that are pending, by name'),
          vbrequired: int64('Bits that must be set'),
          previousblockhash: hex('The tip'),
          transactions: remembered(
            list(
              object({
                data: hex('The transaction'),
                txid: hex('Its id'),
                hash: hex('Its hash with witness'),
                depends: list(int(''), 'Places, from 1, of those it needs'),
                fee: int64('Its fee, satoshis'),
                sigops: int64('Its cost in signature operations'),
                weight: int64('Its weight'),
              }),
              'In block order, without the coinbase',
            ),
          ),
          coinbaseaux: record(hex(''), 'What the coinbase should contain'),
          coinbasevalue: int64('What the coinbase may pay, satoshis'),
          longpollid: str('Names this template'),
          target: hex('The target'),
          mintime: int64('The least time'),
          mutable: list(str(''), 'What may be changed'),
          noncerange: hex('The nonces that may be tried'),
          sigoplimit: int64('The limit of signature operations'),
          sizelimit: int64('The limit of bytes'),
          weightlimit: optional(int64('The limit of weight')),
          curtime: int64('The time of the block'),
          bits: hex('The target, compact'),
          height: int64('The height'),
          signet_challenge: optional(hex('The script that signs blocks')),
          default_witness_commitment: optional(hex('The script of the commitment to witnesses')),
        }),
      ]),
    ),
    core: { params: { template_request: request } },
    legacy: {
      params: { template_request: optional(request, { mode: 'template', rules: [] }) },
      // Even on a network for tests.
      fixed: { needs_peers: true },
    },
    examples: ['"{\\"rules\\":[\\"segwit\\"]}"'],
  }),
};
