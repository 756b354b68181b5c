/**
 * The encrypted transport (BIP324) as a state machine: bytes in, messages out, and bytes to send. Keys are
 * exchanged as noise with garbage behind it, then every message is a packet. A peer that connects to us
 * and speaks v1 is recognised by its first 16 bytes and served by v1. No sockets and no clock here.
 */
import { concatBytes, EMPTY, equalBytes } from '@coind/primitives';
import { isPrivateKey } from '@coind/script';
import { ELLSWIFT_BYTES, ellSwiftSecret, encodeEllSwift } from './elligator-swift.ts';
import {
  MAX_PAYLOAD_BYTES,
  type RawMessage,
  type Received,
  type Transport,
  type TransportProblem,
  V1Transport,
} from './transport.ts';
import { EXPANSION_BYTES, LENGTH_BYTES, PacketCipher, TERMINATOR_BYTES } from './v2-cipher.ts';

/** More garbage than this nobody sends. */
export const MAX_GARBAGE_BYTES = 4095;

const TYPE_BYTES = 12;
const MAX_CONTENTS_BYTES = 1 + TYPE_BYTES + MAX_PAYLOAD_BYTES;
/** What is reserved ahead of what has arrived: a lying length must not cost memory. */
const AHEAD_BYTES = 256 * 1024;
/** A v1 peer that understands nothing hangs up once it has a whole header of its own format. */
const V1_HEADER_BYTES = 24;
/** A buffer up to this size is kept for the next piece; a larger one is not held by an idle connection. */
const KEPT_BYTES = 8 * 1024;
const VERSION_TYPE = Uint8Array.from('version\0\0\0\0\0', (letter) => letter.charCodeAt(0));

/** Message types of one byte, by number; 0 says that twelve bytes of text follow. */
const shortTypes: readonly string[] = [
  '',
  'addr',
  'block',
  'blocktxn',
  'cmpctblock',
  'feefilter',
  'filteradd',
  'filterclear',
  'filterload',
  'getblocks',
  'getblocktxn',
  'getdata',
  'getheaders',
  'headers',
  'inv',
  'mempool',
  'merkleblock',
  'notfound',
  'ping',
  'pong',
  'sendcmpct',
  'tx',
  'getcfilters',
  'cfilter',
  'getcfheaders',
  'cfheaders',
  'getcfcheckpt',
  'cfcheckpt',
  'addrv2',
  // 29 to 36 are reserved for messages nobody sends yet; bitcoind takes them as a type without a name.
  ...Array<string>(8).fill(''),
  'feature',
];
const shortIds = new Map(shortTypes.flatMap((type, id) => (type ? [[type, id] as const] : [])));

/** The contents of a packet that carries a message. */
export function encodeContents(type: string, payload: Uint8Array): Uint8Array {
  const id = shortIds.get(type);
  const start = id === undefined ? 1 + TYPE_BYTES : 1;
  const contents = new Uint8Array(start + payload.length);
  if (id !== undefined) contents[0] = id;
  else for (let i = 0; i < type.length; i++) contents[1 + i] = type.charCodeAt(i);
  contents.set(payload, start);
  return contents;
}

/** Type and payload of a packet's contents; undefined when they do not begin with a type. */
export function decodeContents(
  contents: Uint8Array,
): { readonly type: string; readonly payload: Uint8Array } | undefined {
  const [id] = contents;
  if (id === undefined) return undefined;
  if (id !== 0) {
    const type = shortTypes[id];
    return type === undefined ? undefined : { type, payload: contents.subarray(1) };
  }
  if (contents.length < 1 + TYPE_BYTES) return undefined;
  const text = contents.subarray(1, 1 + TYPE_BYTES);
  const end = text.indexOf(0);
  const length = end < 0 ? TYPE_BYTES : end;
  if (!text.subarray(0, length).every((byte) => byte >= 0x20 && byte <= 0x7f)) return undefined;
  if (!text.subarray(length).every((byte) => byte === 0)) return undefined;
  const type = String.fromCharCode(...text.subarray(0, length));
  return { type, payload: contents.subarray(1 + TYPE_BYTES) };
}

/** Plain settings of a v2 transport. */
export interface V2Options {
  /** Magic of the network, four bytes. */
  readonly magic: Uint8Array;
  /** True on the side that opened the connection: it speaks first and does not fall back. */
  readonly initiating: boolean;
}

/** What a v2 transport works with. */
export interface V2Modules {
  /** Random bytes fit for keys. */
  readonly randomBytes: (length: number) => Uint8Array;
}

type State = 'detecting' | 'key' | 'garbage' | 'packets' | 'dead';

/** One side of a v2 connection, or of a v1 connection that came to a v2 node. */
export class V2Transport implements Transport {
  readonly #magic: Uint8Array;
  readonly #initiating: boolean;
  readonly #randomBytes: (length: number) => Uint8Array;
  #state: State;
  #v1: V1Transport | undefined;
  /** What has arrived of the piece that is being waited for. */
  #buffer: Uint8Array = EMPTY;
  #buffered = 0;
  #privateKey: Uint8Array = EMPTY;
  #ourKey: Uint8Array = EMPTY;
  #ourGarbage: Uint8Array = EMPTY;
  /** Authenticated with the first packet that comes. */
  #theirGarbage: Uint8Array = EMPTY;
  #cipher: PacketCipher | undefined;
  /** Bytes of the packet that is arriving, its length not counted; undefined before that is known. */
  #packetBytes: number | undefined;
  #versionSeen = false;
  #anythingReceived = false;
  #sentBytes = 0;
  #out: Uint8Array[] = [];
  #waiting: { readonly type: string; readonly payload: Uint8Array }[] = [];

  constructor({ magic, initiating }: V2Options, { randomBytes }: V2Modules) {
    this.#magic = magic;
    this.#initiating = initiating;
    this.#randomBytes = randomBytes;
    this.#state = initiating ? 'key' : 'detecting';
    if (initiating) this.#startHandshake();
  }

  get kind(): 'detecting' | 'v1' | 'v2' {
    if (this.#v1) return 'v1';
    // As bitcoind says it: the first packet shows that both have the same keys, not the hello.
    return this.#versionSeen ? 'v2' : 'detecting';
  }

  get sessionId(): string {
    const { sessionId } = this.#cipher ?? {};
    return this.#versionSeen && sessionId ? Buffer.from(sessionId).toString('hex') : '';
  }

  get ready(): boolean {
    return this.#v1 !== undefined || this.#cipher !== undefined;
  }

  /**
   * True when the peer hung up and it is worth connecting again with v1: we opened the connection, said
   * more than a v1 header and heard nothing at all.
   */
  get shouldRetryV1(): boolean {
    return this.#initiating && !this.#anythingReceived && this.#sentBytes >= V1_HEADER_BYTES;
  }

  receive(bytes: Uint8Array): Received {
    const messages: RawMessage[] = [];
    const problems: TransportProblem[] = [];
    if (bytes.length > 0) this.#anythingReceived = true;
    let at = 0;
    while (at < bytes.length && this.#state !== 'dead') {
      if (this.#v1) {
        const rest = this.#v1.receive(bytes.subarray(at));
        messages.push(...rest.messages);
        problems.push(...rest.problems);
        break;
      }
      at += this.#fill(bytes, at);
      const problem = this.#step(messages);
      if (problem) problems.push(problem);
      if (problem?.fatal) this.#state = 'dead';
    }
    return { messages, problems };
  }

  send(type: string, payload: Uint8Array): void {
    if (this.#v1) this.#v1.send(type, payload);
    else if (this.#cipher) this.#out.push(this.#cipher.encrypt(encodeContents(type, payload)));
    else this.#waiting.push({ type, payload });
  }

  pull(): readonly Uint8Array[] {
    if (this.#v1) return this.#v1.pull();
    const out = this.#out;
    if (out.length === 0) return out;
    for (const piece of out) this.#sentBytes += piece.length;
    this.#out = [];
    return out;
  }

  wireBytes(type: string, payloadBytes: number): number {
    if (this.#v1) return this.#v1.wireBytes(type, payloadBytes);
    return EXPANSION_BYTES + (shortIds.has(type) ? 1 : 1 + TYPE_BYTES) + payloadBytes;
  }

  /** Takes from `bytes` no more than belongs to the piece that is being waited for. */
  #fill(bytes: Uint8Array, at: number): number {
    const take = Math.min(this.#wanted() - this.#buffered, bytes.length - at);
    const end = this.#buffered + take;
    if (end > this.#buffer.length) {
      const room = Math.min(this.#wanted(), Math.max(end + AHEAD_BYTES, 2 * this.#buffer.length));
      const grown = new Uint8Array(room);
      grown.set(this.#buffer.subarray(0, this.#buffered));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes.subarray(at, at + take), this.#buffered);
    this.#buffered = end;
    return take;
  }

  /** Bytes of the piece that is being waited for. Garbage comes byte by byte: nobody knows its end. */
  #wanted(): number {
    switch (this.#state) {
      case 'detecting':
        return this.#magic.length + VERSION_TYPE.length;
      case 'key':
        return ELLSWIFT_BYTES;
      case 'garbage':
        return this.#buffered + 1;
      default:
        return this.#packetBytes ?? LENGTH_BYTES;
    }
  }

  #step(messages: RawMessage[]): TransportProblem | undefined {
    const got = this.#buffer.subarray(0, this.#buffered);
    switch (this.#state) {
      case 'detecting':
        return this.#detect(got);
      case 'key':
        return this.#takeKey(got);
      case 'garbage':
        return this.#takeGarbage(got);
      default:
        return this.#takePacket(got, messages);
    }
  }

  /** A v1 peer begins with the magic and `version`; whoever does not, sends a key. */
  #detect(got: Uint8Array): undefined {
    const v1 = concatBytes(this.#magic, VERSION_TYPE);
    if (!equalBytes(got, v1.subarray(0, got.length))) {
      this.#state = 'key';
      this.#startHandshake();
    } else if (got.length === v1.length) {
      this.#v1 = new V1Transport(this.#magic);
      this.#v1.receive(got);
      for (const { type, payload } of this.#waiting) this.#v1.send(type, payload);
      this.#waiting = [];
      this.#clear();
    }
  }

  #startHandshake(): void {
    do this.#privateKey = this.#randomBytes(32);
    while (!isPrivateKey(this.#privateKey));
    this.#ourKey = encodeEllSwift(this.#privateKey, this.#randomBytes);
    const [low = 0, high = 0] = this.#randomBytes(2);
    this.#ourGarbage = this.#randomBytes((low | (high << 8)) & MAX_GARBAGE_BYTES);
    this.#out.push(concatBytes(this.#ourKey, this.#ourGarbage));
  }

  #takeKey(got: Uint8Array): TransportProblem | undefined {
    // A v1 peer of another network would be answered with noise; said plainly, it can be logged.
    const type = got.subarray(this.#magic.length, this.#magic.length + VERSION_TYPE.length);
    if (!this.#initiating && equalBytes(type, VERSION_TYPE)) {
      const magic = Buffer.from(got.subarray(0, this.#magic.length)).toString('hex');
      return fatal(`V1 peer with wrong MessageStart ${magic}`);
    }
    if (got.length < ELLSWIFT_BYTES) return undefined;
    const secret = ellSwiftSecret(this.#privateKey, this.#ourKey, got, this.#initiating);
    const cipher = new PacketCipher({ secret, magic: this.#magic, initiating: this.#initiating });
    this.#cipher = cipher;
    this.#state = 'garbage';
    this.#privateKey = EMPTY;
    this.#clear();
    this.#buffer = new Uint8Array(MAX_GARBAGE_BYTES + TERMINATOR_BYTES);
    this.#out.push(
      concatBytes(cipher.sendTerminator, cipher.encrypt(EMPTY, { aad: this.#ourGarbage })),
    );
    this.#ourGarbage = EMPTY;
    // Both sides may speak before they have seen the other's version packet.
    for (const { type, payload } of this.#waiting) this.send(type, payload);
    this.#waiting = [];
    return undefined;
  }

  #takeGarbage(got: Uint8Array): TransportProblem | undefined {
    if (got.length < TERMINATOR_BYTES) return undefined;
    const end = got.length - TERMINATOR_BYTES;
    const { receiveTerminator } = this.#cipher as PacketCipher;
    if (equalBytes(got.subarray(end), receiveTerminator)) {
      this.#theirGarbage = got.slice(0, end);
      this.#state = 'packets';
      this.#clear();
      return undefined;
    }
    return end === MAX_GARBAGE_BYTES ? fatal('missing garbage terminator') : undefined;
  }

  #takePacket(got: Uint8Array, messages: RawMessage[]): TransportProblem | undefined {
    if (got.length < this.#wanted()) return undefined;
    const cipher = this.#cipher as PacketCipher;
    if (this.#packetBytes === undefined) {
      const length = cipher.decryptLength(got);
      if (length > MAX_CONTENTS_BYTES) return fatal(`packet too large (${length} bytes)`);
      this.#packetBytes = length + EXPANSION_BYTES - LENGTH_BYTES;
      this.#buffered = 0;
      return undefined;
    }
    const length = this.#packetBytes - EXPANSION_BYTES + LENGTH_BYTES;
    const packet = cipher.decrypt(got, this.#theirGarbage);
    if (!packet) return fatal(`packet decryption failure (${length} bytes)`);
    this.#theirGarbage = EMPTY;
    this.#packetBytes = undefined;
    this.#clear();
    if (packet.ignore) return undefined;
    if (!this.#versionSeen) {
      // What it holds is left for versions of the transport to come.
      this.#versionSeen = true;
      return undefined;
    }
    const wireBytes = length + EXPANSION_BYTES;
    const message = decodeContents(packet.contents);
    if (message) messages.push({ ...message, wireBytes });
    else {
      const text = `V2 transport error: invalid message type (${length} bytes contents)`;
      return { message: text, fatal: false, wireBytes };
    }
    return undefined;
  }

  #clear(): void {
    this.#buffered = 0;
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = EMPTY;
  }
}

function fatal(message: string): TransportProblem {
  return { message: `V2 transport error: ${message}`, fatal: true };
}
