/** The four kinds of address a wallet hands out, under bitcoind's names. */

/** As `-addresstype` and `getnewaddress` spell them. */
export const ADDRESS_TYPES = ['legacy', 'p2sh-segwit', 'bech32', 'bech32m'] as const;
/** One kind of address. */
export type AddressType = (typeof ADDRESS_TYPES)[number];

/** BIP32 purpose of the chains of a type (BIP44, BIP49, BIP84, BIP86). */
export const PURPOSE: Readonly<Record<AddressType, number>> = {
  legacy: 44,
  'p2sh-segwit': 49,
  bech32: 84,
  bech32m: 86,
};

/** Reads an address type; undefined for any other word. */
export function parseAddressType(text: string): AddressType | undefined {
  return ADDRESS_TYPES.find((type) => type === text);
}
