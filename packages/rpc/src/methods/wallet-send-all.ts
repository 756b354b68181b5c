/** The wallet method that spends everything. */
import { bool, type Codec, feeRate, int, optional, str } from '../codec.ts';
import { object } from '../codec-shapes.ts';
import { formatString, type Json, JsonNumber, JsonObject } from '../json.ts';
import { method } from '../method.ts';
import { chosenInputs, confTarget, outdatedOptions, solvingData } from './funding-params.ts';
import { idempotencyKey, type NewOutput, newOutputs, ranged } from './params.ts';
import { sentOrPartial } from './wallet-send.ts';

/** Somebody to pay: an amount, data, or a share of what is left. */
export type NewShare = NewOutput | { readonly address: string };

/** Recipients: addresses alone share what is left, objects are outputs with amounts. */
const newShares: Codec<readonly NewShare[]> = (() => {
  const outputs = newOutputs('Whom to pay; addresses without amount share what is left', {
    usage: '["address",{"address":amount,...},...]',
  });
  const asOutput = (json: Json): Json =>
    typeof json === 'string' ? new JsonObject([[json, new JsonNumber('0')]]) : json;
  return {
    ...outputs,
    type: 'array',
    decode(json, name) {
      const given = json as readonly Json[];
      return outputs
        .decode(given.map(asOutput), name)
        .map((output, i) => (typeof given[i] === 'string' ? { address: given[i] } : output));
    },
    encode: (shares) =>
      `[${shares.map((share) => ('data' in share || 'amount' in share ? outputs.encode([share]).slice(1, -1) : formatString(share.address))).join(',')}]`,
  };
})();

const sendAllOptions = object(
  {
    add_to_wallet: optional(bool('False: it is made and signed, but not sent')),
    fee_rate: optional(feeRate('The fee rate, sat/vB')),
    include_watching: optional(bool('Ignored')),
    inputs: optional(chosenInputs),
    locktime: optional(
      ranged(0, 0xffffffff, 'Invalid parameter, locktime out of range', 'The locktime'),
    ),
    lock_unspents: optional(bool('Whether to keep the coins from being spent again')),
    psbt: optional(bool('Whether to make a PSBT, complete or not, and send nothing')),
    send_max: optional(bool('Whether to leave coins behind that cost more than they are worth')),
    minconf: optional(int('Least confirmations of the coins')),
    maxconf: optional(int('Most confirmations of the coins')),
    version: optional(ranged(1, 3, 'Invalid parameter, version out of range(1~3)', 'The version')),
    conf_target: confTarget,
    estimate_mode: optional(str('unset, economical or conservative')),
    replaceable: optional(bool('Whether it signals that it may be replaced (BIP125)')),
    solving_data: solvingData,
  },
  'How to pay',
  {
    alsoNamed: true,
    usage: 'options',
    renamed: outdatedOptions,
  },
);

const params = {
  recipients: newShares,
  conf_target: confTarget,
  estimate_mode: optional(str('unset, economical or conservative')),
  fee_rate: optional(feeRate('The fee rate, sat/vB')),
  options: optional(sendAllOptions),
};

/** The wallet method that spends everything. */
export const walletSendAll = {
  sendall: method({
    category: 'wallet',
    profiles: ['coind', 'core'],
    about: 'Spends all coins of the wallet, or those that are named, without change.',
    params: { ...params, idempotency_key: idempotencyKey },
    core: { params },
    result: sentOrPartial,
    examples: ['"[\\"bcrt1q…\\"]"'],
  }),
};
