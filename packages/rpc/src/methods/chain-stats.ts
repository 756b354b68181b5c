/** Methods that count: a block's fees and sizes, a window of transactions, soft forks, the UTXO set. */
import {
  amount,
  json as anyJson,
  blockHash,
  bool,
  hex,
  int,
  int64,
  nothing,
  num,
  optional,
  str,
} from '../codec.ts';
import { inGivenOrder, list, object, record } from '../codec-shapes.ts';
import { RpcError } from '../error.ts';
import { method } from '../method.ts';
import { hashOrHeight } from './params.ts';

const sats = (about: string) => optional(int64(`${about}, satoshis`));
const count = (about: string) => optional(int64(about));

const blockStats = object({
  avgfee: sats('Average fee'),
  avgfeerate: sats('Average fee rate per virtual byte'),
  avgtxsize: count('Average size'),
  blockhash: optional(blockHash('The block')),
  feerate_percentiles: optional(
    list(int64(''), 'Fee rates at 10, 25, 50, 75 and 90 % of the weight, satoshis per vbyte'),
  ),
  height: count('The height'),
  ins: count('Inputs, without the coinbase'),
  maxfee: sats('Highest fee'),
  maxfeerate: sats('Highest fee rate per virtual byte'),
  maxtxsize: count('Largest size'),
  medianfee: sats('Median fee'),
  mediantime: count('The median time of it and the ten before'),
  mediantxsize: count('Median size'),
  minfee: sats('Lowest fee'),
  minfeerate: sats('Lowest fee rate per virtual byte'),
  mintxsize: count('Smallest size'),
  outs: count('Outputs'),
  subsidy: sats('The subsidy'),
  swtotal_size: count('Bytes of transactions with a witness'),
  swtotal_weight: count('Weight of transactions with a witness'),
  swtxs: count('Transactions with a witness'),
  time: count('The time of the header'),
  total_out: sats('Sum of outputs, without the coinbase'),
  total_size: count('Bytes of transactions, without the coinbase'),
  total_weight: count('Weight of transactions, without the coinbase'),
  totalfee: sats('Sum of fees'),
  txs: count('Transactions'),
  utxo_increase: count('Outputs made less inputs spent'),
  utxo_size_inc: count('The same in bytes'),
  utxo_increase_actual: count('As utxo_increase, without what can never be spent'),
  utxo_size_inc_actual: count('The same in bytes'),
});

const deployment = object({
  type: str('buried or bip9'),
  active: bool('Whether its rules hold for the next block'),
  height: optional(int('The first block for which they hold, if known')),
  bip9: optional(
    object({
      bit: optional(int('The bit that signals')),
      start_time: int64('Median time from which signals count'),
      timeout: anyJson('Median time after which it has failed'),
      min_activation_height: int('The earliest height of activation'),
      status: str('defined, started, locked_in, active or failed'),
      since: int('The height at which that began'),
      status_next: str('The status of the next block'),
      statistics: optional(
        object({
          period: int('Blocks of a period'),
          elapsed: int('Blocks of this one so far'),
          count: int('How many of them signal'),
          threshold: optional(int('How many have to')),
          possible: optional(bool('Whether enough are left')),
        }),
      ),
      signalling: optional(str('# for each block that signals, - for others')),
    }),
  ),
});

/** Methods that count. */
export const chainStats = {
  getblockstats: method({
    category: 'blockchain',
    about: 'Fees, sizes and counts of a block; amounts in satoshis.',
    params: {
      hash_or_height: hashOrHeight('The block', { cli: 'json_or_string' }),
      stats: optional(list(str(''), 'Which values; all of them without it', { usage: 'stats' })),
    },
    result: inGivenOrder(blockStats),
    examples: ['1000 \'["minfeerate","avgfeerate"]\''],
    profiles: ['coind', 'core'],
  }),
  getchaintxstats: method({
    category: 'blockchain',
    about: 'How many transactions a window of blocks holds, and how fast they came.',
    params: {
      nblocks: optional(int('Blocks of the window; one month without it')),
      blockhash: optional(blockHash('The last block of the window')),
    },
    result: object({
      time: int64('The time of the last block'),
      txcount: optional(int64('All transactions up to it')),
      window_final_block_hash: blockHash('The last block'),
      window_final_block_height: int('Its height'),
      window_block_count: int('Blocks of the window'),
      window_interval: optional(int64('Seconds of the window')),
      window_tx_count: optional(int64('Transactions of the window')),
      txrate: optional(num('Transactions per second')),
    }),
    examples: ['', '2016'],
  }),
  getdeploymentinfo: method({
    category: 'blockchain',
    about: 'Soft forks as of a block: which rules hold and how signalling goes.',
    params: { blockhash: optional(blockHash('The block; the tip without it')) },
    result: object({
      hash: blockHash('The block'),
      height: int('Its height'),
      script_flags: list(str(''), 'Script rules that hold for it'),
      deployments: record(inGivenOrder(deployment), 'Soft forks by name'),
    }),
    examples: [''],
    profiles: ['coind', 'core'],
  }),
  getchainstates: method({
    category: 'blockchain',
    about:
      'The chains the node verifies: one, or two while the past of a snapshot is being verified.',
    params: {},
    result: object({
      headers: int('The height of the best header'),
      chainstates: list(
        object({
          blocks: int('The height of the tip'),
          bestblockhash: blockHash('The tip'),
          bits: hex('The target, compact'),
          target: hex('The target'),
          difficulty: num('The difficulty'),
          verificationprogress: num('0 … 1'),
          snapshot_blockhash: optional(
            blockHash('The block of the snapshot it began with, until that was verified'),
          ),
          coins_db_cache_bytes: int64('Memory of the database of coins'),
          coins_tip_cache_bytes: int64('Memory of the coins cache'),
          validated: bool('Whether everything below the tip was verified'),
        }),
      ),
    }),
    examples: [''],
    profiles: ['coind', 'core'],
  }),
  gettxoutsetinfo: method({
    category: 'blockchain',
    about: 'Statistics and a hash of the set of unspent outputs.',
    params: {
      hash_type: optional(
        str('hash_serialized_3, muhash, none, or hash_serialized_2 as 0.15 to 0.25 had it'),
        'hash_serialized_3',
      ),
      hash_or_height: optional(
        hashOrHeight('The block to look at, with an index', { cli: 'json_or_string' }),
      ),
      use_index: optional(bool('Whether an index may answer'), true),
    },
    result: object({
      height: int('The height of the block'),
      bestblock: blockHash('The block'),
      txouts: int64('Unspent outputs'),
      bogosize: int64('A measure of size that does not depend on the database'),
      hash_serialized_3: optional(hex('The hash of the set')),
      hash_serialized_2: optional(hex('The hash of the set, the old way')),
      muhash: optional(hex('The order-independent hash of the set')),
      total_amount: amount('The sum of all amounts'),
      transactions: optional(int64('Transactions with unspent outputs')),
      disk_size: optional(int64('Bytes on disk')),
      total_unspendable_amount: optional(amount('What can never be spent')),
      block_info: optional(
        object({
          prevout_spent: amount('Spent in the block'),
          coinbase: amount('Made by its coinbase'),
          new_outputs_ex_coinbase: amount('Made by its other transactions'),
          unspendable: amount('Made unspendable'),
          unspendables: object({
            genesis_block: amount('By the genesis block'),
            bip30: amount('By doubled coinbases'),
            scripts: amount('By scripts that cannot succeed'),
            unclaimed_rewards: amount('By miners that took less'),
          }),
        }),
      ),
    }),
    examples: ['', 'muhash'],
    core: {
      refuse({ hash_type }) {
        if (hash_type !== 'hash_serialized_2') return;
        throw new RpcError(-8, `'${hash_type}' is not a valid hash_type`);
      },
    },
    legacy: {
      params: {},
      fixed: { hash_type: 'hash_serialized_2' },
      result: object({
        height: int('The height of the tip'),
        bestblock: blockHash('The tip'),
        transactions: optional(int64('Transactions with unspent outputs')),
        txouts: int64('Unspent outputs'),
        bogosize: int64('A measure of size'),
        hash_serialized_2: optional(hex('The hash of the set, as 0.15 to 0.25 computed it')),
        disk_size: optional(int64('Bytes on disk')),
        total_amount: amount('The sum of all amounts'),
      }),
    },
  }),
  preciousblock: method({
    category: 'blockchain',
    about: 'Prefers a block to others of the same work, until the node stops.',
    params: { blockhash: blockHash('The block') },
    result: nothing(),
    examples: ['"…"'],
  }),
};
