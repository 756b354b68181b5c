/**
 * The wallet methods modern bitcoind and 0.16 share, or that only one of them has. Where a first
 * argument was an account and became a label or a dummy, coind takes both readings. The methods that
 * are about accounts alone are in accounts.ts.
 */
import {
  account,
  amount,
  bool,
  byNameOnly,
  feeRate,
  hex,
  int,
  int64,
  into,
  label,
  late,
  looseHash,
  nothing,
  num,
  optional,
  positiveAmount,
  signedAmount,
  str,
  txid,
  uint32,
} from '../codec.ts';
import { list, object, oneOf, pairs, record } from '../codec-shapes.ts';
import { RpcError, rpcError } from '../error.ts';
import { method } from '../method.ts';
import { confTarget, payer } from './funding-params.ts';
import {
  birthTime,
  countedCoinbase,
  earlyAddressType,
  idempotencyKey,
  indexRange,
  legacyWalletName,
  lockedTxid,
  noAccount,
  wholeWallet,
} from './params.ts';
import { lastProcessedBlock, ownTx, prevTxs, signResult } from './shapes.ts';
import {
  addressInfo,
  coreOutcome,
  details,
  entry,
  labelAddressInfo,
  labelDetails,
  labelEntry,
  labelUnspent,
  legacyDetails,
  legacyOutcome,
  outcome,
  pagedAccountEntry,
  pagedEntry,
  pagedLegacyUnspent,
  pagedUnspent,
  sumsPage,
  unspent,
  whereItStands,
} from './wallet-shapes.ts';

const warnings = optional(list(str(''), 'Warnings'));
const loadOnStartup = optional(bool('Whether it is loaded at every start; null: as before'));
const addressType = optional(str('legacy, p2sh-segwit, bech32 or bech32m'));
const minconf = optional(int('Payments with fewer confirmations do not count'), 1);
const includeWatchonly = optional(bool('Whether watched addresses count'), false);
const includeImmature = optional(bool('Whether coinbases that cannot be spent yet count'), false);
const coinbaseReceived = into(
  'coinbase',
  optional(countedCoinbase('Whether coinbases that cannot be spent yet count'), 'mature'),
);
const legacyReceived = {
  minconf,
  include_empty: optional(bool('Whether those without payments are listed'), false),
  include_watchonly: includeWatchonly,
};
const legacyReceivedByAddress = {
  ...legacyReceived,
  address_filter: optional(str('Only this address')),
};
/** A coinbase was never "received" in 0.16. */
const noCoinbase = { coinbase: 'none' };
const includeEmpty = optional(bool('Whether those without payments are listed'), false);
const replaceable = optional(bool('Whether it signals that it may be replaced (BIP125)'));
const estimateMode = optional(str('unset, economical or conservative'), 'unset');
const fee_rate = optional(feeRate('The fee rate, sat/vB'));
const avoidReuse = optional(
  bool('Whether addresses used before are left alone, if the wallet does'),
);
const comment = optional(str('A note kept in the wallet'), '');
const commentTo = optional(str('A note about whom it is for'), '');
const nothingFrom = optional(list(payer, 'Who bears the fee', { usage: '["address",...]' }), []);
const outpoints = optional(
  list(
    object({ txid: txid('The transaction'), vout: int('The output') }, '', { reading: 'checked' }),
    'The coins',
    { usage: '[{"txid":"hex","vout":n},...]' },
  ),
);
const legacyOutpoints = optional(
  list(
    object({ txid: lockedTxid('The transaction'), vout: int('The output') }, '', {
      reading: 'checked',
    }),
    'The coins',
    { usage: '[{"txid":"txid","vout":n},...]' },
  ),
);
const sent = oneOf([
  txid('The transaction id'),
  object({ txid: txid('The transaction id'), fee_reason: str('Where the fee comes from') }),
]);
const usage = {
  getbalance: 'getbalance ( "dummy" minconf include_watchonly avoid_reuse )',
  sendmany:
    'sendmany ( "" ) {"address":amount,...} ( minconf "comment" ["address",...] replaceable conf_target "estimate_mode" fee_rate verbose )',
};
const balanceTail = {
  minconf: optional(int('Payments with fewer confirmations do not count')),
  include_watchonly: includeWatchonly,
  avoid_reuse: optional(bool('Whether coins on addresses used before are left out')),
};
const sendtoaddress = {
  address: str('Who is paid'),
  amount: amount('How much'),
  comment,
  comment_to: commentTo,
  subtractfeefromamount: optional(bool('Whether the recipient bears the fee'), false),
  replaceable,
  conf_target: confTarget,
  estimate_mode: estimateMode,
  avoid_reuse: avoidReuse,
  fee_rate,
  verbose: optional(bool('Whether to say where the fee comes from'), false),
};
const sendmanyTail = {
  amounts: pairs(amount('The amount'), 'Amounts by address', {
    usage: '{"address":amount,...}',
  }),
  minconf: optional(int('Only for payments from an account'), 1),
  comment,
  subtractfeefrom: nothingFrom,
  replaceable,
  conf_target: confTarget,
  estimate_mode: estimateMode,
};
const legacySendmanyTail = {
  ...sendmanyTail,
  amounts: pairs(late(positiveAmount('The amount')), 'Amounts by address', {
    usage: '{"address":amount,...}',
  }),
  subtractfeefrom: optional(list(str(''), 'Who bears the fee', { usage: '["address",...]' }), []),
  idempotency_key: idempotencyKey,
};
const sendmanyModern = {
  fee_rate,
  verbose: optional(bool('Whether to say where the fee comes from'), false),
};
const labelParam = optional(label('The label'), '');
const historyCursor = byNameOnly(
  optional(
    str(
      'Lists what is older than the entry with this cursor, instead of skipping; "" begins with the newest. Entries then show theirs: the first one leads to the next page',
    ),
  ),
);
const coinCursor = byNameOnly(
  optional(
    str(
      'Lists what is behind the coin with this cursor; "" begins with the first. Coins then show theirs: that of the last one leads to the next page, as long as maximumCount says',
    ),
  ),
);
const listPage = {
  count: optional(int('How many'), 10),
  skip: optional(int('How many of the newest to leave out'), 0),
  include_watchonly: includeWatchonly,
};
const involvesWatchonly = {
  involvesWatchonly: optional(bool('True when watched addresses were paid')),
};
const received = {
  address: str('The address'),
  amount: amount('The sum'),
  confirmations: int('Confirmations of the newest payment'),
  label: str('The label'),
  txids: list(txid(''), 'The transactions'),
};
const receivedByAddressParams = {
  minconf,
  include_empty: includeEmpty,
  include_watchonly: includeWatchonly,
  address_filter: optional(str('Only this address')),
  include_immature_coinbase: coinbaseReceived,
};
const receivedByLabelParams = {
  minconf,
  include_empty: includeEmpty,
  include_watchonly: includeWatchonly,
  include_immature_coinbase: coinbaseReceived,
};
const receivedByLabelLine = {
  ...involvesWatchonly,
  amount: received.amount,
  confirmations: received.confirmations,
  label: received.label,
};
/** Which coins listunspent lists. */
const coinRange = {
  minconf,
  maxconf: optional(int('Coins with more confirmations are left out'), 9_999_999),
  addresses: optional(list(str(''), 'Only on these addresses', { usage: '["address",...]' }), []),
  include_unsafe: optional(bool('Whether unconfirmed coins of others are listed'), true),
};
const coinLimits = {
  minimumAmount: optional(amount('The smallest coin'), 0n),
  maximumAmount: optional(amount('The largest coin')),
  maximumCount: optional(int64('How many')),
  minimumSumAmount: optional(amount('Enough coins for this sum')),
};
const unspentParams = {
  ...coinRange,
  query_options: optional(
    object({ ...coinLimits, include_immature_coinbase: includeImmature }, 'Filters', {
      reading: 'strict',
      alsoNamed: true,
    }),
  ),
};
/** 0.16 passed over options it did not know. */
const legacyUnspentParams = {
  ...coinRange,
  query_options: optional(object(coinLimits, 'Filters')),
};
const transactionSums = {
  amount: signedAmount('The net amount, without the fee'),
  fee: optional(signedAmount('The fee, negative, when sent')),
};
const legacyKeys = ['coind', 'legacy'] as const;
const modern = ['coind', 'core'] as const;

/** Every payer of the fee is one of those paid, once; 0.16 ignored what was neither. */
function refuseUnknownPayers(args: Readonly<Record<string, unknown>>): void {
  const { amounts, subtractfeefrom } = args as {
    readonly amounts: readonly (readonly [string, unknown])[];
    readonly subtractfeefrom: readonly (string | number)[];
  };
  const seen = new Set<number>();
  for (const payer of subtractfeefrom) {
    const wrong = (text: string) =>
      new RpcError(-8, `Invalid parameter 'subtract fee from output', ${text}`);
    const place =
      typeof payer === 'number' ? payer : amounts.findIndex(([address]) => address === payer);
    if (typeof payer === 'string' && place < 0) {
      throw wrong(`destination ${payer} not found in tx outputs`);
    }
    if (seen.has(place)) throw wrong(`duplicated position: ${place}`);
    if (place < 0) throw wrong(`negative position: ${place}`);
    if (place >= amounts.length) throw wrong(`position too large: ${place}`);
    seen.add(place);
  }
}

/** What getwalletinfo tells. */
const walletInfo = {
  walletname: str('Its name'),
  walletversion: int('The version of its format'),
  format: str('The database it is kept in'),
  txcount: int('Transactions'),
  keypoolsize: int('Keys ready for receiving'),
  keypoolsize_hd_internal: optional(int('Keys ready for change')),
  unlocked_until: optional(int64('When it locks itself, 0: it is locked')),
  private_keys_enabled: bool('Whether it has private keys'),
  avoid_reuse: bool('Whether it keeps coins of used addresses apart'),
  scanning: oneOf([
    bool('False'),
    object({ duration: int64('Seconds so far'), progress: num('0 … 1') }),
  ]),
  descriptors: bool('True'),
  external_signer: bool('Whether another program signs'),
  blank: bool('Whether it was made without keys'),
  birthtime: optional(int64('When its oldest key was made')),
  flags: list(str(''), 'Its flags'),
  lastprocessedblock: lastProcessedBlock,
};
/** What 0.16's told. */
const legacyWalletInfo = {
  walletname: legacyWalletName('Its name'),
  walletversion: int('The version of its format'),
  balance: amount('What can be spent'),
  unconfirmed_balance: amount('What is on its way'),
  immature_balance: amount('Coinbases that cannot be spent yet'),
  txcount: int('Transactions'),
  keypoololdest: int64('When the oldest unused key was made'),
  keypoolsize: int('Keys ready for receiving'),
  keypoolsize_hd_internal: optional(int('Keys ready for change')),
  unlocked_until: optional(int64('When it locks itself, 0: it is locked')),
  paytxfee: amount('The fee per 1,000 bytes set by settxfee'),
};
const hdmasterkeyid = optional(hex('The id of the master key'));
/** Programs know bitcoind's wallets by the one format they have had since they became descriptors. */
const coreFormat = { ...walletInfo.format, encode: () => '"sqlite"' };

/** The wallet methods but for those about accounts. */
export const wallet = {
  createwallet: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'Makes a wallet and loads it.',
    params: {
      wallet_name: str('Its name'),
      disable_private_keys: optional(bool('Whether it only watches'), false),
      blank: optional(bool('Whether it starts without keys'), false),
      passphrase: optional(str('Encrypts it')),
      avoid_reuse: optional(bool('Whether it keeps coins of used addresses apart'), false),
      descriptors: optional(bool('True; there are no other wallets'), true),
      load_on_startup: loadOnStartup,
      external_signer: optional(bool('Whether another program signs'), false),
    },
    result: object({ name: str('Its name'), warnings }),
    examples: ['savings'],
  }),
  loadwallet: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'Loads a wallet.',
    params: { filename: str('Its name'), load_on_startup: loadOnStartup },
    result: object({ name: str('Its name'), warnings }),
    examples: ['savings'],
  }),
  unloadwallet: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'Unloads a wallet: the one named, or the one of the path.',
    params: { wallet_name: optional(str('Its name')), load_on_startup: loadOnStartup },
    result: object({ warnings }),
    examples: ['savings'],
  }),
  restorewallet: method({
    category: 'wallet',
    profiles: modern,
    about: 'Makes a wallet of a backup and loads it.',
    params: {
      wallet_name: str('Its name'),
      backup_file: str('The backup'),
      load_on_startup: loadOnStartup,
    },
    result: object({ name: str('Its name'), warnings }),
    examples: ['savings "/tmp/backup.dat"'],
  }),
  migratewallet: method({
    category: 'wallet',
    profiles: modern,
    about:
      'Turns a wallet of before descriptors into one with them; no wallet of coind ever was one.',
    params: {
      wallet_name: optional(str('Its name', { cli: 'string' })),
      passphrase: optional(str('Its passphrase')),
      load_wallet: optional(bool('Whether to load it afterwards'), true),
    },
    result: object({
      wallet_name: str('Its name'),
      watchonly_name: optional(str('The wallet of what it only watched')),
      solvables_name: optional(str('The wallet of what it could only describe')),
      backup_path: str('A copy of what it was'),
    }),
    examples: ['savings'],
  }),
  listwallets: method({
    category: 'wallet',
    about: 'The wallets that are loaded.',
    params: {},
    result: list(str(''), 'Their names'),
    examples: [''],
    legacy: { result: list(legacyWalletName('')) },
  }),
  listwalletdir: method({
    category: 'wallet',
    profiles: modern,
    about: 'The wallets that lie in the wallet directory.',
    params: {},
    result: object({
      wallets: list(object({ name: str('Its name'), warnings: list(str(''), 'Warnings') })),
    }),
    examples: [''],
  }),
  getwalletinfo: method({
    category: 'wallet',
    about: 'The state of the wallet.',
    params: {},
    result: object(walletInfo),
    examples: [''],
    core: { result: object({ ...walletInfo, format: coreFormat }) },
    legacy: { result: object({ ...legacyWalletInfo, hdmasterkeyid }) },
    labels: {
      result: object({
        ...legacyWalletInfo,
        hdseedid: optional(hex('The id of the seed')),
        hdmasterkeyid,
        private_keys_enabled: walletInfo.private_keys_enabled,
      }),
      unless: 'nothing',
    },
  }),
  setwalletflag: method({
    category: 'wallet',
    profiles: modern,
    about: 'Sets a flag of the wallet.',
    params: {
      flag: str('avoid_reuse'),
      value: optional(bool('The new value'), true),
    },
    result: object({
      flag_name: str('The flag'),
      flag_state: bool('Its value'),
      warnings: optional(str('What to know about it')),
    }),
    examples: ['avoid_reuse'],
  }),
  walletdisplayaddress: method({
    category: 'wallet',
    profiles: modern,
    about: 'Shows an address on an external signer.',
    params: { address: str('The address') },
    result: object({ address: str('The address') }),
    examples: ['"bcrt1q…"'],
  }),
  getnewaddress: method({
    category: 'wallet',
    about: 'A new address to be paid at.',
    params: { 'label|account': labelParam, address_type: addressType },
    result: str('The address'),
    examples: ['', 'alice bech32'],
    core: { params: { label: labelParam, address_type: addressType } },
    legacy: {
      params: {
        account: into('label', optional(account('The account'), '')),
        address_type: optional(earlyAddressType('usual')),
      },
    },
    labels: {
      params: { label: labelParam, address_type: optional(earlyAddressType('unknown')) },
    },
  }),
  getrawchangeaddress: method({
    category: 'wallet',
    about: 'A new address for change.',
    params: { address_type: addressType },
    result: str('The address'),
    examples: [''],
    legacy: { params: { address_type: optional(earlyAddressType('usual')) } },
    labels: { params: { address_type: optional(earlyAddressType('unknown')) }, unless: 'nothing' },
  }),
  setlabel: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'Gives an address a label.',
    params: { address: str('The address'), label: label('The label') },
    result: nothing(),
    examples: ['"bcrt1q…" alice'],
  }),
  listlabels: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'All labels.',
    params: { purpose: optional(str('send or receive')) },
    result: list(str(''), 'The labels, sorted'),
    examples: [''],
  }),
  getaddressesbylabel: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'The addresses with a label.',
    params: { label: label('The label') },
    result: record(object({ purpose: str('send or receive') }), 'By address'),
    examples: ['alice'],
  }),
  getaddressinfo: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'All the wallet knows of an address.',
    params: { address: str('The address') },
    result: addressInfo,
    examples: ['"bcrt1q…"'],
    labels: { result: labelAddressInfo },
    early: { result: labelAddressInfo },
  }),
  getbalance: method({
    category: 'wallet',
    about: 'What the wallet, or an account, can spend.',
    usage: usage.getbalance,
    params: {
      'dummy|account': into('account', optional(wholeWallet('The account, or *', 'accounts'))),
      ...balanceTail,
    },
    result: signedAmount('The balance'),
    examples: ['', 'alice 6'],
    core: {
      params: {
        dummy: into('account', optional(wholeWallet('* or nothing', 'refused'))),
        ...balanceTail,
      },
      usage: usage.getbalance,
    },
    legacy: {
      params: {
        account: optional(str('The account, or * for all')),
        minconf: balanceTail.minconf,
        include_watchonly: includeWatchonly,
      },
      refuse({ account, minconf: least, include_watchonly }) {
        if (account !== undefined) return;
        if (least !== undefined) throw rpcError('minconfNeedsAccount');
        if (include_watchonly === true) throw rpcError('watchonlyNeedsAccount');
      },
    },
    labels: {
      params: {
        dummy: into('account', optional(wholeWallet('* or nothing', 'refused'))),
        minconf: balanceTail.minconf,
        include_watchonly: includeWatchonly,
      },
      refuse: () => undefined,
    },
  }),
  getbalances: method({
    category: 'wallet',
    profiles: modern,
    about: 'The balances of the wallet by what can be done with them.',
    params: {},
    result: object({
      mine: object({
        trusted: amount('What can be spent'),
        untrusted_pending: amount('What is on its way'),
        immature: amount('Coinbases that cannot be spent yet'),
        nonmempool: amount('Outputs of transactions that left the mempool'),
        used: optional(amount('On addresses used before')),
      }),
      watchonly: optional(
        object({
          trusted: amount('What has confirmed'),
          untrusted_pending: amount('What is on its way'),
          immature: amount('Coinbases that cannot be spent yet'),
        }),
      ),
      lastprocessedblock: lastProcessedBlock,
    }),
    examples: [''],
  }),
  getunconfirmedbalance: method({
    category: 'wallet',
    profiles: legacyKeys,
    about: 'What is on its way to the wallet.',
    params: {},
    result: amount('The sum'),
    examples: [''],
  }),
  getreceivedbyaddress: method({
    category: 'wallet',
    about: 'All that was ever paid to an address.',
    params: { address: str('The address'), minconf, include_immature_coinbase: coinbaseReceived },
    result: amount('The sum'),
    examples: ['"bcrt1q…" 6'],
    legacy: { params: { address: str('The address'), minconf: late(minconf) }, fixed: noCoinbase },
  }),
  getreceivedbylabel: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'All that was ever paid to the addresses with a label.',
    params: { label: label('The label'), minconf, include_immature_coinbase: coinbaseReceived },
    result: amount('The sum'),
    examples: ['alice'],
    legacy: { params: { label: label('The label'), minconf }, fixed: noCoinbase },
  }),
  listreceivedbyaddress: method({
    category: 'wallet',
    about: 'All that was ever paid, by address.',
    params: { ...receivedByAddressParams, ...sumsPage },
    result: list(object({ ...involvesWatchonly, ...received, cursor: whereItStands })),
    examples: [''],
    core: {
      params: receivedByAddressParams,
      result: list(object({ ...involvesWatchonly, ...received })),
    },
    legacy: {
      params: { ...legacyReceived, ...sumsPage },
      fixed: noCoinbase,
      result: list(
        object({
          ...involvesWatchonly,
          address: received.address,
          account: str('The account'),
          amount: received.amount,
          confirmations: received.confirmations,
          label: received.label,
          txids: received.txids,
          cursor: whereItStands,
        }),
      ),
    },
    labels: { params: legacyReceivedByAddress },
  }),
  listreceivedbylabel: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'All that was ever paid, by label.',
    params: { ...receivedByLabelParams, ...sumsPage },
    result: list(object({ ...receivedByLabelLine, cursor: whereItStands })),
    examples: [''],
    core: { params: receivedByLabelParams, result: list(object(receivedByLabelLine)) },
    legacy: {
      params: legacyReceived,
      fixed: noCoinbase,
      result: list(
        object({
          ...involvesWatchonly,
          account: str('The account'),
          amount: received.amount,
          confirmations: received.confirmations,
          label: received.label,
        }),
      ),
    },
  }),
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
  listunspent: method({
    category: 'wallet',
    about: 'The coins the wallet can spend.',
    params: { ...unspentParams, cursor: coinCursor },
    result: list(pagedUnspent),
    examples: ['', '6 9999999 "[]" true "{\\"minimumAmount\\": 0.5}"'],
    core: { params: unspentParams, result: list(unspent) },
    legacy: {
      params: { ...legacyUnspentParams, cursor: coinCursor },
      checked: ['minconf', 'maxconf', 'addresses', 'include_unsafe'],
      result: list(pagedLegacyUnspent),
    },
    labels: { params: legacyUnspentParams, result: list(labelUnspent) },
  }),
  lockunspent: method({
    category: 'wallet',
    about: 'Keeps coins from being spent, or lets them go again.',
    params: {
      unlock: bool('True lets them go'),
      transactions: outpoints,
      persistent: optional(bool('Whether it outlasts a restart'), false),
    },
    result: bool('True'),
    examples: ['true'],
    legacy: {
      params: { unlock: bool('True lets them go'), transactions: legacyOutpoints },
      checked: ['unlock', 'transactions'],
    },
  }),
  listlockunspent: method({
    category: 'wallet',
    about: 'The coins kept from being spent.',
    params: {},
    result: list(object({ txid: txid('The transaction'), vout: uint32('The output') })),
    examples: [''],
  }),
  settxfee: method({
    category: 'wallet',
    profiles: legacyKeys,
    about: 'Sets the fee per 1,000 bytes that payments have; 0 goes back to estimates.',
    params: { amount: amount('The fee') },
    result: bool('True'),
    examples: ['0.0001'],
  }),
  sendtoaddress: method({
    category: 'wallet',
    about: 'Sends an amount to an address.',
    params: {
      ...sendtoaddress,
      idempotency_key: idempotencyKey,
    },
    result: sent,
    examples: ['"bcrt1q…" 0.1'],
    core: { params: sendtoaddress },
    legacy: {
      params: {
        address: str('Who is paid'),
        amount: late(positiveAmount('How much')),
        comment: late(comment),
        comment_to: late(commentTo),
        subtractfeefromamount: late(optional(bool('Whether the recipient bears the fee'), false)),
        replaceable: late(replaceable),
        conf_target: late(confTarget),
        estimate_mode: late(estimateMode),
        idempotency_key: idempotencyKey,
      },
    },
  }),
  sendmany: method({
    category: 'wallet',
    about: 'Sends amounts to several addresses with one transaction.',
    usage: usage.sendmany,
    params: {
      'dummy|fromaccount': into(
        'fromaccount',
        optional(noAccount('The account, or ""', 'accounts')),
      ),
      ...sendmanyTail,
      ...sendmanyModern,
      idempotency_key: idempotencyKey,
    },
    result: sent,
    examples: ['"" "{\\"bcrt1q…\\": 0.1}"'],
    core: {
      usage: usage.sendmany,
      params: {
        dummy: into('fromaccount', optional(noAccount('""', 'refused'))),
        ...sendmanyTail,
        ...sendmanyModern,
      },
      refuse: refuseUnknownPayers,
    },
    legacy: {
      params: {
        fromaccount: account('The account'),
        ...legacySendmanyTail,
      },
    },
    labels: {
      params: {
        dummy: into('fromaccount', optional(noAccount('""', 'refused'))),
        ...legacySendmanyTail,
      },
    },
  }),
  dumpprivkey: method({
    category: 'wallet',
    profiles: legacyKeys,
    about: 'The private key of an address.',
    params: { address: str('The address') },
    result: str('The key'),
    examples: ['"bcrt1q…"'],
  }),
  signmessage: method({
    category: 'wallet',
    about: 'Signs a message with the key of an address.',
    params: { address: str('The address'), message: str('The message') },
    result: str('The signature, base64'),
    examples: ['"1…" "hello"'],
  }),
  signrawtransactionwithwallet: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'Signs a transaction with the keys of the wallet.',
    params: {
      hexstring: hex('The transaction'),
      prevtxs: optional(prevTxs),
      sighashtype: optional(str('ALL, NONE, SINGLE, each with |ANYONECANPAY, or DEFAULT')),
    },
    result: signResult,
    examples: ['"0200…"'],
  }),
};
