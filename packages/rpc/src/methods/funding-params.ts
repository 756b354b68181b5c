/** Parameters of the wallet methods that fund a transaction: coins named beforehand, and how to spend others'. */
import { bool, type Codec, int, num, optional, str, txid } from '../codec.ts';
import { list, object, oneOf } from '../codec-shapes.ts';
import { RpcError } from '../error.ts';
import { jsonType } from '../json.ts';
import { inputIndex, inputSequence } from './params.ts';

/** A member whose type is looked at when it is read, not before all others. */
export function inItsTurn<Value>(codec: Codec<Value>) {
  return optional({ ...codec, type: undefined });
}

/** An output that bears the fee, by place or by name. */
export const payer: Codec<string | number> = (() => {
  const codec = oneOf([str('An address'), int('The place of an output')]);
  return {
    ...codec,
    decode(json, name) {
      if (codec.reads(json)) return codec.decode(json, name);
      throw new RpcError(
        -8,
        `Invalid parameter 'subtract fee from output', invalid value type: ${jsonType(json)}`,
      );
    },
  };
})();

/** Outputs that bear the fee; what is no list is refused in words of its own. */
export const payers: Codec<readonly (string | number)[]> = (() => {
  const codec = list(payer, 'Outputs that bear the fee');
  return {
    ...codec,
    decode(json, name) {
      if (Array.isArray(json)) return codec.decode(json, name);
      throw new RpcError(-1, 'JSON value is not an object or array as expected');
    },
  };
})();

/** How to spend inputs that are not of the wallet. */
export const solvingData = inItsTurn(
  object(
    {
      pubkeys: optional(list(str(''), 'Public keys, hex')),
      scripts: optional(list(str(''), 'Redeem and witness scripts, hex')),
      descriptors: optional(list(str(''), 'Descriptors')),
    },
    'How to spend inputs that are not of the wallet',
  ),
);

/** Blocks within which a payment should confirm; whether the number is one is seen when the fee is chosen. */
export const confTarget = optional(num('Blocks within which it should confirm'));

/** The kind of address that the change goes to; null is none of them. */
export const changeType = optional({
  ...str('legacy, p2sh-segwit, bech32 or bech32m'),
  keepsNull: true,
});

/** Coins to spend. */
export const chosenInputs = list(
  object({
    txid: txid('The transaction spent from'),
    vout: inputIndex('The output spent'),
    sequence: optional(inputSequence('The sequence')),
    weight: optional(int('What the input weighs once signed, in weight units')),
  }),
  'Coins to spend',
  { usage: '[{"txid":"hex","vout":n,"sequence":n,"weight":n},...]' },
);

/** Weights of inputs are said where the inputs are. */
export const misplacedWeights = {
  input_weights: 'Input weights should be specified in inputs rather than in options.',
};

/** Which coins may be added. */
export const addedCoins = {
  add_inputs: optional(bool('Whether coins may be added to the inputs')),
  include_unsafe: optional(bool('Whether unconfirmed coins of others may be spent')),
  minconf: optional(int('Least confirmations of the coins added')),
  maxconf: optional(int('Most confirmations of the coins added')),
};

/** Options of older methods that the methods of today call something else. */
export const outdatedOptions = {
  feeRate: 'fee_rate (sat/vB)',
  changeAddress: 'change_address',
  changePosition: 'change_position',
  lockUnspents: 'lock_unspents',
  subtractFeeFromOutputs: 'subtract_fee_from_outputs',
};
