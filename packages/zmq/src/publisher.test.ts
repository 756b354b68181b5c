/** The publisher with libzmq on the other side (zeromq.js), and with sockets that misbehave. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Subscriber as LibzmqSubscriber } from 'zeromq';
import { ascii, encodeCommand, encodeMessage, encodeMetadata } from './frames.ts';
import { bindPublisher, type Publisher } from './publisher.ts';
import { greeting } from './subscriber.ts';

const LOCAL = 'tcp://127.0.0.1:0';
const open: { close(): unknown }[] = [];
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coind-zmq-'));
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  rmSync(dir, { recursive: true, force: true });
});

async function bind(endpoint: string, highWaterMark = 1000): Promise<Publisher> {
  const publisher = await bindPublisher(endpoint, { highWaterMark });
  open.push(publisher);
  return publisher;
}

const text = (parts: readonly Uint8Array[]) => parts.map((part) => Buffer.from(part).toString());

/** libzmq's subscriber, once what it asked for has come through. */
async function libzmq(publisher: Publisher, ...topics: string[]): Promise<LibzmqSubscriber> {
  const socket = new LibzmqSubscriber({ receiveHighWaterMark: 0 });
  open.push(socket);
  socket.connect(publisher.endpoint);
  socket.subscribe(...topics, 'sync');
  let synced = false;
  const done = socket.receive().then(() => {
    synced = true;
  });
  while (!synced) {
    publisher.publish(ascii('sync'), () => []);
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 10))]);
  }
  return socket;
}

/** The next message that is not one of those. */
async function next(socket: LibzmqSubscriber): Promise<Uint8Array[]> {
  for (;;) {
    const parts = await socket.receive();
    if (parts[0]?.toString() !== 'sync') return parts;
  }
}

describe('libzmq on the other side', () => {
  test.each(['tcp', 'ipc'])('whole messages by topic over %s', async (transport) => {
    const publisher = await bind(transport === 'tcp' ? LOCAL : `ipc://${join(dir, 'socket')}`);
    const all = await libzmq(publisher, '');
    const some = await libzmq(publisher, 'hash');
    const large = new Uint8Array(2_000_000).fill(9);
    publisher.publish(ascii('rawblock'), () => [large, ascii('1')]);
    publisher.publish(ascii('hashblock'), () => [ascii('abc'), ascii('2')]);
    const [topic, body, number] = await next(all);
    expect([`${topic}`, body?.length, `${number}`]).toEqual(['rawblock', large.length, '1']);
    expect(text(await next(all))).toEqual(['hashblock', 'abc', '2']);
    expect(text(await next(some))).toEqual(['hashblock', 'abc', '2']);
  });

  test('a burst far above the mark arrives, in order, as long as somebody reads', async () => {
    const publisher = await bind(LOCAL, 100);
    const socket = await libzmq(publisher, 'n');
    const count = 1500;
    for (let n = 0; n < count; n++) publisher.publish(ascii('n'), () => [ascii(`${n}`)]);
    for (let n = 0; n < count; n++) expect(text(await next(socket))).toEqual(['n', `${n}`]);
  });

  test('whoever cancels hears no more', async () => {
    const publisher = await bind(LOCAL);
    const socket = await libzmq(publisher, 'a', 'b');
    socket.unsubscribe('a');
    let isAsked = true;
    while (isAsked) {
      isAsked = false;
      publisher.publish(ascii('a'), () => {
        isAsked = true;
        return [];
      });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    publisher.publish(ascii('b'), () => [ascii('last')]);
    let parts = await next(socket);
    while (`${parts[0]}` === 'a') parts = await next(socket);
    expect(text(parts)).toEqual(['b', 'last']);
  });
});

/** A subscriber that only writes: what it is sent stays in the sockets' buffers. */
async function deaf(publisher: Publisher, topic: string): Promise<Socket> {
  const socket = connect(Number(/:(\d+)$/.exec(publisher.endpoint)?.[1]), '127.0.0.1');
  open.push({ close: () => socket.destroy() });
  socket.write(greeting());
  socket.write(encodeCommand('READY', encodeMetadata({ 'Socket-Type': 'SUB' })));
  socket.write(encodeMessage([Uint8Array.of(1, ...ascii(topic))]));
  let isAsked = false;
  while (!isAsked) {
    publisher.publish(ascii(topic), () => {
      isAsked = true;
      return [];
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return socket;
}

describe('subscribers that misbehave', () => {
  test('one that does not read loses messages, and others none', async () => {
    const publisher = await bind(LOCAL, 10);
    const socket = await deaf(publisher, 'x');
    const reader = await libzmq(publisher, 'x');
    const body = new Uint8Array(1 << 20);
    const count = 60;
    for (let n = 0; n < count; n++) {
      publisher.publish(ascii('x'), () => [body, ascii(`${n}`)]);
      expect(`${(await next(reader))[2]}`).toBe(`${n}`);
    }
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    await expect.poll(() => bytes, { timeout: 10_000 }).toBeGreaterThan(10 * body.length);
    expect(bytes).toBeLessThan(count * body.length);
  });

  test('one that does not speak the protocol is sent away, with the reason', async () => {
    const reasons: string[] = [];
    const publisher = await bindPublisher(LOCAL, {
      highWaterMark: 1,
      onReject: (reason) => reasons.push(reason),
    });
    open.push(publisher);
    const socket = connect(Number(/:(\d+)$/.exec(publisher.endpoint)?.[1]), '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined).resume();
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await closed;
    expect(reasons).toEqual(['no greeting of ZMTP']);
  });
});

describe('places', () => {
  test('a port that is taken, a host that is none', async () => {
    const first = await bind(LOCAL);
    await expect(bind(first.endpoint)).rejects.toThrow('EADDRINUSE');
    await expect(bind('tcp://no-such-interface:1')).rejects.toThrow('No such device');
  });

  test('the socket of a dead process makes room, another file does not', async () => {
    const path = join(dir, 'socket');
    await bind(`ipc://${path}`);
    // The same process, but a publisher that comes later takes the place as libzmq does.
    await bind(`ipc://${path}`);
    writeFileSync(join(dir, 'file'), 'precious');
    await expect(bind(`ipc://${join(dir, 'file')}`)).rejects.toThrow('EADDRINUSE');
    expect(existsSync(join(dir, 'file'))).toBe(true);
  });

  test('nothing is made for nobody', async () => {
    const publisher = await bind(LOCAL);
    publisher.publish(ascii('x'), () => {
      throw new Error('made for nobody');
    });
  });
});
