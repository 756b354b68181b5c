import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listenOnI2p } from './i2p-listener.ts';
import type { WireAddress } from './messages.ts';
import { formatHost } from './net-address.ts';
import type { Connection } from './network.ts';
import { addressOfDestination, I2P_PORT, type SamKeyPlace, SamSession } from './sam.ts';
import { systemRandom, tcpNetwork } from './tcp-network.ts';

const encoded = (bytes: Uint8Array) =>
  Buffer.from(bytes).toString('base64').replaceAll('+', '-').replaceAll('/', '~');

/** A destination with a certificate of four bytes, and 64 bytes of private keys behind it. */
function newKey(): Buffer {
  const key = randomBytes(387 + 4 + 64);
  key.writeUInt16BE(4, 385);
  return key;
}
const publicPart = (key: Buffer) => key.subarray(0, 391);

/** A bridge that joins the sessions it has itself. */
class Bridge {
  readonly #server: Server;
  readonly #sessions = new Map<string, Buffer>();
  readonly #waiting = new Map<string, Socket>();
  readonly #sockets = new Set<Socket>();
  readonly said: string[] = [];
  port = 0;

  constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      const onLine = (bytes: Buffer) => {
        for (const line of bytes.toString('latin1').split('\n').slice(0, -1)) {
          const answer = this.#answer(socket, line, () => socket.off('data', onLine));
          if (answer !== undefined) socket.write(`${answer}\n`);
        }
      };
      socket.on('data', onLine);
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #answer(socket: Socket, line: string, becomeStream: () => void): string | undefined {
    this.said.push(line.split(' ').slice(0, 2).join(' '));
    const field = (name: string) => new RegExp(` ${name}=(\\S+)`).exec(line)?.[1] ?? '';
    if (line.startsWith('HELLO')) return 'HELLO REPLY RESULT=OK VERSION=3.1';
    if (line.startsWith('DEST GENERATE')) return `DEST REPLY PUB=x PRIV=${encoded(newKey())}`;
    if (line.startsWith('SESSION CREATE')) {
      const given = field('DESTINATION').replaceAll('-', '+').replaceAll('~', '/');
      const key = given === 'TRANSIENT' ? newKey() : Buffer.from(given, 'base64');
      this.#sessions.set(field('ID'), key);
      return `SESSION STATUS RESULT=OK DESTINATION=${encoded(key)}`;
    }
    if (line.startsWith('NAMING LOOKUP')) {
      const found = [...this.#sessions.values()].find(
        (key) => formatHost(addressOfDestination(key)) === field('NAME'),
      );
      return found
        ? `NAMING REPLY RESULT=OK NAME=x VALUE=${encoded(publicPart(found))}`
        : 'NAMING REPLY RESULT=KEY_NOT_FOUND';
    }
    if (line.startsWith('STREAM ACCEPT')) {
      becomeStream();
      const key = this.#sessions.get(field('ID')) as Buffer;
      this.#waiting.set(encoded(publicPart(key)), socket);
      return 'STREAM STATUS RESULT=OK';
    }
    const from = this.#sessions.get(field('ID')) as Buffer;
    const other = this.#waiting.get(field('DESTINATION'));
    if (!other) return "STREAM STATUS RESULT=CANT_REACH_PEER MESSAGE='nobody'";
    becomeStream();
    other.write(`${encoded(publicPart(from))} FROM_PORT=0\n`);
    socket.pipe(other);
    other.pipe(socket);
    return 'STREAM STATUS RESULT=OK';
  }
}

let bridge: Bridge;
beforeEach(async () => {
  bridge = new Bridge();
  await bridge.start();
});
afterEach(() => bridge.stop());

const log = { info() {}, warn() {}, error() {}, debug() {}, enabled: () => false };

function session(key?: SamKeyPlace): SamSession {
  return new SamSession(
    { bridge: { host: '127.0.0.1', port: bridge.port }, connectTimeoutMs: 1000, key },
    { network: tcpNetwork, random: systemRandom, log },
  );
}

function memoryKey(): SamKeyPlace & { key: Uint8Array | undefined } {
  const place = {
    key: undefined as Uint8Array | undefined,
    load: () => place.key,
    save: (key: Uint8Array) => {
      place.key = key;
    },
  };
  return place;
}

const firstBytes = (connection: Connection): Promise<string> =>
  new Promise((resolve) =>
    connection.start({
      data: (bytes) => resolve(Buffer.from(bytes).toString()),
      drained: () => undefined,
      closed: () => undefined,
    }),
  );
const bytesOf = (text: string) => [new TextEncoder().encode(text)];

describe('a session', () => {
  test('keeps its address where there is a place for its key', async () => {
    const place = memoryKey();
    const first = session(place);
    await first.open();
    const again = session(place);
    await again.open();
    expect(again.address).toEqual(first.address);
    const other = session();
    await other.open();
    expect(other.address).not.toEqual(first.address);
  });

  test('carries streams both ways; each side knows where the other one is', async () => {
    const stop = new AbortController();
    const here = session(memoryKey());
    const accepted = new Promise<Connection>((resolve) => {
      void listenOnI2p(
        here,
        { opened: () => undefined, accepted: resolve },
        { log, signal: stop.signal },
      );
    });
    await here.open();
    const there = session();
    // The listener has to be there before anybody can be brought to it.
    while (!bridge.said.includes('STREAM ACCEPT')) await new Promise(setImmediate);
    const out = await there.connect(here.address as WireAddress);
    const incoming = await accepted;
    expect(out.remote).toEqual({ host: formatHost(here.address as WireAddress), port: I2P_PORT });
    expect(incoming.remote.host).toBe(formatHost(there.address as WireAddress));
    const [heardHere, heardThere] = [firstBytes(incoming), firstBytes(out)];
    out.write(bytesOf('hello'));
    expect(await heardHere).toBe('hello');
    incoming.write(bytesOf('welcome'));
    expect(await heardThere).toBe('welcome');
    stop.abort();
    out.close();
  });
});

describe('what cannot be reached', () => {
  const nowhere = { networkId: 5, bytes: new Uint8Array(32), port: I2P_PORT };

  test('a port: this bridge knows none', async () => {
    await expect(session().connect({ ...nowhere, port: 8333 })).rejects.toThrow(
      'connection refused due to arbitrary port 8333',
    );
    expect(bridge.said).toEqual([]);
  });

  test('an address nobody has, and a bridge that is away', async () => {
    await expect(session().connect(nowhere)).rejects.toThrow('KEY_NOT_FOUND');
    bridge.stop();
    await expect(session().connect(nowhere)).rejects.toThrow(
      `Cannot connect to 127.0.0.1:${bridge.port}`,
    );
  });

  test('a destination that is cut off', () => {
    expect(() => addressOfDestination(newKey().subarray(0, 390))).toThrow('too short');
  });
});
