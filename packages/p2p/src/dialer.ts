/**
 * From a name to an open connection: reads or looks up the name, finds the proxy that its network goes
 * through, and tries what there is until somebody answers. Who is connected to, and when, opener.ts decides.
 */
import { bytesToHex } from '@coind/primitives';
import type { WireAddress } from './messages.ts';
import {
  asCjdns,
  formatAddress,
  formatHost,
  networkIds,
  parseHost,
  parseLooseHost,
  splitHostPort,
} from './net-address.ts';
import {
  type Connection,
  type Endpoint,
  formatEndpoint,
  type Network,
  type Random,
} from './network.ts';
import { formatProxy, type ProxyRoute, proxyFor, type Reach } from './reach.ts';
import { I2P_PORT, SamSession } from './sam.ts';
import { isolatedCredentials, ProxyError, socks5Network } from './socks5.ts';
import type { NetLog } from './wire.ts';

/** Plain settings of a dialer. */
export interface DialerOptions {
  readonly reach: Reach;
  /** Names are looked up (`-dns`). */
  readonly lookUpNames: boolean;
  readonly connectTimeoutMs: number;
  /** The port of a name that has none. */
  readonly defaultPort: number;
}

/** What a dialer works with. */
export interface DialerModules {
  readonly network: Network;
  readonly random: Random;
  readonly log: NetLog;
  /** The session at whose address others find us, where there is one. */
  readonly i2pSession?: SamSession | undefined;
}

/** Somewhere to connect to. */
export interface DialTarget {
  readonly endpoint: Endpoint;
  /** Undefined for a name that only a proxy knows. */
  readonly host: WireAddress | undefined;
}

/** Opens connections. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #modules: DialerModules;
  /** One carrier per proxy, so that credentials are never used twice. */
  readonly #carriers = new Map<string, Network>();

  constructor(options: DialerOptions, modules: DialerModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Where a name leads, in the order to try; nothing when it leads nowhere. */
  async targets(name: string): Promise<readonly DialTarget[]> {
    const { reach, lookUpNames, defaultPort } = this.#options;
    // Port 0 is how addresses of I2P are printed: none.
    const split = splitHostPort(name.trim().replace(/^([^:]+|\[.*\]):0$/, '$1'));
    if (!split) return [];
    const port = split.port ?? defaultPort;
    const literal = parseLooseHost(split.host);
    if (literal) return [this.#target(literal, split.port ?? portOf(literal, defaultPort))];
    if (reach.nameProxy) return [{ endpoint: { host: split.host, port }, host: undefined }];
    if (!lookUpNames) return [];
    const found = await this.#modules.network.resolve(split.host);
    return found.flatMap((text) => {
      const host = parseHost(text);
      return host ? [this.#target(host, port)] : [];
    });
  }

  /**
   * Connects; undefined when nobody answers, and the log says why. `proxyFailed` when it was the proxy that
   * did not answer, which says nothing about the target.
   */
  async connect(
    target: DialTarget,
  ): Promise<{ readonly connection: Connection | undefined; readonly proxyFailed: boolean }> {
    const { reach, connectTimeoutMs: timeoutMs } = this.#options;
    const { log, network } = this.#modules;
    const { host, endpoint } = target;
    const where = formatEndpoint(endpoint);
    const proxy = host ? proxyFor(reach, host) : reach.nameProxy;
    if (host?.networkId === networkIds.i2p) return this.#connectI2p(host, proxy);
    if (proxy) log.debug('proxy', `Using proxy: ${formatProxy(proxy)} to connect to ${where}`);
    const carrier = proxy ? this.#carrier(proxy) : network;
    try {
      const connection = await carrier.connect(endpoint, { timeoutMs });
      return { connection, proxyFailed: false };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log.debug('net', `connect() to ${where} failed: ${why}`);
      return { connection: undefined, proxyFailed: proxy !== undefined && !isRefusal(error) };
    }
  }

  /** Through the session that others know us by where there is one, else through one of its own. */
  async #connectI2p(host: WireAddress, bridge: ProxyRoute | undefined) {
    const { log, network, random } = this.#modules;
    const { connectTimeoutMs } = this.#options;
    const where = formatAddress(host);
    if (!bridge) {
      log.debug('net', `connect() to ${where} failed: -i2psam is not given`);
      return { connection: undefined, proxyFailed: true };
    }
    const known = this.#modules.i2pSession;
    const session =
      known ??
      new SamSession(
        { bridge: bridge.endpoint, connectTimeoutMs, key: undefined },
        { network, random, log },
      );
    try {
      return { connection: await session.connect(host), proxyFailed: false };
    } catch (error) {
      if (!known) session.close();
      const why = error instanceof Error ? error.message : String(error);
      log.debug(
        'i2p',
        why.startsWith('Error connecting') ? why : `Error connecting to ${where}: ${why}`,
      );
      return { connection: undefined, proxyFailed: true };
    }
  }

  #target(host: Parameters<typeof asCjdns>[0], port: number): DialTarget {
    const known = this.#options.reach.cjdns ? asCjdns(host) : host;
    return { endpoint: { host: formatHost(known), port }, host: { ...known, port } };
  }

  #carrier(proxy: ProxyRoute): Network {
    const { network, random } = this.#modules;
    const key = formatProxy(proxy);
    const known = this.#carriers.get(key);
    if (known) return known;
    const carrier = socks5Network(
      {
        proxy: proxy.endpoint,
        ...(proxy.randomize && { credentials: isolatedCredentials(bytesToHex(random.bytes(8))) }),
      },
      network,
    );
    this.#carriers.set(key, carrier);
    return carrier;
  }
}

/** True when a proxy was there and could not reach the target. */
function isRefusal(error: unknown): boolean {
  return error instanceof ProxyError;
}

function portOf({ networkId }: { readonly networkId: number }, defaultPort: number): number {
  return networkId === networkIds.i2p ? I2P_PORT : defaultPort;
}
