/**
 * ZMTP's frames as bytes (ZeroMQ RFC 37): a byte of flags, a length of one or eight bytes, a body. A message is one
 * or more frames, all but the last with MORE; a command is one frame with a name in front of its body.
 */

/** A peer that does not keep to the protocol, or asks for what is not there. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** One frame. */
export interface Frame {
  readonly body: Uint8Array;
  /** The message goes on with the next frame. */
  readonly more: boolean;
  readonly isCommand: boolean;
}

const MORE = 1;
const LONG = 2;
const COMMAND = 4;
const LONGEST_SHORT = 255;

/** The message of `parts` as bytes. */
export function encodeMessage(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + frameLength(part), 0));
  let offset = 0;
  for (const [index, part] of parts.entries()) {
    const more = index < parts.length - 1 ? MORE : 0;
    offset = writeFrame(bytes, offset, more, part);
  }
  return bytes;
}

/** A command as bytes. */
export function encodeCommand(name: string, data: Uint8Array): Uint8Array {
  const body = new Uint8Array(1 + name.length + data.length);
  body[0] = name.length;
  body.set(ascii(name), 1);
  body.set(data, 1 + name.length);
  const bytes = new Uint8Array(frameLength(body));
  writeFrame(bytes, 0, COMMAND, body);
  return bytes;
}

/** Text of ASCII characters as bytes. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Takes the body of a command apart. Throws {@link ProtocolError}. */
export function decodeCommand(body: Uint8Array): { name: string; data: Uint8Array } {
  const length = body[0] ?? 0;
  if (length === 0 || length >= body.length) throw new ProtocolError('a command without a name');
  const name = String.fromCharCode(...body.subarray(1, 1 + length));
  return { name, data: body.subarray(1 + length) };
}

/** Metadata of a READY command: names with their values, as bytes. */
export function encodeMetadata(entries: Readonly<Record<string, string>>): Uint8Array {
  const bytes: number[] = [];
  for (const [name, value] of Object.entries(entries)) {
    bytes.push(name.length, ...ascii(name), 0, 0, 0, value.length, ...ascii(value));
  }
  return Uint8Array.from(bytes);
}

/** Reads metadata, names in lower case. Throws {@link ProtocolError}. */
export function decodeMetadata(data: Uint8Array): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const text = (from: number, to: number): string => {
    if (to > data.length) throw new ProtocolError('metadata that ends in the middle');
    return Buffer.from(data.buffer, data.byteOffset + from, to - from).toString('latin1');
  };
  for (let offset = 0; offset < data.length; ) {
    const nameEnd = offset + 1 + (data[offset] ?? 0);
    const name = text(offset + 1, nameEnd);
    text(nameEnd, nameEnd + 4);
    const valueEnd = nameEnd + 4 + view.getUint32(nameEnd);
    entries.set(name.toLowerCase(), text(nameEnd + 4, valueEnd));
    offset = valueEnd;
  }
  return entries;
}

function frameLength({ length }: Uint8Array): number {
  return length + (length > LONGEST_SHORT ? 9 : 2);
}

function writeFrame(bytes: Uint8Array, at: number, flags: number, body: Uint8Array): number {
  let offset = at;
  if (body.length > LONGEST_SHORT) {
    bytes[offset] = flags | LONG;
    new DataView(bytes.buffer).setBigUint64(offset + 1, BigInt(body.length));
    offset += 9;
  } else {
    bytes[offset] = flags;
    bytes[offset + 1] = body.length;
    offset += 2;
  }
  bytes.set(body, offset);
  return offset + body.length;
}

const NOTHING = new Uint8Array(0);

/** Parts a stream of bytes into frames, however it comes. */
export class FrameReader {
  #bytes: Uint8Array = NOTHING;
  readonly #maxBody: number;

  /** A frame whose body is longer than `maxBody` bytes is a {@link ProtocolError}. */
  constructor(maxBody: number) {
    this.#maxBody = maxBody;
  }

  /** Takes bytes in and gives the frames that are whole now. Throws {@link ProtocolError}. */
  *push(chunk: Uint8Array): Generator<Frame> {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const frame = this.#next();
      if (!frame) return;
      yield frame;
    }
  }

  #next(): Frame | undefined {
    const bytes = this.#bytes;
    const flags = bytes[0] ?? 0;
    const head = flags & LONG ? 9 : 2;
    if (flags & ~(MORE | LONG | COMMAND)) throw new ProtocolError('a frame with unknown flags');
    if (bytes.length < head) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const length = flags & LONG ? Number(view.getBigUint64(1)) : (bytes[1] ?? 0);
    if (length > this.#maxBody) throw new ProtocolError(`a frame of ${length} bytes`);
    if (bytes.length < head + length) return undefined;
    this.#bytes = bytes.subarray(head + length);
    return {
      body: bytes.subarray(head, head + length),
      more: (flags & MORE) !== 0,
      isCommand: (flags & COMMAND) !== 0,
    };
  }
}
