/** Which fee rate a payment pays, and what counts as dust: the wallet's side of fee policy. */
import { type FeeRate, feeFor, formatBtc, type Sats, type TxOutput } from '@coind/primitives';
import { isUnspendable, witnessProgram } from '@coind/script';
import type { ChosenFeeRate, FeeReason } from './chosen-fee-rate.ts';
import type { WalletContext } from './context.ts';
import { WalletError } from './errors.ts';
import { outputSize } from './input-size.ts';

/** What a caller asks for. */
export interface FeeWish {
  /** Exactly this rate. */
  readonly feeRate?: FeeRate;
  /** Confirmation within so many blocks. */
  readonly confirmTarget?: number;
}

/** The greater of two amounts; `Math.max` knows no bigint. */
export function greater<T extends bigint>(a: T, b: T): T {
  if (a > b) return a;
  return b;
}

/** `1.000 sat/vB`. */
function formatSatsPerVbyte(rate: FeeRate): string {
  return `${rate / 1000n}.${(rate % 1000n).toString().padStart(3, '0')} sat/vB`;
}

/** Chooses the rate for a payment. `payTxFee` is what `settxfee` said, zero for nothing. */
export function chooseFeeRate(
  { options, source }: Pick<WalletContext, 'options' | 'source'>,
  wish: FeeWish,
  payTxFee: FeeRate,
): ChosenFeeRate {
  const { minFeeRate, fallbackFeeRate } = options;
  const relay = source.minRelayFeeRate;
  const required = greater(minFeeRate, relay);
  if (wish.feeRate !== undefined) {
    if (wish.feeRate < required) {
      throw new WalletError(
        'fee-rate-too-low',
        `Fee rate (${formatSatsPerVbyte(wish.feeRate)}) is lower than the minimum fee rate setting (${formatSatsPerVbyte(required)}).\nConsider modifying -mintxfee (${formatSatsPerVbyte(minFeeRate)}) or -minrelaytxfee (${formatSatsPerVbyte(relay)}).`,
      );
    }
    return { rate: wish.feeRate, reason: 'User Specified Fee' };
  }
  const atLeast = (rate: FeeRate, reason: FeeReason): ChosenFeeRate =>
    rate < required ? { rate: required, reason: 'Minimum Required Fee' } : { rate, reason };
  if (payTxFee > 0n && wish.confirmTarget === undefined) return atLeast(payTxFee, 'PayTxFee set');
  const estimate = source.feeRate(wish.confirmTarget ?? options.confirmTarget);
  if (estimate !== undefined) return atLeast(estimate, 'Conservative Double half life');
  if (fallbackFeeRate === 0n) throw new WalletError('fee-estimation-failed');
  return atLeast(fallbackFeeRate, 'Fallback fee');
}

/** Refuses a fee above the limit that protects against typing errors. */
export function checkFee({ options }: Pick<WalletContext, 'options'>, fee: Sats): void {
  if (fee <= options.maxFee) return;
  throw new WalletError('fee-too-high', undefined, { fee: formatBtc(fee) });
}

/** Outpoint, sequence and length of an input, then what a signature takes (a quarter in a witness). */
const SPEND_SIZE = 41;
const SIGNATURE_SIZE = 107;

/** The least value at which an output is worth spending at `rate`. */
export function dustThreshold({ scriptPubKey }: TxOutput, rate: FeeRate): Sats {
  if (isUnspendable(scriptPubKey)) return 0n;
  const signature = witnessProgram(scriptPubKey) ? Math.floor(SIGNATURE_SIZE / 4) : SIGNATURE_SIZE;
  return feeFor(rate, outputSize({ scriptPubKey }) + SPEND_SIZE + signature);
}

/** True for an output that costs more to spend than it holds. */
export function isDust(output: TxOutput, rate: FeeRate): boolean {
  return output.value < dustThreshold(output, rate);
}
