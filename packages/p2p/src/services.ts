/**
 * What a node says it offers: the service bits of version and addr messages, and bitcoind's names for
 * them. BIP37/111 (bloom), BIP144 (witness), BIP157 (filters), BIP159 (limited), BIP324 (v2).
 */

/** Service bits by bitcoind's name. */
export const services = {
  NETWORK: 1n << 0n,
  BLOOM: 1n << 2n,
  WITNESS: 1n << 3n,
  COMPACT_FILTERS: 1n << 6n,
  NETWORK_LIMITED: 1n << 10n,
  P2P_V2: 1n << 11n,
} as const;

/** True when all bits of `wanted` are offered. */
export function offers(offered: bigint, wanted: bigint): boolean {
  return (offered & wanted) === wanted;
}

/** Names of the bits in `bits`, lowest first; unknown ones as bitcoind prints them. */
export function serviceNames(bits: bigint): string[] {
  const names: string[] = [];
  for (let bit = 0n; bit < 64n; bit++) {
    const flag = 1n << bit;
    if ((bits & flag) === 0n) continue;
    const known = Object.entries(services).find(([, value]) => value === flag);
    names.push(known ? known[0] : `UNKNOWN[2^${bit}]`);
  }
  return names;
}

/** Sixteen hex digits, as RPC prints service bits. */
export function formatServices(bits: bigint): string {
  return bits.toString(16).padStart(16, '0');
}

/** True when the peer can serve blocks, all or the latest. */
export function servesBlocks(bits: bigint): boolean {
  return (bits & (services.NETWORK | services.NETWORK_LIMITED)) !== 0n;
}

/** True when it serves the latest blocks only. */
export function isLimited(bits: bigint): boolean {
  return !offers(bits, services.NETWORK) && offers(bits, services.NETWORK_LIMITED);
}
