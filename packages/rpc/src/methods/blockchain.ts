/** Methods about blocks, the chain and the set of unspent outputs. */
import {
  amount,
  json as anyJson,
  blockHash,
  bool,
  hex,
  int,
  int64,
  looseHash,
  nothing,
  num,
  optional,
  str,
  txid,
  uint32,
} from '../codec.ts';
import { list, nullable, object, oneOf, record } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { chainScans } from './chain-scans.ts';
import { chainSnapshots } from './chain-snapshots.ts';
import { chainSpenders } from './chain-spenders.ts';
import { chainStats } from './chain-stats.ts';
import { chainWaits } from './chain-waits.ts';
import { currentWarnings, joinedWarnings, verbosity } from './params.ts';
import { legacyScriptPubKey, legacyTx, scriptPubKey, tx } from './shapes.ts';

const headerMembers = {
  version: int('The version'),
  versionHex: hex('The version, as hex'),
  merkleroot: hex('The merkle root'),
};
const headerTail = {
  time: int64('The time of the header'),
  mediantime: int64('The median time of it and the ten before'),
  nonce: uint32('The nonce'),
  bits: hex('The target, compact'),
};
const headerLinks = {
  previousblockhash: optional(blockHash('The block before')),
  nextblockhash: optional(blockHash('The block after')),
};
const place = {
  hash: blockHash('The block'),
  confirmations: int('Confirmations, -1 when off the best chain'),
};

const header = {
  ...place,
  height: int('The height'),
  ...headerMembers,
  ...headerTail,
  target: hex('The target'),
  difficulty: num('The difficulty'),
  chainwork: hex('The expected work of the chain up to here'),
  nTx: int('The number of transactions'),
  ...headerLinks,
};

const legacyHeader = object({
  ...place,
  height: header.height,
  ...headerMembers,
  ...headerTail,
  difficulty: header.difficulty,
  chainwork: header.chainwork,
  nTx: header.nTx,
  ...headerLinks,
});

const block = object({
  ...header,
  strippedsize: int('Bytes without witness'),
  size: int('Bytes'),
  weight: int('Weight units'),
  coinbase_tx: object({
    version: uint32('The version'),
    locktime: uint32('The locktime'),
    sequence: uint32('The sequence of its input'),
    coinbase: hex('Its scriptSig'),
    witness: optional(hex('The witness reserved value')),
  }),
  tx: list(
    oneOf([
      txid('The transaction id'),
      object({ ...tx, fee: optional(amount('The fee')), hex: hex('The transaction') }),
    ]),
    'The transactions',
  ),
});

const legacyBlock = object({
  ...place,
  strippedsize: int('Bytes without witness'),
  size: int('Bytes'),
  weight: int('Weight units'),
  height: header.height,
  ...headerMembers,
  tx: list(
    oneOf([txid('The transaction id'), object({ ...legacyTx, hex: hex('The transaction') })]),
    'The transactions',
  ),
  ...headerTail,
  difficulty: header.difficulty,
  chainwork: header.chainwork,
  nTx: header.nTx,
  ...headerLinks,
});

const hash = (about: string, called?: string) => blockHash(about, called ? { called } : {});

/** Methods about blocks, the chain and the set of unspent outputs. */
export const blockchain = {
  ...chainStats,
  ...chainScans,
  ...chainSnapshots,
  ...chainSpenders,
  ...chainWaits,
  getblockchaininfo: method({
    category: 'blockchain',
    about: 'The state of the chain.',
    params: {},
    result: object({
      chain: str('The network: main, test, testnet4, signet, regtest or coin'),
      blocks: int('The height of the tip'),
      headers: int('The height of the best header'),
      bestblockhash: blockHash('The tip'),
      bits: hex('The target, compact'),
      target: hex('The target'),
      difficulty: num('The difficulty'),
      time: int64('The time of the tip'),
      mediantime: int64('The median time of the tip and the ten before'),
      verificationprogress: num('0 … 1'),
      initialblockdownload: bool('Whether the node is still catching up'),
      backgroundvalidation: optional(
        object(
          {
            snapshotheight: int('The height of the snapshot'),
            blocks: int('The height up to which its past was verified'),
            bestblockhash: blockHash('The block there'),
            mediantime: int64('The median time of that block and the ten before'),
            verificationprogress: num('0 … 1, of the way to the snapshot'),
            chainwork: hex('The expected work up to there'),
          },
          'The past of a snapshot, while it is being verified',
        ),
      ),
      chainwork: hex('The expected work of the chain'),
      size_on_disk: int64('Bytes of block files'),
      pruned: bool('Whether old blocks are removed'),
      pruneheight: optional(int('The first block that is kept')),
      automatic_pruning: optional(bool('Whether pruning is automatic')),
      prune_target_size: optional(int64('Bytes to keep to')),
      signet_challenge: optional(hex('The challenge of a signet')),
      warnings: currentWarnings,
    }),
    examples: [''],
    legacy: {
      result: object({
        chain: str('The network'),
        blocks: int('The height of the tip'),
        headers: int('The height of the best header'),
        bestblockhash: blockHash('The tip'),
        difficulty: num('The difficulty'),
        mediantime: int64('The median time'),
        verificationprogress: num('0 … 1'),
        initialblockdownload: bool('Whether the node is still catching up'),
        chainwork: hex('The expected work of the chain'),
        size_on_disk: int64('Bytes of block files'),
        pruned: bool('Whether old blocks are removed'),
        softforks: list(anyJson(''), 'Soft forks by block version'),
        bip9_softforks: record(anyJson(''), 'Soft forks by version bits'),
        warnings: joinedWarnings('Warnings'),
      }),
    },
  }),
  getblockcount: method({
    category: 'blockchain',
    about: 'The height of the tip; the genesis block has height 0.',
    params: {},
    result: int('The height'),
    examples: [''],
  }),
  getblocknumber: method({
    category: 'hidden',
    profiles: ['coind', 'legacy'],
    releases: [],
    about: 'What getblockcount was called at first.',
    params: {},
    result: int('The height'),
    examples: [''],
  }),
  getbestblockhash: method({
    category: 'blockchain',
    about: 'The hash of the tip.',
    params: {},
    result: blockHash('The block hash'),
    examples: [''],
  }),
  getblockhash: method({
    category: 'blockchain',
    about: 'The hash of the block at a height of the best chain.',
    params: { height: int('The height') },
    result: blockHash('The block hash'),
    examples: ['0'],
  }),
  getblockheader: method({
    category: 'blockchain',
    about: 'The header of a block, decoded or as hex.',
    params: {
      blockhash: hash('The block', 'hash'),
      verbose: optional(bool('True for JSON, false for hex'), true),
    },
    result: oneOf([hex('The header'), object(header)]),
    examples: ['"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"'],
    legacy: {
      params: {
        hash: Object.assign(looseHash(blockHash('The block')), { target: 'blockhash' }),
        verbose: optional(bool('True for JSON, false for hex'), true),
      },
      result: oneOf([hex('The header'), legacyHeader]),
    },
  }),
  getblock: method({
    category: 'blockchain',
    about:
      'A block: as hex (verbosity 0), with transaction ids (1), with transactions (2), with the outputs they spend (3).',
    params: {
      blockhash: blockHash('The block'),
      'verbosity|verbose': optional(verbosity('0 … 3', 'a boolean'), 1),
    },
    result: oneOf([hex('The block'), block]),
    examples: ['"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"'],
    legacy: {
      params: {
        blockhash: looseHash(blockHash('The block')),
        'verbosity|verbose': optional(verbosity('0 … 2', 'a boolean'), 1),
      },
      result: oneOf([hex('The block'), legacyBlock]),
    },
  }),
  getdifficulty: method({
    category: 'blockchain',
    about: 'How many times harder than the easiest target a block is to find.',
    params: {},
    result: num('The difficulty'),
    examples: [''],
  }),
  getchaintips: method({
    category: 'blockchain',
    about: 'The ends of all known branches.',
    params: {},
    result: list(
      object({
        height: int('The height'),
        hash: blockHash('The block'),
        branchlen: int('Blocks since the branch left the best chain'),
        status: str('active, valid-fork, valid-headers, headers-only or invalid'),
      }),
    ),
    examples: [''],
  }),
  gettxout: method({
    category: 'blockchain',
    about: 'An unspent output, or null.',
    params: {
      txid: txid('The transaction'),
      n: uint32('The index of the output'),
      include_mempool: optional(bool('Whether the mempool counts'), true),
    },
    result: nullable(
      object({
        bestblock: blockHash('The tip'),
        confirmations: int('Confirmations'),
        value: amount('The amount'),
        scriptPubKey,
        coinbase: bool('Whether a coinbase made it'),
      }),
    ),
    examples: ['"0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098" 0'],
    legacy: {
      params: {
        txid: looseHash(txid('The transaction')),
        n: int('The index of the output'),
        include_mempool: optional(bool('Whether the mempool counts'), true),
      },
      result: nullable(
        object({
          bestblock: blockHash('The tip'),
          confirmations: int('Confirmations'),
          value: amount('The amount'),
          scriptPubKey: legacyScriptPubKey,
          coinbase: bool('Whether a coinbase made it'),
        }),
      ),
    },
  }),
  invalidateblock: method({
    category: 'hidden',
    about: 'Treats a block as invalid, as if it broke a rule.',
    params: { blockhash: blockHash('The block') },
    result: nothing(),
    examples: ['"…"'],
    legacy: { params: { blockhash: looseHash(blockHash('The block')) } },
  }),
  reconsiderblock: method({
    category: 'hidden',
    about: 'Takes back an earlier invalidateblock, for a block and what builds on it.',
    params: { blockhash: blockHash('The block') },
    result: nothing(),
    examples: ['"…"'],
    legacy: { params: { blockhash: looseHash(blockHash('The block')) } },
  }),
};
