/**
 * I2P, through the SAM bridge (version 3.1) of an I2P router: a session has a destination of its own, through which
 * streams go out and come in. Without a place to keep the destination's key it is a new one for each session, so that
 * nobody can tell whose it is; with one it is an address at which others find us again.
 */
import { createHash } from 'node:crypto';
import { bytesToHex } from '@coind/primitives';
import { HandedConnection } from './handed-connection.ts';
import type { WireAddress } from './messages.ts';
import { formatAddress, formatHost, type HostAddress, networkIds } from './net-address.ts';
import {
  type Connection,
  type Endpoint,
  formatEndpoint,
  type Network,
  type Random,
} from './network.ts';
import type { NetLog } from './wire.ts';

/** The bridge refused, or does not speak as it should. */
export class SamError extends Error {
  override name = 'SamError';
}

/** Where the key of our destination is kept. */
export interface SamKeyPlace {
  load(): Uint8Array | undefined;
  save(key: Uint8Array): void;
}

/** Plain settings of a session. */
export interface SamOptions {
  readonly bridge: Endpoint;
  /** To reach the bridge, ms. */
  readonly connectTimeoutMs: number;
  /** Undefined for a destination that is given up with the session. */
  readonly key: SamKeyPlace | undefined;
}

/** What a session works with. */
export interface SamModules {
  readonly network: Network;
  readonly random: Random;
  readonly log: NetLog;
}

/** SAM 3.1 has no ports. */
export const I2P_PORT = 0;
/** Tunnels are built while one waits. */
const ANSWER_MS = 3 * 60_000;
const MAX_LINE_BYTES = 65_536;
const SIGNATURE_ED25519 = 7;
/** A destination: keys, then a certificate that says its own length in two bytes from here on. */
const CERTIFICATE_LENGTH_AT = 385;
const FIXED_BYTES = 387;

/** I2P's base64 has `-` and `~` where others have `+` and `/`. */
const fromBase64 = (text: string): Uint8Array =>
  new Uint8Array(Buffer.from(text.replaceAll('-', '+').replaceAll('~', '/'), 'base64'));
const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString('base64').replaceAll('+', '-').replaceAll('/', '~');

/** The address of a destination; of a private key it is the beginning. Throws `SamError`. */
export function addressOfDestination(bytes: Uint8Array): HostAddress {
  const [high = 0, low = 0] = bytes.subarray(CERTIFICATE_LENGTH_AT, FIXED_BYTES);
  const end = FIXED_BYTES + ((high << 8) | low);
  if (bytes.length < end) throw new SamError('the destination is too short');
  const digest = createHash('sha256').update(bytes.subarray(0, end)).digest();
  return { networkId: networkIds.i2p, bytes: new Uint8Array(digest) };
}

/** A conversation in lines with the bridge, which may end in a stream. */
class Conversation {
  readonly #inner: Connection;
  #buffer = Buffer.alloc(0);
  #handed: HandedConnection | undefined;
  #wake: (() => void) | undefined;
  #end: { readonly error: Error | undefined } | undefined;

  constructor(inner: Connection) {
    this.#inner = inner;
    inner.start({
      data: (bytes) => {
        if (this.#handed) {
          this.#handed.data(bytes);
          return;
        }
        this.#buffer = Buffer.concat([this.#buffer, bytes]);
        this.#wake?.();
      },
      drained: () => this.#handed?.drained(),
      closed: (error) => {
        this.#end = { error };
        this.#handed?.closed(error);
        // Whoever waits for a line, or for the end.
        this.#wake?.();
      },
    });
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /** Says something and reads the answer: its fields by name. Throws when it is no success. */
  async ask(request: string, shown = request): Promise<ReadonlyMap<string, string>> {
    this.#inner.write([new TextEncoder().encode(`${request}\n`)]);
    const answer = await this.line(ANSWER_MS);
    const fields = new Map<string, string>();
    for (const word of answer.split(' ')) {
      const equals = word.indexOf('=');
      if (equals > 0) fields.set(word.slice(0, equals), word.slice(equals + 1));
    }
    const result = fields.get('RESULT') ?? (fields.has('PRIV') ? 'OK' : undefined);
    if (result !== 'OK') {
      throw new SamError(`Unexpected reply to "${shown}": ${result ?? 'no result'}`);
    }
    return fields;
  }

  /** The next line. */
  async line(timeoutMs: number, signal?: AbortSignal): Promise<string> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const at = this.#buffer.indexOf(10);
      if (at >= 0) {
        const line = this.#buffer.subarray(0, at).toString('latin1');
        this.#buffer = this.#buffer.subarray(at + 1);
        return line;
      }
      if (this.#buffer.length > MAX_LINE_BYTES) throw new SamError('the answer has no end');
      if (this.#end) throw this.#end.error ?? new SamError('the bridge closed the connection');
      signal?.throwIfAborted();
      const left = end - performance.now();
      if (left <= 0) throw new SamError('the bridge did not answer in time');
      await this.#change(Math.min(left, 1000));
    }
  }

  /** From now on it is the stream; `onEnd` hears of its end. */
  hand(remote: Endpoint, onEnd: () => void = () => undefined): Connection {
    this.#inner.pause();
    this.#wake = onEnd;
    this.#handed = new HandedConnection(this.#inner, remote, this.#buffer);
    if (this.#end) this.#handed.closed(this.#end.error);
    return this.#handed;
  }

  close(): void {
    this.#inner.close();
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(), timeoutMs);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

/** A session with the bridge: made when it is first needed, and again when it is lost. */
export class SamSession {
  readonly #options: SamOptions;
  readonly #modules: SamModules;
  #control: Conversation | undefined;
  #creating: Promise<void> | undefined;
  #id = '';
  #address: HostAddress | undefined;

  constructor(options: SamOptions, modules: SamModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Our address, once there is a session. */
  get address(): WireAddress | undefined {
    return this.#address && { ...this.#address, port: I2P_PORT };
  }

  /** A stream to a node. Rejects when the bridge is away, or cannot reach it. */
  async connect(target: WireAddress): Promise<Connection> {
    const { log } = this.#modules;
    const name = formatHost(target);
    if (target.port !== I2P_PORT) {
      const where = formatAddress(target);
      throw new SamError(
        `Error connecting to ${where}, connection refused due to arbitrary port ${target.port}`,
      );
    }
    log.debug('i2p', `Connecting to ${formatAddress(target)}`);
    await this.#ready();
    const talk = await this.#hello();
    try {
      const found = await talk.ask(`NAMING LOOKUP NAME=${name}`);
      const destination = found.get('VALUE') ?? '';
      await talk.ask(
        `STREAM CONNECT ID=${this.#id} DESTINATION=${destination} SILENT=false`,
        `STREAM CONNECT to ${name}`,
      );
      // A destination that nobody knows is of no use without the stream.
      const onEnd = this.#options.key ? undefined : () => this.close();
      return talk.hand({ host: name, port: I2P_PORT }, onEnd);
    } catch (error) {
      talk.close();
      throw error;
    }
  }

  /** Makes sure that there is a session: `address` is known then. Rejects when the bridge is away. */
  open(): Promise<void> {
    return this.#ready();
  }

  /** Waits for one stream from somebody else. Rejects when the bridge is away, or `signal` fires. */
  async accept(signal: AbortSignal): Promise<Connection> {
    await this.#ready();
    const talk = await this.#hello();
    try {
      await talk.ask(`STREAM ACCEPT ID=${this.#id} SILENT=false`);
      const destination = await talk.line(Number.POSITIVE_INFINITY, signal);
      const from = addressOfDestination(fromBase64(destination.split(' ')[0] ?? ''));
      return talk.hand({ host: formatHost(from), port: I2P_PORT });
    } catch (error) {
      talk.close();
      throw error;
    }
  }

  /** Gives up the session, and with it its destination. */
  close(): void {
    this.#control?.close();
    this.#control = undefined;
  }

  async #hello(): Promise<Conversation> {
    const { bridge, connectTimeoutMs: timeoutMs } = this.#options;
    const inner = await this.#modules.network.connect(bridge, { timeoutMs }).catch(() => {
      throw new SamError(`Cannot connect to ${formatEndpoint(bridge)}`);
    });
    const talk = new Conversation(inner);
    try {
      await talk.ask('HELLO VERSION MIN=3.1 MAX=3.1');
    } catch (error) {
      talk.close();
      throw error;
    }
    return talk;
  }

  /** One session is made at a time, however many ask. */
  async #ready(): Promise<void> {
    if (this.#control?.isOpen) return;
    this.#creating ??= this.#create().finally(() => {
      this.#creating = undefined;
    });
    await this.#creating;
  }

  async #create(): Promise<void> {
    const { bridge, key } = this.#options;
    const { random, log } = this.#modules;
    const kind = key ? 'persistent' : 'transient';
    const id = bytesToHex(random.bytes(5));
    log.debug('i2p', `Creating ${kind} I2P SAM session ${id} with ${formatEndpoint(bridge)}`);
    const talk = await this.#hello();
    try {
      const destination = key
        ? `DESTINATION=${toBase64(await this.#key(talk, key))}`
        : `DESTINATION=TRANSIENT SIGNATURE_TYPE=${SIGNATURE_ED25519}`;
      const quantity = key ? 3 : 1;
      const status = await talk.ask(
        `SESSION CREATE STYLE=STREAM ID=${id} ${destination} i2cp.leaseSetEncType=4,0 inbound.quantity=${quantity} outbound.quantity=${quantity}`,
        'SESSION CREATE',
      );
      this.#address = addressOfDestination(fromBase64(status.get('DESTINATION') ?? ''));
    } catch (error) {
      talk.close();
      throw error;
    }
    this.#control = talk;
    this.#id = id;
    log.info(`${key ? 'Persistent' : 'Transient'} I2P SAM session ${id} created`);
  }

  async #key(talk: Conversation, place: SamKeyPlace): Promise<Uint8Array> {
    const known = place.load();
    if (known) return known;
    const made = await talk.ask(`DEST GENERATE SIGNATURE_TYPE=${SIGNATURE_ED25519}`);
    const key = fromBase64(made.get('PRIV') ?? '');
    place.save(key);
    return key;
  }
}
