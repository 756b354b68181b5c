/** Wallet methods about its past: payments and single transactions, what is new, what belongs together. */
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
  signedAmount,
  str,
  txid,
} from '../codec.ts';
import { list, object, tuple } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { lastProcessedBlock, ownTx } from './shapes.ts';
import {
  accountEntry,
  anyEntry,
  coreOutcome,
  details,
  entry,
  includeWatchonly,
  labelDetails,
  labelEntry,
  legacyDetails,
  legacyOutcome,
  outcome,
  pagedAccountEntry,
  pagedEntry,
} from './wallet-shapes.ts';

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
const historyCursor = byNameOnly(
  optional(
    str(
      'Lists what is older than the entry with this cursor, instead of skipping; "" begins with the newest. Entries then show theirs: the first one leads to the next page',
    ),
  ),
);
const listPage = {
  count: optional(int('How many'), 10),
  skip: optional(int('How many of the newest to leave out'), 0),
  include_watchonly: includeWatchonly,
};
const transactionSums = {
  amount: signedAmount('The net amount, without the fee'),
  fee: optional(signedAmount('The fee, negative, when sent')),
};

/** Wallet methods about its past. */
export const walletHistory = {
  listtransactions: method({
    category: 'wallet',
    about: 'The newest payments, oldest of them first.',
    params: {
      label: optional(str('Only payments to addresses with this label; *: all')),
      ...listPage,
      account: byNameOnly(optional(str('The ledger of this account, moves included; *: of all'))),
      cursor: historyCursor,
    },
    result: list(pagedEntry),
    examples: ['', 'alice 20'],
    core: {
      params: {
        label: optional(str('Only payments to addresses with this label; *: all')),
        ...listPage,
      },
      result: list(entry),
    },
    legacy: {
      params: {
        account: optional(str('The account; *: all'), '*'),
        count: listPage.count,
        skip: listPage.skip,
        include_watchonly: includeWatchonly,
        cursor: historyCursor,
      },
      result: list(pagedAccountEntry),
    },
    labels: {
      params: {
        label: optional(str('Only payments to addresses with this label; *: all')),
        count: listPage.count,
        skip: listPage.skip,
        include_watchonly: includeWatchonly,
      },
      result: list(labelEntry),
    },
  }),
  gettransaction: method({
    category: 'wallet',
    about: 'A transaction of the wallet and what it meant to it.',
    params: {
      txid: txid('The transaction'),
      include_watchonly: includeWatchonly,
      verbose: optional(bool('Whether to decode it'), false),
    },
    result: object({
      ...transactionSums,
      ...outcome,
      details,
      hex: hex('The transaction'),
      decoded: optional(object(ownTx)),
      lastprocessedblock: lastProcessedBlock,
    }),
    examples: ['"0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098"'],
    core: {
      result: object({
        ...transactionSums,
        ...coreOutcome,
        details,
        hex: hex('The transaction'),
        decoded: optional(object(ownTx)),
        lastprocessedblock: lastProcessedBlock,
      }),
    },
    legacy: {
      params: {
        txid: looseHash(txid('The transaction')),
        include_watchonly: includeWatchonly,
      },
      result: object({
        ...transactionSums,
        ...legacyOutcome,
        details: legacyDetails,
        hex: hex('The transaction'),
      }),
    },
    labels: {
      result: object({
        ...transactionSums,
        ...legacyOutcome,
        details: labelDetails,
        hex: hex('The transaction'),
      }),
    },
  }),
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
