/**
 * What several tables of wallet methods share: result shapes (entries of the history, addresses, coins) and
 * the parameters that all of them have.
 */

import type { Codec } from '../codec.ts';
import {
  amount,
  blockHash,
  bool,
  byNameOnly,
  hex,
  int,
  int64,
  optional,
  signedAmount,
  str,
  txid,
  uint32,
} from '../codec.ts';
import { list, object } from '../codec-shapes.ts';

/** What became of a wallet transaction, modern; stands in entries and in gettransaction. */
export const outcome = {
  confirmations: int('Confirmations; negative: a conflicting one has as many'),
  generated: optional(bool('True for a coinbase')),
  blockhash: optional(blockHash('The block it is in')),
  blockheight: optional(int('The height of the block')),
  blockindex: optional(int('Its place in the block')),
  blocktime: optional(int64('The time of the block')),
  trusted: optional(bool('Whether its outputs may be spent without a confirmation')),
  txid: txid('The transaction'),
  wtxid: hex('Its hash with witness'),
  alternate_wtxids: list(hex(''), 'Other witnesses seen for it'),
  walletconflicts: list(txid(''), 'Wallet transactions that spend the same'),
  mempoolconflicts: list(txid(''), 'Mempool transactions that spend the same'),
  time: int64('Its time'),
  timereceived: int64('When the wallet learnt of it'),
  'bip125-replaceable': optional(str('yes, no or unknown')),
  comment: optional(str('A note')),
  to: optional(str('A note about whom it was for')),
  replaces_txid: optional(txid('The one it replaces')),
  replaced_by_txid: optional(txid('The one that replaces it')),
};

/** The same; bitcoind shows whether it signals BIP125 only with -deprecatedrpc=bip125: all are replaceable now. */
export const coreOutcome = outcome;

/** The same, as 0.16 shows it. */
export const legacyOutcome = {
  confirmations: outcome.confirmations,
  generated: outcome.generated,
  blockhash: outcome.blockhash,
  blockindex: outcome.blockindex,
  blocktime: outcome.blocktime,
  trusted: outcome.trusted,
  txid: outcome.txid,
  walletconflicts: outcome.walletconflicts,
  time: outcome.time,
  timereceived: outcome.timereceived,
  'bip125-replaceable': outcome['bip125-replaceable'],
  comment: outcome.comment,
  replaced_by_txid: outcome.replaced_by_txid,
  replaces_txid: outcome.replaces_txid,
  to: outcome.to,
};

const payment = {
  address: optional(str('The address')),
  parent_descs: optional(list(str(''), 'The descriptors it comes from')),
  category: str('send, receive, generate, immature or orphan'),
  amount: signedAmount('The amount, negative when sent'),
  label: optional(str('The label of the address')),
  vout: uint32('The output'),
  fee: optional(signedAmount('The fee, negative, when sent')),
  abandoned: bool('Whether it was given up'),
};

const { abandoned, ...paymentOnly } = payment;
const otherEntry = object({ ...payment, ...coreOutcome });
const sentEntry = object({ ...paymentOnly, ...coreOutcome, abandoned });

/** One payment of the history, modern. Of what was sent, whether it was given up comes last. */
export const entry: typeof otherEntry = {
  ...otherEntry,
  encode: (line) => (line.category === 'send' ? sentEntry : otherEntry).encode(line),
};

/** 0.16 told only of what was sent whether it was given up. */
function sendsTellAbandoned<Entry extends { readonly category: string }>(
  codec: Codec<Entry>,
): Codec<Entry> {
  return {
    ...codec,
    encode: (line) =>
      codec.encode(line.category === 'send' ? line : { ...line, abandoned: undefined }),
  };
}

/** Members of a line of the history; those of transactions are optional, since a `move` has none. */
const lineMembers = {
  address: payment.address,
  category: str('send, receive, generate, immature, orphan or move'),
  amount: signedAmount('The amount, negative when it leaves the account'),
  label: payment.label,
  vout: optional(payment.vout),
  fee: payment.fee,
  ...legacyOutcome,
  confirmations: optional(outcome.confirmations),
  txid: optional(outcome.txid),
  walletconflicts: optional(outcome.walletconflicts),
  timereceived: optional(outcome.timereceived),
  abandoned: optional(payment.abandoned),
};
const watched = { involvesWatchonly: optional(bool('True for a watched address')) };
const owner = { account: optional(str('Whose entry it is')) };

/** One line of the history with accounts: a payment, or a `move` without transaction and address. */
export const accountEntry = sendsTellAbandoned(
  object({
    ...watched,
    ...owner,
    ...lineMembers,
    otheraccount: optional(str('The other account of a move')),
  }),
);

/** The member of an entry that leads on from it. */
export const whereItStands = optional(str('Where it stands, when a cursor was given'));

/** The same, with where to go on from. */
export const pagedAccountEntry = sendsTellAbandoned(
  object({
    ...watched,
    ...owner,
    ...lineMembers,
    otheraccount: optional(str('The other account of a move')),
    cursor: whereItStands,
  }),
);

/** One line of the history as 0.17 shows it without accounts. */
export const labelEntry = sendsTellAbandoned(object({ ...watched, ...lineMembers }));

const anyMembers = {
  involvesWatchonly: optional(bool('True for a watched address')),
  account: optional(str('Whose entry it is, when accounts are listed')),
  ...payment,
  vout: optional(payment.vout),
  abandoned: optional(payment.abandoned),
  ...outcome,
  confirmations: optional(outcome.confirmations),
  txid: optional(outcome.txid),
  wtxid: optional(outcome.wtxid),
  alternate_wtxids: optional(outcome.alternate_wtxids),
  walletconflicts: optional(outcome.walletconflicts),
  mempoolconflicts: optional(outcome.mempoolconflicts),
  timereceived: optional(outcome.timereceived),
  otheraccount: optional(str('The other account of a move')),
};

/** As {@link accountEntry}, with the modern members too: what coind shows beside both families. */
export const anyEntry = object(anyMembers);

/** As {@link anyEntry}, with where to go on from: only where somebody pages by it. */
export const pagedEntry = object({
  ...anyMembers,
  cursor: whereItStands,
});

/** The payments of one transaction, modern. */
export const details = list(object({ ...watched, ...payment }), 'Its payments');

const detailMembers = {
  address: payment.address,
  category: payment.category,
  amount: payment.amount,
  label: payment.label,
  vout: payment.vout,
  fee: payment.fee,
  abandoned: optional(payment.abandoned),
};

/** The payments of one transaction, as 0.16 shows them. */
export const legacyDetails = list(
  sendsTellAbandoned(object({ ...watched, ...owner, ...detailMembers })),
  'Its payments',
);

/** The payments of one transaction, as 0.17 shows them without accounts. */
export const labelDetails = list(
  sendsTellAbandoned(object({ ...watched, ...detailMembers })),
  'Its payments',
);

const witness = {
  isscript: optional(bool('Whether it pays to a script')),
  iswitness: bool('Whether it is a witness program'),
  witness_version: optional(int('The version of the program')),
  witness_program: optional(hex('The program')),
};

const embeddedMembers = {
  ...witness,
  script: optional(str('The kind of script behind it')),
  hex: optional(hex('The script behind it')),
  pubkeys: optional(list(hex(''), 'Its keys')),
  sigsrequired: optional(int('Signatures needed')),
  pubkey: optional(hex('The public key')),
};
const addressMembers = {
  iscompressed: optional(bool('Whether the key is compressed')),
  address: str('The address'),
  scriptPubKey: hex('The script it stands for'),
};

/** A witness program behind a P2SH address, and the key hash that may be behind that. */
export const embedded = object({
  ...embeddedMembers,
  embedded: optional(object({ ...embeddedMembers, ...addressMembers })),
  ...addressMembers,
});

/** All a wallet knows of an address. */
export const addressInfo = object({
  address: str('The address'),
  scriptPubKey: hex('The script it stands for'),
  ismine: bool('Whether the wallet can spend from it'),
  solvable: bool('Whether the wallet knows how'),
  desc: optional(str('Its descriptor')),
  parent_desc: optional(str('The descriptor it comes from')),
  iswatchonly: bool('Whether the wallet watches it'),
  ...witness,
  script: optional(str('The kind of script behind it')),
  hex: optional(hex('The script behind it')),
  pubkey: optional(hex('The public key')),
  iscompressed: optional(bool('Whether the key is compressed')),
  embedded: optional(embedded),
  pubkeys: optional(list(hex(''), 'Its keys')),
  sigsrequired: optional(int('Signatures needed')),
  ischange: bool('Whether it was made for change'),
  timestamp: optional(int64('When its key was made')),
  hdkeypath: optional(str('The path of its key')),
  hdseedid: optional(hex('The id of the seed')),
  hdmasterfingerprint: optional(hex('The fingerprint of the master key')),
  labels: list(str(''), 'Its labels'),
});

const path = str('The path of its key');

/** The path of a key, with the marks of 0.16: m/0'/0'/1'. */
export const apostrophePath: Codec<string> = {
  ...path,
  encode: (text) => path.encode(text.replaceAll('h', "'")),
};

/** 0.17 said of a label what it is for. */
function labelsTellPurpose<Info extends { readonly label?: string | undefined }>(
  codec: Codec<Info>,
): Codec<Info> {
  return {
    ...codec,
    encode(info) {
      const { label: name, purpose } = info as { label?: string; purpose?: string };
      return codec.encode({ ...info, labels: name === undefined ? [] : [{ name, purpose }] });
    },
  };
}

const labelAddressMembers = object({
  address: str('The address'),
  scriptPubKey: hex('The script it stands for'),
  ismine: bool('Whether the wallet can spend from it'),
  iswatchonly: bool('Whether the wallet watches it'),
  ...witness,
  script: optional(str('The kind of script behind it')),
  hex: optional(hex('The script behind it')),
  pubkeys: optional(list(hex(''), 'Its keys')),
  sigsrequired: optional(int('Signatures needed')),
  pubkey: optional(hex('The public key')),
  embedded: optional(embedded),
  iscompressed: optional(bool('Whether the key is compressed')),
  label: optional(str('Its label')),
  account: optional(str('Its account')),
  timestamp: optional(int64('When its key was made')),
  hdkeypath: optional(apostrophePath),
  hdseedid: optional(hex('The id of the seed')),
  hdmasterkeyid: optional(hex('The id of the master key')),
  labels: list(object({ name: str('The label'), purpose: str('send or receive') }), 'Its labels'),
});

/** What a wallet knows of an address, as 0.17 shows it. */
export const labelAddressInfo = labelsTellPurpose(labelAddressMembers);

const coin = {
  txid: txid('The transaction'),
  vout: uint32('The output'),
  address: optional(str('Its address')),
};

const unspentMembers = {
  ...coin,
  label: optional(str('The label of the address')),
  redeemScript: optional(hex('Its redeem script')),
  witnessScript: optional(hex('Its witness script')),
  scriptPubKey: hex('Its script'),
  amount: amount('The amount'),
  confirmations: int('Confirmations'),
  ancestorcount: optional(int('Unconfirmed ancestors, itself included')),
  ancestorsize: optional(int('Their virtual size')),
  ancestorfees: optional(int64('Their fees, satoshis')),
  spendable: bool('Whether the wallet has the keys'),
  solvable: bool('Whether the wallet knows how to spend it'),
  desc: optional(str('Its descriptor')),
  parent_descs: list(str(''), 'The descriptors it comes from'),
  reused: optional(bool('Whether its address was used before')),
  safe: bool('Whether it may be spent'),
};

/** A coin the wallet can spend, modern. */
export const unspent = object(unspentMembers);

/** The same where callers may page by cursor. */
export const pagedUnspent = object({ ...unspentMembers, cursor: whereItStands });

/** The members of a coin that 0.16 and 0.17 share. */
const olderCoin = {
  scriptPubKey: hex('Its script'),
  redeemScript: optional(hex('Its redeem script')),
  amount: amount('The amount'),
  confirmations: int('Confirmations'),
  spendable: bool('Whether the wallet has the keys'),
  solvable: bool('Whether the wallet knows how to spend it'),
  safe: bool('Whether it may be spent'),
};

/** A coin as 0.16 shows it, with where to go on from. */
export const pagedLegacyUnspent = object({
  ...coin,
  account: optional(str('The account of the address')),
  ...olderCoin,
  cursor: whereItStands,
});

/** A coin as 0.17 shows it without accounts. */
export const labelUnspent = object({
  ...coin,
  label: optional(str('The label of the address')),
  ...olderCoin,
});

/** Least confirmations of what counts. */
export const minconf = optional(int('Payments with fewer confirmations do not count'), 1);
/** Whether watched addresses are among what is asked for. */
export const includeWatchonly = optional(bool('Whether watched addresses count'), false);

/** How a list of sums is paged: behind the line with a cursor, so many lines. */
export const sumsPage = {
  cursor: byNameOnly(
    optional(
      str(
        'Lists what is behind the line with this cursor; "" begins with the first. Lines then show theirs: that of the last one leads to the next page',
      ),
    ),
  ),
  count: byNameOnly(optional(int('How many lines, when a cursor is given'), 1000)),
};
