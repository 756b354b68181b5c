/** Connections over TCP, by Node's sockets, and chance by the operating system. */
import { randomBytes, randomInt } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { createServer, isIP, type Server, Socket } from 'node:net';
import type {
  Connection,
  ConnectionEvents,
  ConnectOptions,
  Endpoint,
  Listener,
  Network,
  Random,
} from './network.ts';
import { UNIX_PREFIX } from './reach.ts';

/** An IPv4 address that a dual-stack socket shows as IPv6 is an IPv4 address. */
function plainHost(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');
}

class TcpConnection implements Connection {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remote = { host: plainHost(socket.remoteAddress), port: socket.remotePort ?? 0 };
    this.local = { host: plainHost(socket.localAddress), port: socket.localPort ?? 0 };
    socket.setNoDelay(true);
    // Without a listener an early failure would end the process.
    socket.on('error', () => undefined);
    socket.pause();
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  start(events: ConnectionEvents): void {
    const socket = this.#socket;
    let failure: Error | undefined;
    socket.on('data', (bytes) => events.data(bytes));
    socket.on('drain', () => events.drained());
    socket.on('error', (error) => {
      failure = error;
    });
    // A peer that has nothing more to say is gone: half-open connections are of no use here.
    socket.on('end', () => socket.destroy());
    if (socket.destroyed) queueMicrotask(() => events.closed(failure));
    else socket.on('close', () => events.closed(failure));
    socket.resume();
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#socket.destroyed) return;
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    // What was written goes out before the end, as when a process leaves its socket to the kernel.
    this.#socket.destroySoon();
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** The network of this machine. */
export const tcpNetwork: Network = {
  connect(target: Endpoint, { timeoutMs }: ConnectOptions): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = new Socket();
      const timer = setTimeout(
        () => socket.destroy(new Error('connection attempt timed out')),
        timeoutMs,
      );
      socket.once('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      socket.once('connect', () => {
        clearTimeout(timer);
        resolve(new TcpConnection(socket));
      });
      if (target.host.startsWith(UNIX_PREFIX)) {
        socket.connect({ path: target.host.slice(UNIX_PREFIX.length) });
      } else socket.connect(target.port, target.host);
    });
  },

  listen(endpoint: Endpoint, accept: (connection: Connection) => void): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const server = createServer({ pauseOnConnect: true }, (socket) => {
        accept(new TcpConnection(socket));
      });
      server.once('error', reject);
      const { host, port } = endpoint;
      server.listen({ host, port, ipv6Only: isIP(host) === 6 }, () => {
        server.off('error', reject);
        server.on('error', () => undefined);
        const bound = server.address();
        const actual = typeof bound === 'object' && bound ? bound.port : port;
        resolve({ endpoint: { host, port: actual }, close: () => closeServer(server) });
      });
    });
  },

  async resolve(name: string): Promise<readonly string[]> {
    if (isIP(name) !== 0) return [name];
    const found = await lookup(name, { all: true }).catch(() => []);
    return found.map(({ address }) => address);
  },
};

/** Chance by the operating system. */
export const systemRandom: Random = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
  below: (limit) => (limit <= 1 ? 0 : randomInt(limit)),
  u64: () => randomBytes(8).readBigUInt64LE(),
  exponential: (mean) => -Math.log1p(-Math.random()) * mean,
};
