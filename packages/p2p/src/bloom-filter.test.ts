import {
  Block,
  BlockHeader,
  bytesToHex,
  hexToBytes,
  hexToHash,
  merkleRoot,
  provenTxs,
  Reader,
  readMerkleBlock,
  SEQUENCE_FINAL,
  Tx,
  type Txid,
  ZERO_HASH,
} from '@coind/primitives';
import { buildScript, multisig, p2pk, p2pkh } from '@coind/script';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BloomFilter, filterUpdates, murmur3 } from './bloom-filter.ts';

const all = { tweak: 0, flags: filterUpdates.ALL };
const HASH = hexToBytes('99108ad8ed9bb6274d3980bab5a85c048f0950c8');
const KEY = hexToBytes(`02${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'}`);

test.each([
  [0x00000000, 0, ''],
  [0x6a396f08, 0xfba4c795, ''],
  [0x81f16f39, 0xffffffff, ''],
  [0x514e28b7, 0, '00'],
  [0xea3f0b17, 0xfba4c795, '00'],
  [0xfd6cf10d, 0, 'ff'],
  [0x16c6b7ab, 0, '0011'],
  [0x8eb51c3d, 0, '001122'],
  [0xb4471bf8, 0, '00112233'],
  [0xe2301fa8, 0, '0011223344'],
  [0xfc2e4a15, 0, '001122334455'],
  [0xb074502c, 0, '00112233445566'],
  [0x8034d2a0, 0, '0011223344556677'],
  [0xb4698def, 0, '001122334455667788'],
])('murmur3 gives %i for seed %i and %s', (hash, seed, hex) => {
  expect(murmur3(seed, hexToBytes(hex))).toBe(hash);
});

describe('bitcoind’s examples', () => {
  test.each([
    [0, '03614e9b050000000000000001'],
    [2147483649, '03ce4299050000000100008001'],
  ])('three hashes with tweak %i', (tweak, expected) => {
    const filter = BloomFilter.sizedFor(3, 0.01, { tweak, flags: filterUpdates.ALL });
    expect(filter.has(HASH)).toBe(false);
    filter.insert(HASH);
    expect(filter.has(HASH)).toBe(true);
    expect(filter.has(hexToBytes('19108ad8ed9bb6274d3980bab5a85c048f0950c8'))).toBe(false);
    filter.insert(hexToBytes('b5a2c786d9ef4658287ced5914b37a1b4aa32eee'));
    filter.insert(hexToBytes('b9300670b4c5366e95b2699e8b18bc75e5f729c5'));
    expect(bytesToHex(filter.encode())).toBe(expected);
    expect(bytesToHex(BloomFilter.decode(filter.encode()).encode())).toBe(expected);
  });
});

function txOf(
  outputs: readonly Uint8Array[],
  prevout = { txid: 'ab'.repeat(32) as Txid, vout: 1 },
  scriptSig: Uint8Array = new Uint8Array(0),
): Tx {
  return new Tx({
    version: 1,
    inputs: [{ prevout, scriptSig, sequence: SEQUENCE_FINAL, witness: [] }],
    outputs: outputs.map((scriptPubKey, i) => ({ value: BigInt(i), scriptPubKey })),
    locktime: 0,
  });
}

function filterOf(data: Uint8Array, flags: number = filterUpdates.ALL): BloomFilter {
  const filter = BloomFilter.sizedFor(10, 0.000001, { tweak: 7, flags });
  filter.insert(data);
  return filter;
}

describe('a transaction matches', () => {
  const pays = txOf([p2pkh(new Uint8Array(20).fill(1)), p2pkh(HASH)]);

  test('by its id', () => {
    expect(filterOf(hexToHash(pays.txid)).matchesAndUpdates(pays)).toBe(true);
  });

  test('by what an output pays to, by what it spends, by what a scriptSig holds', () => {
    expect(filterOf(HASH).matchesAndUpdates(pays)).toBe(true);
    const outpoint = new Uint8Array(36).fill(0xab);
    outpoint.set([1, 0, 0, 0], 32);
    expect(filterOf(outpoint).matchesAndUpdates(pays)).toBe(true);
    const reveals = txOf([], undefined, buildScript([KEY]));
    expect(filterOf(KEY).matchesAndUpdates(reveals)).toBe(true);
  });

  test('not by anything else, and not by bytes behind a script that breaks off', () => {
    expect(filterOf(Uint8Array.of(5)).matchesAndUpdates(pays)).toBe(false);
    const broken = txOf([Uint8Array.of(0x4c, 0xff, ...HASH)]);
    expect(filterOf(HASH).matchesAndUpdates(broken)).toBe(false);
  });

  test('an empty filter wants everything', () => {
    const filter = new BloomFilter({ ...all, bits: new Uint8Array(0), hashCount: 5 });
    filter.insert(HASH);
    expect(filter.has(KEY)).toBe(true);
    expect(filter.matchesAndUpdates(pays)).toBe(true);
  });

  test.each([
    [filterUpdates.NONE, p2pkh(HASH), HASH, false],
    [filterUpdates.ALL, p2pkh(HASH), HASH, true],
    [filterUpdates.PUBKEY_ONLY, p2pkh(HASH), HASH, false],
    [filterUpdates.PUBKEY_ONLY, p2pk(KEY), KEY, true],
    [filterUpdates.PUBKEY_ONLY, multisig(1, [KEY]), KEY, true],
  ])('flags %i decide whether what spends it matches too (%#)', (flags, script, data, expected) => {
    const filter = filterOf(data, flags);
    const first = txOf([script]);
    const spends = txOf([], { txid: first.txid, vout: 0 });
    expect(filter.matchesAndUpdates(spends)).toBe(false);
    expect(filter.matchesAndUpdates(first)).toBe(true);
    expect(filter.matchesAndUpdates(spends)).toBe(expected);
  });
});

test('a filtered block proves the transactions that match, spenders in the same block too', () => {
  const pays = txOf([p2pkh(HASH)]);
  const spends = txOf([], { txid: pays.txid, vout: 0 });
  const others = Array.from({ length: 9 }, (_, i) => txOf([Uint8Array.of(0x51 + i)]));
  const txs = [...others, pays, spends];
  const { root } = merkleRoot(txs.map(({ txid }) => txid));
  const header = new BlockHeader({
    version: 4,
    prevHash: ZERO_HASH,
    merkleRoot: root,
    time: 1,
    bits: 0x207fffff,
    nonce: 0,
  });
  const { message, matched } = filterOf(HASH).merkleBlockOf(new Block(header, txs));
  expect(matched).toEqual([pays, spends]);
  const proof = readMerkleBlock(new Reader(message));
  expect(provenTxs(proof)).toEqual([pays.txid, spends.txid]);
});

test('limits', () => {
  const sized = (bytes: number, hashCount: number) =>
    new BloomFilter({ ...all, bits: new Uint8Array(bytes), hashCount }).isWithinLimits;
  expect([sized(36_000, 50), sized(36_001, 50), sized(1, 51)]).toEqual([true, false, false]);
  expect(BloomFilter.sizedFor(1e9, 1e-9, all).isWithinLimits).toBe(true);
});

test('what was inserted is always found', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 1, maxLength: 20 }),
      fc.nat(0xffffffff),
      (items, tweak) => {
        const filter = BloomFilter.sizedFor(items.length, 0.01, { tweak, flags: 0 });
        for (const item of items) filter.insert(item);
        expect(items.every((item) => filter.has(item))).toBe(true);
      },
    ),
  );
});
