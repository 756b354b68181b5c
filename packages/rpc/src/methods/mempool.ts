/** Methods about transactions that wait for a block. bitcoind files them under Blockchain. */
import { amount, bool, int, int64, optional, txid } from '../codec.ts';
import { list, object, oneOf, record } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { legacyMempoolEntry, mempoolEntry } from './shapes.ts';

const ids = list(txid(''), 'Transaction ids');

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
  getmempoolentry: method({
    category: 'blockchain',
    about: 'Details of a transaction in the mempool.',
    params: { txid: txid('The transaction') },
    result: mempoolEntry,
    examples: ['"0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098"'],
    legacy: { result: legacyMempoolEntry },
  }),
};
