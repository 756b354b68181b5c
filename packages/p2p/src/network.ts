/**
 * What carries bytes between nodes, as an interface: TCP in tcp-network.ts, in-process links with
 * faults in tests. Addresses here are an IP (or name) and a port; what they mean on which network,
 * net-address.ts knows.
 */

/** One end of a connection. */
export interface Endpoint {
  /** An IP address, a name, or what a proxy resolves. */
  readonly host: string;
  readonly port: number;
}

/** What a connection tells whoever holds it. Nothing is told before `start`. */
export interface ConnectionEvents {
  data(bytes: Uint8Array): void;
  /** What was written has left this process. */
  drained(): void;
  /** Told once, however it ended; `error` when it was not the other side's orderly end. */
  closed(error?: Error): void;
}

/** An open connection. */
export interface Connection {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  /** Bytes written that have not left yet. */
  readonly queuedBytes: number;
  /** Begins to tell events. */
  start(events: ConnectionEvents): void;
  /** Sends all pieces, in order. */
  write(pieces: readonly Uint8Array[]): void;
  /** Stops reading until `resume`: the other side is slowed down. */
  pause(): void;
  resume(): void;
  /** Ends it at once. */
  close(): void;
}

/** Somebody who waits for connections. */
export interface Listener {
  readonly endpoint: Endpoint;
  close(): Promise<void>;
}

/** How to reach a peer. */
export interface ConnectOptions {
  readonly timeoutMs: number;
}

/** Where connections come from. */
export interface Network {
  /** Rejects when nobody answers. */
  connect(target: Endpoint, options: ConnectOptions): Promise<Connection>;
  /** Rejects when the address cannot be had. */
  listen(endpoint: Endpoint, accept: (connection: Connection) => void): Promise<Listener>;
  /** The addresses of a name, best first; an IP is its own. */
  resolve(name: string): Promise<readonly string[]>;
}

/** Chance as a module, so that a test can give it a seed. */
export interface Random {
  bytes(length: number): Uint8Array;
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
  u64(): bigint;
  /** Exponentially distributed with this mean: the gaps of a Poisson process. */
  exponential(mean: number): number;
}

/** The clock of the node; every timer of this package follows it, so setting it moves them all. */
export interface PeerClock {
  /** Unix seconds. */
  now(): number;
  /** Unix milliseconds, with fractions. */
  nowMs(): number;
}

/** `host:port`, IPv6 in brackets. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Reads `host`, `host:port` or `[ipv6]:port`; undefined for a port that is none. */
export function parseEndpoint(text: string, defaultPort: number): Endpoint | undefined {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(text);
  const plain = bracketed ?? /^([^:]*)(?::(\d+))?$/.exec(text);
  if (!plain) return { host: text, port: defaultPort };
  const port = plain[2] === undefined ? defaultPort : Number(plain[2]);
  if (port > 65535) return undefined;
  return { host: plain[1] ?? '', port };
}
