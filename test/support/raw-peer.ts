/** A peer that says what a test wants, over a real socket: the protocol's codec without a node behind it. */
import { connect, type Socket } from 'node:net';
import {
  encodePayload,
  type MessageType,
  NO_ADDRESS,
  type Payload,
  PROTOCOL_VERSION,
  V1Transport,
} from '@coind/p2p/codec';
import { hexToBytes } from '@coind/primitives';
import { until } from './until.ts';

const REGTEST_MAGIC = hexToBytes('fabfb5da');
/** NETWORK and WITNESS. */
const SERVICES = 9n;

/** A connection to a node on this machine. */
export class RawPeer {
  readonly #socket: Socket;
  readonly #transport = new V1Transport(REGTEST_MAGIC);
  /** How many messages of each type the node has sent. */
  readonly heard = new Map<string, number>();
  isClosed = false;
  #nonce = 1n;
  #pongs = 0;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.isClosed = true;
    });
    this.#socket.on('data', (bytes) => {
      for (const { type, payload } of this.#transport.receive(bytes).messages) {
        this.heard.set(type, (this.heard.get(type) ?? 0) + 1);
        if (type === 'ping') this.sendPayload('pong', payload);
        if (type === 'pong') this.#pongs++;
      }
    });
  }

  /** A peer that has shaken hands. */
  static async connected(port: number): Promise<RawPeer> {
    const peer = new RawPeer(port);
    peer.send('version', peer.version());
    await until('verack', () => peer.heard.has('verack'));
    peer.send('verack', undefined);
    await peer.answers();
    return peer;
  }

  /** What it says of itself. */
  version(): Payload<'version'> {
    return {
      version: PROTOCOL_VERSION,
      services: SERVICES,
      time: Math.floor(Date.now() / 1000),
      receiver: { ...NO_ADDRESS, services: 0n },
      nonce: BigInt(Math.floor(Math.random() * 2 ** 48)) + 1n,
      userAgent: '/raw:1/',
      startHeight: 0,
      relay: true,
    };
  }

  send<T extends MessageType>(type: T, value: Payload<T>): void {
    this.sendPayload(type, encodePayload(type, value));
  }

  /** Any bytes as the payload of any type. */
  sendPayload(type: string, payload: Uint8Array): void {
    this.#transport.send(type, payload);
    for (const piece of this.#transport.pull()) this.sendBytes(piece);
  }

  /** Any bytes at all. */
  sendBytes(bytes: Uint8Array): void {
    if (!this.isClosed) this.#socket.write(bytes);
  }

  /** Resolves when the node has done everything said so far, and answered. Throws when it hangs up. */
  async answers(): Promise<void> {
    const wanted = this.#pongs + 1;
    this.send('ping', this.#nonce++);
    await until('a pong', () => {
      if (this.isClosed) throw new Error('the node hung up');
      return this.#pongs >= wanted;
    });
  }

  /** Resolves when the node has hung up. */
  async hangsUp(): Promise<void> {
    await until('the node to hang up', () => this.isClosed);
  }

  close(): void {
    this.#socket.destroy();
  }
}
