/** The wallet methods that complete a transaction somebody described, without signing it. */
import {
  amount,
  bool,
  type Codec,
  feeRate,
  hex,
  int,
  optional,
  signedAmount,
  str,
  txid,
} from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { RpcError } from '../error.ts';
import { method } from '../method.ts';
import {
  addedCoins,
  changeType,
  chosenInputs,
  confTarget,
  inItsTurn,
  misplacedWeights,
  payers,
  solvingData,
} from './funding-params.ts';
import { newOutputs, ranged } from './params.ts';
import { psbtVersion } from './psbt.ts';
import { locktime } from './transaction-params.ts';

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

/** Options of both methods that describe the funding in this way: what comes before the weights of inputs. */
const coinMembers = {
  ...addedCoins,
  changeAddress: optional(str('Where the change goes')),
  changePosition: optional(int('Which output the change is')),
  change_type: changeType,
  includeWatching: optional(bool('Whether watched coins may be added, for somebody else to sign')),
  lockUnspents: optional(bool('Whether to keep the coins from being spent elsewhere')),
  fee_rate: optional(feeRate('The fee rate, sat/vB')),
  feeRate: inItsTurn(amount('The fee rate, BTC per 1,000 vbytes')),
  subtractFeeFromOutputs: inItsTurn(payers),
};

/** And what comes behind them. */
const feeMembers = {
  max_tx_weight: optional(int('The most it may weigh once signed')),
  conf_target: confTarget,
  estimate_mode: optional(str('unset, economical or conservative')),
  replaceable: optional(bool('Whether it signals that it may be replaced (BIP125)')),
  solving_data: solvingData,
};

/** How they are read; each can also be given as a named parameter of the method. */
const fundReading = { reading: 'strict', alsoNamed: true, usage: 'options' } as const;

const fundOptions = object(
  {
    ...coinMembers,
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
    ...feeMembers,
  },
  'How to fund it',
  fundReading,
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
  walletcreatefundedpsbt: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'A PSBT of given outputs, with coins of the wallet that pay for them, unsigned.',
    params: {
      inputs: optional(chosenInputs),
      outputs: newOutputs('What it pays', {
        usage: '[{"address":amount,...},{"data":"hex"},...]',
      }),
      locktime,
      options: optional(
        object({ ...coinMembers, ...feeMembers }, 'How to fund it', {
          ...fundReading,
          misplaced: misplacedWeights,
        }),
      ),
      bip32derivs: optional(bool('Whether to say how keys are derived'), true),
      version: optional(
        ranged(1, 3, 'Invalid parameter, version out of range(1~3)', 'The version'),
        2,
      ),
      psbt_version: psbtVersion,
    },
    result: object({
      psbt: str('The PSBT, base64'),
      fee: amount('What it pays'),
      changepos: int('Which output is the change, -1 for none'),
    }),
    examples: ['"[]" "[{\\"bcrt1q…\\": 0.1}]"'],
    legacy: {
      params: {
        inputs: optional(chosenInputs),
        outputs: newOutputs('What it pays', { usage: '[{"address":amount},{"data":"hex"},...]' }),
        locktime,
        options: optional(object({ ...coinMembers, ...feeMembers }, 'How to fund it')),
        bip32derivs: optional(bool('Whether to say how keys are derived'), false),
      },
      fixed: { psbt_version: 0 },
    },
  }),
  simulaterawtransaction: method({
    category: 'wallet',
    profiles: ['coind', 'core'],
    about: 'What the balance of the wallet would change by, were these transactions sent.',
    params: {
      rawtxs: optional(list(str(''), 'The transactions, in hex', { usage: '["rawtx",...]' })),
      options: optional(
        object(
          { include_watchonly: optional(bool('Whether watched addresses count'), false) },
          'What counts',
          { alsoNamed: true, usage: '{"include_watchonly":bool,...}' },
        ),
      ),
    },
    result: object({ balance_change: signedAmount('The change, negative when it gets less') }),
    examples: ['"[\\"0200…\\"]"'],
  }),
};
