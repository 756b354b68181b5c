/** The extended key of keys that sign together (BIP328), from which further keys of theirs are derived. */
import { hexToBytes } from '@coind/primitives';
import { derivationTweak, deriveChild, type ExtendedKey } from './bip32.ts';

/** The chain code of every aggregate key. */
const CHAIN_CODE = hexToBytes('868087ca02a6f974c4598924c36b57762d32cb45717167e300622c7167e38965');

/** The extended key of an aggregate. */
export function aggregateExtendedKey(publicKey: Uint8Array): ExtendedKey {
  return { depth: 0, parentFingerprint: 0, childNumber: 0, chainCode: CHAIN_CODE, publicKey };
}

/** The key at the end of a path below an aggregate, and what each step adds to it. */
export function deriveAggregate(
  aggregate: Uint8Array,
  path: readonly number[],
): { readonly publicKey: Uint8Array; readonly tweaks: readonly Uint8Array[] } {
  let key = aggregateExtendedKey(aggregate);
  const tweaks = path.map((index) => {
    const tweak = derivationTweak(key, index);
    key = deriveChild(key, index);
    return tweak;
  });
  return { publicKey: key.publicKey, tweaks };
}
