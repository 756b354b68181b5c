import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ascii, encodeCommand, encodeMessage, encodeMetadata, ProtocolError } from './frames.ts';
import { greeting, Subscriber } from './subscriber.ts';

const ready = (type: string) => encodeCommand('READY', encodeMetadata({ 'Socket-Type': type }));
const READY = Buffer.from(ready('PUB'));

/** Somebody who has shaken hands. */
function subscribed(): Subscriber {
  const subscriber = new Subscriber();
  subscriber.receive(Buffer.concat([greeting(), ready('SUB')]));
  return subscriber;
}

const subscribe = (topic: string) => encodeMessage([Uint8Array.of(1, ...ascii(topic))]);
const cancel = (topic: string) => encodeMessage([Uint8Array.of(0, ...ascii(topic))]);

describe('the handshake', () => {
  test('a greeting is answered with READY, and the READY of a subscriber ends it', () => {
    for (const type of ['SUB', 'XSUB']) {
      const subscriber = new Subscriber();
      expect(subscriber.receive(greeting())).toEqual([new Uint8Array(READY)]);
      expect(subscriber.isReady).toBe(false);
      expect(subscriber.receive(ready(type))).toEqual([]);
      expect(subscriber.isReady).toBe(true);
    }
  });

  test('byte for byte it comes to the same', () => {
    const subscriber = new Subscriber();
    const answers: Uint8Array[] = [];
    for (const byte of Buffer.concat([greeting(), ready('SUB'), subscribe('a')])) {
      answers.push(...subscriber.receive(Uint8Array.of(byte)));
    }
    expect(answers).toHaveLength(1);
    expect(subscriber.wants('abc')).toBe(true);
  });

  const changed = (at: number, value: number) => {
    const bytes = greeting();
    bytes[at] = value;
    return bytes;
  };
  test.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n'), 'no greeting'],
    ['a bad signature', changed(9, 0), 'no greeting'],
    ['ZMTP 2', changed(10, 1), 'before ZMTP 3'],
    ['CURVE', changed(12, 0x43), 'another mechanism'],
    ['another kind of socket', Buffer.concat([greeting(), ready('PULL')]), 'of type PULL'],
    ['a message at once', Buffer.concat([greeting(), subscribe('a')]), 'instead of READY'],
    ['an error', Buffer.concat([greeting(), encodeCommand('ERROR', ascii('x'))]), 'ERROR'],
  ])('%s is sent away', (_what, bytes, reason) => {
    expect(() => new Subscriber().receive(bytes)).toThrow(reason);
  });
});

describe('subscriptions', () => {
  test('are prefixes, counted, as messages and as commands', () => {
    const subscriber = subscribed();
    expect(subscriber.wants('hashtx')).toBe(false);
    subscriber.receive(subscribe('hash'));
    subscriber.receive(encodeCommand('SUBSCRIBE', ascii('hash')));
    expect(subscriber.wants('hashtx')).toBe(true);
    expect(subscriber.wants('rawtx')).toBe(false);
    subscriber.receive(cancel('hash'));
    expect(subscriber.wants('hashtx')).toBe(true);
    subscriber.receive(encodeCommand('CANCEL', ascii('hash')));
    expect(subscriber.wants('hashtx')).toBe(false);
    subscriber.receive(subscribe(''));
    expect(subscriber.wants('anything')).toBe(true);
  });

  test('a heartbeat is answered with what it said', () => {
    const ping = encodeCommand('PING', Uint8Array.of(0, 10, ...ascii('still there?')));
    expect(subscribed().receive(ping)).toEqual([encodeCommand('PONG', ascii('still there?'))]);
  });

  test('too many of them are too many', () => {
    const subscriber = subscribed();
    expect(() => {
      for (let i = 0; i < 2000; i++) subscriber.receive(subscribe(`${i}`));
    }).toThrow('too many subscriptions');
  });
});

test('no bytes do anything but an answer or a refusal', () => {
  const start = Buffer.concat([greeting(), ready('SUB')]);
  fc.assert(
    fc.property(fc.boolean(), fc.uint8Array({ maxLength: 200 }), (greeted, bytes) => {
      const subscriber = new Subscriber();
      if (greeted) subscriber.receive(start);
      try {
        subscriber.receive(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
  );
});
