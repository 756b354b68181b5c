/**
 * Addresses of nodes: IPv4, IPv6, Tor v3, I2P and CJDNS, by BIP155's network numbers. Here they are read
 * from and written as text, and judged: is it valid, routable, of which network. How they are grouped for
 * diversity is net-group.ts, ranges of them subnet.ts, gossip about them address-manager.ts.
 */
import { createHash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { bytesToHex, concatBytes, equalBytes } from '@coind/primitives';
import type { WireAddress } from './messages.ts';

/** A node's address without a port. */
export type HostAddress = Omit<WireAddress, 'port'>;

/** BIP155's numbers of the networks we know. */
export const networkIds = { ipv4: 1, ipv6: 2, onion: 4, i2p: 5, cjdns: 6 } as const;

/** Where an address is reachable, by bitcoind's names; `internal` stands for a name, not for a host. */
export type NetworkName = keyof typeof networkIds | 'not_publicly_routable' | 'internal';

/** Bytes of an address by network number. */
const addressBytes: Readonly<Record<number, number>> = { 1: 4, 2: 16, 4: 32, 5: 32, 6: 16 };
const MAPPED_IPV4 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);
/** Marks IPv6 addresses that stand for names: 0xfd and what SHA-256 of "bitcoin" begins with. */
const INTERNAL = Uint8Array.of(0xfd, 0x6b, 0x88, 0xc0, 0x87, 0x24);
/** Marked Tor v2 addresses, a network that is gone. */
const TOR_V2 = Uint8Array.of(0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43);
const CJDNS_PREFIX = 0xfc;
const ONION_VERSION = 3;

const startsWith = (bytes: Uint8Array, prefix: readonly number[] | Uint8Array): boolean =>
  prefix.every((byte, at) => bytes[at] === byte);

/**
 * A host as it came over the wire or from a file, in the one form we keep; undefined for a network we do
 * not know and for what an address of that network cannot be.
 */
export function knownHost({ networkId, bytes }: HostAddress): HostAddress | undefined {
  if (addressBytes[networkId] !== bytes.length) return undefined;
  if (networkId !== networkIds.ipv6) return { networkId, bytes };
  // IPv4 in IPv6's clothes would be a second identity of one host.
  if (startsWith(bytes, MAPPED_IPV4) || startsWith(bytes, TOR_V2)) return undefined;
  return { networkId, bytes };
}

/** IPv4 where 16 bytes stand for it (sockets, addr messages), else IPv6. */
export function hostOfIpv6(bytes: Uint8Array): HostAddress {
  return startsWith(bytes, MAPPED_IPV4)
    ? { networkId: networkIds.ipv4, bytes: bytes.slice(12) }
    : { networkId: networkIds.ipv6, bytes };
}

/** 16 bytes for IPv4 and IPv6, the bare bytes for others. */
export function bytesOfHost({ networkId, bytes }: HostAddress): Uint8Array {
  return networkId === networkIds.ipv4 ? concatBytes(MAPPED_IPV4, bytes) : bytes;
}

/** A CJDNS address that was read as IPv6; on a node that reaches CJDNS fc00::/8 means nothing else. */
export function asCjdns(host: HostAddress): HostAddress {
  const { networkId, bytes } = host;
  return networkId === networkIds.ipv6 && bytes[0] === CJDNS_PREFIX
    ? { networkId: networkIds.cjdns, bytes }
    : host;
}

/** An address that stands for `name`, a source of addresses that is no host. */
export function internalHost(name: string): HostAddress {
  const digest = createHash('sha256').update(name).digest();
  return { networkId: networkIds.ipv6, bytes: concatBytes(INTERNAL, digest.subarray(0, 10)) };
}

/**
 * Reads an address without a port: `1.2.3.4`, `2001:db8::1` (in brackets or not), a Tor v3 name, an I2P
 * name. Undefined for anything else, names included: nothing is looked up.
 */
export function parseHost(text: string): HostAddress | undefined {
  const host = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (isIPv4(host)) {
    return { networkId: networkIds.ipv4, bytes: Uint8Array.from(host.split('.'), Number) };
  }
  if (isIPv6(host) && !host.includes('%')) return hostOfIpv6(ipv6Bytes(host));
  const lower = host.toLowerCase();
  if (host.endsWith('.onion')) {
    const bytes = base32Decode(lower.slice(0, -6));
    if (bytes?.length !== 35) return undefined;
    const key = bytes.slice(0, 32);
    return equalBytes(bytes.subarray(32), onionTail(key))
      ? { networkId: networkIds.onion, bytes: key }
      : undefined;
  }
  if (lower.length === 60 && lower.endsWith('.b32.i2p')) {
    const bytes = base32Decode(lower.slice(0, 52));
    return bytes && { networkId: networkIds.i2p, bytes };
  }
  return undefined;
}

/** As `parseHost`, and old-style IPv4: `127.1` is `127.0.0.1`, the last number fills what is left. */
export function parseLooseHost(text: string): HostAddress | undefined {
  const host = parseHost(text);
  const parts = text.split('.');
  if (host || parts.length > 3 || !parts.every((part) => /^\d{1,3}$/.test(part))) return host;
  const last = parts.pop() as string;
  while (parts.length < 3) parts.push('0');
  return parseHost([...parts, last].join('.'));
}

/** Where to connect to, as a user writes it. */
export interface HostPort {
  readonly host: string;
  /** Undefined when the text names none. */
  readonly port: number | undefined;
}

/** Splits `host:port`; IPv6 with a port needs brackets. Undefined when the port is none from 1 to 65535. */
export function splitHostPort(text: string): HostPort | undefined {
  const colon = text.lastIndexOf(':');
  const isBracketed = text.startsWith('[') && text[colon - 1] === ']';
  const isOnly = colon >= 0 && text.indexOf(':') === colon;
  let host = text;
  let port: number | undefined;
  if (isOnly || (colon > 0 && isBracketed)) {
    const digits = text.slice(colon + 1);
    if (!/^\d{1,5}$/.test(digits)) return undefined;
    port = Number(digits);
    if (port === 0 || port > 65535) return undefined;
    host = text.slice(0, colon);
  }
  if (host.startsWith('[') && host.endsWith(']')) host = host.slice(1, -1);
  return { host, port };
}

/** Reads `host:port`, see `parseHost` and `splitHostPort`. */
export function parseAddress(text: string, defaultPort: number): WireAddress | undefined {
  const split = splitHostPort(text);
  const host = split && parseHost(split.host);
  return host && { ...host, port: split.port ?? defaultPort };
}

/** The address as text, without a port or brackets. */
export function formatHost(host: HostAddress): string {
  const { networkId, bytes } = host;
  if (isInternal(host)) return `${base32Encode(bytes.subarray(6), true)}.internal`;
  switch (networkId) {
    case networkIds.ipv4:
      return bytes.join('.');
    case networkIds.onion:
      return `${base32Encode(concatBytes(bytes, onionTail(bytes)))}.onion`;
    case networkIds.i2p:
      return `${base32Encode(bytes)}.b32.i2p`;
    default:
      return formatIpv6(bytes);
  }
}

/** `host:port`, with brackets around what has colons. */
export function formatAddress(address: WireAddress): string {
  const host = formatHost(address);
  return host.includes(':') ? `[${host}]:${address.port}` : `${host}:${address.port}`;
}

/** A text key of a host for maps and sets. */
export function hostKey({ networkId, bytes }: HostAddress): string {
  return `${networkId}:${bytesToHex(bytes)}`;
}

/** A text key of host and port for maps and sets. */
export function addressKey(address: WireAddress): string {
  return `${hostKey(address)}:${address.port}`;
}

/** True for hosts that stand for a name. */
export function isInternal({ networkId, bytes }: HostAddress): boolean {
  return networkId === networkIds.ipv6 && startsWith(bytes, INTERNAL);
}

/** True for this machine: 127.0.0.0/8, 0.0.0.0/8 and ::1. */
export function isLocal({ networkId, bytes }: HostAddress): boolean {
  if (networkId === networkIds.ipv4) return bytes[0] === 127 || bytes[0] === 0;
  return networkId === networkIds.ipv6 && bytes[15] === 1 && bytes.subarray(0, 15).every(isZero);
}

const isZero = (byte: number): boolean => byte === 0;

/** True when a host can have that address at all. */
export function isValid(host: HostAddress): boolean {
  const { networkId, bytes } = host;
  if (addressBytes[networkId] !== bytes.length) return false;
  if (networkId === networkIds.ipv4) {
    return !bytes.every(isZero) && !bytes.every((byte) => byte === 255);
  }
  if (networkId === networkIds.cjdns) return bytes[0] === CJDNS_PREFIX;
  if (networkId !== networkIds.ipv6) return true;
  // The unspecified address, and those kept for documentation (RFC 3849).
  return !bytes.every(isZero) && !startsWith(bytes, [0x20, 0x01, 0x0d, 0xb8]) && !isInternal(host);
}

/** True when the address can be reached by anybody on its network. */
export function isRoutable(host: HostAddress): boolean {
  if (!isValid(host) || isLocal(host)) return false;
  if (host.networkId === networkIds.ipv4) return !isReservedIpv4(host.bytes);
  return host.networkId !== networkIds.ipv6 || !isReservedIpv6(host.bytes);
}

function isReservedIpv4([a = 0, b = 0, c = 0]: Uint8Array): boolean {
  switch (a) {
    case 10: // private, RFC 1918
      return true;
    case 100: // behind a provider's NAT, RFC 6598
      return b >= 64 && b <= 127;
    case 169: // link local, RFC 3927
      return b === 254;
    case 172: // RFC 1918
      return b >= 16 && b <= 31;
    case 192: // RFC 1918, documentation RFC 5737
      return b === 168 || (b === 0 && c === 2);
    case 198: // benchmarks RFC 2544, documentation
      return b === 18 || b === 19 || (b === 51 && c === 100);
    case 203:
      return b === 0 && c === 113;
    default:
      return false;
  }
}

function isReservedIpv6(bytes: Uint8Array): boolean {
  const [first = 0, , , fourth = 0] = bytes;
  // Unique local (RFC 4193), link local (RFC 4862), ORCHID (RFC 4843, RFC 7343).
  if ((first & 0xfe) === 0xfc) return true;
  if (startsWith(bytes, [0xfe, 0x80, 0, 0, 0, 0, 0, 0])) return true;
  return startsWith(bytes, [0x20, 0x01, 0x00]) && [0x10, 0x20].includes(fourth & 0xf0);
}

/** On which network the address can be reached. */
export function networkOf(host: HostAddress): NetworkName {
  if (isInternal(host)) return 'internal';
  if (!isRoutable(host)) return 'not_publicly_routable';
  return networkNames.get(host.networkId) ?? 'not_publicly_routable';
}

const networkNames = new Map<number, NetworkName>(
  Object.entries(networkIds).map(([name, id]) => [id, name as NetworkName]),
);

/** The IPv4 address (four bytes) that an address is or contains, as tunnels do; undefined for none. */
export function linkedIpv4(host: HostAddress): Uint8Array | undefined {
  if (!isRoutable(host)) return undefined;
  const { networkId, bytes } = host;
  if (networkId === networkIds.ipv4) return bytes;
  if (networkId !== networkIds.ipv6) return undefined;
  const nat64 = [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
  const translated = [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0];
  if (startsWith(bytes, nat64) || startsWith(bytes, translated)) return bytes.subarray(12);
  if (startsWith(bytes, [0x20, 0x02])) return bytes.subarray(2, 6);
  // Teredo hides the client's address by flipping its bits.
  if (startsWith(bytes, [0x20, 0x01, 0, 0])) return bytes.slice(12).map((byte) => byte ^ 0xff);
  return undefined;
}

/** The network that an address counts for: tunnels of IPv4 are IPv4. */
export function networkClass(host: HostAddress): NetworkName {
  const network = networkOf(host);
  return network === 'ipv6' && linkedIpv4(host) ? 'ipv4' : network;
}

/** Checksum and version that follow the key in a Tor v3 name. */
function onionTail(key: Uint8Array): Uint8Array {
  const digest = createHash('sha3-256')
    .update('.onion checksum')
    .update(key)
    .update(Uint8Array.of(ONION_VERSION))
    .digest();
  return concatBytes(digest.subarray(0, 2), Uint8Array.of(ONION_VERSION));
}

/** 16 bytes of a text that `isIPv6` accepts. */
function ipv6Bytes(text: string): Uint8Array {
  let groups = text;
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (dotted) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.slice(1).map(Number);
    const tail = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
    groups = text.slice(0, dotted.index) + tail;
  }
  const [head = '', tail] = groups.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  const bytes = new Uint8Array(16);
  [...before, ...zeros, ...after].forEach((group, i) => {
    const value = Number.parseInt(group, 16);
    bytes[2 * i] = value >> 8;
    bytes[2 * i + 1] = value & 0xff;
  });
  return bytes;
}

/** RFC 5952: the first longest run of at least two zero groups becomes `::`. */
function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number)).toString(16),
  );
  let [start, length] = [0, 0];
  for (let i = 0, run = 0; i < 8; i++) {
    run = groups[i] === '0' ? run + 1 : 0;
    if (run > length) [start, length] = [i - run + 1, run];
  }
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

function base32Encode(bytes: Uint8Array, padded = false): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(value >> (bits - 5)) & 31];
  }
  if (bits > 0) text += BASE32[(value << (5 - bits)) & 31];
  return padded ? text.padEnd(Math.ceil(text.length / 8) * 8, '=') : text;
}

/** Undefined for other letters and for bits left over that are not zero. */
function base32Decode(text: string): Uint8Array | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const letter of text) {
    const digit = BASE32.indexOf(letter);
    if (digit < 0) return undefined;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
    }
  }
  if (bits >= 5 || (value & ((1 << bits) - 1)) !== 0) return undefined;
  return Uint8Array.from(bytes);
}
