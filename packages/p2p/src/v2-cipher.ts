/**
 * How packets of the v2 transport are encrypted (BIP324): keys derived from the shared secret, lengths by
 * a ChaCha20 stream, contents by ChaCha20-Poly1305, both with new keys after every 224 packets so that
 * whoever steals a key cannot read what went before. OpenSSL does the ciphers. Who speaks when is
 * v2-transport.ts's.
 */
import { type Cipher, createCipheriv, createDecipheriv } from 'node:crypto';
import { concatBytes, EMPTY, hmacSha256 } from '@coind/primitives';

/** Bytes of the mark that ends the garbage. */
export const TERMINATOR_BYTES = 16;
/** Bytes of the encrypted length in front of each packet. */
export const LENGTH_BYTES = 3;
const HEADER_BYTES = 1;
const TAG_BYTES = 16;
/** What encryption adds to the contents of a packet. */
export const EXPANSION_BYTES = LENGTH_BYTES + HEADER_BYTES + TAG_BYTES;

const IGNORE_BIT = 0x80;
const REKEY_INTERVAL = 224;
const KEY_BYTES = 32;
const NO_KEY = new Uint8Array(KEY_BYTES);
const utf8 = new TextEncoder();

/** Encrypts or decrypts the lengths of one direction; the stream runs on from packet to packet. */
class LengthCipher {
  #stream: Cipher;
  #packets = 0;

  constructor(key: Uint8Array) {
    this.#stream = this.#streamOf(key);
  }

  crypt(bytes: Uint8Array): Uint8Array {
    const result = this.#stream.update(bytes);
    if (++this.#packets % REKEY_INTERVAL === 0) {
      this.#stream = this.#streamOf(this.#stream.update(NO_KEY));
    }
    return result;
  }

  /** The counter of blocks starts at zero, the nonce is how often the key was renewed. */
  #streamOf(key: Uint8Array): Cipher {
    const start = new Uint8Array(16);
    new DataView(start.buffer).setBigUint64(8, BigInt(this.#packets / REKEY_INTERVAL), true);
    return createCipheriv('chacha20', key, start);
  }
}

/** Encrypts or decrypts the contents of one direction. */
class ContentsCipher {
  #key: Uint8Array;
  #packets = 0;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Writes header, contents and tag, encrypted, into `into` from `at`. */
  encrypt(header: number, contents: Uint8Array, aad: Uint8Array, into: Uint8Array, at: number) {
    const nonce = this.#nonce(this.#packets % REKEY_INTERVAL);
    const cipher = createCipheriv('chacha20-poly1305', this.#key, nonce, {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(aad, { plaintextLength: contents.length });
    into.set(cipher.update(Uint8Array.of(header)), at);
    into.set(cipher.update(contents), at + HEADER_BYTES);
    cipher.final();
    into.set(cipher.getAuthTag(), at + HEADER_BYTES + contents.length);
    this.#next();
  }

  /** Header and contents; undefined when the tag does not fit. */
  decrypt(packet: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
    const nonce = this.#nonce(this.#packets % REKEY_INTERVAL);
    const cipher = createDecipheriv('chacha20-poly1305', this.#key, nonce, {
      authTagLength: TAG_BYTES,
    });
    const end = packet.length - TAG_BYTES;
    cipher.setAAD(aad, { plaintextLength: end });
    cipher.setAuthTag(packet.subarray(end));
    const plain = cipher.update(packet.subarray(0, end));
    try {
      cipher.final();
    } catch {
      return undefined;
    }
    this.#next();
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.length);
  }

  #nonce(low: number): Uint8Array {
    const nonce = new Uint8Array(12);
    const view = new DataView(nonce.buffer);
    view.setUint32(0, low, true);
    view.setBigUint64(4, BigInt(Math.floor(this.#packets / REKEY_INTERVAL)), true);
    return nonce;
  }

  #next(): void {
    if ((this.#packets + 1) % REKEY_INTERVAL === 0) {
      const nonce = this.#nonce(0xffffffff);
      const cipher = createCipheriv('chacha20-poly1305', this.#key, nonce, {
        authTagLength: TAG_BYTES,
      });
      this.#key = cipher.update(NO_KEY);
    }
    this.#packets++;
  }
}

/** What a packet held. */
export interface OpenedPacket {
  readonly contents: Uint8Array;
  /** A decoy, sent to confuse who listens. */
  readonly ignore: boolean;
}

/** How a packet is to be encrypted. */
export interface PacketOptions {
  /** Bytes that are authenticated with the packet but not sent in it; none unless given. */
  readonly aad?: Uint8Array;
  /** Makes a decoy. */
  readonly ignore?: boolean;
}

/** Which session is encrypted. */
export interface SessionKeys {
  /** What both sides share (32 bytes), see `ellSwiftSecret`. */
  readonly secret: Uint8Array;
  /** Magic of the network. */
  readonly magic: Uint8Array;
  /** True on the side that opened the connection. */
  readonly initiating: boolean;
}

/** Both directions of one session. Packets have to be encrypted and decrypted in order. */
export class PacketCipher {
  /** Names the session (32 bytes), the same on both sides: read aloud, it rules out a middleman. */
  readonly sessionId: Uint8Array;
  readonly sendTerminator: Uint8Array;
  readonly receiveTerminator: Uint8Array;
  readonly #sendLength: LengthCipher;
  readonly #sendContents: ContentsCipher;
  readonly #receiveLength: LengthCipher;
  readonly #receiveContents: ContentsCipher;

  constructor({ secret, magic, initiating }: SessionKeys) {
    const salt = concatBytes(utf8.encode('bitcoin_v2_shared_secret'), magic);
    // HKDF (RFC 5869) for results of one block.
    const master = hmacSha256(salt, secret);
    const derive = (what: string): Uint8Array =>
      hmacSha256(master, concatBytes(utf8.encode(what), Uint8Array.of(1)));
    const [us, them] = initiating ? ['initiator', 'responder'] : ['responder', 'initiator'];
    this.#sendLength = new LengthCipher(derive(`${us}_L`));
    this.#sendContents = new ContentsCipher(derive(`${us}_P`));
    this.#receiveLength = new LengthCipher(derive(`${them}_L`));
    this.#receiveContents = new ContentsCipher(derive(`${them}_P`));
    const terminators = derive('garbage_terminators');
    const [first, second] = [
      terminators.subarray(0, TERMINATOR_BYTES),
      terminators.subarray(TERMINATOR_BYTES),
    ];
    this.sendTerminator = initiating ? first : second;
    this.receiveTerminator = initiating ? second : first;
    this.sessionId = derive('session_id');
  }

  /** A packet as it goes over the wire: `EXPANSION_BYTES` longer than `contents`. */
  encrypt(contents: Uint8Array, options: PacketOptions = {}): Uint8Array {
    const { aad = EMPTY, ignore = false } = options;
    const packet = new Uint8Array(contents.length + EXPANSION_BYTES);
    const length = contents.length;
    packet.set(
      this.#sendLength.crypt(Uint8Array.of(length & 0xff, (length >> 8) & 0xff, length >> 16)),
    );
    this.#sendContents.encrypt(ignore ? IGNORE_BIT : 0, contents, aad, packet, LENGTH_BYTES);
    return packet;
  }

  /** How many bytes of contents the next packet has, from its first three bytes. */
  decryptLength(bytes: Uint8Array): number {
    const [low = 0, middle = 0, high = 0] = this.#receiveLength.crypt(bytes);
    return low | (middle << 8) | (high << 16);
  }

  /** Opens the rest of a packet; undefined when it is not what was sent. */
  decrypt(packet: Uint8Array, aad: Uint8Array = EMPTY): OpenedPacket | undefined {
    const plain = this.#receiveContents.decrypt(packet, aad);
    if (!plain) return undefined;
    const ignore = ((plain[0] as number) & IGNORE_BIT) !== 0;
    return { contents: plain.subarray(HEADER_BYTES), ignore };
  }
}
