import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockHeader } from './block.ts';
import { bytesToHex, hexToBytes } from './bytes.ts';
import { sha256d } from './hash.ts';
import { hashToHex, type Txid, ZERO_HASH } from './ids.ts';
import { merkleRoot } from './merkle.ts';
import { encodeMerkleBlock, provenTxs, proveTxs, readMerkleBlock } from './merkle-proof.ts';
import { Reader } from './reader.ts';

function txidsOf(count: number): Txid[] {
  return Array.from({ length: count }, (_, i) =>
    hashToHex<Txid>(sha256d(Uint8Array.of(i & 0xff, i >> 8))),
  );
}

function headerOver(txids: readonly Txid[]): BlockHeader {
  return new BlockHeader({
    version: 1,
    prevHash: ZERO_HASH,
    merkleRoot: merkleRoot(txids).root,
    time: 0,
    bits: 0x207fffff,
    nonce: 0,
  });
}

const txidSets = fc
  .integer({ min: 1, max: 40 })
  .chain((count) =>
    fc.tuple(fc.constant(txidsOf(count)), fc.subarray(Array.from({ length: count }, (_, i) => i))),
  );

test('proves exactly what was asked for, in the order of the block', () => {
  fc.assert(
    fc.property(txidSets, ([txids, picks]) => {
      const wanted = picks.map((i) => txids[i] as Txid);
      const proof = proveTxs(headerOver(txids), txids, new Set(wanted));
      const copy = readMerkleBlock(new Reader(encodeMerkleBlock(proof)));
      expect(provenTxs(copy)).toEqual(wanted);
    }),
  );
});

test('one changed byte of any hash proves nothing', () => {
  const txids = txidsOf(7);
  const proof = proveTxs(headerOver(txids), txids, new Set([txids[3] as Txid]));
  for (const [i, hash] of proof.hashes.entries()) {
    const hashes = [...proof.hashes];
    hashes[i] = Uint8Array.from(hash, (byte, at) => (at === 5 ? byte ^ 1 : byte));
    expect(provenTxs({ ...proof, hashes })).toBeUndefined();
  }
});

test('parts that are missing or left over, and impossible counts, prove nothing', () => {
  const txids = txidsOf(5);
  const proof = proveTxs(headerOver(txids), txids, new Set([txids[0] as Txid]));
  const { hashes, flags } = proof;
  expect(provenTxs({ ...proof, hashes: hashes.slice(1) })).toBeUndefined();
  expect(provenTxs({ ...proof, hashes: [...hashes, hashes[0] as Uint8Array] })).toBeUndefined();
  expect(provenTxs({ ...proof, flags: new Uint8Array(0) })).toBeUndefined();
  expect(provenTxs({ ...proof, flags: Uint8Array.of(...flags, 0) })).toBeUndefined();
  expect(provenTxs({ ...proof, txCount: 0 })).toBeUndefined();
  expect(provenTxs({ ...proof, txCount: 0xffffffff })).toBeUndefined();
});

test('a tree whose halves are equal proves nothing (CVE-2012-2459)', () => {
  const [a] = txidsOf(1) as [Txid];
  const twice = [a, a];
  const proof = proveTxs(headerOver(twice), twice, new Set([a]));
  expect(provenTxs(proof)).toBeUndefined();
});

test('is written as bitcoind writes it', () => {
  const recorded =
    '000000208b30c262bd66ca8babbcfd1823875db12309435331f8da0aa6598fd8b20885391015ad3b56d0d6fbca3477a259ccaf69825916d60c393c64ea973c40708c51b213f15365ffff7f2001000000020000000236062570b6a8ed201ff7b9a94b34899356a076a0b6646a618fb6969d2ef7f05dd550023869560da8a222575cbf62b9183b148b55a0fc390eb9bdd411dd17b9ad0105';
  const proof = readMerkleBlock(new Reader(hexToBytes(recorded)));
  const proven = provenTxs(proof) as Txid[];
  expect(proven).toHaveLength(1);
  const txids = proof.hashes.map((hash) => hashToHex<Txid>(hash));
  expect(bytesToHex(encodeMerkleBlock(proveTxs(proof.header, txids, new Set(proven))))).toBe(
    recorded,
  );
});
