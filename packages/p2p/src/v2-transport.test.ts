import { randomBytes as nodeRandom } from 'node:crypto';
import { concatBytes, EMPTY, hexToBytes } from '@coind/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Received, V1Transport } from './transport.ts';
import { decodeContents, encodeContents, MAX_GARBAGE_BYTES, V2Transport } from './v2-transport.ts';

const MAGIC = hexToBytes('fabfb5da');
const randomBytes = (length: number): Uint8Array => new Uint8Array(nodeRandom(length));

function side(initiating: boolean): V2Transport {
  return new V2Transport({ magic: MAGIC, initiating }, { randomBytes });
}

/** Everything `transport` has to send, in one piece. */
function pulled(transport: V2Transport): Uint8Array {
  return concatBytes(...transport.pull());
}

/** Carries bytes to and fro, `chunk` at a time, until nobody has any; what either side received. */
function settle(a: V2Transport, b: V2Transport, chunk = 1 << 20): readonly [Received, Received] {
  const got: [Received, Received] = [
    { messages: [], problems: [] },
    { messages: [], problems: [] },
  ];
  for (let rounds = 0; rounds < 10; rounds++) {
    const carry = (from: V2Transport, to: V2Transport, index: 0 | 1): void => {
      const bytes = pulled(from);
      for (let at = 0; at < bytes.length; at += chunk) {
        const { messages, problems } = to.receive(bytes.subarray(at, at + chunk));
        got[index] = {
          messages: [...got[index].messages, ...messages],
          problems: [...got[index].problems, ...problems],
        };
      }
    };
    carry(a, b, 1);
    carry(b, a, 0);
  }
  return got;
}

test('two nodes meet, agree on a session and exchange messages of both forms', () => {
  const [a, b] = [side(true), side(false)];
  expect([a.kind, b.kind]).toEqual(['detecting', 'detecting']);
  const long = randomBytes(300_000);
  a.send('version', Uint8Array.of(1, 2, 3));
  b.send('ping', EMPTY);
  a.send('tx', long);
  const [atA, atB] = settle(a, b);
  expect(atA.problems).toEqual([]);
  expect(atB.problems).toEqual([]);
  expect(atB.messages.map(({ type }) => type)).toEqual(['version', 'tx']);
  expect(Buffer.compare(atB.messages[1]?.payload ?? EMPTY, long)).toBe(0);
  expect(atA.messages).toEqual([{ type: 'ping', payload: EMPTY, wireBytes: 21 }]);
  expect(a.wireBytes('ping', 0)).toBe(21);
  expect(a.wireBytes('version', 3)).toBe(atB.messages[0]?.wireBytes);
  expect([a.kind, b.kind]).toEqual(['v2', 'v2']);
  expect(a.sessionId).toMatch(/^[0-9a-f]{64}$/);
  expect(a.sessionId).toBe(b.sessionId);
});

test('how the bytes are cut does not matter', () => {
  const message = fc.record({
    type: fc.constantFrom('inv', 'verack', 'feature', 'unknown', 'twelve_bytes'),
    payload: fc.uint8Array({ maxLength: 600 }),
  });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.integer({ min: 1, max: 700 }),
      (sent, n) => {
        const [a, b] = [side(true), side(false)];
        for (const { type, payload } of sent) a.send(type, payload);
        const [, atB] = settle(a, b, n);
        expect(atB.problems).toEqual([]);
        expect(atB.messages.map(({ type, payload }) => ({ type, payload }))).toEqual(sent);
      },
    ),
    { numRuns: 15 },
  );
});

test('a v1 peer is served by v1, its first bytes included', () => {
  const [v1, node] = [new V1Transport(MAGIC), side(false)];
  node.send('version', Uint8Array.of(9));
  v1.send('version', Uint8Array.of(5));
  v1.send('verack', EMPTY);
  const bytes = concatBytes(...v1.pull());
  const before = node.receive(bytes.subarray(0, 10));
  expect([before.messages.length, node.kind, node.pull().length]).toEqual([0, 'detecting', 0]);
  const { messages } = node.receive(bytes.subarray(10));
  expect(messages.map(({ type }) => type)).toEqual(['version', 'verack']);
  expect(node.kind).toBe('v1');
  expect(node.sessionId).toBe('');
  expect(v1.receive(pulled(node)).messages.map(({ type }) => type)).toEqual(['version']);
  expect(node.wireBytes('ping', 8)).toBe(32);
});

test('a v1 peer of another network is told apart from noise', () => {
  const other = new V1Transport(hexToBytes('f9beb4d9'));
  other.send('version', Uint8Array.of(5));
  const { problems } = side(false).receive(concatBytes(...other.pull()));
  expect(problems).toEqual([
    { message: 'V2 transport error: V1 peer with wrong MessageStart f9beb4d9', fatal: true },
  ]);
});

test('garbage without an end is not waited for', () => {
  const node = side(false);
  node.receive(new Uint8Array(64).fill(1));
  expect(node.receive(new Uint8Array(MAX_GARBAGE_BYTES + 15)).problems).toEqual([]);
  expect(node.receive(new Uint8Array(1)).problems).toEqual([
    { message: 'V2 transport error: missing garbage terminator', fatal: true },
  ]);
  expect(node.receive(new Uint8Array(1000))).toEqual({ messages: [], problems: [] });
});

test('a packet that was changed on its way ends the connection', () => {
  const [a, b] = [side(true), side(false)];
  settle(a, b);
  a.send('ping', new Uint8Array(8));
  const bytes = pulled(a);
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
  expect(b.receive(bytes).problems).toEqual([
    { message: 'V2 transport error: packet decryption failure (9 bytes)', fatal: true },
  ]);
});

test('garbage that was changed on its way is noticed', () => {
  const [a, b] = [side(true), side(false)];
  const hello = pulled(a);
  // A fresh hello of the same key with one byte of garbage more.
  b.receive(concatBytes(hello, Uint8Array.of(0)));
  a.receive(pulled(b));
  const { problems } = b.receive(pulled(a));
  expect(problems[0]?.message).toBe('V2 transport error: packet decryption failure (0 bytes)');
});

test('a length nobody allows is refused before its bytes come', () => {
  const [a, b] = [side(true), side(false)];
  settle(a, b);
  a.send('block', new Uint8Array(4_000_013));
  const { problems } = b.receive(pulled(a).subarray(0, 3));
  expect(problems).toEqual([
    { message: 'V2 transport error: packet too large (4000014 bytes)', fatal: true },
  ]);
});

test('contents without a type are dropped, not fatal', () => {
  expect(decodeContents(EMPTY)).toBeUndefined();
  expect(decodeContents(Uint8Array.of(38))).toBeUndefined();
  expect(decodeContents(new Uint8Array(12))).toBeUndefined();
  expect(decodeContents(encodeContents('a\x01', EMPTY))).toBeUndefined();
  expect(decodeContents(encodeContents('a\0b', EMPTY))).toBeUndefined();
  const [a, b] = [side(true), side(false)];
  settle(a, b);
  a.send('a\x01', EMPTY);
  a.send('ping', EMPTY);
  const { messages, problems } = b.receive(pulled(a));
  expect(messages.map(({ type }) => type)).toEqual(['ping']);
  expect(problems).toEqual([
    {
      message: 'V2 transport error: invalid message type (13 bytes contents)',
      fatal: false,
      wireBytes: 33,
    },
  ]);
});

test('bitcoind’s numbers of message types', () => {
  expect(encodeContents('addr', EMPTY)).toEqual(Uint8Array.of(1));
  expect(encodeContents('addrv2', EMPTY)).toEqual(Uint8Array.of(28));
  expect(encodeContents('feature', EMPTY)).toEqual(Uint8Array.of(37));
  expect(encodeContents('verack', Uint8Array.of(7)).length).toBe(14);
});

test('v1 is tried again only after a silent goodbye', () => {
  const [silent, answered] = [side(true), side(true)];
  expect(silent.shouldRetryV1).toBe(false);
  silent.pull();
  answered.pull();
  answered.receive(Uint8Array.of(1));
  expect([silent.shouldRetryV1, answered.shouldRetryV1]).toEqual([true, false]);
  expect(side(false).shouldRetryV1).toBe(false);
});

test('noise of any kind breaks nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 4 }), (pieces) => {
      const node = side(false);
      for (const piece of pieces) node.receive(piece);
      expect(node.pull().length).toBeLessThan(4);
    }),
    { numRuns: 30 },
  );
});
