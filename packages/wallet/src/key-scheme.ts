/**
 * How the keys of a wallet follow from its seed. Today: eight chains, one for each type of address and side
 * (BIP44/49/84/86), whose last step needs no private key. From 0.13 to 0.20: two chains, m/0'/0'/n' for receiving
 * and m/0'/1'/n' for change, of which every key has an address of each type; the seed is itself a key of the wallet.
 * All their steps are hardened, so keys that a locked wallet shall hand out have to be derived before.
 */
import {
  type Descriptor,
  type ExtendedKey,
  HARDENED,
  type KeyExpression,
  keysOf,
  masterKey,
} from '@coind/descriptors';
import { bytesToHex, type ChainParams, hash160 } from '@coind/primitives';
import { isPrivateKey, publicKey } from '@coind/script';
import { ADDRESS_TYPES, type AddressType, PURPOSE } from './address-type.ts';

/** The way a wallet derives keys: its own for life. */
export type KeyScheme = 'modern' | '0.16';

const SEED_SIZE = 32;

/** The kind of address a descriptor makes; undefined for those that make none, or several. */
export function typeOfDescriptor(descriptor: Descriptor): AddressType | undefined {
  switch (descriptor.kind) {
    case 'pkh':
      return 'legacy';
    case 'wpkh':
      return 'bech32';
    case 'tr':
    case 'rawtr':
      return 'bech32m';
    case 'sh':
      return descriptor.inner.kind === 'wpkh' || descriptor.inner.kind === 'wsh'
        ? 'p2sh-segwit'
        : 'legacy';
    case 'wsh':
      return 'bech32';
    default:
      return undefined;
  }
}

/** Whether a chain has addresses of a type. */
export function makesType(descriptor: Descriptor, type: AddressType): boolean {
  return descriptor.kind === 'combo' ? type !== 'bech32m' : typeOfDescriptor(descriptor) === type;
}

/** False for hardened wildcards of which only the public key is known. */
export function canLookAhead(descriptor: Descriptor): boolean {
  return keysOf(descriptor).every(
    (key) => key.kind === 'single' || key.wildcard !== 'hardened' || key.root.privateKey,
  );
}

/** A chain of single keys by hardened steps: what is to be handed out while locked is derived before. */
export function isHardenedChain(descriptor: Descriptor): boolean {
  const [key, another] = keysOf(descriptor);
  return !another && key?.kind === 'extended' && key.wildcard === 'hardened';
}

/** Keys for a wallet, not added yet. */
export interface NewKeys {
  readonly descriptors: readonly {
    readonly descriptor: Descriptor;
    readonly active: boolean;
    readonly internal: boolean;
  }[];
  /** HASH160 of the public key they come from, as display-order hex; 0.16 showed it. */
  readonly masterKeyId: string;
}

/** HASH160 of a public key in display order. */
function idOf(key: Uint8Array): string {
  return bytesToHex(hash160(key).reverse());
}

/** The keys that follow from a seed; undefined for the rare one that makes none. */
export function keysOfSeed(
  scheme: KeyScheme,
  seed: Uint8Array,
  params: ChainParams,
): NewKeys | undefined {
  const master = masterKey(seed);
  if (!master) return undefined;
  if (scheme === 'modern') {
    return { descriptors: modernChains(master, params), masterKeyId: idOf(master.publicKey) };
  }
  if (!isPrivateKey(seed)) return undefined;
  const own = { kind: 'single', publicKey: publicKey(seed, true), privateKey: seed } as const;
  const seedKey: Descriptor = { kind: 'combo', key: { ...own, xOnly: false, marker: 'h' } };
  return {
    descriptors: [
      ...chainsOfSeed(seed).map((chain) => ({ ...chain, active: true })),
      { descriptor: seedKey, active: false, internal: false },
    ],
    masterKeyId: idOf(own.publicKey),
  };
}

/** The two chains that 0.16 derived from a seed; none for a seed that makes no keys. */
export function chainsOfSeed(seed: Uint8Array): { descriptor: Descriptor; internal: boolean }[] {
  const root = masterKey(seed);
  if (!root) return [];
  return [false, true].map((internal) => {
    const path = [HARDENED, (internal ? 1 : 0) + HARDENED];
    const key: KeyExpression = { kind: 'extended', root, path, wildcard: 'hardened', marker: 'h' };
    return { descriptor: { kind: 'combo', key }, internal };
  });
}

/** Keys of a seed that nobody knows. */
export function randomKeys(
  scheme: KeyScheme,
  randomBytes: (length: number) => Uint8Array,
  params: ChainParams,
): NewKeys {
  for (;;) {
    const keys = keysOfSeed(scheme, randomBytes(SEED_SIZE), params);
    if (keys) return keys;
  }
}

/** The eight chains of today. */
function modernChains(master: ExtendedKey, params: ChainParams): NewKeys['descriptors'] {
  return ADDRESS_TYPES.flatMap((type) =>
    [false, true].map((internal) => {
      const descriptor = modernChain(master, params, { type, internal });
      return { descriptor, active: true, internal };
    }),
  );
}

/** One of them. */
export function modernChain(
  root: ExtendedKey,
  { bip44CoinType }: ChainParams,
  { type, internal }: { readonly type: AddressType; readonly internal: boolean },
): Descriptor {
  const path = [PURPOSE[type] + HARDENED, bip44CoinType + HARDENED, HARDENED, internal ? 1 : 0];
  const key = { kind: 'extended', root, path, wildcard: 'unhardened', marker: 'h' } as const;
  if (type === 'p2sh-segwit') return { kind: 'sh', inner: { kind: 'wpkh', key } };
  return { kind: ({ legacy: 'pkh', bech32: 'wpkh', bech32m: 'tr' } as const)[type], key };
}
