/**
 * The two libraries that compute on secp256k1, as far as we use them. Both are builds of libsecp256k1; the
 * native one is old (no Schnorr) but several times as fast.
 */

/** The functions of tiny-secp256k1 that we use. Scalars, hashes and x-only keys have 32 bytes. */
export type WasmCurve = Pick<
  typeof import('tiny-secp256k1'),
  | 'isPoint'
  | 'isXOnlyPoint'
  | 'pointAdd'
  | 'pointAddScalar'
  | 'pointCompress'
  | 'pointFromScalar'
  | 'pointMultiply'
  | 'recover'
  | 'sign'
  | 'signRecoverable'
  | 'signSchnorr'
  | 'verify'
  | 'verifySchnorr'
>;

/** The functions of secp256k1 (npm) that we use; those that change an argument say so. */
export interface NativeCurve {
  publicKeyCreate(privateKey: Uint8Array, compressed: boolean): Uint8Array;
  publicKeyConvert(publicKey: Uint8Array, compressed: boolean): Uint8Array;
  publicKeyVerify(publicKey: Uint8Array): boolean;
  publicKeyTweakAdd(publicKey: Uint8Array, tweak: Uint8Array, compressed: boolean): Uint8Array;
  /** Changes `signature`. */
  signatureNormalize(signature: Uint8Array): Uint8Array;
  ecdsaSign(
    hash: Uint8Array,
    privateKey: Uint8Array,
    options: { data?: Uint8Array },
  ): { signature: Uint8Array; recid: number };
  ecdsaVerify(signature: Uint8Array, hash: Uint8Array, publicKey: Uint8Array): boolean;
  ecdsaRecover(
    signature: Uint8Array,
    recoveryId: number,
    hash: Uint8Array,
    compressed: boolean,
  ): Uint8Array;
  /** Writes what `hashfn` makes of the shared point to `output`. */
  ecdh(
    publicKey: Uint8Array,
    privateKey: Uint8Array,
    options: { hashfn(x: Uint8Array, y: Uint8Array): Uint8Array },
    output: Uint8Array,
  ): Uint8Array;
}
