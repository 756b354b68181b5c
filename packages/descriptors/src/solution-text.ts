/**
 * The descriptors of the scripts that one descriptor makes, a great many of them: whoever lists coins knows
 * index and public key of each, and all else in the text is always the same.
 */
import { bytesToHex } from '@coind/primitives';
import { fingerprintHex, formatPath, HARDENED } from './bip32.ts';
import { withChecksum } from './checksum.ts';
import type { Descriptor } from './descriptor.ts';

/** Says what `formatSolution` says of the script at `index`, whose public key is `publicKey`. */
export type SolutionWriter = (index: number, publicKey: Uint8Array) => string;

/**
 * The writer for a descriptor that makes one script of one derived key at each index, with no script behind
 * it; undefined for all others.
 */
export function solutionWriter(descriptor: Descriptor): SolutionWriter | undefined {
  switch (descriptor.kind) {
    case 'pk':
    case 'pkh':
    case 'wpkh':
    case 'tr':
    case 'rawtr':
      break;
    default:
      return undefined;
  }
  const { kind, key } = descriptor;
  if (kind === 'tr' && descriptor.tree) return undefined;
  if (key.kind !== 'extended' || key.wildcard === 'none') return undefined;
  const origin = key.origin ?? { fingerprint: fingerprintHex(key.root.publicKey), path: [] };
  const head = `${kind}([${origin.fingerprint}${formatPath([...origin.path, ...key.path])}`;
  const offset = key.wildcard === 'hardened' ? HARDENED : 0;
  const xOnly = kind === 'tr' || kind === 'rawtr';
  return (index, publicKey) => {
    const bytes = xOnly ? publicKey.subarray(1, 33) : publicKey;
    return withChecksum(`${head}${formatPath([index + offset])}]${bytesToHex(bytes)})`);
  };
}
