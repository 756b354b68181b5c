/**
 * Ranges of addresses, as bans and permissions name them: `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, one address.
 * Only IPv4 and IPv6 have ranges; on other networks a neighbour's address says nothing.
 */
import { compareBytes, equalBytes } from '@coind/primitives';
import {
  asCjdns,
  formatHost,
  type HostAddress,
  hostKey,
  isValid,
  networkIds,
  parseHost,
} from './net-address.ts';

/** A network address and how many of its leading bits count. */
export interface Subnet {
  /** The bits that do not count are zero. */
  readonly host: HostAddress;
  readonly prefixBits: number;
}

const hasRanges = ({ networkId }: HostAddress): boolean =>
  networkId === networkIds.ipv4 || networkId === networkIds.ipv6;

/** The range of one address. */
export function singleSubnet(host: HostAddress): Subnet {
  return { host, prefixBits: 8 * host.bytes.length };
}

/** The range around `host` of which the first `prefixBits` are the same; undefined where there is none. */
export function subnetOf(host: HostAddress, prefixBits: number): Subnet | undefined {
  if (!hasRanges(host) || prefixBits > 8 * host.bytes.length) return undefined;
  const bytes = host.bytes.map((byte, at) => byte & maskByte(prefixBits, at));
  return { host: { networkId: host.networkId, bytes }, prefixBits };
}

/** Byte `at` of the mask with `prefixBits` ones. */
function maskByte(prefixBits: number, at: number): number {
  const ones = Math.min(8, Math.max(0, prefixBits - 8 * at));
  return (0xff00 >> ones) & 0xff;
}

/** How many ones a mask begins with; undefined when a one follows a zero. */
function prefixOfMask(mask: Uint8Array): number | undefined {
  let ones = 0;
  while (ones < 8 * mask.length && bitAt(mask, ones)) ones++;
  for (let at = ones; at < 8 * mask.length; at++) if (bitAt(mask, at)) return undefined;
  return ones;
}

function bitAt(bytes: Uint8Array, at: number): boolean {
  return (((bytes[at >> 3] as number) >> (7 - (at & 7))) & 1) === 1;
}

/**
 * Reads an address, or a range with a prefix length or a mask behind a slash; undefined for anything else.
 * On a node that reaches CJDNS, fc00::/8 is an address there.
 */
export function parseSubnet(text: string, cjdnsReachable = false): Subnet | undefined {
  const slash = text.lastIndexOf('/');
  const parsed = parseHost(slash < 0 ? text : text.slice(0, slash));
  const host = parsed && cjdnsReachable ? asCjdns(parsed) : parsed;
  if (!host) return undefined;
  if (slash < 0) return singleSubnet(host);
  const suffix = text.slice(slash + 1);
  if (/^\d{1,3}$/.test(suffix) && Number(suffix) <= 255) return subnetOf(host, Number(suffix));
  const mask = parseHost(suffix);
  if (mask?.networkId !== host.networkId) return undefined;
  const prefixBits = prefixOfMask(mask.bytes);
  return prefixBits === undefined ? undefined : subnetOf(host, prefixBits);
}

/** `10.0.0.0/8`; without a length on networks that have no ranges. */
export function formatSubnet({ host, prefixBits }: Subnet): string {
  return hasRanges(host) ? `${formatHost(host)}/${prefixBits}` : formatHost(host);
}

/** True when the address lies in the range. */
export function isInSubnet({ host, prefixBits }: Subnet, address: HostAddress): boolean {
  if (host.networkId !== address.networkId || !isValid(address)) return false;
  if (!hasRanges(host)) return equalBytes(host.bytes, address.bytes);
  return host.bytes.every(
    (byte, at) => ((address.bytes[at] ?? 0) & maskByte(prefixBits, at)) === byte,
  );
}

/** A text key for maps. */
export function subnetKey({ host, prefixBits }: Subnet): string {
  return `${hostKey(host)}/${prefixBits}`;
}

/** bitcoind's order: by network, address, mask. */
export function compareSubnets(a: Subnet, b: Subnet): number {
  return (
    a.host.networkId - b.host.networkId ||
    compareBytes(a.host.bytes, b.host.bytes) ||
    a.prefixBits - b.prefixBits
  );
}
