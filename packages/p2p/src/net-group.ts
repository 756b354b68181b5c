/**
 * Which addresses count as neighbours: whoever holds one address of a group easily holds many, so peers
 * are chosen from different groups. The bytes of a group are bitcoind's, because buckets of peers.dat are
 * derived from them. With a map of autonomous systems (asmap.ts) a system is one neighbourhood.
 */
import { concatBytes, Writer } from '@coind/primitives';
import type { AsMap } from './asmap.ts';
import {
  bytesOfHost,
  type HostAddress,
  isInternal,
  isLocal,
  isRoutable,
  linkedIpv4,
  type NetworkName,
  networkClass,
} from './net-address.ts';

/** bitcoind's own numbers of the networks, not BIP155's. */
const classNumbers: Readonly<Record<NetworkName, number>> = {
  not_publicly_routable: 0,
  ipv4: 1,
  ipv6: 2,
  onion: 3,
  i2p: 4,
  cjdns: 5,
  internal: 6,
};

/** he.net gives a /48 to everybody who asks, out of one /32. */
const HE_NET = [0x20, 0x01, 0x04, 0x70];

/** How many leading bits of a routable address that is not IPv4 make its group. */
function groupBits(host: HostAddress, network: NetworkName): number {
  if (network === 'onion' || network === 'i2p') return 4;
  // The first byte is the same in all of CJDNS.
  if (network === 'cjdns') return 12;
  return HE_NET.every((byte, at) => host.bytes[at] === byte) ? 36 : 32;
}

/**
 * The group of an address: its autonomous system where a map knows it, else its network, and /16 of IPv4, /32 of IPv6,
 * four bits of what is random.
 */
export function netGroup(host: HostAddress, asMap?: AsMap): Uint8Array {
  const system = asMap?.systemOf(host) ?? 0;
  if (system !== 0) {
    return new Writer(5).u8(classNumbers.ipv6).u32(system).finish();
  }
  const network = networkClass(host);
  const number = Uint8Array.of(classNumbers[network]);
  if (isLocal(host)) return number;
  if (isInternal(host)) return concatBytes(number, host.bytes.subarray(6));
  if (!isRoutable(host)) return number;
  const ipv4 = linkedIpv4(host);
  if (ipv4) return concatBytes(number, ipv4.subarray(0, 2));
  const bits = groupBits(host, network);
  const whole = bits >> 3;
  const bytes = bytesOfHost(host);
  const part = bits & 7;
  const head = concatBytes(number, bytes.subarray(0, whole));
  if (part === 0) return head;
  const last = (bytes[whole] as number) | ((1 << (8 - part)) - 1);
  return concatBytes(head, Uint8Array.of(last));
}
