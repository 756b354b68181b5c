import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bytesToHex, DecodeError, hexToBytes, Reader } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodePayload,
  encodePayload,
  formatInventory,
  type Inventory,
  isBlockInventory,
  isTxInventory,
  type MessageType,
  messages,
  NO_ADDRESS,
  type Payload,
  sanitize,
} from './messages.ts';

const networksFile = fileURLToPath(
  new URL('../../../../shared/spec/networks.json', import.meta.url),
);

function readNetworks() {
  try {
    return JSON.parse(readFileSync(networksFile, 'utf8'));
  } catch {
    return undefined;
  }
}

const networks = readNetworks();
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytesToHex(bytes));
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const port = fc.integer({ min: 0, max: 65535 });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

function roundTrip<T extends MessageType>(type: T, value: Payload<T>): Payload<T> {
  const reader = new Reader(encodePayload(type, value));
  const decoded = decodePayload(type, reader);
  expect(reader.left).toBe(0);
  return decoded;
}

describe('payloads come back as they were written', () => {
  test('version', () => {
    const version = {
      version: 70017,
      services: 0xc09n,
      time: 1_700_000_000,
      receiver: { ...NO_ADDRESS, services: 1n },
      nonce: 0x0123456789abcdefn,
      userAgent: '/coind:0.1.0(a; b)/',
      startHeight: 5,
      relay: false,
    };
    expect(roundTrip('version', version)).toEqual(version);
  });

  test('inventories', () => {
    const item = fc.record({ type: fc.integer({ min: 0, max: 0xffffffff }), hash });
    fc.assert(
      fc.property(fc.array(item), (items: Inventory[]) => {
        expect(roundTrip('inv', items)).toEqual(items);
      }),
    );
  });

  test('addresses, in both forms', () => {
    const record = fc.record({
      time: fc.integer({ min: 0, max: 0xffffffff }),
      services: u64,
      networkId: fc.constant(1),
      bytes: bytes(4),
      port,
    });
    fc.assert(
      fc.property(fc.array(record), (records) => {
        expect(roundTrip('addr', records)).toEqual(records);
        expect(roundTrip('addrv2', records)).toEqual(records);
      }),
    );
  });

  test('networks that only addrv2 has', () => {
    const onion = { time: 1, services: 9n, networkId: 4, bytes: new Uint8Array(32), port: 1 };
    const unknown = { time: 1, services: 9n, networkId: 99, bytes: new Uint8Array(7), port: 1 };
    expect(roundTrip('addrv2', [onion, unknown])).toEqual([onion, unknown]);
  });
});

describe('what is refused', () => {
  const decode = (type: MessageType, hex: string) => () =>
    decodePayload(type, new Reader(hexToBytes(hex)));

  test('a truncated payload of any type', () => {
    for (const type of Object.keys(messages) as MessageType[]) {
      if (['version', 'inv', 'headers', 'addr', 'getheaders', 'cfilter'].includes(type)) {
        expect(decode(type, '01'), type).toThrow(DecodeError);
      }
    }
  });

  test('an address of the wrong length, and one that is too long', () => {
    expect(decode('addrv2', '01000000000101050000000000208d')).toThrow(
      'BIP155 IPv4 address with length 5 (should be 4)',
    );
    expect(decode('addrv2', '01000000000163fd0102')).toThrow('Address too long: 513 > 512');
  });

  test('any bytes at all end in a value or a DecodeError', () => {
    const types = fc.constantFrom(...(Object.keys(messages) as MessageType[]));
    fc.assert(
      fc.property(types, fc.uint8Array({ maxLength: 300 }), (type, payload) => {
        try {
          decodePayload(type, new Reader(payload));
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('a version of the past lacks what came later', () => {
  const whole = encodePayload('version', {
    version: 106,
    services: 1n,
    time: 1,
    receiver: { ...NO_ADDRESS, services: 0n },
    nonce: 7n,
    userAgent: '',
    startHeight: 3,
    relay: false,
  });
  const short = decodePayload('version', new Reader(whole.subarray(0, 46)));
  expect(short).toMatchObject({ nonce: 1n, userAgent: '', startHeight: -1, relay: true });
});

test('ping of an old peer has no nonce', () => {
  expect(decodePayload('ping', new Reader(new Uint8Array(0)))).toBeUndefined();
  expect(roundTrip('pong', 5n)).toBe(5n);
});

test('inventories are told apart and printed', () => {
  const item = (type: number) => ({ type, hash: 'ab' });
  expect([1, 5, 0x40000001].map((type) => isTxInventory(item(type)))).toEqual([true, true, true]);
  expect([2, 3, 4, 0x40000002].every((type) => isBlockInventory(item(type)))).toBe(true);
  expect(formatInventory(item(0x40000002))).toBe('witness-block ab');
  expect(formatInventory(item(9))).toBe('0x00000009 ab');
});

test('text of peers is cleaned', () => {
  expect(sanitize('/a\n<b>:1/')).toBe('/ab:1/');
});

test('what bitcoind sent on the wire', ({ skip }) => {
  if (!networks) return skip('the recordings of bitcoind are not here');
  for (const { received } of networks.p2p.exchanges_v1) {
    for (const [type, hex] of received) {
      const reader = new Reader(hexToBytes(hex));
      const value = decodePayload(type as MessageType, reader);
      expect(bytesToHex(encodePayload(type as MessageType, value))).toBe(hex);
    }
  }
});
