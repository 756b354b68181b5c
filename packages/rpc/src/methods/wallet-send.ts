/** The wallet methods that pay in today's way: with options for the coins, the change and the fee. */
import {
  amount,
  bool,
  byNameOnly,
  type Codec,
  feeRate,
  hex,
  int,
  int64,
  looseHash,
  optional,
  str,
  txid,
  uint32,
} from '../codec.ts';
import { list, object, oneOf } from '../codec-shapes.ts';
import { RpcError } from '../error.ts';
import { method } from '../method.ts';
import { idempotencyKey, inputIndex, inputSequence, newOutputs, ranged } from './params.ts';

const modern = ['coind', 'core'] as const;
const locktime = ranged(0, 0xffffffff, 'Invalid parameter, locktime out of range', 'The locktime');

/** A member whose type is looked at when it is read, not before all others. */
export function inItsTurn<Value>(codec: Codec<Value>) {
  return optional({ ...codec, type: undefined });
}

/** Outputs that bear the fee; what is no list is refused in words of its own. */
export function payers<Payer>(item: Codec<Payer>, about: string): Codec<readonly Payer[]> {
  const codec = list(item, about);
  return {
    ...codec,
    decode(json, name) {
      if (Array.isArray(json)) return codec.decode(json, name);
      throw new RpcError(-1, 'JSON value is not an object or array as expected');
    },
  };
}

/** The options of `send`; each can also be given as a named parameter of the method. */
const sendOptions = object(
  {
    add_inputs: optional(bool('Whether coins may be added to the inputs')),
    include_unsafe: optional(bool('Whether unconfirmed coins of others may be spent')),
    minconf: optional(int('Least confirmations of the coins added')),
    maxconf: optional(int('Most confirmations of the coins added')),
    add_to_wallet: optional(bool('False: it is made and signed, but not sent')),
    change_address: optional(str('Where the change goes')),
    change_position: optional(int('Which output the change is')),
    change_type: optional(str('legacy, p2sh-segwit, bech32 or bech32m')),
    conf_target: optional(int('Blocks within which it should confirm')),
    estimate_mode: optional(str('unset, economical or conservative')),
    fee_rate: optional(feeRate('The fee rate, sat/vB')),
    include_watching: optional(bool('Ignored')),
    inputs: inItsTurn(
      list(
        object({
          txid: txid('The transaction spent from'),
          vout: inputIndex('The output spent'),
          sequence: optional(inputSequence('The sequence')),
        }),
        'Coins to spend',
      ),
    ),
    locktime: inItsTurn(locktime),
    lock_unspents: optional(bool('Whether to keep the coins from being spent again')),
    max_tx_weight: optional(int('The most it may weigh')),
    replaceable: inItsTurn(bool('Whether it signals that it may be replaced (BIP125)')),
    subtract_fee_from_outputs: inItsTurn(
      payers(
        oneOf([str('An address'), int('The place of an output')]),
        'Outputs that bear the fee',
      ),
    ),
  },
  'How to pay',
  {
    reading: 'strict',
    alsoNamed: true,
    usage: 'options',
    renamed: {
      feeRate: 'fee_rate (sat/vB)',
      changeAddress: 'change_address',
      changePosition: 'change_position',
      lockUnspents: 'lock_unspents',
      subtractFeeFromOutputs: 'subtract_fee_from_outputs',
    },
  },
);

const bumpMembers = {
  fee_rate: optional(feeRate('The new fee rate, sat/vB')),
  replaceable: optional(bool('Whether the new one may be replaced too')),
  estimate_mode: optional(str('unset, economical or conservative')),
};
const confTarget = optional(int('Blocks within which it should confirm'));
const totalFee = optional(int64('The exact new fee, satoshis'));
const coreBumpMembers = {
  confTarget,
  conf_target: confTarget,
  ...bumpMembers,
  outputs: optional(newOutputs('What it pays instead')),
  original_change_index: optional(uint32('The output that takes the difference')),
};
const bumpReading = { reading: 'strict', alsoNamed: true, usage: 'options' } as const;
const bumpResult = object({
  txid: txid('The new transaction'),
  origfee: amount('The old fee'),
  fee: amount('The new fee'),
  errors: list(str(''), 'What went wrong along the way'),
});

const sendParams = {
  outputs: newOutputs('What it pays', {
    usage: '[{"address":amount,...},{"data":"hex"},...]',
  }),
  conf_target: optional(int('Blocks within which it should confirm')),
  estimate_mode: optional(str('unset, economical or conservative')),
  fee_rate: optional(feeRate('The fee rate, sat/vB')),
  options: optional(sendOptions),
  version: optional(ranged(1, 3, 'Invalid parameter, version out of range(1~3)', 'The version'), 2),
};

/** The wallet methods that pay in today's way. */
export const walletSend = {
  send: method({
    category: 'wallet',
    profiles: modern,
    about: 'Sends a transaction.',
    params: { ...sendParams, idempotency_key: idempotencyKey },
    core: { params: sendParams },
    result: object({
      txid: optional(txid('The transaction id')),
      hex: optional(hex('The transaction, when it was not sent')),
      complete: bool('Whether every input is signed'),
    }),
    examples: ['"{\\"bcrt1q…\\": 0.1}" null unset 1.1'],
  }),
  bumpfee: method({
    category: 'wallet',
    about: 'Replaces an unconfirmed transaction by one that pays a higher fee.',
    params: {
      txid: txid('The transaction'),
      options: optional(object({ ...coreBumpMembers, totalFee }, 'How to replace it', bumpReading)),
      only_signalling: byNameOnly(optional(bool('Refuse what does not signal BIP125'), false)),
      idempotency_key: idempotencyKey,
    },
    result: bumpResult,
    examples: ['"0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098"'],
    core: {
      params: {
        txid: txid('The transaction'),
        options: optional(object(coreBumpMembers, 'How to replace it', bumpReading)),
      },
    },
    legacy: {
      params: {
        txid: looseHash(txid('The transaction')),
        options: optional(
          object(
            {
              confTarget,
              totalFee,
              replaceable: bumpMembers.replaceable,
              estimate_mode: bumpMembers.estimate_mode,
            },
            'How to replace it',
            { reading: 'strict', usage: 'options' },
          ),
        ),
        idempotency_key: idempotencyKey,
      },
      checked: ['txid', 'options'],
      fixed: { only_signalling: true },
    },
  }),
};
