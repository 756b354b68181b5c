/**
 * Bytes of a connection ↔ messages: the shape that both transports have, and v1, the plain one of a
 * header with magic, type, length and checksum in front of every payload. No sockets and no clock here:
 * bytes in, messages out. v2 (BIP324) is in v2-transport.ts.
 */
import { bytesToHex, concatBytes, sha256d } from '@coind/primitives';
import { sanitize } from './messages.ts';

/** A message as it came. */
export interface RawMessage {
  readonly type: string;
  readonly payload: Uint8Array;
  /** Bytes on the wire, header or packet overhead included. */
  readonly wireBytes: number;
}

/** Why a piece of what a peer sent could not be used; `fatal` ends the connection. */
export interface TransportProblem {
  readonly message: string;
  readonly fatal: boolean;
  /** Bytes of a message that was dropped: they count as `*other*`. */
  readonly wireBytes?: number;
}

/** What came out of some bytes: messages in order, and what went wrong. */
export interface Received {
  readonly messages: readonly RawMessage[];
  readonly problems: readonly TransportProblem[];
}

/** One side of one connection. */
export interface Transport {
  /** `detecting`: an inbound v2 transport that does not know yet whether the peer speaks v1. */
  readonly kind: 'detecting' | 'v1' | 'v2';
  /** 64 hex digits of a v2 session, empty otherwise. */
  readonly sessionId: string;
  /** False while a handshake of the transport itself is going on. */
  readonly ready: boolean;
  /** Takes what came from the socket. */
  receive(bytes: Uint8Array): Received;
  /** Bytes for a message; kept back, with the length known, while the transport is not ready. */
  send(type: string, payload: Uint8Array): void;
  /** Bytes that have to go out now: of messages, or of the transport's own handshake. */
  pull(): readonly Uint8Array[];
  /** Bytes on the wire of a message with such a payload. */
  wireBytes(type: string, payloadBytes: number): number;
}

/** Bytes in front of every v1 payload. */
export const HEADER_BYTES = 24;
/** No payload is longer: a block of four million weight units fits. */
export const MAX_PAYLOAD_BYTES = 4_000_000;
const TYPE_BYTES = 12;
/** What is reserved ahead of what has arrived: a lying length must not cost memory. */
const AHEAD_BYTES = 256 * 1024;

/** Writes a v1 header. */
export function v1Header(magic: Uint8Array, type: string, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(magic);
  for (let i = 0; i < type.length; i++) header[4 + i] = type.charCodeAt(i);
  new DataView(header.buffer).setUint32(16, payload.length, true);
  header.set(sha256d(payload).subarray(0, 4), 20);
  return header;
}

/** The type in twelve bytes; undefined when it is not printable text padded with zeros. */
function typeOf(bytes: Uint8Array): { readonly text: string; readonly valid: boolean } {
  const end = bytes.indexOf(0);
  const length = end < 0 ? TYPE_BYTES : end;
  const text = String.fromCharCode(...bytes.subarray(0, length));
  const printable = bytes.subarray(0, length).every((byte) => byte >= 0x20 && byte <= 0x7e);
  const padded = bytes.subarray(length).every((byte) => byte === 0);
  return { text, valid: printable && padded };
}

/** The plain transport. */
export class V1Transport implements Transport {
  readonly kind = 'v1';
  readonly sessionId = '';
  readonly ready = true;
  readonly #magic: Uint8Array;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #payload: Uint8Array | undefined;
  #payloadBytes = 0;
  #payloadLength = 0;
  #out: Uint8Array[] = [];
  #dead = false;

  /** `magic`: the four bytes by which the network is known. */
  constructor(magic: Uint8Array) {
    this.#magic = magic;
  }

  receive(bytes: Uint8Array): Received {
    const messages: RawMessage[] = [];
    const problems: TransportProblem[] = [];
    let at = 0;
    while (!this.#dead && (at < bytes.length || this.#isComplete())) {
      if (!this.#payload) {
        const take = Math.min(HEADER_BYTES - this.#headerBytes, bytes.length - at);
        this.#header.set(bytes.subarray(at, at + take), this.#headerBytes);
        this.#headerBytes += take;
        at += take;
        if (this.#headerBytes < HEADER_BYTES) break;
        const problem = this.#begin();
        if (problem) {
          problems.push({ message: problem, fatal: true });
          this.#dead = true;
          break;
        }
      }
      at += this.#fill(bytes, at);
      if (!this.#isComplete()) break;
      const finished = this.#finish();
      if ('type' in finished) messages.push(finished);
      else problems.push(finished);
    }
    return { messages, problems };
  }

  send(type: string, payload: Uint8Array): void {
    this.#out.push(v1Header(this.#magic, type, payload));
    if (payload.length > 0) this.#out.push(payload);
  }

  pull(): readonly Uint8Array[] {
    const out = this.#out;
    if (out.length === 0) return out;
    this.#out = [];
    // A small message goes out in one piece: one packet instead of two.
    const [header, payload] = out;
    if (out.length === 2 && header && payload && payload.length < 1400) {
      return [concatBytes(header, payload)];
    }
    return out;
  }

  wireBytes(_type: string, payloadBytes: number): number {
    return HEADER_BYTES + payloadBytes;
  }

  #isComplete(): boolean {
    return this.#payload !== undefined && this.#payloadBytes === this.#payloadLength;
  }

  /** Looks at a whole header; says what is wrong with it. */
  #begin(): string | undefined {
    const header = this.#header;
    const magic = header.subarray(0, 4);
    if (!this.#magic.every((byte, i) => magic[i] === byte)) {
      return `Header error: Wrong MessageStart ${bytesToHex(magic)} received`;
    }
    this.#payloadLength = new DataView(header.buffer).getUint32(16, true);
    if (this.#payloadLength > MAX_PAYLOAD_BYTES) {
      const { text } = typeOf(header.subarray(4, 16));
      return `Header error: Size too large (${sanitize(text)}, ${this.#payloadLength} bytes)`;
    }
    this.#payload = new Uint8Array(Math.min(this.#payloadLength, AHEAD_BYTES));
    this.#payloadBytes = 0;
    return undefined;
  }

  #fill(bytes: Uint8Array, at: number): number {
    const take = Math.min(this.#payloadLength - this.#payloadBytes, bytes.length - at);
    const end = this.#payloadBytes + take;
    let payload = this.#payload as Uint8Array;
    if (end > payload.length) {
      const room = Math.max(end + AHEAD_BYTES, 2 * payload.length);
      const grown = new Uint8Array(Math.min(this.#payloadLength, room));
      grown.set(payload.subarray(0, this.#payloadBytes));
      this.#payload = grown;
      payload = grown;
    }
    payload.set(bytes.subarray(at, at + take), this.#payloadBytes);
    this.#payloadBytes = end;
    return take;
  }

  #finish(): RawMessage | TransportProblem {
    const payload = this.#payload as Uint8Array;
    this.#payload = undefined;
    this.#headerBytes = 0;
    const { text, valid } = typeOf(this.#header.subarray(4, 16));
    const wireBytes = HEADER_BYTES + payload.length;
    const expected = sha256d(payload).subarray(0, 4);
    const given = this.#header.subarray(20, 24);
    if (!expected.every((byte, i) => given[i] === byte)) {
      const sums = `expected ${bytesToHex(expected)} was ${bytesToHex(given)}`;
      const message = `Header error: Wrong checksum (${sanitize(text)}, ${payload.length} bytes), ${sums}`;
      return { message, fatal: false, wireBytes };
    }
    if (!valid) {
      const message = `Header error: Invalid message type (${sanitize(text)}, ${payload.length} bytes)`;
      return { message, fatal: false, wireBytes };
    }
    return { type: text, payload, wireBytes };
  }
}
