/**
 * Schnorr signatures (BIP340). The WebAssembly library checks them; where the native one loads, which
 * knows only ECDSA, its key recovery does the same multiplication several times as fast.
 */
import { concatBytes, equalBytes, taggedHash } from '@coind/primitives';
import { nativeCurve, wasmCurve } from './curve.ts';
import type { NativeCurve } from './curve-libraries.ts';
import { bytesToScalar, negate, ORDER, scalarToBytes } from './scalar.ts';
import { isScalar } from './signature-encoding.ts';

const NO_AUX = new Uint8Array(32);
const EVEN = 2;

/** Checks a signature of 64 bytes over a 32-byte hash by an x-only key; false for whatever is wrong. */
export function schnorrVerify(
  hash: Uint8Array,
  signature: Uint8Array,
  xOnlyKey: Uint8Array,
): boolean {
  if (hash.length !== 32 || signature.length !== 64 || xOnlyKey.length !== 32) return false;
  const native = nativeCurve();
  const verdict = native && verifyByRecovery(native, hash, signature, xOnlyKey);
  if (verdict !== undefined) return verdict;
  try {
    return wasmCurve().verifySchnorr(hash, xOnlyKey, signature);
  } catch {
    // The library throws for a key that is no point and for an R or S out of range.
    return false;
  }
}

/**
 * BIP340 wants s·G - e·P to be the point with x = r and an even y. ECDSA recovery of a signature (r', s')
 * over z computes (s'·R' - z·G) / r', where R' is the point with x = r' and an even y for recovery id 0:
 * with r' = x(P), s' = -e·r' and z = -s·r' that is the same point. Undefined in the cases of probability
 * 2^-128 that recovery cannot express, which are left to the other library.
 */
function verifyByRecovery(
  native: NativeCurve,
  hash: Uint8Array,
  signature: Uint8Array,
  xOnlyKey: Uint8Array,
): boolean | undefined {
  const r = signature.subarray(0, 32);
  const s = bytesToScalar(signature.subarray(32));
  if (s >= ORDER) return false;
  if (!isScalar(xOnlyKey)) return undefined;
  const x = bytesToScalar(xOnlyKey);
  const e = bytesToScalar(taggedHash('BIP0340/challenge', r, xOnlyKey, hash));
  const recoverS = negate(e * x);
  if (recoverS === 0n) return undefined;
  const recoverable = concatBytes(xOnlyKey, scalarToBytes(recoverS));
  try {
    const point = native.ecdsaRecover(recoverable, 0, scalarToBytes(negate(s * x)), true);
    return point[0] === EVEN && equalBytes(point.subarray(1), r);
  } catch {
    // The key is no x of a point, or the result is the point at infinity: neither signs anything.
    return false;
  }
}

/**
 * Signs a 32-byte hash; `aux` is 32 bytes of randomness, zeros as bitcoind uses when none is given.
 * Throws `RangeError` for no private key.
 */
export function signSchnorr(
  hash: Uint8Array,
  privateKey: Uint8Array,
  aux: Uint8Array = NO_AUX,
): Uint8Array {
  if (!isScalar(privateKey)) throw new RangeError('not a private key');
  return wasmCurve().signSchnorr(hash, privateKey, aux);
}
