/**
 * A publisher socket: listens, keeps the protocol with every subscriber, and sends messages to those that want
 * them. Slow or hostile subscribers cost themselves messages or the connection, and nobody else anything.
 */
import { lstatSync, unlinkSync } from 'node:fs';
import { createServer, isIP, type ListenOptions, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Endpoint, EndpointError, formatEndpoint, parseEndpoint } from './endpoint.ts';
import { encodeMessage, ProtocolError } from './frames.ts';
import { Outbox } from './outbox.ts';
import { greeting, latin1, Subscriber } from './subscriber.ts';

const HANDSHAKE_MS = 30_000;
const MAX_SUBSCRIBERS = 1024;

/** How a publisher behaves. */
export interface PublisherOptions {
  /** Messages that may wait for one subscriber before it loses some; 0 for any number. */
  readonly highWaterMark: number;
  /** Hears why a subscriber was sent away. */
  readonly onReject?: (reason: string) => void;
}

/** A publisher that listens. */
export interface Publisher {
  /** Where, with the port it has got. */
  readonly endpoint: string;
  /** Sends `topic` and the parts behind it to all that subscribed to it; `rest` is asked only when there are any. */
  publish(topic: Uint8Array, rest: () => readonly Uint8Array[]): void;
  /** Stops listening and parts from everybody; what was not taken by then is lost. */
  close(): Promise<void>;
}

interface Connection {
  readonly subscriber: Subscriber;
  readonly outbox: Outbox;
}

/**
 * Listens at `endpoint`. Throws {@link EndpointError}, `RangeError` for a mark below 0, or what the system says of a place that cannot be had.
 */
export async function bindPublisher(
  endpoint: string,
  { highWaterMark, onReject = () => undefined }: PublisherOptions,
): Promise<Publisher> {
  if (!(highWaterMark >= 0)) throw new RangeError(`no high water mark: ${highWaterMark}`);
  const place = parseEndpoint(endpoint);
  const connections = new Map<Socket, Connection>();

  function onConnection(socket: Socket): void {
    const connection = { subscriber: new Subscriber(), outbox: new Outbox(socket, highWaterMark) };
    connections.set(socket, connection);
    const timer = setTimeout(() => reject(socket, 'no handshake in time'), HANDSHAKE_MS).unref();
    socket.on('close', () => {
      clearTimeout(timer);
      connections.delete(socket);
    });
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      receive(socket, connection, chunk);
      if (connection.subscriber.isReady) clearTimeout(timer);
    });
    socket.write(greeting());
  }

  function receive(socket: Socket, { subscriber }: Connection, chunk: Uint8Array): void {
    try {
      for (const answer of subscriber.receive(chunk)) socket.write(answer);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      reject(socket, error.message);
    }
  }

  function reject(socket: Socket, reason: string): void {
    onReject(reason);
    socket.destroy();
  }

  const server = createServer({ noDelay: true, keepAlive: true }, onConnection);
  server.maxConnections = MAX_SUBSCRIBERS;
  await listen(server, place);
  const address = server.address();

  return {
    endpoint: formatEndpoint(
      place.transport === 'tcp' && address !== null && typeof address === 'object'
        ? { ...place, port: address.port }
        : place,
    ),
    publish(topic, rest) {
      const name = latin1(topic);
      let message: Uint8Array | undefined;
      for (const { subscriber, outbox } of connections.values()) {
        if (!subscriber.isReady || !subscriber.wants(name)) continue;
        message ??= encodeMessage([topic, ...rest()]);
        outbox.push(message);
      }
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const [socket, { outbox }] of connections) {
        outbox.flush();
        socket.destroy();
      }
      return closed;
    },
  };
}

function listen(server: Server, place: Endpoint): Promise<void> {
  const where = listenOptions(place);
  if (place.transport === 'ipc') removeStaleSocket(place.path);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Throws {@link EndpointError} for a host that is none. */
function listenOptions(place: Endpoint): ListenOptions {
  if (place.transport === 'ipc') return { path: place.path };
  const { host, port } = place;
  if (host === '*') return { host: '0.0.0.0', port };
  if (isIP(host) !== 0 || host === 'localhost') return { host, port };
  const addresses = networkInterfaces()[host];
  const address = addresses?.find(({ family }) => family === 'IPv4') ?? addresses?.[0];
  if (address) return { host: address.address, port };
  throw new EndpointError(`${formatEndpoint(place)}: No such device`);
}

/** What a process that was killed has left behind; anything but a socket stays. */
function removeStaleSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}
