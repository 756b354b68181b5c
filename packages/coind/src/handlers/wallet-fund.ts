/** Handlers of the wallet methods that complete a transaction somebody described, without signing it. */
import { bytesToHex, outpointKey, type Tx } from '@coind/primitives';
import { type ArgsOf, type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import { encodeAddress } from '@coind/script';
import { Psbt, type Recipient, type SpendOptions } from '@coind/wallet';
import type { NodeModules, WalletContext } from '../context.ts';
import { checkedVersion, checkOutcomes, formatPsbt } from '../shapes/psbt-text.ts';
import { parseTx } from '../shapes/tx-json.ts';
import { foreignSolutions, weightsOf } from '../solving-data.ts';
import { feeInEitherUnit } from '../spending-fees.ts';
import {
  addedCoins,
  changeOptions,
  chargeFee,
  checkMaxWeight,
  chosenInputs,
  fundingWords,
  recipientsOf,
} from '../spending-options.ts';
import { inWords } from '../wallet-errors.ts';

type Options = Partial<
  NonNullable<ArgsOf<typeof methods.walletFund.walletcreatefundedpsbt>['options']>
>;

/** What both methods read from their options. Throws -5 and -8. */
function fundOptions(options: Options, outputs: number, node: NodeModules): SpendOptions {
  const { changeAddress, changePosition, change_type, max_tx_weight, solving_data } = options;
  const change = {
    change_address: changeAddress,
    change_position: changePosition,
    change_type,
  };
  return {
    ...changeOptions(change, outputs, node),
    ...addedCoins(options),
    includeWatched: options.includeWatching === true,
    ...feeInEitherUnit(options),
    // Who names a rate means it: it may be low because somebody else adds to the fee.
    anyFeeRate: true,
    ...(solving_data && { foreign: foreignSolutions(solving_data, node.params) }),
    ...(max_tx_weight !== undefined && { maxWeight: max_tx_weight }),
  };
}

/** Funds a transaction. Throws -4, and -8 without anybody to pay. */
async function fund(
  { wallet }: WalletContext,
  recipients: readonly Recipient[],
  spending: SpendOptions,
  { lockUnspents = false }: Options,
) {
  if (spending.maxWeight !== undefined) checkMaxWeight(spending.maxWeight);
  if (recipients.length === 0) throw new RpcError(-8, 'TX must have at least one output');
  const funded = await inWords(fundingWords, () => wallet.fundTransaction(recipients, spending));
  const coins = funded.tx.inputs.map(({ prevout }) => prevout);
  if (lockUnspents) await wallet.keepCoins(coins);
  return funded;
}

/** Whom a transaction pays, of whom `payers` bear the fee. Throws -8. */
function recipientsIn({ outputs }: Tx, payers: readonly (number | string)[], node: NodeModules) {
  const names = outputs.map((output) => encodeAddress(output.scriptPubKey, node.params));
  const recipients = outputs.map(({ scriptPubKey, value }) => ({
    script: scriptPubKey,
    amount: value,
  }));
  return chargeFee(recipients, names, payers);
}

/** Handlers of the methods that fund a transaction. */
export const walletFund: Handlers<typeof methods.walletFund, WalletContext> = {
  async fundrawtransaction(context, { hexstring, options = {}, iswitness }) {
    const { node } = context;
    const form = iswitness === undefined ? 'either' : iswitness ? 'witness' : 'plain';
    const tx = parseTx(hexstring, form);
    if (!tx) throw rpcError('txDecodeFailed');
    const { input_weights = [], subtractFeeFromOutputs = [], add_inputs = true } = options;
    const weights = weightsOf(input_weights);
    const named = new Set(tx.inputs.map(({ prevout }) => outpointKey(prevout)));
    const spending: SpendOptions = {
      ...fundOptions({ ...options, add_inputs }, tx.outputs.length, node),
      inputs: [
        ...tx.inputs.map(({ prevout, sequence, scriptSig, witness }) => ({
          ...prevout,
          sequence,
          proof: { scriptSig, witness },
          weight: weights.get(outpointKey(prevout)),
        })),
        // Whoever says what an input weighs wants it, named among the inputs or not.
        ...input_weights.filter((input) => !named.has(outpointKey(input))),
      ],
      locktime: tx.locktime,
      version: tx.version,
    };
    const recipients = recipientsIn(tx, subtractFeeFromOutputs, node);
    const funded = await fund(context, recipients, spending, options);
    return {
      hex: bytesToHex(funded.tx.encode()),
      fee: funded.fee,
      changepos: funded.changePosition ?? -1,
    };
  },

  async walletcreatefundedpsbt(context, request) {
    const { inputs = [], outputs, options = {}, locktime, version } = request;
    const { wallet, node } = context;
    const replaceable = options.replaceable ?? wallet.replaceable;
    const recipients = recipientsOf(outputs, options.subtractFeeFromOutputs ?? [], node);
    const spending: SpendOptions = {
      ...fundOptions(options, recipients.length, node),
      ...(inputs.length > 0 && { inputs: chosenInputs(inputs, { replaceable, locktime }) }),
      locktime,
      version,
    };
    const funded = await fund(context, recipients, spending, options);
    const psbt = Psbt.of(funded.tx, checkedVersion(request.psbt_version));
    checkOutcomes(await wallet.fillPsbt(psbt, { sign: false, origins: request.bip32derivs }));
    return {
      psbt: formatPsbt(psbt),
      fee: funded.fee,
      changepos: funded.changePosition ?? -1,
    };
  },

  async simulaterawtransaction({ wallet }, { rawtxs, options }) {
    if (!rawtxs) throw rpcError('wrongType', 'array', 'null');
    const txs = rawtxs.map((text) => {
      const tx = parseTx(text, 'either');
      if (!tx) throw new RpcError(-22, 'Transaction hex string decoding failure.');
      return tx;
    });
    const watched = options?.include_watchonly ?? false;
    return { balance_change: await wallet.simulate(txs, { watched }) };
  },
};
