/**
 * What the node says of itself. The numbers are those of the bitcoind whose interface it speaks, because
 * programs decide by them which calls they may make; the name and the version of coind are in the user agent.
 */

/** Version of this package, as published. */
export const COIND_VERSION = '0.1.0';
/** bitcoind's numeric version: ten thousand times major plus a hundred times minor. */
export const CLIENT_VERSION = 319900;
/** Version of the p2p protocol. */
export const PROTOCOL_VERSION = 70017;

/** bitcoind's number for descriptor wallets; the format on disk is ours. */
export const WALLET_VERSION = 169900;
