/**
 * What the node says of itself. The numbers are those of the bitcoind whose interface it speaks, because
 * programs decide by them which calls they may make; the name and the version of coind are in the user agent.
 */

import type { Profile } from '@coind/rpc';
import type { WalletMeta } from '@coind/wallet';

/** Version of this package, as published. */
export const COIND_VERSION = '0.1.0';

/** What the program is called in texts that name it; whoever asks for bitcoind gets bitcoind's name. */
export function clientName(profile: Profile): string {
  return profile === 'coind' ? 'coind' : 'Bitcoin Core';
}

/** bitcoind's numeric version: ten thousand times major plus a hundred times minor. */
const CLIENT_VERSION = 319900;
/** The same of the release whose recordings `-compat=legacy` follows. */
const LEGACY_CLIENT_VERSION = 160300;

/** The numeric version that programs decide by. */
export function clientVersion(profile: Profile): number {
  return profile === 'legacy' ? LEGACY_CLIENT_VERSION : CLIENT_VERSION;
}

/** Version of the p2p protocol. */
export const PROTOCOL_VERSION = 70017;

/** bitcoind's number for descriptor wallets; the format on disk is ours. */
const WALLET_VERSION = 169900;
/** 0.16's number for wallets with two keypools. */
const EARLY_WALLET_VERSION = 159900;

/** The version of a wallet, by how it derives keys. */
export function walletVersion({ keyScheme }: WalletMeta): number {
  return keyScheme === '0.16' ? EARLY_WALLET_VERSION : WALLET_VERSION;
}
