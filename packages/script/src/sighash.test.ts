import { bytesToHex, EMPTY, hexToBytes, SEQUENCE_FINAL, Tx, type Txid } from '@coind/primitives';
import * as bitcoin from 'bitcoinjs-lib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HashType, PrecomputedTx, sighashLegacy, sighashTaproot, sighashV0 } from './sighash.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const value = fc.bigInt({ min: 0n, max: 21_000_000_00000000n });
const output = fc.record({ value, scriptPubKey: bytes(80) });
const transaction = fc
  .record({
    version: fc.integer({ min: 1, max: 3 }),
    inputs: fc.array(
      fc.record({
        prevout: fc.record({ txid: digest.map((hash) => bytesToHex(hash) as Txid), vout: uint32 }),
        scriptSig: bytes(20),
        sequence: uint32,
        witness: fc.constant([]),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    outputs: fc.array(output, { minLength: 1, maxLength: 4 }),
    locktime: uint32,
  })
  .map((fields) => new Tx(fields));
/** An output of the length for which bitcoinjs-lib can hash ANYONECANPAY in taproot. */
const taprootOutput = fc.record({
  value,
  scriptPubKey: fc.uint8Array({ minLength: 34, maxLength: 34 }),
});
const spending = transaction.chain((tx) =>
  fc.record({
    tx: fc.constant(tx),
    inputIndex: fc.nat({ max: tx.inputs.length - 1 }),
    spent: fc.array(taprootOutput, { minLength: tx.inputs.length, maxLength: tx.inputs.length }),
  }),
);
const hashType = fc.constantFrom(1, 2, 3, 0x81, 0x82, 0x83);

/** Opcodes that push nothing: what every library reads in one way. */
const plainScript = fc
  .array(fc.integer({ min: 0x61, max: 0xb9 }), { maxLength: 60 })
  .map((opcodes) => new Uint8Array(opcodes));

/** The same transaction as bitcoinjs-lib has it. */
const peer = (tx: Tx) => bitcoin.Transaction.fromBuffer(tx.encode());

describe('signature hashes agree with bitcoinjs-lib', () => {
  test('before segwit', () => {
    fc.assert(
      fc.property(spending, plainScript, fc.oneof(hashType, uint32), (given, script, type) => {
        const { tx, inputIndex } = given;
        const int32 = type | 0;
        const ours = sighashLegacy(new PrecomputedTx(tx), inputIndex, script, int32);
        // It takes scripts apart to remove OP_CODESEPARATOR, and puts them together the shortest way.
        const ops = bitcoin.script.decompile(script);
        if (script.includes(0xab) || !ops) return;
        if (bytesToHex(bitcoin.script.compile(ops)) !== bytesToHex(script)) return;
        // It writes the number one of SINGLE without its output the other way round.
        if ((int32 & 0x1f) === HashType.SINGLE && inputIndex >= tx.outputs.length) return;
        expect(bytesToHex(ours)).toBe(
          bytesToHex(peer(tx).hashForSignature(inputIndex, script, int32)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('in segwit v0', () => {
    fc.assert(
      fc.property(spending, bytes(60), hashType, value, (given, script, type, amount) => {
        const { tx, inputIndex } = given;
        const ours = sighashV0(new PrecomputedTx(tx), inputIndex, script, amount, type);
        expect(bytesToHex(ours)).toBe(
          bytesToHex(peer(tx).hashForWitnessV0(inputIndex, script, amount, type)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('in taproot, by key and by script', () => {
    const context = fc.record({ leafHash: digest }, { requiredKeys: [] });
    fc.assert(
      fc.property(spending, fc.oneof(fc.constant(0), hashType), context, (given, type, leaf) => {
        const { tx, inputIndex, spent } = given;
        const ours = sighashTaproot(new PrecomputedTx(tx, spent), inputIndex, type, leaf);
        if ((type & 3) === HashType.SINGLE && inputIndex >= tx.outputs.length) {
          expect(ours).toBeUndefined();
          return;
        }
        const theirs = peer(tx).hashForWitnessV1(
          inputIndex,
          spent.map(({ scriptPubKey }) => scriptPubKey),
          spent.map((coin) => coin.value),
          type,
          leaf.leafHash,
        );
        expect(bytesToHex(ours ?? EMPTY)).toBe(bytesToHex(theirs));
      }),
      { numRuns: 300 },
    );
  });
});

describe('signature hashes', () => {
  const tx = new Tx({
    version: 2,
    inputs: [0, 1].map((vout) => ({
      prevout: { txid: '11'.repeat(32) as Txid, vout },
      scriptSig: EMPTY,
      sequence: SEQUENCE_FINAL,
      witness: [],
    })),
    outputs: [{ value: 1n, scriptPubKey: EMPTY }],
    locktime: 0,
  });
  const spent = [tx.outputs[0], tx.outputs[0]].map((coin) => ({ ...coin, value: 2n })) as {
    value: bigint;
    scriptPubKey: Uint8Array;
  }[];

  test('SINGLE without its output is the number one, before segwit', () => {
    const one = `01${'00'.repeat(31)}`;
    expect(bytesToHex(sighashLegacy(new PrecomputedTx(tx), 1, EMPTY, 3))).toBe(one);
    expect(bytesToHex(sighashLegacy(new PrecomputedTx(tx), 0, EMPTY, 3))).not.toBe(one);
  });

  test('code separators are left out before segwit, wherever they are opcodes', () => {
    const precomputed = new PrecomputedTx(tx);
    const hash = (hex: string) => bytesToHex(sighashLegacy(precomputed, 0, hexToBytes(hex), 1));
    expect(hash('ab51ab52ab')).toBe(hash('5152'));
    expect(hash('01ab51')).not.toBe(hash('0151'));
  });

  test('taproot refuses hash types without a meaning', () => {
    const precomputed = new PrecomputedTx(tx, spent);
    for (const type of [4, 0x80, 0x84, 0xff]) {
      expect(sighashTaproot(precomputed, 0, type)).toBeUndefined();
    }
  });

  test('every part of the context changes the taproot hash', () => {
    const precomputed = new PrecomputedTx(tx, spent);
    const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const hashes = [
      {},
      { annexHash: a },
      { annexHash: b },
      { leafHash: a },
      { leafHash: b },
      { leafHash: a, annexHash: a },
      { leafHash: a, codeSeparatorPosition: 0 },
      { leafHash: a, codeSeparatorPosition: 1 },
    ].map((context) => bytesToHex(sighashTaproot(precomputed, 0, 0, context) ?? EMPTY));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('taproot cannot be hashed without the spent outputs', () => {
    expect(() => sighashTaproot(new PrecomputedTx(tx), 0, 0)).toThrow('spent outputs');
    expect(() => new PrecomputedTx(tx, [])).toThrow(RangeError);
  });
});
