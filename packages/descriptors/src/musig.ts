/** Keys that several signers hold together (BIP327, BIP328): the one key that scripts see, and what is derived from it. */
import { concatBytes, equalBytes, hexToBytes, taggedHash } from '@coind/primitives';
import { addPoints, multiplyPoint } from '@coind/script';
import type { ExtendedKey } from './bip32.ts';

/** The chain code of every aggregate key (BIP328). */
const CHAIN_CODE = hexToBytes('868087ca02a6f974c4598924c36b57762d32cb45717167e300622c7167e38965');

/** The aggregate of compressed keys; their order matters. Throws `RangeError` for keys that add up to nothing. */
export function aggregateKeys(keys: readonly Uint8Array[]): Uint8Array {
  const [first] = keys;
  const list = taggedHash('KeyAgg list', concatBytes(...keys));
  // The second different key counts once, which saves a multiplication and is as safe.
  const second = keys.find((key) => !equalBytes(key, first as Uint8Array));
  const weighted = keys.map((key) =>
    second && equalBytes(key, second)
      ? key
      : multiplyPoint(key, taggedHash('KeyAgg coefficient', list, key)),
  );
  const sum = weighted.reduce<Uint8Array | undefined>(
    (total, point) => (total ? addPoints(total, point) : point),
    undefined,
  );
  if (!sum) throw new RangeError('keys add up to no point');
  return sum;
}

/** The extended key that further keys are derived from (BIP328). */
export function aggregateExtendedKey(publicKey: Uint8Array): ExtendedKey {
  return { depth: 0, parentFingerprint: 0, childNumber: 0, chainCode: CHAIN_CODE, publicKey };
}
