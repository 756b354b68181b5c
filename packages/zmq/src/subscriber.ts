/**
 * The protocol with one subscriber, without a socket: bytes in, bytes to answer out. Greeting and handshake of
 * ZMTP 3.1 with the NULL mechanism (ZeroMQ RFC 37), then subscriptions, as messages (3.0) or commands (3.1).
 */
import {
  ascii,
  decodeCommand,
  decodeMetadata,
  encodeCommand,
  encodeMetadata,
  type Frame,
  FrameReader,
  ProtocolError,
} from './frames.ts';

const GREETING_LENGTH = 64;
const VERSION_AT = 10;
const MECHANISM_AT = 12;
const MECHANISM_LENGTH = 20;
/** A subscription is a prefix of a topic: nobody needs more for one, nor thousands of them. */
const MAX_BODY = 64 << 10;
const MAX_SUBSCRIPTIONS = 1024;

/** What both sides say first: signature, version, mechanism, and that we are no server to log in at. */
export function greeting(): Uint8Array {
  const bytes = new Uint8Array(GREETING_LENGTH);
  bytes[0] = 0xff;
  bytes[9] = 0x7f;
  bytes[VERSION_AT] = 3;
  bytes[VERSION_AT + 1] = 1;
  bytes.set(ascii('NULL'), MECHANISM_AT);
  return bytes;
}

/** What a publisher knows of one subscriber. */
export class Subscriber {
  /** Until the greeting is whole. */
  #greeting: Uint8Array | undefined = new Uint8Array(0);
  readonly #frames = new FrameReader(MAX_BODY);
  #ready = false;
  /** How often each prefix was asked for; latin-1, so that a character is a byte. */
  readonly #prefixes = new Map<string, number>();

  /** The handshake is done. */
  get isReady(): boolean {
    return this.#ready;
  }

  /** Whether messages of a topic are wanted. */
  wants(topic: string): boolean {
    for (const prefix of this.#prefixes.keys()) if (topic.startsWith(prefix)) return true;
    return false;
  }

  /** Takes bytes in; what has to be answered. Throws {@link ProtocolError} when there is no talking to it. */
  receive(chunk: Uint8Array): Uint8Array[] {
    const answers: Uint8Array[] = [];
    let rest = chunk;
    if (this.#greeting) {
      const bytes = Buffer.concat([this.#greeting, chunk]);
      checkGreeting(bytes);
      if (bytes.length < GREETING_LENGTH) {
        this.#greeting = bytes;
        return answers;
      }
      this.#greeting = undefined;
      rest = bytes.subarray(GREETING_LENGTH);
      answers.push(encodeCommand('READY', encodeMetadata({ 'Socket-Type': 'PUB' })));
    }
    for (const frame of this.#frames.push(rest)) {
      const answer = this.#ready ? this.#traffic(frame) : this.#handshake(frame);
      if (answer) answers.push(answer);
    }
    return answers;
  }

  #handshake({ isCommand, body }: Frame): undefined {
    const { name, data } = isCommand ? decodeCommand(body) : { name: 'a message', data: body };
    if (name !== 'READY') throw new ProtocolError(`${name} instead of READY`);
    const type = decodeMetadata(data).get('socket-type');
    if (type !== 'SUB' && type !== 'XSUB') throw new ProtocolError(`a socket of type ${type}`);
    this.#ready = true;
  }

  #traffic({ isCommand, body }: Frame): Uint8Array | undefined {
    if (!isCommand) {
      // Whatever else an XSUB says is for nobody here.
      if (body[0] === 1) this.#subscribe(body.subarray(1));
      else if (body[0] === 0) this.#cancel(body.subarray(1));
      return undefined;
    }
    const { name, data } = decodeCommand(body);
    if (name === 'SUBSCRIBE') this.#subscribe(data);
    else if (name === 'CANCEL') this.#cancel(data);
    // A heartbeat: what follows the two bytes of its time to live comes back.
    else if (name === 'PING') return encodeCommand('PONG', data.subarray(2, 18));
    return undefined;
  }

  #subscribe(prefix: Uint8Array): void {
    const key = latin1(prefix);
    const count = this.#prefixes.get(key) ?? 0;
    if (count === 0 && this.#prefixes.size >= MAX_SUBSCRIPTIONS) {
      throw new ProtocolError('too many subscriptions');
    }
    this.#prefixes.set(key, count + 1);
  }

  #cancel(prefix: Uint8Array): void {
    const key = latin1(prefix);
    const count = this.#prefixes.get(key) ?? 0;
    if (count > 1) this.#prefixes.set(key, count - 1);
    else this.#prefixes.delete(key);
  }
}

/** Bytes as the text that {@link Subscriber.wants} compares. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** As far as it has come. Throws {@link ProtocolError}. */
function checkGreeting(bytes: Uint8Array): void {
  const wrongSignature =
    (bytes.length > 0 && bytes[0] !== 0xff) || (bytes.length > 9 && bytes[9] !== 0x7f);
  if (wrongSignature) throw new ProtocolError('no greeting of ZMTP');
  const version = bytes[VERSION_AT];
  if (version !== undefined && version < 3) throw new ProtocolError('a version before ZMTP 3');
  if (bytes.length < GREETING_LENGTH) return;
  const mechanism = latin1(bytes.subarray(MECHANISM_AT, MECHANISM_AT + MECHANISM_LENGTH));
  if (mechanism.replace(/\0+$/, '') !== 'NULL') throw new ProtocolError('another mechanism');
}
