/**
 * Connections through a SOCKS5 proxy (RFC 1928, RFC 1929), such as Tor's: a `Network` over another one. The
 * proxy resolves names, so nothing is looked up here. With credentials of its own for each connection the
 * proxy keeps them apart (Tor: other circuits), so that nobody sees that they are one node's.
 */
import { concatBytes, EMPTY } from '@coind/primitives';
import { HandedConnection } from './handed-connection.ts';
import type { Connection, ConnectOptions, Endpoint, Listener, Network } from './network.ts';

/** A name and a password, each of at most 255 bytes. */
export interface ProxyCredentials {
  readonly username: string;
  readonly password: string;
}

/** The proxy refused, or what answers is no proxy. */
export class ProxyError extends Error {
  override name = 'ProxyError';
}

const VERSION = 5;
const NO_AUTH = 0;
const USER_PASS = 2;
const AUTH_VERSION = 1;
const CONNECT = 1;
const MAX_TEXT_BYTES = 255;
const IPV4 = 1;
const DOMAIN_NAME = 3;
const IPV6 = 4;
const utf8 = new TextEncoder();

/** What the proxy says instead of a connection; the numbers above 0xf0 are Tor's. */
const replies: Readonly<Record<number, string>> = {
  1: 'general failure',
  2: 'connection not allowed',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'TTL expired',
  7: 'protocol error',
  8: 'address type not supported',
  240: 'onion service descriptor can not be found',
  241: 'onion service descriptor is invalid',
  242: 'onion service introduction failed',
  243: 'onion service rendezvous failed',
  244: 'onion service missing client authorization',
  245: 'onion service wrong client authorization',
  246: 'onion service invalid address',
  247: 'onion service introduction timed out',
};

/** The client's side of a handshake, without a socket: bytes in, bytes out. */
export class Socks5Handshake {
  readonly #target: Endpoint;
  readonly #credentials: ProxyCredentials | undefined;
  #state: 'method' | 'auth' | 'reply' | 'done' = 'method';
  #buffer: Uint8Array = EMPTY;

  /** Throws `ProxyError` when the target's name or the credentials are too long to be said. */
  constructor(target: Endpoint, credentials?: ProxyCredentials) {
    lengthPrefixed(target.host, 'Hostname too long');
    this.#target = target;
    this.#credentials = credentials;
  }

  /** What to send first. */
  hello(): Uint8Array {
    return this.#credentials
      ? Uint8Array.of(VERSION, 2, NO_AUTH, USER_PASS)
      : Uint8Array.of(VERSION, 1, NO_AUTH);
  }

  /** True when the connection stands; what is `left` came from the target. */
  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** Bytes that belong to whoever uses the connection. */
  get left(): Uint8Array {
    return this.#buffer;
  }

  /** Takes what came; what to send next (maybe nothing). Throws `ProxyError`. */
  receive(bytes: Uint8Array): Uint8Array {
    this.#buffer = concatBytes(this.#buffer, bytes);
    const out: Uint8Array[] = [];
    for (let next = this.#step(); next; next = this.#step()) out.push(next);
    return concatBytes(...out);
  }

  /** One answer; undefined when it is not whole yet. */
  #step(): Uint8Array | undefined {
    switch (this.#state) {
      case 'method':
        return this.#takeMethod();
      case 'auth':
        return this.#takeAuth();
      case 'reply':
        return this.#takeReply();
      default:
        return undefined;
    }
  }

  #take(length: number): Uint8Array | undefined {
    if (this.#buffer.length < length) return undefined;
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }

  #takeMethod(): Uint8Array | undefined {
    const answer = this.#take(2);
    if (!answer) return undefined;
    const [version, method = 0xff] = answer;
    if (version !== VERSION) throw new ProxyError('Proxy failed to initialize');
    if (method === USER_PASS && this.#credentials) {
      const { username, password } = this.#credentials;
      this.#state = 'auth';
      const tooLong = 'Proxy username or password too long';
      return concatBytes(
        Uint8Array.of(AUTH_VERSION),
        lengthPrefixed(username, tooLong),
        lengthPrefixed(password, tooLong),
      );
    }
    if (method !== NO_AUTH) {
      const hex = method.toString(16).padStart(2, '0');
      throw new ProxyError(`Proxy requested wrong authentication method ${hex}`);
    }
    return this.#request();
  }

  #takeAuth(): Uint8Array | undefined {
    const answer = this.#take(2);
    if (!answer) return undefined;
    if (answer[0] !== AUTH_VERSION || answer[1] !== 0) {
      throw new ProxyError('Proxy authentication unsuccessful');
    }
    return this.#request();
  }

  /** Always by name, even for an IP: the proxy knows how to read it. */
  #request(): Uint8Array {
    const { host, port } = this.#target;
    this.#state = 'reply';
    return concatBytes(
      Uint8Array.of(VERSION, CONNECT, 0, DOMAIN_NAME),
      lengthPrefixed(host, 'Hostname too long'),
      Uint8Array.of(port >> 8, port & 0xff),
    );
  }

  #takeReply(): Uint8Array | undefined {
    const [version, reply = 0, reserved, type, first = 0] = this.#buffer;
    if (this.#buffer.length >= 2) {
      if (version !== VERSION) throw new ProxyError('Proxy failed to accept request');
      if (reply !== 0) {
        const { host, port } = this.#target;
        const why = replies[reply] ?? `unknown (0x${reply.toString(16).padStart(2, '0')})`;
        throw new ProxyError(`Socks5() connect to ${host}:${port} failed: ${why}`);
      }
    }
    if (this.#buffer.length < 5) return undefined;
    // The address it is connected from, which tells us nothing.
    const lengths: Readonly<Record<number, number>> = {
      [IPV4]: 4,
      [IPV6]: 16,
      [DOMAIN_NAME]: 1 + first,
    };
    const length = lengths[type as number];
    if (reserved !== 0 || length === undefined) {
      throw new ProxyError('Error: malformed proxy response');
    }
    if (this.#take(4 + length + 2)) this.#state = 'done';
    return undefined;
  }
}

function lengthPrefixed(text: string, tooLong: string): Uint8Array {
  const bytes = utf8.encode(text);
  if (bytes.length > MAX_TEXT_BYTES) throw new ProxyError(tooLong);
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}

/** Plain settings of a proxied network. */
export interface Socks5Options {
  readonly proxy: Endpoint;
  /** Fresh credentials for a connection, see `isolatedCredentials`; without them it says none. */
  readonly credentials?: () => ProxyCredentials;
}

/** Credentials that no other connection has: `prefix` (random, once per run) and a number. */
export function isolatedCredentials(prefix: string): () => ProxyCredentials {
  let next = 0;
  return () => {
    const name = `${prefix}-${next++}`;
    return { username: name, password: name };
  };
}

/** The network behind `proxy`, which is reached over `network`. Listening goes past the proxy. */
export function socks5Network(options: Socks5Options, network: Network): Network {
  return {
    async connect(target: Endpoint, { timeoutMs }: ConnectOptions): Promise<Connection> {
      const handshake = new Socks5Handshake(target, options.credentials?.());
      const inner = await network.connect(options.proxy, { timeoutMs });
      return await negotiate(inner, handshake, target, timeoutMs);
    },
    listen: (endpoint: Endpoint, accept: (connection: Connection) => void): Promise<Listener> =>
      network.listen(endpoint, accept),
    resolve: (name: string): Promise<readonly string[]> => Promise.resolve([name]),
  };
}

function negotiate(
  inner: Connection,
  handshake: Socks5Handshake,
  target: Endpoint,
  timeoutMs: number,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let proxied: HandedConnection | undefined;
    const fail = (error: Error): void => {
      clearTimeout(timer);
      inner.close();
      reject(error);
    };
    const timer = setTimeout(() => fail(new ProxyError('Proxy did not answer in time')), timeoutMs);
    inner.start({
      data(bytes) {
        if (proxied) {
          proxied.data(bytes);
          return;
        }
        try {
          const out = handshake.receive(bytes);
          if (out.length > 0) inner.write([out]);
        } catch (error) {
          fail(error as Error);
          return;
        }
        if (!handshake.isDone) return;
        clearTimeout(timer);
        // Nothing is read before somebody listens.
        inner.pause();
        proxied = new HandedConnection(inner, target, handshake.left);
        resolve(proxied);
      },
      drained: () => proxied?.drained(),
      closed(error) {
        if (proxied) proxied.closed(error);
        else fail(error ?? new ProxyError('Proxy closed the connection'));
      },
    });
    inner.write([handshake.hello()]);
  });
}
