/**
 * Bounds of what nodes relay that those who make transactions or scripts have to keep to as well. What else is
 * standard the mempool says.
 */

/** Weight of the largest transaction that is relayed. */
export const MAX_STANDARD_WEIGHT = 400_000;
/** Bytes without witness of the smallest one: 64 could pass for an inner node of a merkle tree. */
export const MIN_STANDARD_SIZE = 65;
