/**
 * The wire: payloads of every message mutated, and streams of both transports, changed and cut anywhere.
 * Laws: a payload is refused with a `DecodeError` or written again to bytes that read the same; a transport
 * never throws, and how its bytes are cut changes nothing.
 */

import {
  BloomFilter,
  decodeBlockTxn,
  decodeBlockTxnRequest,
  decodeCompactBlock,
  decodePayload,
  encodeBlockTxn,
  encodeBlockTxnRequest,
  encodeCompactBlock,
  encodePayload,
  type MessageType,
  messages,
  type Transport,
  V1Transport,
  V2Transport,
} from '@coind/p2p/codec';
import {
  bytesToHex,
  concatBytes,
  equalBytes,
  hexToBytes,
  Reader,
  readMerkleBlock,
} from '@coind/primitives';
import type { Chance } from '../chance.ts';
import { attempt, type FuzzTarget, law } from '../fuzz.ts';
import { mutateBytes } from '../mutate.ts';
import { params } from './block-source.ts';
import { createWorld, WireSource } from './wire-source.ts';

/** Every message type there is. */
export const messageTypes = Object.keys(messages) as MessageType[];
/** The four bytes that begin a v1 message here. */
export const magic = hexToBytes(params.messageStart);

/** Reads a payload and writes it again. Some types have codecs beside the table. */
function rewrite(type: MessageType, payload: Uint8Array): Uint8Array | undefined {
  switch (type) {
    case 'cmpctblock':
      return encodeCompactBlock(decodeCompactBlock(payload));
    case 'getblocktxn':
      return encodeBlockTxnRequest(decodeBlockTxnRequest(payload));
    case 'blocktxn':
      return encodeBlockTxn(decodeBlockTxn(payload));
    case 'filterload':
      return BloomFilter.decode(payload).encode();
    case 'merkleblock':
      readMerkleBlock(new Reader(payload));
      return undefined;
    default:
      return encodePayload(type, decodePayload(type, new Reader(payload)));
  }
}

function checkPayload(type: MessageType, payload: Uint8Array): string {
  return attempt(() => {
    const once = rewrite(type, payload);
    const twice = once && rewrite(type, once);
    law(
      !once || (twice !== undefined && equalBytes(once, twice)),
      `${type} is read as it is written`,
    );
    return 'payload';
  });
}

/** Gives a transport bytes in pieces; every message and every problem that came out, as text. */
function feed(transport: Transport, bytes: Uint8Array, pieces: () => number): string {
  const lines: string[] = [];
  const complaints: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Math.max(1, pieces());
    const { messages: got, problems } = transport.receive(bytes.subarray(at, at + length));
    at += length;
    lines.push(...got.map(({ type, payload }) => `${type} ${bytesToHex(payload)}`));
    complaints.push(...problems.map(({ message }) => message));
  }
  return [...lines, ...complaints].join('\n');
}

function v1Stream(source: WireSource, chance: Chance): Uint8Array {
  const sender = new V1Transport(magic);
  for (let count = 1 + chance.below(3); count > 0; count--) {
    const type = chance.pick(messageTypes);
    sender.send(type, source.payload(type, chance));
  }
  return concatBytes(...sender.pull());
}

function checkV1(source: WireSource, chance: Chance): string {
  const stream = mutateBytes(chance, v1Stream(source, chance));
  const whole = feed(new V1Transport(magic), stream, () => stream.length);
  const cut = feed(new V1Transport(magic), stream, () => chance.skewed(1, 300));
  law(whole === cut, 'how the bytes are cut changes nothing');
  return whole.includes('error') ? 'v1 problem' : 'v1';
}

/** A node that is called, by v2 or by v1, and what it is told changed on the way. */
function checkV2(source: WireSource, chance: Chance): string {
  const randomBytes = (length: number): Uint8Array => chance.bytes(length);
  const ends = [true, false].map(
    (initiating) => new V2Transport({ magic, initiating }, { randomBytes }),
  ) as [V2Transport, V2Transport];
  const spoiled = chance.below(5);
  const type = chance.pick(messageTypes);
  ends[0].send(type, source.payload(type, chance));
  let problems = '';
  for (let round = 0; round < 4; round++) {
    for (const from of [0, 1] as const) {
      const sent = concatBytes(...ends[from].pull());
      const bytes = round * 2 + from === spoiled ? mutateBytes(chance, sent) : sent;
      problems += feed(ends[1 - from] as V2Transport, bytes, () => chance.skewed(1, 5000));
    }
  }
  return problems.includes('error') ? 'v2 problem' : 'v2';
}

/** Payloads and transports. */
export function wireTarget(): FuzzTarget {
  const source = new WireSource(createWorld());
  return {
    name: 'wire',
    run(chance) {
      const kind = chance.below(40);
      if (kind === 0) return checkV2(source, chance);
      if (kind < 8) return checkV1(source, chance);
      const type = chance.pick(messageTypes);
      const valid = source.payload(type, chance);
      const donor = source.payload(chance.pick(messageTypes), chance);
      if (!chance.oneIn(10)) return checkPayload(type, mutateBytes(chance, valid, donor));
      const written = rewrite(type, valid);
      law(!written || equalBytes(written, valid), `a valid ${type} is written as it was read`);
      return 'valid payload';
    },
  };
}
