/** The extended keys that a wallet's descriptors are made from, as `gethdkeys` lists them. */
import {
  type ExtendedKey,
  formatExtendedKey,
  hasPrivateKeys,
  keysOf,
  neuter,
  parseDescriptor,
} from '@coind/descriptors';
import { bytesToHex, type ChainParams } from '@coind/primitives';
import type { Keyring } from './keyring.ts';

/** An extended key and the descriptors that use it. */
export interface HdKey {
  readonly xpub: string;
  /** Its private form, when the wallet has it. */
  readonly xprv?: string;
  /** Whether the wallet has the private form, readable now or locked away. */
  readonly hasPrivate: boolean;
  /** Sorted by their text. */
  readonly descriptors: readonly { readonly descriptor: string; readonly active: boolean }[];
}

/** The extended keys of `keyring`, in order of their public keys. */
export function hdKeys(keyring: Keyring, params: ChainParams, activeOnly: boolean): HdKey[] {
  const found = new Map<
    string,
    { key: ExtendedKey; uses: Map<string, boolean>; hasPrivate: boolean }
  >();
  for (const { id, row } of keyring.list()) {
    if (activeOnly && !row.active) continue;
    const hasSecret = keyring.hasSecret(id);
    const full = keyring.full(id);
    // Locked away, the public form as it was given still names the same extended keys.
    const locked = hasSecret && full && !hasPrivateKeys(full);
    const descriptor = locked ? parseDescriptor(row.given, params) : full;
    for (const expression of descriptor ? keysOf(descriptor) : []) {
      if (expression.kind !== 'extended') continue;
      const { root } = expression;
      const name = bytesToHex(root.publicKey) + bytesToHex(root.chainCode);
      const known = found.get(name);
      const key = known?.key.privateKey ? known.key : root;
      const uses = known?.uses ?? new Map<string, boolean>();
      uses.set(row.descriptor, row.active);
      const hasPrivate = hasSecret || known?.hasPrivate === true;
      found.set(name, { key, uses, hasPrivate });
    }
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([, { key, uses, hasPrivate }]) => ({
    xpub: formatExtendedKey(neuter(key), params),
    ...(key.privateKey && { xprv: formatExtendedKey(key, params) }),
    hasPrivate,
    descriptors: [...uses]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([descriptor, active]) => ({ descriptor, active })),
  }));
}
