/** How a payment is replaced, as calls ask for it. */
import { formatBtc } from '@coind/primitives';
import { type ArgsOf, type methods, type NewOutput, RpcError } from '@coind/rpc';
import type { BumpOptions } from '@coind/wallet';
import type { NodeModules } from './context.ts';
import { type FeeArguments, feeOptions } from './spending-fees.ts';
import { newTxOutput } from './spending-options.ts';

/** The options of both methods. */
export type BumpArguments = Partial<
  NonNullable<ArgsOf<typeof methods.walletSend.bumpfee>['options']>
>;

/** The fee that a replacement asks for. Throws -8 for what contradicts itself. */
function bumpFeeArguments(options: BumpArguments): FeeArguments {
  const { confTarget, conf_target, totalFee } = options;
  if (confTarget !== undefined && conf_target !== undefined) {
    throw new RpcError(
      -8,
      'confTarget and conf_target options should not both be set. Use conf_target (confTarget is deprecated).',
    );
  }
  const target = confTarget ?? conf_target;
  if (target !== undefined && totalFee !== undefined) {
    throw new RpcError(
      -8,
      'confTarget and totalFee options should not both be set. Please provide either a confirmation target for fee estimation or an explicit total fee for the transaction.',
    );
  }
  if (totalFee !== undefined && totalFee <= 0) {
    const shown = formatBtc(BigInt(totalFee));
    throw new RpcError(-8, `Invalid totalFee ${shown} (must be greater than 0)`);
  }
  const { replaceable, estimate_mode, fee_rate } = options;
  return { replaceable, conf_target: target, estimate_mode, fee_rate };
}

/** The same for the wallet. Throws -5 and -8. */
export function bumpOptions(options: BumpArguments, node: NodeModules): BumpOptions {
  const { totalFee, outputs, original_change_index: changeIndex } = options;
  return {
    ...feeOptions(bumpFeeArguments(options)),
    ...(totalFee !== undefined && { totalFee: BigInt(totalFee) }),
    ...(outputs && { outputs: newTxOutputs(outputs, node) }),
    ...(changeIndex !== undefined && { changeIndex }),
  };
}

/** The outputs that a replacement pays instead. Throws -8 for none. */
function newTxOutputs(outputs: readonly NewOutput[], node: NodeModules) {
  if (outputs.length === 0) {
    throw new RpcError(-8, 'Invalid parameter, output argument cannot be an empty array');
  }
  return outputs.map((output) => newTxOutput(output, node));
}
