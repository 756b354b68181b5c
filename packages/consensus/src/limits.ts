/** The numbers that consensus rules name (BIP113, BIP141, BIP94 and Bitcoin's first ones). */

/** BIP141: most weight of a block. */
export const MAX_BLOCK_WEIGHT = 4_000_000;
/** BIP141: most cost of a block's signature operations. */
export const MAX_BLOCK_SIGOPS_COST = 80_000;
/** What a byte or sigop outside the witness weighs. */
export const WITNESS_SCALE_FACTOR = 4;
/** Blocks between a coinbase and the first spend of it. */
export const COINBASE_MATURITY = 100;
/** Headers whose median is the "median time past". */
export const MEDIAN_TIME_SPAN = 11;
/** Seconds a block may be ahead of our clock. */
export const MAX_FUTURE_BLOCK_TIME = 2 * 60 * 60;
/** BIP94: seconds a period's first block may be earlier than the last block before it. */
export const MAX_TIMEWARP = 600;
/** A witness commitment's output script has at least this many bytes (BIP141). */
export const MIN_WITNESS_COMMITMENT = 38;
