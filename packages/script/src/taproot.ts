/**
 * Taproot's trees and tweaks (BIP341): from leaves to the root, from an internal key and a root to the
 * output key, and the same for private keys. Spending rules are in `verify.ts`.
 */
import { compareBytes, taggedHash, Writer } from '@coind/primitives';
import {
  isXOnlyTweak,
  negatePrivate,
  publicKey,
  type TweakedKey,
  tweakAddPrivate,
  xOnlyTweakAdd,
} from './secp.ts';

/** Leaf version of tapscript (BIP342). */
export const TAPSCRIPT_LEAF = 0xc0;
/** The bits of a control block's first byte that are the leaf version; the last one is the parity. */
export const LEAF_MASK = 0xfe;
/** First byte of an annex. */
export const ANNEX_TAG = 0x50;

/** Hash of a leaf: its version and its script. */
export function tapleafHash(leafVersion: number, script: Uint8Array): Uint8Array {
  const leaf = new Writer(script.length + 6).u8(leafVersion).varBytes(script).finish();
  return taggedHash('TapLeaf', leaf);
}

/** Hash of a branch: its two children, the smaller one first. */
export function tapbranchHash(a: Uint8Array, b: Uint8Array): Uint8Array {
  return compareBytes(a, b) < 0 ? taggedHash('TapBranch', a, b) : taggedHash('TapBranch', b, a);
}

/** Root of the tree in which `leafHash` has the path that a control block shows behind its key. */
export function taprootRoot(leafHash: Uint8Array, control: Uint8Array): Uint8Array {
  let hash = leafHash;
  for (let at = 33; at + 32 <= control.length; at += 32) {
    hash = tapbranchHash(hash, control.subarray(at, at + 32));
  }
  return hash;
}

/** The scalar by which an internal key is tweaked; without a root the output has no scripts. */
export function tapTweak(internalKey: Uint8Array, root?: Uint8Array): Uint8Array {
  return root ? taggedHash('TapTweak', internalKey, root) : taggedHash('TapTweak', internalKey);
}

/** The output key of an x-only internal key; undefined when the internal key is no point. */
export function taprootOutputKey(
  internalKey: Uint8Array,
  root?: Uint8Array,
): TweakedKey | undefined {
  return xOnlyTweakAdd(internalKey, tapTweak(internalKey, root));
}

/** The private key that signs for the output key by key path. */
export function taprootPrivateKey(privateKey: Uint8Array, root?: Uint8Array): Uint8Array {
  const point = publicKey(privateKey, true);
  const even = point[0] === 2 ? privateKey : negatePrivate(privateKey);
  const tweaked = tweakAddPrivate(even, tapTweak(point.subarray(1), root));
  // Zero or an overflow would mean a broken hash function.
  if (!tweaked) throw new Error('taproot tweak out of range');
  return tweaked;
}

/** True when a control block proves that `leafHash` is in the tree of the output key. */
export function isTaprootCommitment(
  control: Uint8Array,
  outputKey: Uint8Array,
  leafHash: Uint8Array,
): boolean {
  const internalKey = control.subarray(1, 33);
  const tweak = tapTweak(internalKey, taprootRoot(leafHash, control));
  const parity = ((control[0] as number) & 1) as 0 | 1;
  return isXOnlyTweak(internalKey, tweak, { xOnlyKey: outputKey, parity });
}
