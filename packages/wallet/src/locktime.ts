/** The locktime of payments against fee sniping, and the sequences that let it count. */
import type { TxInput } from '@coind/primitives';
import type { WalletContext } from './context.ts';

/** Signals that the transaction may be replaced (BIP125). */
export const RBF_SEQUENCE = 0xfffffffd;
/** Signals nothing, and lets the locktime count. */
export const NON_FINAL_SEQUENCE = 0xfffffffe;
/** A tip older than this is no reason to fear fee sniping, and would only mark the wallet. */
const STALE_TIP_SECONDS = 8 * 60 * 60;

/** The tip's height, now and then a bit less, so a miner gains nothing by undoing the tip. */
export function chooseLocktime(
  { source, random }: WalletContext,
  inputs: readonly Pick<TxInput, 'sequence'>[],
): number {
  // Who chose a sequence of another meaning chose the locktime with it.
  const isUsual = ({ sequence }: Pick<TxInput, 'sequence'>): boolean =>
    sequence === RBF_SEQUENCE || sequence === NON_FINAL_SEQUENCE;
  if (!inputs.every(isUsual)) return 0;
  const tip = source.tip();
  if (tip.time < source.now() - STALE_TIP_SECONDS) return 0;
  return random.below(10) === 0 ? Math.max(0, tip.height - random.below(100)) : tip.height;
}
