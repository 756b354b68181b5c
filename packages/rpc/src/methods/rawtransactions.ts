/** Methods that make, decode, sign and send transactions without a wallet's help. */

import { feeRate } from '@coind/primitives';
import {
  amount,
  blockHash,
  bool,
  hex,
  int,
  int64,
  into,
  maxFeeRate,
  optional,
  str,
  txid,
} from '../codec.ts';
import { list, object, oneOf } from '../codec-shapes.ts';
import { method } from '../method.ts';
import {
  allowHighFees,
  newOutputs,
  notNull,
  outputsByAddress,
  ranged,
  truth,
  verbosity,
} from './params.ts';
import { legacyTx, prevTxs, signResult, tx } from './shapes.ts';
import { inputs, locktime, sighashtype } from './transaction-params.ts';

const DEFAULT_MAX_FEE_RATE = feeRate(10_000_000n);
const placement = {
  blockhash: optional(blockHash('The block it is in')),
  confirmations: optional(int('Its confirmations')),
  time: optional(int64('The time of the block')),
  blocktime: optional(int64('The same as time')),
};

/** 0.17's createrawtransaction: outputs may be a list as well. */
const listedOutputs = {
  inputs: notNull(inputs),
  outputs: notNull(
    newOutputs('What it pays', { usage: '[{"address":amount},{"data":"hex"},...]' }),
  ),
  locktime,
  replaceable: optional(truth('Whether it signals that it may be replaced'), false),
};

/** Methods that make, decode, sign and send transactions. */
export const rawtransactions = {
  getrawtransaction: method({
    category: 'rawtransactions',
    about: 'A transaction: as hex (verbosity 0), decoded (1), with the outputs it spends (2).',
    params: {
      txid: txid('The transaction', { called: 'parameter 1' }),
      'verbosity|verbose': optional(verbosity('0 … 2'), 0),
      blockhash: optional(blockHash('The block it is in', { called: 'parameter 3' })),
    },
    result: oneOf([
      hex('The transaction'),
      object({
        in_active_chain: optional(bool('Whether the block given is on the best chain')),
        vsize_adjusted: optional(int('Virtual size counting sigops, of one in the mempool')),
        ...tx,
        fee: optional(amount('The fee')),
        hex: hex('The transaction'),
        ...placement,
      }),
    ]),
    examples: ['"0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098" 1'],
    legacy: {
      params: {
        txid: txid('The transaction', { called: 'parameter 1' }),
        verbose: into('verbosity', optional(verbosity('true for JSON', 'a boolean'), 0)),
        blockhash: optional(blockHash('The block it is in', { called: 'parameter 3' })),
      },
      result: oneOf([
        hex('The transaction'),
        object({
          in_active_chain: optional(bool('Whether the block given is on the best chain')),
          ...legacyTx,
          hex: hex('The transaction'),
          ...placement,
        }),
      ]),
    },
  }),
  decoderawtransaction: method({
    category: 'rawtransactions',
    about: 'The members of a transaction.',
    params: {
      hexstring: hex('The transaction'),
      iswitness: optional(bool('Whether it is in witness format; both are tried without it')),
    },
    result: object(tx),
    examples: ['"0200…"'],
    legacy: { result: object(legacyTx), checked: ['hexstring', 'iswitness'] },
  }),
  createrawtransaction: method({
    category: 'rawtransactions',
    about: 'An unsigned transaction of given inputs and outputs.',
    params: {
      inputs,
      outputs: newOutputs('What it pays', {
        usage: '[{"address":amount,...},{"data":"hex"},...]',
      }),
      locktime,
      replaceable: optional(bool('Whether it signals that it may be replaced (BIP125)')),
      version: optional(
        ranged(1, 3, 'Invalid parameter, version out of range(1~3)', 'The version'),
        2,
      ),
    },
    result: hex('The transaction'),
    examples: ['"[]" "[{\\"data\\":\\"00010203\\"}]"'],
    legacy: {
      params: {
        inputs: notNull(inputs),
        outputs: notNull(outputsByAddress('What it pays')),
        locktime,
        replaceable: optional(truth('Whether it signals that it may be replaced'), false),
      },
      checked: ['inputs', 'outputs', 'locktime'],
    },
    early: { params: listedOutputs },
    labels: { params: listedOutputs, unless: 'nothing' },
  }),
  signrawtransactionwithkey: method({
    category: 'rawtransactions',
    about: 'Signs a transaction with given keys.',
    params: {
      hexstring: hex('The transaction'),
      privkeys: list(str(''), 'Private keys', { usage: '["privatekey",...]' }),
      prevtxs: optional(prevTxs),
      sighashtype,
    },
    result: signResult,
    releases: ['0.17'],
    examples: ['"0200…" "[\\"cT…\\"]"'],
  }),
  sendrawtransaction: method({
    category: 'rawtransactions',
    about: 'Puts a transaction into the mempool and sends it to the peers.',
    params: {
      hexstring: hex('The transaction'),
      maxfeerate: optional(
        maxFeeRate('The highest fee rate to send, BTC per 1,000 vbytes; 0: any'),
        DEFAULT_MAX_FEE_RATE,
      ),
      maxburnamount: optional(amount('The most to pay to outputs that cannot be spent'), 0n),
    },
    result: txid('The transaction id'),
    examples: ['"0200…"'],
    legacy: {
      params: {
        hexstring: hex('The transaction'),
        allowhighfees: into(
          'maxfeerate',
          optional(allowHighFees('Whether any fee will do'), DEFAULT_MAX_FEE_RATE),
        ),
      },
      checked: ['hexstring', 'allowhighfees'],
    },
  }),
};
