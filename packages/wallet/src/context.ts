/** What the parts of an open wallet share: its tables, its keys, its view of the node, its settings. */
import type { ChainParams, FeeRate, Sats } from '@coind/primitives';
import { hexToBytes } from '@coind/primitives';
import { AddressError, decodeAddress, encodeAddress } from '@coind/script';
import type { AddressType } from './address-type.ts';
import type { ChainSource } from './chain-source.ts';
import type { CoinsByValue } from './coins-by-value.ts';
import { WalletError } from './errors.ts';
import type { KeyScheme } from './key-scheme.ts';
import type { Keyring } from './keyring.ts';
import type { SecretNonces } from './psbt/secret-nonces.ts';
import type { RowCache } from './row-cache.ts';
import type { ScriptHex, WalletMeta, WalletTables } from './tables.ts';
import type { KdfCost, Vault } from './vault.ts';

/** Settings that all wallets of a node share, as bitcoind's wallet options name them. */
export interface WalletOptions {
  /** `-addresstype`. */
  readonly addressType: AddressType;
  /** `-changetype`; unset follows the recipients. */
  readonly changeType?: AddressType;
  /** `-keypool`: unused scripts known per chain. */
  readonly keypool: number;
  /** How wallets made from now on derive their keys. */
  readonly keyScheme: KeyScheme;
  /** The number of the program's version, which wallets remember until they are opened again. */
  readonly clientVersion?: number;
  /** How hard it is to guess a passphrase; wallets keep what they were encrypted with. */
  readonly kdfCost: KdfCost;
  /** `-fallbackfee`; zero switches it off. */
  readonly fallbackFeeRate: FeeRate;
  /** `-mintxfee`. */
  readonly minFeeRate: FeeRate;
  /** `-discardfee`. */
  readonly discardFeeRate: FeeRate;
  /** `-maxtxfee`. */
  readonly maxFee: Sats;
  /** `-txconfirmtarget`. */
  readonly confirmTarget: number;
  /** `-walletrbf`. */
  readonly replaceable: boolean;
  /** Bytes an ECDSA signature is reckoned with: 71 (unset) since bitcoind makes R low, 72 before. */
  readonly ecdsaSize?: number;
  /** False leaves it to unconfirmed ancestors to pay enough for themselves, as in 0.16. */
  readonly payForAncestors?: boolean;
  /** Several smaller coins go before a larger one when they come closer to the amount, as in 0.16. */
  readonly closestCoins?: boolean;
  /** Whose count of change addresses is kept: ours (unset), or that of bitcoind, which leaves some out. */
  readonly changeKeysOf?: 'bitcoind';
  /**
   * What the mempool refuses stays, as a payment that waits for another chance or to be given up, and the caller
   * gets its id: bitcoind's way. Otherwise it is taken back and refused.
   */
  readonly keepRejected?: boolean;
  /** `-walletbroadcast`; false leaves it to the caller to send what was made. */
  readonly broadcast?: boolean;
  /** `-spendzeroconfchange`. */
  readonly spendUnconfirmedChange: boolean;
  /** Refuses payments that would hang together with more unconfirmed ones than the mempool takes. */
  readonly rejectLongChains: boolean;
}

/** Numbers nobody can foresee. Injected, so that a test may. */
export interface Randomness {
  bytes(length: number): Uint8Array;
  /** A whole number from 0 up to but not including `limit`. */
  below(limit: number): number;
}

/** The parts of one open wallet. */
export interface WalletContext {
  readonly params: ChainParams;
  readonly tables: WalletTables;
  /** What is in memory of the tables. */
  readonly rows: RowCache;
  readonly keyring: Keyring;
  readonly coins: CoinsByValue;
  readonly vault: Vault;
  readonly source: ChainSource;
  readonly options: WalletOptions;
  readonly random: Randomness;
  /** Of signatures that are being made with others. */
  readonly nonces: SecretNonces;
}

/** What the wallet is; every open one has it. */
export function walletMeta({ tables }: Pick<WalletContext, 'tables'>): WalletMeta {
  return tables.meta.getSync(undefined) as WalletMeta;
}

/** Height of the last block the wallet has worked through; -1 before the first. */
export function walletHeight({ tables }: Pick<WalletContext, 'tables'>): number {
  return tables.position.getSync(undefined)?.height ?? -1;
}

/** scriptPubKey of an address. Throws `WalletError` 'invalid-address' with the reason in `details`. */
export function scriptOf(address: string, params: ChainParams): Uint8Array {
  try {
    return decodeAddress(address, params);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new WalletError('invalid-address', undefined, { address, reason: error.message });
  }
}

/** The address of a script; undefined for scripts that have none. */
export function addressOf(script: ScriptHex, params: ChainParams): string | undefined {
  return encodeAddress(hexToBytes(script), params);
}
