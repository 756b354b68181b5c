/**
 * The wallet methods that pay: sendtoaddress and sendmany as they have always been, `send` with options for the
 * coins, the change and the fee, and bumpfee. Where a first argument was an account and became a dummy, coind
 * takes both readings.
 */
import {
  account,
  amount,
  bool,
  byNameOnly,
  feeRate,
  hex,
  insideOnly,
  int,
  int64,
  into,
  late,
  looseHash,
  optional,
  positiveAmount,
  str,
  txid,
  uint32,
} from '../codec.ts';
import { list, object, oneOf, pairs } from '../codec-shapes.ts';
import { RpcError } from '../error.ts';
import { method } from '../method.ts';
import {
  addedCoins,
  changeType,
  chosenInputs,
  confTarget,
  inItsTurn,
  misplacedWeights,
  outdatedOptions,
  payer,
  payers,
  solvingData,
} from './funding-params.ts';
import { idempotencyKey, newOutputs, noAccount, ranged } from './params.ts';

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

/** What sendtoaddress and sendmany share. */
const replaceable = optional(bool('Whether it signals that it may be replaced (BIP125)'));
const estimateMode = optional(str('unset, economical or conservative'), 'unset');
const fee_rate = optional(feeRate('The fee rate, sat/vB'));
const avoidReuse = optional(
  bool('Whether addresses used before are left alone, if the wallet does'),
);
const comment = optional(str('A note kept in the wallet'), '');
const commentTo = optional(str('A note about whom it is for'), '');
const nothingFrom = optional(list(payer, 'Who bears the fee', { usage: '["address",...]' }), []);
const sent = oneOf([
  txid('The transaction id'),
  object({ txid: txid('The transaction id'), fee_reason: str('Where the fee comes from') }),
]);
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
const sendmanyUsage =
  'sendmany ( "" ) {"address":amount,...} ( minconf "comment" ["address",...] replaceable conf_target "estimate_mode" fee_rate verbose )';
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

/** The wallet methods that pay. */
export const walletSend = {
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
    usage: sendmanyUsage,
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
      usage: sendmanyUsage,
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
