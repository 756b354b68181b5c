/** Making the signatures of one input of a PSBT, or pretending to. */
import { hexToBytes, type Tx, type TxOutput } from '@coind/primitives';
import {
  HashType,
  type PrecomputedTx,
  type SignatureChecker,
  sighashLegacy,
  sighashTaproot,
  sighashV0,
  signEcdsa,
  signSchnorr,
  TxChecker,
  toDer,
} from '@coind/script';

/** The transaction of a PSBT, with what its signatures commit to as far as it is known. */
export interface SigningTx {
  readonly tx: Tx;
  readonly precomputed: PrecomputedTx;
}

/** Makes signatures for one input; undefined without the key for it. */
export interface SignatureMaker {
  readonly checker: SignatureChecker;
  ecdsa(
    script: Uint8Array,
    version: 'base' | 'v0',
    privateKey: Uint8Array | undefined,
  ): Uint8Array | undefined;
  /** With the hash of a leaf for one of the output's scripts, without for the output key. */
  schnorr(privateKey: Uint8Array | undefined, leafHash?: Uint8Array): Uint8Array | undefined;
  /** What a Schnorr signature signs; undefined when that is not known, or nobody signs. */
  digest(leafHash?: Uint8Array): Uint8Array | undefined;
  /** A Schnorr signature with its hash type. */
  typed(signature: Uint8Array): Uint8Array;
}

/** 71 bytes with low R and low S, the hash type included: as long as real ones are. */
const DUMMY_ECDSA = hexToBytes(`30440220${'01'.padEnd(64, '0')}0220${'01'.padEnd(64, '0')}01`);

/** Any signature is right: for the size of an input before anybody has signed. */
export const DUMMY: SignatureMaker = {
  checker: {
    checkEcdsa: (sig) => sig.length > 0,
    checkSchnorr: () => undefined,
    checkLocktime: () => true,
    checkSequence: () => true,
  },
  ecdsa: () => DUMMY_ECDSA,
  schnorr: () => new Uint8Array(64),
  digest: () => undefined,
  typed: (signature) => signature,
};

/** Nobody signs: for what is known of outputs. */
export const NOBODY_SIGNS: SignatureMaker = {
  ...DUMMY,
  ecdsa: () => undefined,
  schnorr: () => undefined,
};

/** Real signatures of one input. */
export function signatureMaker(
  { tx, precomputed }: SigningTx,
  index: number,
  utxo: TxOutput,
  sighash: number,
): SignatureMaker {
  const digest = (leafHash?: Uint8Array) =>
    precomputed.spent
      ? sighashTaproot(precomputed, index, sighash, leafHash && { leafHash })
      : undefined;
  const typed = (signature: Uint8Array) =>
    sighash === HashType.DEFAULT ? signature : Uint8Array.of(...signature, sighash);
  return {
    checker: new TxChecker(tx, index, utxo.value, precomputed),
    ecdsa(script, version, privateKey) {
      if (!privateKey) return undefined;
      const type = sighash === HashType.DEFAULT ? HashType.ALL : sighash;
      const digest =
        version === 'base'
          ? sighashLegacy(precomputed, index, script, type)
          : sighashV0(precomputed, index, script, utxo.value, type);
      return Uint8Array.of(...toDer(signEcdsa(digest, privateKey)), type);
    },
    schnorr(privateKey, leafHash) {
      const message = privateKey && digest(leafHash);
      return message && typed(signSchnorr(message, privateKey));
    },
    digest,
    typed,
  };
}
