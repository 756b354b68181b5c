/**
 * What a script asks about the transaction that runs it: is this signature of it, is its locktime far
 * enough (BIP65), its sequence (BIP112). `TxChecker` answers for one input; `NO_TX` always says no.
 */
import {
  equalBytes,
  LOCKTIME_THRESHOLD,
  type Sats,
  SEQUENCE_DISABLE_FLAG,
  SEQUENCE_FINAL,
  SEQUENCE_MASK,
  SEQUENCE_TYPE_FLAG,
  type Tx,
  type TxInput,
} from '@coind/primitives';
import { schnorrVerify } from './schnorr.ts';
import { ScriptError } from './script-error.ts';
import { ecdsaVerify } from './secp.ts';
import {
  HashType,
  type PrecomputedTx,
  sighashLegacy,
  sighashTaproot,
  sighashV0,
  type TaprootContext,
} from './sighash.ts';
import type { SignatureCache } from './signature-cache.ts';
import { hasPublicKeyLength } from './signature-encoding.ts';

/** The rules a script runs under: before segwit, segwit v0 (BIP143), tapscript (BIP342). */
export type ScriptVersion = 'base' | 'v0' | 'tapscript';

/** Answers the questions that a running script has about its transaction. */
export interface SignatureChecker {
  /** True when `sig` (DER and hash type byte) by `pubkey` is a signature over `scriptCode`. */
  checkEcdsa(
    sig: Uint8Array,
    pubkey: Uint8Array,
    scriptCode: Uint8Array,
    version: 'base' | 'v0',
  ): boolean;
  /** Throws `ScriptError` unless `sig` (64 bytes, or 65 with hash type) by the x-only key is valid. */
  checkSchnorr(sig: Uint8Array, xOnlyKey: Uint8Array, context: TaprootContext): void;
  /** True when the transaction cannot be mined before `locktime`. */
  checkLocktime(locktime: number): boolean;
  /** True when the input cannot be spent before the relative lock `sequence`. */
  checkSequence(sequence: number): boolean;
}

/** A checker for scripts without a transaction: every signature and lock fails. */
export const NO_TX: SignatureChecker = {
  checkEcdsa: () => false,
  checkSchnorr: () => {
    throw new ScriptError('SCHNORR_SIG');
  },
  checkLocktime: () => false,
  checkSequence: () => false,
};

interface KnownDigest {
  readonly hashType: number;
  readonly scriptCode: Uint8Array;
  readonly digest: Uint8Array;
}

/** Answers for one input of a transaction. `amount` is that of the output it spends. */
export class TxChecker implements SignatureChecker {
  readonly #tx: Tx;
  readonly #input: TxInput;
  readonly #inputIndex: number;
  readonly #amount: Sats;
  readonly #precomputed: PrecomputedTx;
  readonly #cache: SignatureCache | undefined;
  /** Digests of this input, so that a multisig hashes a long transaction once, not twenty times. */
  #digests: KnownDigest[] | undefined;

  constructor(
    tx: Tx,
    inputIndex: number,
    amount: Sats,
    precomputed: PrecomputedTx,
    cache?: SignatureCache,
  ) {
    const input = tx.inputs[inputIndex];
    if (!input) throw new RangeError('no such input');
    this.#tx = tx;
    this.#input = input;
    this.#inputIndex = inputIndex;
    this.#amount = amount;
    this.#precomputed = precomputed;
    this.#cache = cache;
  }

  checkEcdsa(
    sig: Uint8Array,
    pubkey: Uint8Array,
    scriptCode: Uint8Array,
    version: 'base' | 'v0',
  ): boolean {
    if (sig.length === 0 || !hasPublicKeyLength(pubkey)) return false;
    const last = sig.length - 1;
    const digest = this.#digest(scriptCode, sig[last] as number, version);
    const der = sig.subarray(0, last);
    if (this.#cache?.has(digest, der, pubkey)) return true;
    if (!ecdsaVerify(digest, der, pubkey)) return false;
    this.#cache?.add(digest, der, pubkey);
    return true;
  }

  /** An input runs scripts of one version, so that is no part of what a known digest is found by. */
  #digest(scriptCode: Uint8Array, hashType: number, version: 'base' | 'v0'): Uint8Array {
    const known = this.#digests?.find(
      (entry) =>
        entry.hashType === hashType &&
        (entry.scriptCode === scriptCode || equalBytes(entry.scriptCode, scriptCode)),
    );
    if (known) return known.digest;
    const digest =
      version === 'base'
        ? sighashLegacy(this.#precomputed, this.#inputIndex, scriptCode, hashType)
        : sighashV0(this.#precomputed, this.#inputIndex, scriptCode, this.#amount, hashType);
    const entry = { hashType, scriptCode, digest };
    if (this.#digests) {
      const at = this.#digests.findIndex((other) => other.hashType === hashType);
      if (at < 0) this.#digests.push(entry);
      else this.#digests[at] = entry;
    } else {
      this.#digests = [entry];
    }
    return digest;
  }

  checkSchnorr(sig: Uint8Array, xOnlyKey: Uint8Array, context: TaprootContext): void {
    if (sig.length !== 64 && sig.length !== 65) throw new ScriptError('SCHNORR_SIG_SIZE');
    let hashType: number = HashType.DEFAULT;
    if (sig.length === 65) {
      hashType = sig[64] as number;
      // One meaning, one spelling: DEFAULT is written by leaving the byte out.
      if (hashType === HashType.DEFAULT) throw new ScriptError('SCHNORR_SIG_HASHTYPE');
    }
    const digest = sighashTaproot(this.#precomputed, this.#inputIndex, hashType, context);
    if (!digest) throw new ScriptError('SCHNORR_SIG_HASHTYPE');
    const signature = sig.subarray(0, 64);
    if (this.#cache?.has(digest, signature, xOnlyKey)) return;
    if (!schnorrVerify(digest, signature, xOnlyKey)) throw new ScriptError('SCHNORR_SIG');
    this.#cache?.add(digest, signature, xOnlyKey);
  }

  checkLocktime(locktime: number): boolean {
    const actual = this.#tx.locktime;
    // Heights are only compared with heights, times only with times.
    if (actual < LOCKTIME_THRESHOLD !== locktime < LOCKTIME_THRESHOLD) return false;
    if (locktime > actual) return false;
    // A final sequence would switch the transaction's locktime off.
    return this.#input.sequence !== SEQUENCE_FINAL;
  }

  checkSequence(sequence: number): boolean {
    const actual = this.#input.sequence;
    if (this.#tx.version < 2) return false;
    if (actual >= SEQUENCE_DISABLE_FLAG) return false;
    // Bits without a meaning are left for later soft forks and not compared.
    const mask = SEQUENCE_TYPE_FLAG | SEQUENCE_MASK;
    const wanted = sequence & mask;
    const given = actual & mask;
    if (wanted < SEQUENCE_TYPE_FLAG !== given < SEQUENCE_TYPE_FLAG) return false;
    return wanted <= given;
  }
}
