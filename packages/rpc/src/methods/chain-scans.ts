/** Methods that look for scripts: in the unspent outputs, in block filters, in blocks. */
import {
  amount,
  blockHash,
  bool,
  hex,
  int,
  int64,
  optional,
  signedAmount,
  str,
  txid,
  uint32,
} from '../codec.ts';
import { list, nullable, object, oneOf } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { scanObject } from './params.ts';
import { scriptPubKey } from './shapes.ts';

const action = str('start, status or abort');
const scanobjects = list(scanObject(''), 'Descriptors, or {"desc": …, "range": …}', {
  usage: '[scanobjects,...]',
});

const coin = object({
  txid: txid('The transaction'),
  vout: uint32('The output'),
  scriptPubKey: hex('Its script'),
  desc: str('Its descriptor'),
  amount: amount('Its amount'),
  coinbase: bool('Whether a coinbase made it'),
  height: int('The height of its block'),
  blockhash: blockHash('Its block'),
  confirmations: int('Its confirmations'),
});

const place = {
  blockhash: optional(blockHash('The block; absent when unconfirmed')),
  height: optional(int('Its height')),
};

/** What happened to a script: it was paid, or an output of it was spent. */
const event = object({
  type: str('receive or spend'),
  amount: amount('The amount of the output'),
  ...place,
  spend_txid: optional(txid('The transaction that spends')),
  spend_vin: optional(int('Its input')),
  prevout_txid: optional(txid('The transaction spent from')),
  prevout_vout: optional(uint32('The output spent')),
  prevout_spk: optional(scriptPubKey),
  txid: optional(txid('The transaction that pays')),
  vout: optional(int('Its output')),
  output_spk: optional(scriptPubKey),
});

/** Methods that look for scripts. */
export const chainScans = {
  scantxoutset: method({
    category: 'blockchain',
    about: 'Finds the unspent outputs of descriptors, by looking at all of them.',
    params: { action, scanobjects: optional(scanobjects) },
    result: nullable(
      oneOf([
        bool('Whether a scan was there to abort'),
        object({
          progress: optional(int('Percent of the scan under way')),
          success: optional(bool('Whether all were looked at')),
          txouts: optional(int64('Outputs looked at')),
          height: optional(int('The height of the tip')),
          bestblock: optional(blockHash('The tip')),
          unspents: optional(list(coin, 'Outputs found')),
          total_amount: optional(amount('The sum of their amounts')),
        }),
      ]),
    ),
    examples: ['start \'["raw(51)"]\'', 'status', 'abort'],
    profiles: ['coind', 'core'],
  }),
  scanblocks: method({
    category: 'blockchain',
    about: 'Finds blocks whose filter matches descriptors; needs -blockfilterindex.',
    params: {
      action,
      scanobjects: optional(scanobjects),
      start_height: optional(int('Where to begin'), 0),
      stop_height: optional(int('Where to end; the tip without it')),
      filtertype: optional(str('The kind of filter'), 'basic'),
      options: optional(
        object(
          {
            filter_false_positives: optional(
              bool('Whether to look into the blocks as well'),
              false,
            ),
          },
          'How to scan',
          { usage: 'options', alsoNamed: true },
        ),
      ),
    },
    result: nullable(
      oneOf([
        bool('Whether a scan was there to abort'),
        object({
          progress: optional(int('Percent of the scan under way')),
          current_height: optional(int('Where it stands')),
          from_height: optional(int('Where it began')),
          to_height: optional(int('Where it ended')),
          relevant_blocks: optional(list(blockHash(''), 'Blocks that may concern the descriptors')),
          completed: optional(bool('False when it was aborted')),
        }),
      ]),
    ),
    examples: ['start \'["raw(51)"]\' 300000', 'status', 'abort'],
    profiles: ['coind', 'core'],
  }),
  getdescriptoractivity: method({
    category: 'blockchain',
    about: 'What descriptors received and spent in blocks, and in the mempool.',
    params: {
      blockhashes: list(blockHash('', { called: 'blockhash' }), 'The blocks to look into', {
        usage: '["blockhash",...]',
      }),
      scanobjects,
      include_mempool: optional(bool('Whether the mempool counts'), true),
    },
    result: object({ activity: list(event, 'What happened') }),
    examples: ['\'["…"]\' \'["raw(51)"]\''],
    profiles: ['coind', 'core'],
  }),
  getblockfilter: method({
    category: 'blockchain',
    about: 'The compact filter of a block (BIP157); needs -blockfilterindex.',
    params: {
      blockhash: blockHash('The block'),
      filtertype: optional(str('The kind of filter'), 'basic'),
    },
    result: object({ filter: hex('The filter'), header: hex('Its header') }),
    examples: ['"…" "basic"'],
    profiles: ['coind', 'core'],
  }),
  getaddresshistory: method({
    category: 'blockchain',
    about:
      'Transactions that paid to an address or spent from it, oldest first; needs -addressindex.',
    params: {
      address: str('An address, or a script as hex'),
      from_height: optional(int('Where to begin'), 0),
      count: optional(int('How many at most'), 1000),
    },
    result: list(
      object({
        txid: txid('The transaction'),
        height: int('The height of its block'),
        blockindex: int('Its place in the block'),
        amount: signedAmount('What it changed'),
      }),
    ),
    examples: ['"bcrt1q…"'],
    profiles: ['coind'],
  }),
  getaddressbalance: method({
    category: 'blockchain',
    about: 'What an address holds and ever received; needs -addressindex.',
    params: { address: str('An address, or a script as hex') },
    result: object({
      balance: amount('What it holds'),
      received: amount('All it ever received'),
      txcount: int64('Transactions that touched it'),
    }),
    examples: ['"bcrt1q…"'],
    profiles: ['coind'],
  }),
  getaddressutxos: method({
    category: 'blockchain',
    about: 'The unspent outputs of an address; needs -addressindex.',
    params: { address: str('An address, or a script as hex') },
    result: list(
      object({
        txid: txid('The transaction'),
        vout: uint32('The output'),
        amount: amount('Its amount'),
        height: int('The height of its block'),
        coinbase: bool('Whether a coinbase made it'),
        confirmations: int('Its confirmations'),
      }),
    ),
    examples: ['"bcrt1q…"'],
    profiles: ['coind'],
  }),
  gettxoutproof: method({
    category: 'blockchain',
    about: 'A proof that transactions are in a block.',
    params: {
      txids: list(txid('', { called: 'txid' }), 'The transactions', { usage: '["txid",...]' }),
      blockhash: optional(blockHash('The block they are in')),
    },
    result: str('The proof, hex'),
    examples: ['\'["…"]\''],
  }),
  verifytxoutproof: method({
    category: 'blockchain',
    about: 'The transactions a proof proves to be in a block of the best chain.',
    params: { proof: hex('The proof') },
    result: list(txid(''), 'The transactions; none when the proof is wrong'),
    examples: ['"…"'],
  }),
};
