/** The wallet method that completes a transaction somebody else described. */
import { amount, bool, type Codec, feeRate, hex, int, optional, str, txid } from '../codec.ts';
import { list, object, oneOf } from '../codec-shapes.ts';
import { RpcError } from '../error.ts';
import { method } from '../method.ts';
import { inItsTurn, payers } from './wallet-send.ts';

/** A number whose absence is refused in words of its own. */
function present(name: string): Codec<number> {
  const codec = int('');
  return {
    ...codec,
    type: undefined,
    decode(json, called) {
      if (json === null) throw new RpcError(-8, `Invalid parameter, missing ${name} key`);
      return codec.decode(json, called);
    },
  };
}

/** The options of `fundrawtransaction`; each can also be given as a named parameter of the method. */
const fundOptions = object(
  {
    add_inputs: optional(bool('Whether coins may be added to the inputs'), true),
    include_unsafe: optional(bool('Whether unconfirmed coins of others may be spent')),
    minconf: optional(int('Least confirmations of the coins added')),
    maxconf: optional(int('Most confirmations of the coins added')),
    changeAddress: optional(str('Where the change goes')),
    changePosition: optional(int('Which output the change is')),
    change_type: optional(str('legacy, p2sh-segwit, bech32 or bech32m')),
    includeWatching: optional(
      bool('Whether watched coins may be added, for somebody else to sign'),
    ),
    lockUnspents: optional(bool('Whether to keep the coins from being spent elsewhere')),
    fee_rate: optional(feeRate('The fee rate, sat/vB')),
    feeRate: inItsTurn(amount('The fee rate, BTC per 1,000 vbytes')),
    subtractFeeFromOutputs: inItsTurn(
      payers(
        oneOf([str('An address'), int('The place of an output')]),
        'Outputs that bear the fee',
      ),
    ),
    input_weights: inItsTurn(
      list(
        object({
          txid: txid('The transaction spent from'),
          vout: present('vout'),
          weight: present('weight'),
        }),
        'What inputs weigh once signed, in weight units',
      ),
    ),
    solving_data: inItsTurn(
      object(
        {
          pubkeys: optional(list(str(''), 'Public keys, hex')),
          scripts: optional(list(str(''), 'Redeem and witness scripts, hex')),
          descriptors: optional(list(str(''), 'Descriptors')),
        },
        'How to spend inputs that are not of the wallet',
      ),
    ),
    max_tx_weight: optional(int('The most it may weigh once signed')),
    conf_target: optional(int('Blocks within which it should confirm')),
    estimate_mode: optional(str('unset, economical or conservative')),
    replaceable: optional(bool('Whether it signals that it may be replaced (BIP125)')),
  },
  'How to fund it',
  { reading: 'strict', alsoNamed: true, usage: 'options' },
);

/** Methods that fund a transaction. */
export const walletFund = {
  fundrawtransaction: method({
    category: 'rawtransactions',
    about:
      'Adds coins of the wallet to a transaction until they pay for it, and change. Signs nothing.',
    params: {
      hexstring: hex('The transaction'),
      options: optional(fundOptions),
      iswitness: optional(bool('Whether it is in witness format; both are tried without it')),
    },
    result: object({
      hex: hex('The transaction, unsigned'),
      fee: amount('What it pays'),
      changepos: int('Which output is the change, -1 for none'),
    }),
    examples: ['"0200…"'],
  }),
};
