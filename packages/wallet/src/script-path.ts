/**
 * Spending by a script that is more than a template: witness scripts and leaves of taproot trees, satisfied as miniscript
 * with whatever signatures and preimages there are. Both signers, of transactions and of PSBTs, come here.
 */
import {
  type Context,
  decodeMiniscript,
  type FragmentName,
  satisfyMiniscript,
} from '@coind/descriptors';
import { compareBytes } from '@coind/primitives';
import { type SignatureChecker, TAPSCRIPT_LEAF } from '@coind/script';

/** What there is to satisfy a script with. Keys are as the script has them: 33 bytes, in tapscript 32. */
export interface ScriptMeans {
  /** A signature by a key, hash type included. */
  sign(key: Uint8Array): Uint8Array | undefined;
  /** The key of which a script has only the HASH160. */
  publicKey(hash: Uint8Array): Uint8Array | undefined;
  preimage(name: FragmentName, hash: Uint8Array): Uint8Array | undefined;
  readonly checker: Pick<SignatureChecker, 'checkLocktime' | 'checkSequence'>;
}

/** What `script` is given on the stack; undefined where it is no miniscript or something is missing. */
export function satisfyScript(
  script: Uint8Array,
  context: Context,
  { sign, publicKey, preimage, checker }: ScriptMeans,
): readonly Uint8Array[] | undefined {
  const keys: Uint8Array[] = [];
  const size = context === 'wsh' ? 33 : 32;
  const add = (key: Uint8Array | undefined) =>
    key?.length === size ? keys.push(key) - 1 : undefined;
  const node = decodeMiniscript(script, context, {
    byBytes: add,
    byHash: (hash) => add(publicKey(hash)),
  });
  if (!node) return undefined;
  return satisfyMiniscript(node, {
    sign: (key) => sign(keys[key] as Uint8Array),
    publicKey: (key) => keys[key] as Uint8Array,
    preimage,
    isUnlocked: (name, lock) =>
      name === 'older' ? checker.checkSequence(lock) : checker.checkLocktime(lock),
  });
}

/** A script of a taproot output, with what proves it. */
export interface ProvenScript {
  readonly script: Uint8Array;
  readonly version: number;
  readonly controlBlock: Uint8Array;
}

/** Scripts by their bytes, the shortest proof of each. */
function cheapest(leaves: readonly ProvenScript[]): readonly ProvenScript[] {
  const sorted = [...leaves].sort(
    (a, b) =>
      compareBytes(a.script, b.script) ||
      a.version - b.version ||
      a.controlBlock.length - b.controlBlock.length ||
      compareBytes(a.controlBlock, b.controlBlock),
  );
  return sorted.filter(({ script, version }, nth) => {
    const before = sorted[nth - 1];
    return !before || before.version !== version || compareBytes(before.script, script) !== 0;
  });
}

const compactSize = (value: number): number => (value < 0xfd ? 1 : value <= 0xffff ? 3 : 5);

/** Bytes of a witness as it is written. */
function sizeOf(witness: readonly Uint8Array[]): number {
  const sizes = witness.map(({ length }) => compactSize(length) + length);
  return sizes.reduce((sum, size) => sum + size, compactSize(witness.length));
}

/**
 * The smallest witness that spends a taproot output by one of its scripts; undefined when none can be satisfied. `meansFor`
 * is asked for every leaf, so that all signatures that can be made are made.
 */
export function spendByLeaf(
  leaves: readonly ProvenScript[],
  meansFor: (leaf: ProvenScript) => ScriptMeans,
): readonly Uint8Array[] | undefined {
  let best: readonly Uint8Array[] | undefined;
  for (const leaf of cheapest(leaves)) {
    if (leaf.version !== TAPSCRIPT_LEAF) continue;
    const stack = satisfyScript(leaf.script, 'tapscript', meansFor(leaf));
    if (!stack) continue;
    const witness = [...stack, leaf.script, leaf.controlBlock];
    if (!best || sizeOf(witness) < sizeOf(best)) best = witness;
  }
  return best;
}
