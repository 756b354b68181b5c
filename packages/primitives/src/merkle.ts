/** Merkle roots as Bitcoin computes them, with the CVE-2012-2459 mutation made visible. */
import { sha256d } from './hash.ts';
import { hashToHex, putHash } from './ids.ts';
import { compileHashPairs, type HashPairs } from './pair-hashes-wasm.ts';

/** A root, and whether some level held two equal neighbours that were not padding. */
export interface MerkleRoot {
  /** Display-order hex; all zeros for no leaves. */
  readonly root: string;
  /** True when another list of leaves gives the same root: the block may be a forged copy. */
  readonly mutated: boolean;
}

const HASH = 32;
const PAIR = 2 * HASH;

/** Root over ids in display order. An odd level repeats its last hash. */
export function merkleRoot(ids: readonly string[]): MerkleRoot {
  const [only] = ids;
  if (only === undefined) return { root: '0'.repeat(64), mutated: false };
  // Most blocks of a test network hold a coinbase alone.
  if (ids.length === 1) return { root: only, mutated: false };
  // One buffer for all levels: each is shorter than the one it is made from, so it can be written over it.
  const level = new Uint8Array(PAIR * Math.ceil(ids.length / 2));
  for (let i = 0; i < ids.length; i++) putHash(level, HASH * i, ids[i] as string);
  let mutated = false;
  for (let count = ids.length; count > 1; count = Math.ceil(count / 2)) {
    if (count % 2 === 1) level.copyWithin(HASH * count, HASH * (count - 1), HASH * count);
    for (let left = 0; left + 1 < count && !mutated; left += 2) {
      mutated = halvesEqual(level, HASH * left);
    }
    hashPairs(level, Math.ceil(count / 2));
  }
  return { root: hashToHex(level.subarray(0, HASH)), mutated };
}

/** So many pairs are worth compiling for; a program that hashes a few never does. */
const WORTHWHILE = 250;
let pairsHashed = 0;
let fast: HashPairs | undefined;

/** Replaces the first `pairs` pairs of hashes by their double SHA-256, closed up. */
function hashPairs(level: Uint8Array, pairs: number): void {
  if (!fast) {
    pairsHashed += pairs;
    if (pairsHashed > WORTHWHILE) fast = compileHashPairs() ?? hashEach;
  }
  (fast ?? hashEach)(level, pairs);
}

function hashEach(level: Uint8Array, pairs: number): void {
  for (let i = 0; i < pairs; i++) {
    level.set(sha256d(level.subarray(PAIR * i, PAIR * (i + 1))), HASH * i);
  }
}

/** True when the two hashes at `at` are the same one. */
function halvesEqual(level: Uint8Array, at: number): boolean {
  for (let i = at; i < at + HASH; i++) if (level[i] !== level[i + HASH]) return false;
  return true;
}
