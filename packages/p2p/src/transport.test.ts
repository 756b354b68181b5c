import { concatBytes } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_PAYLOAD_BYTES, V1Transport, v1Header } from './transport.ts';

const MAGIC = Uint8Array.from([0xfa, 0xbf, 0xb5, 0xda]);
const payload = Uint8Array.from([1, 2, 3]);
const framed = (type: string, body: Uint8Array) => concatBytes(v1Header(MAGIC, type, body), body);

function receiveAll(transport: V1Transport, pieces: readonly Uint8Array[]) {
  return pieces.map((piece) => transport.receive(piece));
}

describe('v1 framing', () => {
  test('messages come through in order, however the stream is cut', () => {
    const message = fc.record({
      type: fc.constantFrom('ping', 'inv', 'sendaddrv2', 'unknowntype1'),
      body: fc.uint8Array({ maxLength: 200 }),
    });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
        (sent, sizes) => {
          const sender = new V1Transport(MAGIC);
          for (const { type, body } of sent) sender.send(type, body);
          const stream = concatBytes(...sender.pull());
          const pieces: Uint8Array[] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = sizes[i % sizes.length] as number;
            pieces.push(stream.subarray(at, at + size));
            at += size;
          }
          const received = receiveAll(new V1Transport(MAGIC), pieces);
          expect(received.flatMap(({ problems }) => problems)).toEqual([]);
          expect(received.flatMap(({ messages }) => messages)).toEqual(
            sent.map(({ type, body }) => ({ type, payload: body, wireBytes: 24 + body.length })),
          );
        },
      ),
    );
  });

  test('another network is the end', () => {
    const { messages, problems } = new V1Transport(MAGIC).receive(new Uint8Array(24));
    expect(messages).toEqual([]);
    expect(problems).toEqual([
      { message: 'Header error: Wrong MessageStart 00000000 received', fatal: true },
    ]);
  });

  test('too long a payload is the end before any of it is stored', () => {
    const header = v1Header(MAGIC, 'block', payload);
    new DataView(header.buffer).setUint32(16, MAX_PAYLOAD_BYTES + 1, true);
    const { problems } = new V1Transport(MAGIC).receive(header);
    expect(problems[0]).toMatchObject({
      fatal: true,
      message: `Header error: Size too large (block, ${MAX_PAYLOAD_BYTES + 1} bytes)`,
    });
  });

  test('a wrong checksum costs the message, not the connection', () => {
    const bad = framed('badmsg', payload);
    bad[20] = (bad[20] as number) ^ 1;
    const transport = new V1Transport(MAGIC);
    const { messages, problems } = transport.receive(concatBytes(bad, framed('ping', payload)));
    expect(problems).toMatchObject([{ fatal: false, wireBytes: 27 }]);
    expect(problems[0]?.message).toMatch(/^Header error: Wrong checksum \(badmsg, 3 bytes\)/);
    expect(messages.map(({ type }) => type)).toEqual(['ping']);
  });

  test('a type must be printable and padded with zeros', () => {
    const bad = framed('ping', payload);
    bad[12] = 0x41;
    const { messages, problems } = new V1Transport(MAGIC).receive(bad);
    expect(messages).toEqual([]);
    expect(problems[0]?.message).toBe('Header error: Invalid message type (ping, 3 bytes)');
  });

  test('after a fatal problem nothing is read any more', () => {
    const transport = new V1Transport(MAGIC);
    transport.receive(new Uint8Array(24));
    expect(transport.receive(framed('ping', payload)).messages).toEqual([]);
  });
});
