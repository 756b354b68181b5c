/**
 * Every p2p message in files below message_capture (-capturemessages), one folder per peer, in bitcoind's form:
 * microseconds since 1970, twelve bytes of type, length, payload.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CapturedMessage, formatEndpoint } from '@coind/p2p';
import { Writer } from '@coind/primitives';

const TYPE_BYTES = 12;
const HEADER_BYTES = 8 + TYPE_BYTES + 4;

/** Writes messages below `directory`; `nowMs` is unix time. */
export function captureMessages(
  directory: string,
  nowMs: () => number,
): (message: CapturedMessage) => void {
  return ({ peer, direction, type, payload }) => {
    // Colons are no part of a file name everywhere.
    const folder = join(directory, formatEndpoint(peer.address).replaceAll(':', '_'));
    mkdirSync(folder, { recursive: true });
    const name = new Uint8Array(TYPE_BYTES);
    new TextEncoder().encodeInto(type, name);
    const record = new Writer(HEADER_BYTES + payload.length)
      .u64(BigInt(Math.floor(nowMs() * 1000)))
      .bytes(name)
      .u32(payload.length)
      .bytes(payload)
      .finish();
    appendFileSync(join(folder, direction === 'sent' ? 'msgs_sent.dat' : 'msgs_recv.dat'), record);
  };
}
