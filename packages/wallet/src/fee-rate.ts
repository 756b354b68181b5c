/** Which fee rate a payment pays: the wallet's side of fee policy. */
import { type FeeRate, formatBtc, type Sats } from '@coind/primitives';
import type { ChosenFeeRate, FeeReason } from './chosen-fee-rate.ts';
import type { WalletContext } from './context.ts';
import { WalletError } from './errors.ts';

/** What a caller asks for. */
export interface FeeWish {
  /** Exactly this rate. */
  readonly feeRate?: FeeRate;
  /** Takes `feeRate` however low it is: somebody else may add to the fee. */
  readonly anyFeeRate?: boolean;
  /** Confirmation within so many blocks. */
  readonly confirmTarget?: number;
  /** True for rather too much than too late; unless said, where the payment cannot be replaced. */
  readonly conservative?: boolean;
  /** Signals BIP125; unset follows `-walletrbf`. */
  readonly replaceable?: boolean;
}

/** The greater of two amounts; `Math.max` knows no bigint. */
export function greater<T extends bigint>(a: T, b: T): T {
  if (a > b) return a;
  return b;
}

/** The lesser of two amounts. */
export function lesser<T extends bigint>(a: T, b: T): T {
  if (a < b) return a;
  return b;
}

/** `0.0000141`: a fee as bitcoind prints it in refusals, at least two decimals. */
export function formatFee(value: Sats): string {
  const [whole, decimals = ''] = [value / 100_000_000n, (value % 100_000_000n).toString()];
  const text = decimals.padStart(8, '0').replace(/0+$/, '');
  return `${whole}.${text.padEnd(2, '0')}`;
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
    if (wish.feeRate < required && !wish.anyFeeRate) {
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
  const conservative = wish.conservative ?? !(wish.replaceable ?? options.replaceable);
  const estimate = source.feeRate(wish.confirmTarget ?? options.confirmTarget, conservative);
  if (estimate === undefined && fallbackFeeRate === 0n) {
    throw new WalletError('fee-estimation-failed');
  }
  const rate = estimate ?? fallbackFeeRate;
  const entry = source.minFeeRate();
  if (rate < entry) return atLeast(entry, 'Mempool Min Fee');
  return atLeast(rate, estimate === undefined ? 'Fallback fee' : 'Fee Rate Estimator');
}

/** The longest target that is estimated for: whoever waits so long pays the least that is ever paid. */
const LONGEST_TARGET = 1008;

/** The rate at which change is worth less than what spending it will cost one day. */
export function discardRate({
  options,
  source,
}: Pick<WalletContext, 'options' | 'source'>): FeeRate {
  const { discardFeeRate } = options;
  const longTerm = source.feeRate(LONGEST_TARGET, false);
  const rate = longTerm !== undefined && longTerm < discardFeeRate ? longTerm : discardFeeRate;
  return greater(rate, source.dustRelayFeeRate);
}

/** Refuses a fee above the limit that protects against typing errors. */
export function checkFee({ options }: Pick<WalletContext, 'options'>, fee: Sats): void {
  if (fee <= options.maxFee) return;
  throw new WalletError('fee-too-high', undefined, { fee: formatBtc(fee) });
}
