/**
 * Keys and ECDSA signatures on secp256k1 as Bitcoin uses them (RFC 6979 nonces, low S, low R), and tweaks
 * (BIP32, BIP341). Schnorr is in `schnorr.ts`; nothing else in the tree calls the curve libraries.
 */
import { concatBytes, equalBytes } from '@coind/primitives';
import { nativeCurve, wasmCurve } from './curve.ts';
import { bytesToScalar, negate, ORDER, scalarToBytes } from './scalar.ts';
import { hasPublicKeyLength, isLowS, isScalar, parseLaxDer } from './signature-encoding.ts';

/** True for 32 bytes that can be a private key. */
export function isPrivateKey(bytes: Uint8Array): boolean {
  return isScalar(bytes);
}

/** True for a point of the curve in any form that consensus takes: 33 bytes, 65 bytes, hybrid. */
export function isPublicKey(key: Uint8Array): boolean {
  if (!hasPublicKeyLength(key)) return false;
  const native = nativeCurve();
  if (native) return native.publicKeyVerify(key);
  const plain = withoutHybrid(key);
  return plain !== undefined && wasmCurve().isPoint(plain);
}

/** The public key of a private key, in 33 or 65 bytes. Throws `RangeError` for no private key. */
export function publicKey(privateKey: Uint8Array, compressed = true): Uint8Array {
  if (!isScalar(privateKey)) throw new RangeError('not a private key');
  const native = nativeCurve();
  if (native) return native.publicKeyCreate(privateKey, compressed);
  return wasmCurve().pointFromScalar(privateKey, compressed) as Uint8Array;
}

/** The same point in 33 or in 65 bytes. Throws `RangeError` for no point. */
export function convertPublicKey(key: Uint8Array, compressed: boolean): Uint8Array {
  if (!isPublicKey(key)) throw new RangeError('not a public key');
  const native = nativeCurve();
  if (native) return native.publicKeyConvert(key, compressed);
  return wasmCurve().pointCompress(withoutHybrid(key) as Uint8Array, compressed);
}

/**
 * Checks an ECDSA signature in DER (without hash type) as consensus does: lax DER, any S, hybrid keys.
 * False for whatever is wrong; how strictly things are written is for the caller to check first.
 */
export function ecdsaVerify(hash: Uint8Array, der: Uint8Array, key: Uint8Array): boolean {
  if (!hasPublicKeyLength(key)) return false;
  const signature = parseLaxDer(der);
  if (!signature || !isScalar(signature.subarray(0, 32)) || !isScalar(signature.subarray(32))) {
    return false;
  }
  const native = nativeCurve();
  if (native) {
    try {
      // The library wants S low, which by policy it nearly always is.
      const low = isLowS(signature) ? signature : native.signatureNormalize(signature);
      return native.ecdsaVerify(low, hash, key);
    } catch {
      // The only way to fail that is left: the key is no point of the curve.
      return false;
    }
  }
  const wasm = wasmCurve();
  const plain = withoutHybrid(key);
  return plain !== undefined && wasm.isPoint(plain) && wasm.verify(hash, plain, signature, false);
}

/** A hybrid key (06 or 07 by the parity of y) in the usual 04 form; undefined when the parity is wrong. */
function withoutHybrid(key: Uint8Array): Uint8Array | undefined {
  const first = key[0] as number;
  if (first !== 6 && first !== 7) return key;
  if (((key[64] as number) & 1) !== (first & 1)) return undefined;
  const plain = key.slice();
  plain[0] = 4;
  return plain;
}

/**
 * Signs with ECDSA: 64 bytes R and S, S low, nonce by RFC 6979. With `lowR`, as bitcoind signs
 * transactions, tries again with a counter as extra entropy until R too needs only 32 bytes in DER.
 * Throws `RangeError` for no private key.
 */
export function signEcdsa(
  hash: Uint8Array,
  privateKey: Uint8Array,
  { lowR = true }: { readonly lowR?: boolean } = {},
): Uint8Array {
  if (!isScalar(privateKey)) throw new RangeError('not a private key');
  const native = nativeCurve();
  const sign = (entropy: Uint8Array | undefined): Uint8Array => {
    if (native) {
      return native.ecdsaSign(hash, privateKey, entropy ? { data: entropy } : {}).signature;
    }
    return entropy
      ? wasmCurve().sign(hash, privateKey, entropy)
      : wasmCurve().sign(hash, privateKey);
  };
  let signature = sign(undefined);
  for (let attempt = 1; lowR && (signature[0] as number) >= 0x80; attempt++) {
    const entropy = new Uint8Array(32);
    new DataView(entropy.buffer).setUint32(0, attempt, true);
    signature = sign(entropy);
  }
  return signature;
}

/** A signature from which the public key can be computed. */
export interface RecoverableSignature {
  /** R and S, 64 bytes. */
  readonly signature: Uint8Array;
  /** 0 … 3. */
  readonly recoveryId: number;
}

/** Signs so that the public key can be recovered, as signed messages want; R is not made low. */
export function signRecoverable(hash: Uint8Array, privateKey: Uint8Array): RecoverableSignature {
  if (!isScalar(privateKey)) throw new RangeError('not a private key');
  const native = nativeCurve();
  if (native) {
    const { signature, recid } = native.ecdsaSign(hash, privateKey, {});
    return { signature, recoveryId: recid };
  }
  return wasmCurve().signRecoverable(hash, privateKey);
}

/** The public key that made a recoverable signature; undefined when there is none. */
export function recover(
  hash: Uint8Array,
  signature: Uint8Array,
  recoveryId: number,
  compressed: boolean,
): Uint8Array | undefined {
  if (signature.length !== 64 || hash.length !== 32) return undefined;
  if (!isScalar(signature.subarray(0, 32)) || !isScalar(signature.subarray(32))) return undefined;
  try {
    const native = nativeCurve();
    if (native) return native.ecdsaRecover(signature, recoveryId, hash, compressed);
    const id = recoveryId as 0 | 1 | 2 | 3;
    return wasmCurve().recover(hash, signature, id, compressed) ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * The x of `privateKey · key` in 32 bytes: what a Diffie-Hellman exchange shares before it is hashed
 * (BIP324). Throws `RangeError` for no private key or no point.
 */
export function sharedX(key: Uint8Array, privateKey: Uint8Array): Uint8Array {
  if (!isScalar(privateKey)) throw new RangeError('not a private key');
  if (!isPublicKey(key)) throw new RangeError('not a public key');
  const native = nativeCurve();
  if (native) return native.ecdh(key, privateKey, { hashfn: (x) => x }, new Uint8Array(32));
  const plain = withoutHybrid(key) as Uint8Array;
  return (wasmCurve().pointMultiply(plain, privateKey, true) as Uint8Array).subarray(1);
}

/** True for 32 bytes that are the x of a point. */
export function isXOnlyPublicKey(key: Uint8Array): boolean {
  if (key.length !== 32) return false;
  const native = nativeCurve();
  return native ? native.publicKeyVerify(evenPoint(key)) : wasmCurve().isXOnlyPoint(key);
}

/** The point with that x and an even y, as a compressed key. */
function evenPoint(xOnlyKey: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([2]), xOnlyKey);
}

/** The x-only public key of a private key (BIP340). */
export function xOnlyPublicKey(privateKey: Uint8Array): Uint8Array {
  return publicKey(privateKey, true).subarray(1);
}

/** `point + tweak·G` (BIP32); undefined when that is no point or the tweak is out of range. */
export function tweakAddPublic(
  key: Uint8Array,
  tweak: Uint8Array,
  compressed = true,
): Uint8Array | undefined {
  try {
    const native = nativeCurve();
    if (native) return native.publicKeyTweakAdd(key, tweak, compressed);
    return wasmCurve().pointAddScalar(key, tweak, compressed) ?? undefined;
  } catch {
    return undefined;
  }
}

/** The sum of two points, in 33 bytes; undefined for the point at infinity. Throws for what is no point. */
export function addPoints(a: Uint8Array, b: Uint8Array): Uint8Array | undefined {
  return wasmCurve().pointAdd(a, b, true) ?? undefined;
}

/** A point times a scalar that is not zero, in 33 bytes. Throws for what is no point or no such scalar. */
export function multiplyPoint(point: Uint8Array, scalar: Uint8Array): Uint8Array {
  return wasmCurve().pointMultiply(point, scalar, true) as Uint8Array;
}

/** `privateKey + tweak` modulo the order (BIP32); undefined when that is zero or the tweak too big. */
export function tweakAddPrivate(privateKey: Uint8Array, tweak: Uint8Array): Uint8Array | undefined {
  const add = bytesToScalar(tweak);
  if (add >= ORDER) return undefined;
  const sum = (bytesToScalar(privateKey) + add) % ORDER;
  return sum === 0n ? undefined : scalarToBytes(sum);
}

/** The order minus a private key: the key of the mirrored point. */
export function negatePrivate(privateKey: Uint8Array): Uint8Array {
  return scalarToBytes(negate(bytesToScalar(privateKey)));
}

/** An x-only key and which of its two points is meant. */
export interface TweakedKey {
  readonly xOnlyKey: Uint8Array;
  /** 1 when y is odd. */
  readonly parity: 0 | 1;
}

/** `lift_x(key) + tweak·G` (BIP341); undefined when `key` is no x or the tweak is out of range. */
export function xOnlyTweakAdd(key: Uint8Array, tweak: Uint8Array): TweakedKey | undefined {
  if (key.length !== 32) return undefined;
  const point = tweakAddPublic(evenPoint(key), tweak);
  return point && { xOnlyKey: point.subarray(1), parity: point[0] === 2 ? 0 : 1 };
}

/** True when `expected` is `lift_x(key) + tweak·G` (BIP341). */
export function isXOnlyTweak(key: Uint8Array, tweak: Uint8Array, expected: TweakedKey): boolean {
  const tweaked = xOnlyTweakAdd(key, tweak);
  return (
    tweaked !== undefined &&
    tweaked.parity === expected.parity &&
    equalBytes(tweaked.xOnlyKey, expected.xOnlyKey)
  );
}
