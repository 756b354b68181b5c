/**
 * Mining as it was in 2011: the built-in miner that runs by itself (setgenerate, until 0.12), headers to solve
 * (getwork, until 0.9) and what preceded getblocktemplate (getmemorypool, until 0.6).
 */
import { bool, byNameOnly, hex, int, int64, nothing, optional } from '../codec.ts';
import { list, object, oneOf } from '../codec-shapes.ts';
import { method, type Profile } from '../method.ts';

const profiles: readonly Profile[] = ['coind', 'legacy'];

/** As getblocktemplate: under -compat=legacy nobody mines alone, even on a network for tests. */
function workParams(about: string) {
  const data = optional(hex(about));
  const peers = optional(bool('Whether to refuse while nobody is connected'), false);
  return {
    params: { data, needs_peers: byNameOnly(peers) },
    legacy: { params: { data }, fixed: { needs_peers: true } },
  };
}

/** Mining as it was in 2011. */
export const earlyMining = {
  getgenerate: method({
    category: 'mining',
    profiles,
    releases: [],
    about: 'Whether the node mines by itself all the time.',
    params: {},
    result: bool('True while it does'),
    examples: [''],
    legacy: { category: 'generating' },
  }),
  setgenerate: method({
    category: 'mining',
    profiles,
    releases: [],
    about:
      'Lets the node mine by itself all the time, for the wallet or for -miningaddress, or stops it. Not on regtest, where blocks are made on demand.',
    params: {
      generate: bool('True to mine'),
      genproclimit: optional(int('On so many threads; -1 for one per processor, 0 for none'), -1),
    },
    result: nothing(),
    examples: ['true 2', 'false'],
    legacy: { category: 'generating' },
  }),
  gethashespersec: method({
    category: 'mining',
    profiles,
    releases: [],
    about: 'Hashes per second of the built-in miner, 0 while it rests.',
    params: {},
    result: int64('Hashes per second'),
    examples: [''],
    legacy: { category: 'generating' },
  }),
  getwork: method({
    category: 'mining',
    profiles,
    releases: [],
    about: 'A header to solve, or (with data) whether a solved one has become a block.',
    ...workParams('The header as it was given, with another time and nonce'),
    result: oneOf([
      bool('Whether the block was accepted'),
      object({
        midstate: hex('State of SHA-256 after the first 64 bytes, words little-endian'),
        data: hex('The header and its padding, the bytes of each word turned around'),
        hash1: hex('Padding of the second hash'),
        target: hex('The target, little-endian'),
      }),
    ]),
    examples: [''],
  }),
  getmemorypool: method({
    category: 'mining',
    profiles,
    releases: [],
    about:
      'What a block needs that is put together elsewhere, or (with data) whether one was accepted.',
    ...workParams('The block'),
    result: oneOf([
      bool('Whether the block was accepted'),
      object({
        version: int('The version'),
        previousblockhash: hex('The tip'),
        transactions: list(hex(''), 'In block order, without the coinbase'),
        coinbasevalue: int64('What the coinbase may pay, satoshis'),
        coinbaseflags: hex('What the coinbase should contain'),
        time: int64('The time of the block'),
        mintime: int64('The least time'),
        curtime: int64('The time of the block'),
        bits: hex('The target, compact'),
      }),
    ]),
    examples: [''],
  }),
};
