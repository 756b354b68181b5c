import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesToHex, hexToBytes } from './bytes.ts';
import type { Txid } from './ids.ts';
import { DecodeError } from './reader.ts';
import { Tx, type TxFields } from './tx.ts';

// The first example of BIP143: one input without, one with a witness.
const BIP143 =
  '01000000000102fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f00000000494830450221008b9d1dc26ba6a9cb62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f9281a99f2b1c0a19c0489bc22ede944ccf4ecbab4cc618ef3ed01eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac000247304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee635711000000';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const txid = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => bytesToHex(b) as Txid);
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const fields: fc.Arbitrary<TxFields> = fc.record({
  version: uint32,
  inputs: fc.array(
    fc.record({
      prevout: fc.record({ txid, vout: uint32 }),
      scriptSig: bytes(40),
      sequence: uint32,
      witness: fc.array(bytes(80), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  outputs: fc.array(
    fc.record({
      value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      scriptPubKey: bytes(300),
    }),
    { maxLength: 4 },
  ),
  locktime: uint32,
});

describe('a known transaction', () => {
  const tx = Tx.decode(hexToBytes(BIP143));

  test('has the ids and sizes everybody agrees on', () => {
    expect(tx.txid).toBe('e8151a2af31c368a35053ddd4bdb285a8595c769a3ad83e0fa02314a602d4609');
    expect(tx.size).toBe(BIP143.length / 2);
    expect(tx.weight).toBe(3 * tx.strippedSize + tx.size);
    expect(tx.txid).not.toBe(tx.wtxid);
    expect(tx.hasWitness).toBe(true);
    expect(tx.locktime).toBe(17);
  });

  test('encodes to the bytes it came from', () => {
    expect(bytesToHex(new Tx(tx).encode())).toBe(BIP143);
  });
});

describe('any transaction', () => {
  test('decodes to what was encoded, with sizes that hold', () => {
    fc.assert(
      fc.property(fields, (given) => {
        const tx = new Tx(given);
        const encoded = tx.encode();
        expect(encoded.length).toBe(tx.size);
        expect(tx.encodeStripped().length).toBe(tx.strippedSize);
        const back = Tx.decode(encoded);
        expect(new Tx(back).encode()).toEqual(encoded);
        expect([back.txid, back.wtxid, back.weight]).toEqual([tx.txid, tx.wtxid, tx.weight]);
        expect(back.wtxid === (back.txid as string)).toBe(!back.hasWitness);
      }),
    );
  });

  test('cut short or prolonged is refused, never half read', () => {
    fc.assert(
      fc.property(
        fields,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (given, part) => {
          const encoded = new Tx(given).encode();
          expect(() => Tx.decode(encoded.subarray(0, Math.floor(part * encoded.length)))).toThrow(
            DecodeError,
          );
          const longer = new Uint8Array(encoded.length + 1);
          longer.set(encoded);
          expect(() => Tx.decode(longer)).toThrow(DecodeError);
        },
      ),
    );
  });

  test('random bytes are decoded or refused with a DecodeError', () => {
    fc.assert(
      fc.property(bytes(200), (noise) => {
        try {
          expect(new Tx(Tx.decode(noise)).encode().length).toBe(noise.length);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});

describe('witness records that bitcoind refuses', () => {
  test('a record that is empty', () => {
    const empty = `02000000000101${'11'.repeat(32)}0000000000ffffffff00${'00'}00000000`;
    expect(() => Tx.decode(hexToBytes(empty))).toThrow('superfluous witness record');
  });

  test('a flag nobody knows', () => {
    expect(() => Tx.decode(hexToBytes(`020000000002${'00'.repeat(60)}`))).toThrow(
      'unknown transaction optional data',
    );
  });

  test('without inputs the same bytes mean two things; the caller chooses', () => {
    const unfunded = new Tx({
      version: 2,
      inputs: [],
      outputs: [{ value: 1n, scriptPubKey: new Uint8Array([0x51]) }],
      locktime: 0,
    });
    expect(() => Tx.decode(unfunded.encode())).toThrow(DecodeError);
    expect(Tx.decodeWithoutWitness(unfunded.encode()).outputs).toHaveLength(1);
  });
});

test('a coinbase is one input that names no output', () => {
  const coinbase = hexToBytes(
    '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0100ffffffff0000000000',
  );
  expect(Tx.decode(coinbase).isCoinbase).toBe(true);
  expect(Tx.decode(hexToBytes(BIP143)).isCoinbase).toBe(false);
});
