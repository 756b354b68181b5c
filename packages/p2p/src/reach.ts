/**
 * How other nodes can be reached: which networks we open connections to by ourselves, and through which
 * proxy each of them goes. Read from options elsewhere; the connections are made in dialer.ts.
 */
import { type HostAddress, type NetworkName, networkIds, networkOf } from './net-address.ts';
import { type Endpoint, formatEndpoint } from './network.ts';

/** A network on which nodes have addresses, by bitcoind's name. */
export type NodeNetwork = keyof typeof networkIds;

/** The networks in the order in which getnetworkinfo lists them. */
export const nodeNetworks: readonly NodeNetwork[] = ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'];

/** A SOCKS5 proxy, or for I2P a SAM bridge. */
export interface ProxyRoute {
  readonly endpoint: Endpoint;
  /** Each connection has credentials of its own, by which Tor keeps circuits apart. */
  readonly randomize: boolean;
}

/** What can be reached, and how. */
export interface Reach {
  /** Networks to which connections are opened without being told to. */
  readonly networks: ReadonlySet<NetworkName>;
  readonly proxies: ReadonlyMap<NetworkName, ProxyRoute>;
  /** Looks names up and connects to what it finds; without one, names are looked up here. */
  readonly nameProxy: ProxyRoute | undefined;
  /** Addresses of fc00::/8 are of CJDNS. */
  readonly cjdns: boolean;
}

/** IPv4 and IPv6 without a proxy. */
export const directReach: Reach = {
  networks: new Set<NetworkName>(['ipv4', 'ipv6']),
  proxies: new Map(),
  nameProxy: undefined,
  cjdns: false,
};

/** The path of a socket of this machine as the host of an endpoint. */
export const UNIX_PREFIX = 'unix:';

const names = new Map<number, NetworkName>(
  Object.entries(networkIds).map(([name, id]) => [id, name as NodeNetwork]),
);

/** True when connections to this host may be opened without being told to. */
export function isReachable(reach: Reach, { networkId }: HostAddress): boolean {
  const name = names.get(networkId);
  return name !== undefined && reach.networks.has(name);
}

/** The proxy for a host; undefined for a direct connection, as to this machine. */
export function proxyFor(reach: Reach, host: HostAddress): ProxyRoute | undefined {
  return reach.proxies.get(networkOf(host));
}

/** As getnetworkinfo prints it. */
export function formatProxy({ endpoint }: ProxyRoute): string {
  return endpoint.host.startsWith(UNIX_PREFIX) ? endpoint.host : formatEndpoint(endpoint);
}
