/** The wallet methods that pay in today's way: with options for the coins, the change and the fee. */
import {
  amount,
  bool,
  byNameOnly,
  feeRate,
  hex,
  insideOnly,
  int,
  int64,
  looseHash,
  optional,
  str,
  txid,
  uint32,
} from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method } from '../method.ts';
import {
  addedCoins,
  changeType,
  chosenInputs,
  confTarget,
  inItsTurn,
  misplacedWeights,
  outdatedOptions,
  payers,
  solvingData,
} from './funding-params.ts';
import { idempotencyKey, newOutputs, ranged } from './params.ts';

const modern = ['coind', 'core'] as const;
const locktime = ranged(0, 0xffffffff, 'Invalid parameter, locktime out of range', 'The locktime');

/** The options of `send`; each can also be given as a named parameter of the method. */
const sendOptions = object(
  {
    ...addedCoins,
    add_to_wallet: optional(bool('False: it is made and signed, but not sent')),
    change_address: optional(str('Where the change goes')),
    change_position: optional(int('Which output the change is')),
    change_type: changeType,
    fee_rate: optional(feeRate('The fee rate, sat/vB')),
    include_watching: optional(bool('Ignored')),
    inputs: inItsTurn(chosenInputs),
    locktime: inItsTurn(locktime),
    lock_unspents: optional(bool('Whether to keep the coins from being spent again')),
    psbt: optional(bool('Whether to make a PSBT, complete or not, and send nothing')),
    subtract_fee_from_outputs: inItsTurn(payers),
    max_tx_weight: optional(int('The most it may weigh')),
    conf_target: confTarget,
    estimate_mode: optional(str('unset, economical or conservative')),
    replaceable: inItsTurn(bool('Whether it signals that it may be replaced (BIP125)')),
    solving_data: solvingData,
  },
  'How to pay',
  {
    reading: 'strict',
    alsoNamed: true,
    usage: 'options',
    renamed: outdatedOptions,
    misplaced: misplacedWeights,
  },
);

const bumpMembers = {
  fee_rate: optional(feeRate('The new fee rate, sat/vB')),
  replaceable: optional(bool('Whether the new one may be replaced too')),
  estimate_mode: optional(str('unset, economical or conservative')),
};
const totalFee = optional(int64('The exact new fee, satoshis'));
/** Options of a replacement, as today's bitcoind has them. */
export const coreBumpMembers = {
  confTarget: insideOnly(confTarget),
  conf_target: confTarget,
  ...bumpMembers,
  outputs: optional(newOutputs('What it pays instead')),
  original_change_index: optional(uint32('The output that takes the difference')),
};
/** How they are read. */
export const bumpReading = { reading: 'strict', alsoNamed: true, usage: 'options' } as const;
const bumpResult = object({
  txid: txid('The new transaction'),
  origfee: amount('The old fee'),
  fee: amount('The new fee'),
  errors: list(str(''), 'What went wrong along the way'),
});

/** What became of a payment that others may have to sign. */
export const sentOrPartial = object({
  psbt: optional(str('The PSBT, base64, when it was not sent')),
  txid: optional(txid('The transaction id, when complete')),
  hex: optional(hex('The transaction, when complete and not sent')),
  complete: bool('Whether every input is signed'),
});

const sendParams = {
  outputs: newOutputs('What it pays', {
    usage: '[{"address":amount,...},{"data":"hex"},...]',
  }),
  conf_target: confTarget,
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
    result: sentOrPartial,
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
