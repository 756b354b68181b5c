/** Which fee a payment pays, as calls ask for it: a rate in one of two units, or a target to estimate for. */
import { feeRate, type Sats } from '@coind/primitives';
import { RpcError, rpcError } from '@coind/rpc';
import type { SendOptions, SpendOptions } from '@coind/wallet';

/** The arguments by which payments choose their fee. */
export interface FeeArguments {
  readonly replaceable?: boolean | undefined;
  readonly conf_target?: number | undefined;
  readonly estimate_mode?: string | undefined;
  readonly fee_rate?: Sats | undefined;
}

const ESTIMATE_MODES = ['unset', 'economical', 'conservative'];
const MAX_CONF_TARGET = 1008;
const INT_MAX = 2 ** 31 - 1;

function checkTarget(target: number): void {
  if (!Number.isInteger(target) || Math.abs(target) > INT_MAX) throw rpcError('integerOutOfRange');
  if (target < 1 || target > MAX_CONF_TARGET) throw rpcError('confTargetRange');
}

/** Fee options of a payment. Throws -8 for what bitcoind refuses. */
export function feeOptions(args: FeeArguments): SendOptions {
  const { replaceable, conf_target, estimate_mode = 'unset', fee_rate } = args;
  const mode = estimate_mode.toLowerCase();
  if (fee_rate !== undefined) {
    if (conf_target !== undefined) {
      throw new RpcError(
        -8,
        'Cannot specify both conf_target and fee_rate. Please provide either a confirmation target in blocks for automatic fee estimation, or an explicit fee rate.',
      );
    }
    if (mode !== 'unset') {
      throw new RpcError(-8, 'Cannot specify both estimate_mode and fee_rate');
    }
  } else {
    if (!ESTIMATE_MODES.includes(mode)) throw rpcError('estimateMode');
    if (conf_target !== undefined) checkTarget(conf_target);
  }
  return {
    ...(replaceable !== undefined && { replaceable }),
    ...(fee_rate !== undefined && { feeRate: feeRate(fee_rate) }),
    ...(conf_target !== undefined && { confirmTarget: conf_target }),
    ...(mode !== 'unset' && { conservative: mode === 'conservative' }),
  };
}

/** The fee as an argument or among the options, but not both. Throws -8. */
export function feeArguments(
  { conf_target, estimate_mode, fee_rate }: FeeArguments,
  options: FeeArguments,
): FeeArguments {
  const inOptions = options.conf_target !== undefined || options.estimate_mode !== undefined;
  if (inOptions && (conf_target !== undefined || estimate_mode !== undefined)) {
    throw new RpcError(
      -8,
      'Pass conf_target and estimate_mode either as arguments or in the options object, but not both',
    );
  }
  if (options.fee_rate !== undefined && fee_rate !== undefined) {
    throw new RpcError(
      -8,
      'Pass the fee_rate either as an argument, or in the options object, but not both',
    );
  }
  const target = conf_target ?? options.conf_target;
  const mode = estimate_mode ?? options.estimate_mode;
  if (target !== undefined && (mode === undefined || mode === 'unset')) {
    throw new RpcError(-8, 'Specify estimate_mode');
  }
  return {
    replaceable: options.replaceable,
    conf_target: target,
    estimate_mode: mode,
    fee_rate: fee_rate ?? options.fee_rate,
  };
}

/** The fee in either of the units that options have had. Throws -8 for what contradicts itself. */
export function feeInEitherUnit(
  options: FeeArguments & { readonly feeRate?: Sats | undefined },
): SpendOptions {
  const { feeRate: perKilobyte, fee_rate, conf_target, estimate_mode, replaceable } = options;
  const asked = { conf_target, estimate_mode, replaceable };
  if (perKilobyte === undefined) return feeOptions({ ...asked, fee_rate });
  if (fee_rate !== undefined) {
    throw new RpcError(-8, 'Cannot specify both fee_rate (sat/vB) and feeRate (BTC/kvB)');
  }
  if (conf_target !== undefined) {
    throw new RpcError(
      -8,
      'Cannot specify both conf_target and feeRate. Please provide either a confirmation target in blocks for automatic fee estimation, or an explicit fee rate.',
    );
  }
  if (estimate_mode !== undefined) {
    throw new RpcError(-8, 'Cannot specify both estimate_mode and feeRate');
  }
  return feeOptions({ ...asked, fee_rate: feeRate(perKilobyte) });
}
