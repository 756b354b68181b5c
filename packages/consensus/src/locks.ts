/**
 * When a transaction may be in a block: absolute locktime (with BIP113's median time) and relative
 * locks by sequence (BIP68). OP_CHECKLOCKTIMEVERIFY and OP_CHECKSEQUENCEVERIFY are script rules.
 */
import {
  isHeightLock,
  SEQUENCE_DISABLE_FLAG,
  SEQUENCE_FINAL,
  SEQUENCE_GRANULARITY,
  SEQUENCE_MASK,
  SEQUENCE_TYPE_FLAG,
  type Tx,
} from '@coind/primitives';
import type { HeaderContext } from './header-context.ts';

/** True when a block at `height` may contain `tx`; `time` is the parent's median time (BIP113). */
export function isFinalTx(tx: Tx, height: number, time: number): boolean {
  if (tx.locktime === 0) return true;
  if (tx.locktime < (isHeightLock(tx.locktime) ? height : time)) return true;
  return tx.inputs.every(({ sequence }) => sequence === SEQUENCE_FINAL);
}

/** What relative locks come to: the last height and median time at which `tx` is still locked. */
export interface SequenceLocks {
  /** -1 for no lock by height. */
  readonly height: number;
  /** -1 for no lock by time. */
  readonly time: number;
}

const UNLOCKED: SequenceLocks = { height: -1, time: -1 };

/**
 * The relative locks of `tx` in a block on `parent`. `coinHeights` are the heights of the coins it
 * spends, in order of inputs; a coin of the mempool counts as made in that block.
 */
export function sequenceLocks(
  tx: Tx,
  coinHeights: readonly number[],
  parent: HeaderContext,
): SequenceLocks {
  if (tx.version < 2) return UNLOCKED;
  let { height, time } = UNLOCKED;
  for (const [i, { sequence }] of tx.inputs.entries()) {
    if ((sequence & SEQUENCE_DISABLE_FLAG) !== 0) continue;
    const coinHeight = coinHeights[i] as number;
    const length = sequence & SEQUENCE_MASK;
    if ((sequence & SEQUENCE_TYPE_FLAG) === 0) {
      height = Math.max(height, coinHeight + length - 1);
    } else {
      // From the median time before the coin's block: the earliest time that block could have.
      const before = parent.ancestor(Math.max(coinHeight - 1, 0));
      if (!before) throw new RangeError(`coin height ${coinHeight} is above the block`);
      const seconds = length << SEQUENCE_GRANULARITY;
      time = Math.max(time, before.medianTimePast + seconds - 1);
    }
  }
  return { height, time };
}

/** True when a block on `parent` is beyond both locks. */
export function areLocksPassed(locks: SequenceLocks, parent: HeaderContext): boolean {
  return locks.height < parent.ref.height + 1 && locks.time < parent.medianTimePast;
}
