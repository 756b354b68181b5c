/**
 * Result shapes that several methods share: transactions as JSON, scripts, mempool entries, wallet
 * entries. Members stand in the order bitcoind writes them.
 */
import {
  amount,
  bool,
  type Codec,
  hex,
  int,
  int64,
  optional,
  signedAmount,
  str,
  txid,
  uint32,
} from '../codec.ts';
import { list, object, record } from '../codec-shapes.ts';
import { RpcError } from '../error.ts';

/** A scriptPubKey, modern. */
export const scriptPubKey = object({
  asm: str('The script, disassembled'),
  desc: str('Its inferred descriptor'),
  hex: hex('The script'),
  address: optional(str('Its address, if it has one')),
  type: str('Its template, such as witness_v0_keyhash'),
});

/** A scriptPubKey as 0.16 shows it. */
export const legacyScriptPubKey = object({
  asm: str('The script, disassembled'),
  hex: hex('The script'),
  reqSigs: optional(int('Signatures needed')),
  type: str('Its template'),
  addresses: optional(list(str(''), 'Its addresses')),
});

const scriptSig = object({ asm: str('The script, disassembled'), hex: hex('The script') });

const spentOutput = object({
  generated: bool('Whether a coinbase made it'),
  height: int('Height of the block that made it'),
  value: amount('Its amount'),
  scriptPubKey,
});

const input = {
  coinbase: optional(hex('The scriptSig of a coinbase')),
  txid: optional(txid('The transaction spent from')),
  vout: optional(uint32('The output spent')),
  scriptSig: optional(scriptSig),
  txinwitness: optional(list(hex(''), 'The witness')),
};

const txMembers = {
  txid: txid('The transaction id'),
  hash: hex('The hash with witness, wtxid'),
  version: uint32('The version'),
  size: int('Bytes, with witness'),
  vsize: int('Virtual size, weight / 4'),
  weight: int('Weight units'),
  locktime: uint32('The locktime'),
};

/** The members of a transaction as JSON, for objects that add their own. */
export const tx = {
  ...txMembers,
  vin: list(
    object({ ...input, prevout: optional(spentOutput), sequence: uint32('The sequence') }),
    'The inputs',
  ),
  vout: list(
    object({ value: amount('The amount'), n: uint32('The index'), scriptPubKey }),
    'The outputs',
  ),
};

/** As {@link tx}, for a transaction of a wallet. */
export const ownTx = {
  ...tx,
  vout: list(
    object({
      value: amount('The amount'),
      n: uint32('The index'),
      scriptPubKey,
      ischange: optional(bool("True for the wallet's own change")),
    }),
    'The outputs',
  ),
};

/** 0.16 did not show the witness of a coinbase. */
function bareCoinbase<Input extends { readonly coinbase?: string | undefined }>(
  codec: Codec<Input>,
): Codec<Input> {
  return {
    ...codec,
    encode: (one) =>
      codec.encode(one.coinbase === undefined ? one : { ...one, txinwitness: undefined }),
  };
}

/** As {@link tx}, with the inputs and outputs of 0.16. */
export const legacyTx = {
  txid: txMembers.txid,
  hash: txMembers.hash,
  version: txMembers.version,
  size: txMembers.size,
  vsize: txMembers.vsize,
  locktime: txMembers.locktime,
  vin: list(bareCoinbase(object({ ...input, sequence: uint32('The sequence') })), 'The inputs'),
  vout: list(
    object({
      value: amount('The amount'),
      n: uint32('The index'),
      scriptPubKey: legacyScriptPubKey,
    }),
    'The outputs',
  ),
};

/** What is known of a transaction in the mempool. */
export const mempoolEntry = object({
  vsize_adjusted: int('Virtual size, counting sigops'),
  vsize: int('The same as vsize_adjusted'),
  vsize_bip141: int('Virtual size as BIP141 has it'),
  weight: int('Weight units'),
  time: int64('When it entered'),
  height: int('Height of the tip when it entered'),
  descendantcount: int('Descendants in the mempool, itself included'),
  descendantsize: int('Their virtual size'),
  ancestorcount: int('Ancestors in the mempool, itself included'),
  ancestorsize: int('Their virtual size'),
  wtxid: hex('The hash with witness'),
  chunkweight: int('Weight of its chunk'),
  fees: object({
    base: amount('Its fee'),
    modified: signedAmount('Its fee with priority'),
    ancestor: signedAmount('Fees with ancestors'),
    descendant: signedAmount('Fees with descendants'),
    chunk: signedAmount('Fees of its chunk'),
  }),
  depends: list(txid(''), 'Parents in the mempool'),
  spentby: list(txid(''), 'Children in the mempool'),
  unbroadcast: bool('Whether no peer has asked for it yet'),
  'bip125-replaceable': optional(
    bool('With -deprecatedrpc=bip125: whether it says that it may be replaced'),
  ),
});

/** As {@link mempoolEntry}, the way 0.16 shows it. */
export const legacyMempoolEntry = object({
  size: int('Virtual size'),
  fee: amount('Its fee'),
  modifiedfee: signedAmount('Its fee with priority'),
  time: int64('When it entered'),
  height: int('Height of the tip when it entered'),
  descendantcount: int('Descendants in the mempool, itself included'),
  descendantsize: int('Their virtual size'),
  descendantfees: int64('Their fees, satoshis'),
  ancestorcount: int('Ancestors in the mempool, itself included'),
  ancestorsize: int('Their virtual size'),
  ancestorfees: int64('Their fees, satoshis'),
  wtxid: hex('The hash with witness'),
  depends: list(txid(''), 'Parents in the mempool'),
});

/** Bytes by message type. */
export const bytesPerMessage = record(int64(''), 'Bytes by message type');

/** The block up to which a wallet has seen the chain. */
export const lastProcessedBlock = object({
  hash: hex('The block'),
  height: int('Its height'),
});

/** What could not be signed, per input. */
export const signErrors = list(
  object({
    txid: txid('The transaction spent from'),
    vout: uint32('The output spent'),
    witness: list(hex(''), 'The witness as it stands'),
    scriptSig: hex('The scriptSig as it stands'),
    sequence: uint32('The sequence'),
    error: str('What is wrong'),
  }),
);

/** What signing gives. */
export const signResult = object({
  hex: hex('The transaction with the signatures made'),
  complete: bool('Whether every input is signed'),
  errors: optional(signErrors),
});

const prevTx = object(
  {
    txid: txid('The transaction spent from'),
    vout: int('The output spent'),
    scriptPubKey: hex('Its script'),
    redeemScript: optional(hex('Its redeem script (P2SH)')),
    witnessScript: optional(hex('Its witness script (P2WSH)')),
    amount: optional(amount('Its amount (segwit)')),
  },
  '',
  { reading: 'checked' },
);

/** Outputs that the transaction to sign spends and that the chain may not know. */
export const prevTxs = list(
  {
    ...prevTx,
    decode(json, name) {
      if (prevTx.reads(json)) return prevTx.decode(json, name);
      throw new RpcError(-22, 'expected object with {"txid\'","vout","scriptPubKey"}');
    },
  } satisfies typeof prevTx,
  'Outputs spent that may be unknown to the node',
  {
    usage:
      '[{"txid":"hex","vout":n,"scriptPubKey":"hex","redeemScript":"hex","witnessScript":"hex","amount":amount},...]',
  },
);
