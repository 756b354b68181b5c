/** Merkle roots as Bitcoin computes them, with the CVE-2012-2459 mutation made visible. */
import { equalBytes } from './bytes.ts';
import { sha256d } from './hash.ts';
import { hashToHex, hexToHash } from './ids.ts';

/** A root, and whether some level held two equal neighbours that were not padding. */
export interface MerkleRoot {
  /** Display-order hex; all zeros for no leaves. */
  readonly root: string;
  /** True when another list of leaves gives the same root: the block may be a forged copy. */
  readonly mutated: boolean;
}

/** Root over ids in display order. An odd level repeats its last hash. */
export function merkleRoot(ids: readonly string[]): MerkleRoot {
  if (ids.length === 0) return { root: '0'.repeat(64), mutated: false };
  let level = ids.map(hexToHash);
  let mutated = false;
  const pair = new Uint8Array(64);
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Uint8Array;
      const right = level[i + 1] ?? left;
      if (i + 1 < level.length && equalBytes(left, right)) mutated = true;
      pair.set(left, 0);
      pair.set(right, 32);
      next.push(sha256d(pair));
    }
    level = next;
  }
  return { root: hashToHex(level[0] as Uint8Array), mutated };
}
