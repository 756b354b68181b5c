import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ascii,
  decodeCommand,
  decodeMetadata,
  encodeCommand,
  encodeMessage,
  encodeMetadata,
  FrameReader,
  ProtocolError,
} from './frames.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('bytes on the wire', () => {
  test('a message of three parts, the last one long', () => {
    const long = new Uint8Array(256).fill(7);
    expect(hex(encodeMessage([ascii('ab'), new Uint8Array(0), long]))).toBe(
      `01026162${'0100'}${'020000000000000100'}${'07'.repeat(256)}`,
    );
  });

  test('a command, as the RFC shows it', () => {
    const ready = encodeCommand('READY', encodeMetadata({ 'Socket-Type': 'PUB' }));
    expect(hex(ready)).toBe(
      `0419${'05'}${hex(ascii('READY'))}${'0b'}${hex(ascii('Socket-Type'))}${'00000003'}${hex(ascii('PUB'))}`,
    );
  });
});

test('messages and commands are read again, whatever pieces they come in', () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ minLength: 250, maxLength: 300 }),
  );
  const item = fc.oneof(
    fc.array(part, { minLength: 1, maxLength: 4 }),
    fc.constant('PING' as const),
  );
  fc.assert(
    fc.property(fc.array(item, { maxLength: 6 }), fc.array(fc.nat(80)), (items, cuts) => {
      const bytes = Buffer.concat(
        items.map((one) => (one === 'PING' ? encodeCommand(one, ascii('xy')) : encodeMessage(one))),
      );
      const reader = new FrameReader(1000);
      const messages: unknown[] = [];
      let parts: string[] = [];
      for (let offset = 0, turn = 0; offset < bytes.length; turn++) {
        const length = 1 + (cuts[turn % Math.max(cuts.length, 1)] ?? 1000);
        for (const frame of reader.push(bytes.subarray(offset, offset + length))) {
          if (frame.isCommand) {
            const { name, data } = decodeCommand(frame.body);
            expect(hex(data)).toBe(hex(ascii('xy')));
            messages.push(name);
            continue;
          }
          parts.push(hex(frame.body));
          if (frame.more) continue;
          messages.push(parts);
          parts = [];
        }
        offset += length;
      }
      expect(messages).toEqual(items.map((one) => (one === 'PING' ? one : one.map(hex))));
    }),
  );
});

describe('what makes no sense is refused', () => {
  const read = (bytes: number[]) => [...new FrameReader(10).push(Uint8Array.from(bytes))];

  test('flags nobody knows, frames beyond the limit', () => {
    expect(() => read([0x80, 0])).toThrow('unknown flags');
    expect(() => read([0, 11])).toThrow('a frame of 11 bytes');
    expect(() => read([2, 255, 255, 255, 255, 255, 255, 255, 255])).toThrow(ProtocolError);
    expect(read([0, 10])).toEqual([]);
  });

  test('commands without a name, metadata that ends in the middle', () => {
    expect(() => decodeCommand(Uint8Array.of())).toThrow('without a name');
    expect(() => decodeCommand(Uint8Array.of(5, 65))).toThrow('without a name');
    expect(decodeMetadata(encodeMetadata({ 'Socket-Type': 'SUB', Identity: '' }))).toEqual(
      new Map([
        ['socket-type', 'SUB'],
        ['identity', ''],
      ]),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeMetadata(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});
