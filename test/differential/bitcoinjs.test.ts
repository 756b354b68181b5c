/**
 * A second opinion: a thousand generated transactions and blocks, and every kind of signature hash, must come
 * out of our codecs and sighashes exactly as bitcoinjs-lib has them. The seed is fixed; a failure prints its
 * transaction.
 */
import {
  Block,
  type BlockHash,
  BlockHeader,
  bytesToHex,
  hashToHex,
  merkleRoot,
  Tx,
  type TxFields,
  type Txid,
} from '@coind/primitives';
import {
  buildScript,
  OP,
  PrecomputedTx,
  p2pkh,
  sighashLegacy,
  sighashTaproot,
  sighashV0,
} from '@coind/script';
import * as bitcoin from 'bitcoinjs-lib';
import { describe, expect, test } from 'vitest';

/** xorshift32: enough chance for test data, the same on every machine. */
function randomSource(seed: number) {
  let state = seed;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const below = (limit: number) => next() % limit;
  const bytes = (length: number) => Uint8Array.from({ length }, () => next() & 0xff);
  return { next, below, bytes };
}

const random = randomSource(0xc01d);

function randomInput() {
  const witness = Array.from({ length: random.below(4) }, () => random.bytes(random.below(110)));
  return {
    prevout: { txid: hashToHex<Txid>(random.bytes(32)), vout: random.below(10) },
    scriptSig: random.bytes(random.below(3) * random.below(150)),
    sequence: random.below(2) ? 0xffffffff : random.next(),
    witness: random.below(2) ? witness : [],
  };
}

function randomTx(): TxFields {
  return {
    // bitcoinjs-lib keeps versions as signed numbers; we print bitcoind's unsigned ones.
    version: 1 + random.below(3),
    inputs: Array.from({ length: 1 + random.below(5) }, randomInput),
    outputs: Array.from({ length: 1 + random.below(5) }, () => ({
      value: BigInt(random.next()) * BigInt(1 + random.below(400_000)),
      scriptPubKey: random.bytes(random.below(270)),
    })),
    locktime: random.below(2) ? 0 : random.next(),
  };
}

const txs = Array.from({ length: 1000 }, () => new Tx(randomTx()));
const theirs = (tx: Tx) => bitcoin.Transaction.fromBuffer(tx.encode());

test('1,000 transactions: bytes, txid, wtxid, sizes and weight', () => {
  for (const tx of txs) {
    const other = theirs(tx);
    expect(bytesToHex(other.toBuffer())).toBe(bytesToHex(tx.encode()));
    expect(other.getId()).toBe(tx.txid);
    expect(hashToHex(other.getHash(true))).toBe(tx.wtxid);
    expect([other.byteLength(), other.byteLength(false)]).toEqual([tx.size, tx.strippedSize]);
    expect([other.weight(), other.virtualSize()]).toEqual([tx.weight, tx.vsize]);
  }
});

test('1,000 transactions built there decode here', () => {
  for (const tx of txs) {
    const built = new bitcoin.Transaction();
    built.version = tx.version;
    built.locktime = tx.locktime;
    for (const { prevout, scriptSig, sequence, witness } of tx.inputs) {
      const hash = new Uint8Array(Buffer.from(prevout.txid, 'hex')).reverse();
      const index = built.addInput(hash, prevout.vout, sequence, scriptSig);
      built.setWitness(index, [...witness]);
    }
    for (const { scriptPubKey, value } of tx.outputs) built.addOutput(scriptPubKey, value);
    const decoded = Tx.decode(built.toBuffer());
    expect(decoded.wtxid).toBe(tx.wtxid);
  }
});

test('1,000 blocks: bytes, hash, merkle root and weight', () => {
  for (let i = 0; i < 1000; i++) {
    const first = random.below(txs.length - 8);
    const some = txs.slice(first, first + 1 + random.below(7));
    const header = new BlockHeader({
      version: random.next() | 0,
      prevHash: hashToHex<BlockHash>(random.bytes(32)),
      merkleRoot: merkleRoot(some.map((tx) => tx.txid)).root,
      time: random.next(),
      bits: random.next(),
      nonce: random.next(),
    });
    const block = new Block(header, some);
    const other = bitcoin.Block.fromBuffer(block.encode());
    expect(bytesToHex(other.toBuffer())).toBe(bytesToHex(block.encode()));
    expect(other.getId()).toBe(block.hash);
    expect(other.weight()).toBe(block.weight);
    const root = bitcoin.Block.calculateMerkleRoot(other.transactions ?? []);
    expect(hashToHex(root)).toBe(block.header.merkleRoot);
    expect(Block.decode(other.toBuffer()).hash).toBe(block.hash);
  }
});

describe('signature hashes of 1,000 transactions', () => {
  const kinds = [0x01, 0x02, 0x03, 0x81, 0x82, 0x83];
  const scriptCode = p2pkh(new Uint8Array(20).fill(7));
  const withSeparator = buildScript([OP.OP_1, OP.OP_CODESEPARATOR, OP.OP_CHECKSIG]);

  test.each(kinds)('legacy, hash type 0x%s', (hashType) => {
    for (const tx of txs) {
      const precomputed = new PrecomputedTx(tx);
      for (const [script, index] of [
        [scriptCode, 0],
        [withSeparator, tx.inputs.length - 1],
      ] as const) {
        const ours = bytesToHex(sighashLegacy(precomputed, index, script, hashType));
        if ((hashType & 31) === 3 && index >= tx.outputs.length) {
          // SINGLE without its output signs the number one. bitcoind holds it little-endian and checks
          // signatures of those bytes; bitcoinjs-lib writes it big-endian, so here it is no measure.
          expect(ours).toBe(`01${'00'.repeat(31)}`);
          continue;
        }
        expect(ours).toBe(bytesToHex(theirs(tx).hashForSignature(index, script, hashType)));
      }
    }
  });

  test.each(kinds)('segwit v0, hash type 0x%s', (hashType) => {
    for (const tx of txs) {
      const index = tx.inputs.length - 1;
      expect(
        bytesToHex(sighashV0(new PrecomputedTx(tx), index, scriptCode, 123_456_789n, hashType)),
      ).toBe(bytesToHex(theirs(tx).hashForWitnessV0(index, scriptCode, 123_456_789n, hashType)));
    }
  });

  test.each([0x00, ...kinds])('taproot key path, hash type 0x%s', (hashType) => {
    for (const tx of txs) {
      const spent = tx.inputs.map((_, i) => ({
        value: BigInt(i) * 1000n,
        scriptPubKey: buildScript([OP.OP_1, new Uint8Array(32).fill(i + 1)]),
      }));
      const index = tx.inputs.length - 1;
      const ours = sighashTaproot(new PrecomputedTx(tx, spent), index, hashType);
      if ((hashType & 3) === 3 && index >= tx.outputs.length) {
        // SINGLE without its output: BIP341 makes such a signature invalid.
        expect(ours).toBeUndefined();
        continue;
      }
      const scripts = spent.map(({ scriptPubKey }) => scriptPubKey);
      const values = spent.map(({ value }) => value);
      expect(bytesToHex(ours as Uint8Array)).toBe(
        bytesToHex(theirs(tx).hashForWitnessV1(index, scripts, values, hashType)),
      );
    }
  });
});
