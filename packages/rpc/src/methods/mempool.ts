/** Methods about transactions that wait for a block. bitcoind files them under Blockchain. */
import { amount, bool, hex, int, int64, optional, signedAmount, txid } from '../codec.ts';
import { list, object, oneOf, record } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { inputIndex } from './params.ts';
import { legacyMempoolEntry, mempoolEntry } from './shapes.ts';

const ids = list(txid(''), 'Transaction ids');
const example = ['"0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098"'];
const relatives = {
  txid: txid('The transaction'),
  verbose: optional(bool('True for details, false for ids'), false),
};
const relativesResult = oneOf([ids, record(mempoolEntry, 'Details by transaction id')]);
const legacyRelatives = {
  result: oneOf([ids, record(legacyMempoolEntry, 'Details by transaction id')]),
};

/** Methods about transactions that wait for a block. */
export const mempool = {
  getrawmempool: method({
    category: 'blockchain',
    about: 'The transactions in the mempool.',
    params: {
      verbose: optional(bool('True for details, false for ids'), false),
      mempool_sequence: optional(
        bool('Whether to add the sequence number, without details'),
        false,
      ),
    },
    result: oneOf([
      ids,
      record(mempoolEntry, 'Details by transaction id'),
      object({ txids: ids, mempool_sequence: int64('The sequence number') }),
    ]),
    examples: ['', 'true'],
    legacy: {
      params: { verbose: optional(bool('True for details, false for ids'), false) },
      result: oneOf([
        ids,
        record(legacyMempoolEntry, 'Details by transaction id'),
        object({ txids: ids, mempool_sequence: int64('The sequence number') }),
      ]),
    },
  }),
  getmempoolinfo: method({
    category: 'blockchain',
    about: 'The state of the mempool.',
    params: {},
    result: object({
      loaded: bool('Whether the saved one has been read'),
      size: int('Transactions'),
      bytes: int64('The sum of their virtual sizes'),
      usage: int64('Bytes of memory used'),
      total_fee: amount('The sum of their fees'),
      maxmempool: int64('Bytes of memory allowed'),
      mempoolminfee: amount('The lowest fee per 1,000 vbytes that gets in now'),
      minrelaytxfee: amount('The lowest fee per 1,000 vbytes that is relayed'),
      incrementalrelayfee: amount('What a replacement adds at least, per 1,000 vbytes'),
      unbroadcastcount: int('Transactions no peer has asked for yet'),
      permitbaremultisig: bool('Whether bare multisig outputs are relayed'),
      maxdatacarriersize: int('The most bytes of data carrier outputs'),
      limitclustercount: int('The most transactions of a cluster'),
      limitclustersize: int('The most virtual bytes of a cluster'),
      optimal: bool('Whether the order of the mempool is known to be the best'),
      fullrbf: optional(bool('True, with -deprecatedrpc=fullrbf: everything may be replaced')),
    }),
    examples: [''],
    legacy: {
      result: object({
        size: int('Transactions'),
        bytes: int64('The sum of their virtual sizes'),
        usage: int64('Bytes of memory used'),
        maxmempool: int64('Bytes of memory allowed'),
        mempoolminfee: amount('The lowest fee per 1,000 vbytes that gets in now'),
        minrelaytxfee: amount('The lowest fee per 1,000 vbytes that is relayed'),
      }),
    },
  }),
  getmempoolancestors: method({
    category: 'blockchain',
    about: 'What a transaction in the mempool depends on there.',
    params: relatives,
    result: relativesResult,
    examples: example,
    legacy: legacyRelatives,
  }),
  getmempooldescendants: method({
    category: 'blockchain',
    about: 'What depends on a transaction in the mempool.',
    params: relatives,
    result: relativesResult,
    examples: example,
    legacy: legacyRelatives,
  }),
  getmempoolcluster: method({
    category: 'blockchain',
    profiles: ['coind', 'core'],
    about: 'The transactions that belong together with one in the mempool, as they would be mined.',
    params: { txid: txid('The transaction') },
    result: object({
      clusterweight: int('The sum of their weights'),
      txcount: int('How many they are'),
      chunks: list(
        object({
          chunkfee: signedAmount('What they pay together, with priority'),
          chunkweight: int('Their weight'),
          txs: ids,
        }),
        'In the order in which they would be mined',
      ),
    }),
    examples: example,
  }),
  gettxspendingprevout: method({
    category: 'blockchain',
    profiles: ['coind', 'core'],
    about: 'Which transactions spend outputs: in the mempool, or in blocks with -txospenderindex.',
    params: {
      outputs: list(
        object({ txid: txid('The transaction'), vout: inputIndex('The output') }, '', {
          reading: 'strict',
        }),
        'The outputs',
        { usage: '[{"txid":"hex","vout":n},...]' },
      ),
      options: optional(
        object(
          {
            mempool_only: optional(bool('Whether to leave blocks alone')),
            return_spending_tx: optional(bool('Whether to show the spender as hex')),
          },
          'What to look at',
          {
            reading: 'strict',
            alsoNamed: true,
            usage: '{"mempool_only":bool,"return_spending_tx":bool,...}',
          },
        ),
      ),
    },
    result: list(
      object({
        txid: txid('The transaction'),
        vout: int('The output'),
        spendingtxid: optional(txid('What spends it')),
        spendingtx: optional(hex('That transaction')),
        blockhash: optional(hex('The block it is in')),
      }),
    ),
    examples: [
      '"[{\\"txid\\":\\"0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098\\",\\"vout\\":0}]"',
    ],
  }),
  getmempoolentry: method({
    category: 'blockchain',
    about: 'Details of a transaction in the mempool.',
    params: { txid: txid('The transaction') },
    result: mempoolEntry,
    examples: example,
    legacy: { result: legacyMempoolEntry },
  }),
};
