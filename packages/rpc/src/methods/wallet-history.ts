/** Wallet methods about its past beside the plain listings: what is new, what belongs together. */
import {
  amount,
  blockHash,
  bool,
  byNameOnly,
  type Codec,
  hex,
  int,
  label,
  looseHash,
  nothing,
  optional,
  str,
  txid,
} from '../codec.ts';
import { list, object, tuple } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { accountEntry, anyEntry, entry, labelEntry } from './wallet-shapes.ts';

/** A block's hash, or an empty text for none. */
function blockOrNone<Hash extends string>(codec: Codec<Hash>): Codec<Hash | ''> {
  return {
    ...codec,
    decode: (json, name) => (json === '' ? '' : codec.decode(json, name)),
    encode: (value) => (value === '' ? '""' : codec.encode(value)),
  };
}

const since = blockHash('The block; payments in it are left out');
const tail = {
  target_confirmations: optional(int('Which block to name as the last: so many confirmations'), 1),
  include_watchonly: optional(bool('Whether watched addresses count'), false),
  include_removed: optional(bool('Whether to list what left the chain with its block'), true),
};
const modernTail = {
  ...tail,
  include_change: optional(bool('Whether to list change'), false),
  label: optional(label('Only payments to addresses with this label')),
};
const lastblock = hex('The block to ask from the next time');

/** Wallet methods about its past. */
export const walletHistory = {
  abandontransaction: method({
    category: 'wallet',
    about: 'Gives up a transaction that will not confirm, so that its coins can be spent again.',
    params: {
      txid: txid('The transaction'),
      conflicted_too: byNameOnly(
        optional(bool('Whether one that a block has made impossible may be given up too'), false),
      ),
    },
    result: nothing(),
    examples: ['"1075db55d416d3ca199f55b6084e2115b9345e16c5cf302fc80e9d5fbf5d48d"'],
    core: { params: { txid: txid('The transaction') } },
    legacy: {
      params: { txid: looseHash(txid('The transaction')) },
      fixed: { conflicted_too: true },
    },
  }),
  resendwallettransactions: method({
    category: 'hidden',
    profiles: ['coind', 'legacy'],
    about: 'Offers payments that wait for a block, but are not in the mempool, to it again.',
    params: {},
    result: list(txid(''), 'Those that are there now'),
    examples: [''],
    legacy: { category: 'wallet' },
  }),
  listsinceblock: method({
    category: 'wallet',
    about: 'All payments since a block, and those that left the chain since.',
    params: { blockhash: optional(blockOrNone(since)), ...modernTail },
    result: object({
      transactions: list(anyEntry, 'The payments'),
      removed: optional(list(anyEntry, 'Those of blocks that left the chain')),
      lastblock,
    }),
    examples: [''],
    core: {
      result: object({
        transactions: list(entry, 'The payments'),
        removed: optional(list(entry, 'Those of blocks that left the chain')),
        lastblock,
      }),
    },
    legacy: {
      params: { blockhash: optional(blockOrNone(looseHash(since))), ...tail },
      result: object({
        transactions: list(accountEntry, 'The payments'),
        removed: optional(list(accountEntry, 'Those of blocks that left the chain')),
        lastblock,
      }),
    },
    labels: {
      result: object({
        transactions: list(labelEntry, 'The payments'),
        removed: optional(list(labelEntry, 'Those of blocks that left the chain')),
        lastblock,
      }),
    },
  }),
  listaddressgroupings: method({
    category: 'wallet',
    about: 'Addresses that everybody can see to have one owner.',
    params: {},
    result: list(
      list(
        tuple([str('The address'), amount('What lies on it'), optional(str('Its label'))] as const),
      ),
    ),
    examples: [''],
  }),
};
