/**
 * Finding the wallet's own key behind a public key that a PSBT names: an address of that key alone may be
 * the wallet's, or the way the key is derived leads to one of its descriptors. A co-signer of somebody
 * else's script has no other trace of it.
 */

import {
  expandDescriptor,
  fingerprintHex,
  HARDENED,
  type KeyExpression,
  type KeyOrigin,
  keysOf,
  type ScriptSolution,
} from '@coind/descriptors';
import { bytesToHex, hash160, Reader } from '@coind/primitives';
import { p2pk, p2pkh, p2sh, p2tr, p2wpkh, taprootOutputKey } from '@coind/script';
import type { Keyring } from '../keyring.ts';

/** A public key as PSBTs name it: in full, or by its x coordinate (then as the even one). */
export interface NamedKey {
  readonly publicKey: Uint8Array;
  /** Where it says to come from. */
  readonly origin?: KeyOrigin;
}

/** Reads fingerprint and path as PSBTs write them. */
export function decodeOrigin(bytes: Uint8Array): KeyOrigin {
  const reader = new Reader(bytes);
  const fingerprint = bytesToHex(reader.take(4));
  const path: number[] = [];
  while (reader.left >= 4) path.push(reader.u32());
  return { fingerprint, path };
}

/** What the wallet knows of the script that uses a key of its own; undefined for others' keys. */
export function solutionOfKey(keyring: Keyring, named: NamedKey): ScriptSolution | undefined {
  return byAddress(keyring, named.publicKey) ?? byOrigin(keyring, named);
}

function byAddress(keyring: Keyring, publicKey: Uint8Array): ScriptSolution | undefined {
  for (const script of scriptsOf(publicKey)) {
    const solution = keyring.solve(bytesToHex(script), true);
    if (solution) return solution;
  }
  return undefined;
}

/** Scripts that this key alone spends. */
function scriptsOf(publicKey: Uint8Array): readonly Uint8Array[] {
  const hash = hash160(publicKey);
  const bare = [p2wpkh(hash), p2pkh(hash), p2sh(hash160(p2wpkh(hash))), p2pk(publicKey)];
  if (publicKey.length !== 33) return bare;
  const x = publicKey.subarray(1);
  const output = taprootOutputKey(x);
  return [...bare, ...(output ? [p2tr(output.xOnlyKey)] : []), p2tr(x)];
}

function byOrigin(keyring: Keyring, { publicKey, origin }: NamedKey): ScriptSolution | undefined {
  if (!origin) return undefined;
  const wanted = bytesToHex(publicKey.subarray(-32));
  for (const { id, descriptor } of keyring.list()) {
    if (!keyring.hasSecret(id)) continue;
    for (const key of keysOf(descriptor)) {
      const index = indexBelow(key, origin);
      if (index === undefined) continue;
      const [solution] = expandDescriptor(keyring.full(id) ?? descriptor, index);
      const isHere = solution?.keys.some(
        (own) => bytesToHex(own.publicKey.subarray(-32)) === wanted,
      );
      if (isHere) return solution;
    }
  }
  return undefined;
}

/** The index at which `key` comes to lie where `origin` leads; undefined when it never does. */
function indexBelow(key: KeyExpression, { fingerprint, path }: KeyOrigin): number | undefined {
  if (key.kind !== 'extended') return undefined;
  const base = key.origin ?? { fingerprint: fingerprintHex(key.root.publicKey), path: [] };
  const above = [...base.path, ...key.path];
  if (base.fingerprint !== fingerprint || above.some((step, i) => step !== path[i])) {
    return undefined;
  }
  const [step, ...further] = path.slice(above.length);
  if (further.length > 0) return undefined;
  if (key.wildcard === 'none') return step === undefined ? 0 : undefined;
  if (step === undefined) return undefined;
  const isHardened = step >= HARDENED;
  if (isHardened !== (key.wildcard === 'hardened')) return undefined;
  return isHardened ? step - HARDENED : step;
}
