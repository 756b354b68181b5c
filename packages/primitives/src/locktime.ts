/** Absolute (nLockTime) and relative (BIP68) lock times as facts; the rules about them are consensus. */

/** Locktimes below are heights, from here on unix seconds. */
export const LOCKTIME_THRESHOLD = 500_000_000;
/** With this bit in a sequence there is no relative lock. */
export const SEQUENCE_DISABLE_FLAG = 0x80000000;
/** With this bit the relative lock counts units of 512 seconds, without it blocks. */
export const SEQUENCE_TYPE_FLAG = 0x00400000;
/** The part of a sequence that is the lock's length. */
export const SEQUENCE_MASK = 0x0000ffff;
/** A relative time lock counts in units of 2^9 = 512 seconds. */
export const SEQUENCE_GRANULARITY = 9;

/** True when the locktime is a height. */
export function isHeightLock(locktime: number): boolean {
  return locktime < LOCKTIME_THRESHOLD;
}
