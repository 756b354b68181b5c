/** The extended keys that a wallet's descriptors are made from, as `gethdkeys` lists them. */
import { bytesToHex, type ChainParams } from '@coind/primitives';
import { type ExtendedKey, formatExtendedKey, neuter } from './bip32.ts';
import { keysOf } from './descriptor.ts';
import type { Keyring } from './keyring.ts';

/** An extended key and the descriptors that use it. */
export interface HdKey {
  readonly xpub: string;
  /** Its private form, when the wallet has it. */
  readonly xprv?: string;
  /** Sorted by their text. */
  readonly descriptors: readonly { readonly descriptor: string; readonly active: boolean }[];
}

/** The extended keys of `keyring`, in order of their public keys. */
export function hdKeys(keyring: Keyring, params: ChainParams, activeOnly: boolean): HdKey[] {
  const found = new Map<string, { key: ExtendedKey; uses: Map<string, boolean> }>();
  for (const { id, row } of keyring.list()) {
    if (activeOnly && !row.active) continue;
    const descriptor = keyring.full(id);
    for (const expression of descriptor ? keysOf(descriptor) : []) {
      if (expression.kind !== 'extended') continue;
      const { root } = expression;
      const name = bytesToHex(root.publicKey) + bytesToHex(root.chainCode);
      const known = found.get(name);
      const key = known?.key.privateKey ? known.key : root;
      const uses = known?.uses ?? new Map<string, boolean>();
      uses.set(row.descriptor, row.active);
      found.set(name, { key, uses });
    }
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([, { key, uses }]) => ({
    xpub: formatExtendedKey(neuter(key), params),
    ...(key.privateKey && { xprv: formatExtendedKey(key, params) }),
    descriptors: [...uses]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([descriptor, active]) => ({ descriptor, active })),
  }));
}
