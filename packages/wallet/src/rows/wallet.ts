/** Rows about the wallet as a whole: what it is, its counters, its passphrase, answers it gave to idempotency keys. */
import type { Sats, Txid } from '@coind/primitives';
import type { ChosenFeeRate } from '../chosen-fee-rate.ts';
import type { KeyScheme } from '../key-scheme.ts';

/** Settings that a wallet is created with and keeps. */
export interface WalletFlags {
  /** Created without keys; imports may have filled it since. */
  readonly blank: boolean;
  /** Holds public keys only: knows its coins but cannot sign. */
  readonly privateKeysDisabled: boolean;
  readonly avoidReuse: boolean;
}

/** The birth time of a wallet that never had a key or an address. */
export const UNBORN: number = Number.MAX_SAFE_INTEGER;

/** What a wallet is. */
export interface WalletMeta {
  readonly flags: WalletFlags;
  /** Unix seconds of the oldest key: nothing before it can be the wallet's. `UNBORN` before there is one. */
  readonly birthTime: number;
  /** HASH160 of the public key its keys come from, as display-order hex; 0.16 showed it. */
  readonly masterKeyId?: string;
  /** How its keys are derived; missing for today's way. */
  readonly keyScheme?: KeyScheme;
  /** Number of the version that opened it last; missing where nobody told it one. */
  readonly lastClient?: number;
}

/** Numbers that count up; never handed out twice. */
export interface Counters {
  /** Next place in the order in which the wallet learns of transactions and moves. */
  readonly order: number;
  /** Next line of the journal. */
  readonly journal: number;
  readonly transactions: number;
  /** Time of the newest entry; a later entry does not show an earlier time. */
  readonly lastTime: number;
}

/** A wallet that has seen nothing. */
export const FIRST_COUNTERS: Counters = { order: 0, journal: 0, transactions: 0, lastTime: 0 };

/** How the key that seals the master key is made of the passphrase, and the sealed master key. */
export interface EncryptionRow {
  /**
   * How the passphrase became the password of scrypt: with a byte 1 behind it today, as it is in wallets encrypted before.
   * Zero bytes at the end of a short password are nothing to HMAC.
   */
  readonly kdf: 'scrypt-1' | 'scrypt';
  /** scrypt's cost N, block size r and parallelism p. */
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  /** Hex. */
  readonly salt: string;
  /** Nonce, ciphertext and tag, hex. */
  readonly masterKey: string;
}

/** What a key stands for. */
export interface OnceRow {
  /** SHA-256 of the request, hex. */
  readonly request: string;
  /** The payment; missing for a move, which answers nothing. */
  readonly payment?: {
    readonly txid: Txid;
    readonly fee: Sats;
    readonly feeRate: ChosenFeeRate;
    /** Of a replacement: the fee of what it replaced. */
    readonly oldFee?: Sats;
  };
}
