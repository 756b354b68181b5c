/**
 * What -proxy, -onion, -i2psam, -onlynet and -cjdnsreachable mean together: which networks are reachable and
 * through which proxy. bitcoind's rules and texts.
 */
import {
  type NetworkName,
  type NodeNetwork,
  nodeNetworks,
  type ProxyRoute,
  parseHost,
  type Reach,
  splitHostPort,
  UNIX_PREFIX,
} from '@coind/p2p';
import { ConfError, type Settings } from '@coind/rpc/conf';

const TOR_SOCKS_PORT = 9050;
const I2P_SAM_PORT = 7656;
/** What the operating system takes for the path of a socket. */
const MAX_SOCKET_PATH_BYTES = 107;
const HOST_NAME = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/;

/** What can be reached. Throws {@link ConfError}. */
export function reachOf(settings: Settings): Reach {
  const only = settings.texts('onlynet');
  for (const name of only) {
    if (!(nodeNetworks as readonly string[]).includes(name.toLowerCase())) {
      throw new ConfError(`Unknown network specified in -onlynet: '${name}'`);
    }
  }
  const restricted = only.length > 0;
  const networks = new Set<NetworkName>(
    restricted ? only.map((name) => name.toLowerCase() as NodeNetwork) : nodeNetworks,
  );
  const without = (network: NodeNetwork, unless: boolean, why: string | undefined): void => {
    if (unless) return;
    if (restricted && networks.has(network) && why !== undefined) throw new ConfError(why);
    networks.delete(network);
  };
  const cjdns = settings.bool('cjdnsreachable', false);
  without(
    'cjdns',
    cjdns,
    'Outbound connections restricted to CJDNS (-onlynet=cjdns) but -cjdnsreachable is not provided',
  );
  if (settings.bool('dnsseed', false) && !networks.has('ipv4') && !networks.has('ipv6')) {
    throw new ConfError(
      'Incompatible options: -dnsseed=1 was explicitly specified, but -onlynet forbids connections to IPv4/IPv6',
    );
  }
  const { proxies, nameProxy } = proxiesOf(settings, restricted && networks.has('onion'));
  without(
    'onion',
    proxies.has('onion'),
    settings.bool('listenonion', true)
      ? undefined
      : 'Outbound connections restricted to Tor (-onlynet=onion) but the proxy for reaching the Tor network is not provided: none of -proxy, -onion or -listenonion is given',
  );
  without(
    'i2p',
    proxies.has('i2p'),
    'Outbound connections restricted to i2p (-onlynet=i2p) but -i2psam is not provided',
  );
  return { networks, proxies, nameProxy, cjdns };
}

function proxiesOf(
  settings: Settings,
  onionOnly: boolean,
): { readonly proxies: Map<NetworkName, ProxyRoute>; readonly nameProxy: ProxyRoute | undefined } {
  const randomize = settings.bool('proxyrandomize', true);
  const proxies = new Map<NetworkName, ProxyRoute>();
  const set = (network: NodeNetwork, proxy: ProxyRoute | undefined): void => {
    if (proxy) proxies.set(network, proxy);
    else proxies.delete(network);
  };
  let nameProxy: ProxyRoute | undefined;
  for (const text of settings.texts('proxy')) {
    const { network, proxy } = readProxy(text, randomize);
    if (network !== undefined) set(network, proxy);
    else for (const each of ['ipv4', 'ipv6', 'onion', 'cjdns'] as const) set(each, proxy);
    if (network === undefined || network === 'ipv4' || network === 'ipv6') nameProxy = proxy;
  }
  const onion = settings.isNegated('onion') ? '0' : settings.text('onion', '');
  if (onion === '0') {
    set('onion', undefined);
    if (onionOnly) {
      throw new ConfError(
        'Outbound connections restricted to Tor (-onlynet=onion) but the proxy for reaching the Tor network is explicitly forbidden: -onion=0',
      );
    }
  } else if (onion !== '') {
    set('onion', { endpoint: proxyEndpoint('onion', onion, TOR_SOCKS_PORT), randomize });
  }
  const sam = settings.text('i2psam', '');
  if (sam !== '') {
    set('i2p', { endpoint: proxyEndpoint('i2psam', sam, I2P_SAM_PORT), randomize: false });
  }
  return { proxies, nameProxy };
}

/** `address[=network]`; an empty address or 0 takes the proxy away. */
function readProxy(text: string, randomize: boolean) {
  const equals = text.lastIndexOf('=');
  const address = equals < 0 ? text : text.slice(0, equals);
  const name = equals < 0 ? undefined : text.slice(equals + 1).toLowerCase();
  if (name === '') {
    throw new ConfError(`Invalid -proxy address or hostname, ends with '=': '${text}'`);
  }
  const proxy =
    address === '' || address === '0'
      ? undefined
      : { endpoint: proxyEndpoint('proxy', address, TOR_SOCKS_PORT), randomize };
  const network = (['ipv4', 'ipv6', 'onion', 'cjdns'] as const).find((known) => known === name);
  if (name !== undefined && network === undefined) {
    throw new ConfError(`Unrecognized network in -proxy='${text}': '${name}'`);
  }
  return { network, proxy };
}

function proxyEndpoint(option: string, text: string, defaultPort: number): ProxyRoute['endpoint'] {
  const fail = () => new ConfError(`Invalid -${option} address or hostname: '${text}'`);
  if (text.startsWith(UNIX_PREFIX) && option !== 'i2psam') {
    const bytes = new TextEncoder().encode(text.slice(UNIX_PREFIX.length)).length;
    if (bytes === 0 || bytes > MAX_SOCKET_PATH_BYTES) throw fail();
    return { host: text, port: 0 };
  }
  const split = splitHostPort(text);
  if (!split || !(parseHost(split.host) || HOST_NAME.test(split.host))) throw fail();
  return { host: split.host, port: split.port ?? defaultPort };
}
