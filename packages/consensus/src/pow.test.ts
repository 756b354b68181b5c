import {
  Block,
  type BlockHash,
  BlockHeader,
  chainNames,
  chainParams,
  decodeBits,
  encodeBits,
  hexToBytes,
  Tx,
  ZERO_HASH,
} from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headerContextOf } from './header-context.ts';
import {
  checkProofOfWork,
  hasProofOfWork,
  isPossibleTransition,
  nextBits,
  retargetBits,
  retargetInterval,
  targetOf,
} from './pow.ts';
import { MiniChain, readShared, withTxs } from './test-support/mini-chain.ts';

const main = chainParams('main')!;
const testnet3 = chainParams('test')!;
const testnet4 = chainParams('testnet4')!;
const regtest = chainParams('regtest')!;

function headerAt(time: number, bits: number): BlockHeader {
  const merkleRoot = '0'.repeat(64);
  return new BlockHeader({ version: 4, prevHash: ZERO_HASH, merkleRoot, time, bits, nonce: 0 });
}

/** A branch of `count` headers ten minutes apart, all with `bits` unless `bitsAt` says otherwise. */
function branch(count: number, bits: number, bitsAt: Readonly<Record<number, number>> = {}) {
  const headers = Array.from({ length: count }, (_, height) =>
    headerAt(1_300_000_000 + 600 * height, bitsAt[height] ?? bits),
  );
  return { headers, last: headers[count - 1]!, context: headerContextOf(headers) };
}

describe('proof of work', () => {
  test.each(chainNames)('the genesis block of %s has it', (name) => {
    const params = chainParams(name)!;
    expect(() => checkProofOfWork(params.genesis.header, params)).not.toThrow();
  });

  test('a hash may equal its target, not exceed it', () => {
    const bits = 0x1d00ffff;
    const { target } = decodeBits(bits);
    const hash = (value: bigint) => value.toString(16).padStart(64, '0') as BlockHash;
    expect(hasProofOfWork(hash(target), bits, main.powLimit)).toBe(true);
    expect(hasProofOfWork(hash(target + 1n), bits, main.powLimit)).toBe(false);
  });

  test.each([
    ['negative', 0x1d80ffff],
    ['zero', 0x1d000000],
    ['above the limit', 0x1d01fffe],
    ['overflowing', 0xff00ffff],
  ])('no hash meets a target that is %s', (_, bits) => {
    expect(targetOf(bits, main.powLimit)).toBeUndefined();
    expect(hasProofOfWork('0'.repeat(64) as BlockHash, bits, main.powLimit)).toBe(false);
  });

  test("is refused in bitcoind's words", () => {
    expect(() => checkProofOfWork(headerAt(1, 0x1d00ffff), main)).toThrow(
      'high-hash, proof of work failed',
    );
  });
});

describe('retarget', () => {
  // Heights 30240, 0, 66528 and 44352 of the main network, as bitcoind's unit tests have them.
  test.each([
    ['an ordinary period', 1262152739 - 1261130161, 0x1d00ffff, 0x1d00d86a],
    ['a period at the limit', 1233061996 - 1231006505, 0x1d00ffff, 0x1d00ffff],
    ['a period of less than a quarter', 1279297671 - 1279008237, 0x1c05a3f4, 0x1c0168fd],
    ['a period of more than four times', 1269211443 - 1263163443, 0x1c387f6f, 0x1d00e1fd],
  ])('%s', (_, timespan, bits, expected) => {
    expect(retargetBits(bits, timespan, main)).toBe(expected);
  });

  test('a period of blocks with real proof of work leads to the next', ({ skip }) => {
    const text = readShared('vectors/core/mainnet_alt.json');
    if (text === undefined) return skip('no ../shared/vectors/core/mainnet_alt.json');
    const { timestamps, nonces } = JSON.parse(text) as { timestamps: number[]; nonces: number[] };
    const chain = new MiniChain(main);
    // The recorded chain pays to this script, from a coinbase without a locktime.
    const scriptPubKey = hexToBytes('76a914eadbac7f36c37e39361168b7aaee3cb24a25312d88ac');
    const rebuilt = (block: Block, nonce: number): Block => {
      const [coinbase] = block.txs;
      const inputs = coinbase!.inputs.map((input) => ({ ...input, sequence: 0xffffffff }));
      const changed = withTxs(block, [new Tx({ ...coinbase!, inputs, locktime: 0 })]);
      const { header } = changed;
      const { version, prevHash, merkleRoot, time, bits } = header;
      return new Block(
        new BlockHeader({ version, prevHash, merkleRoot, time, bits, nonce }),
        changed.txs,
      );
    };
    for (const [i, time] of timestamps.entries()) {
      const version = 0x20000000;
      const change = (block: Block) => rebuilt(block, nonces[i]!);
      const block = chain.template({ time, version, scriptPubKey, change, solved: true });
      expect(chain.submit(block), `height ${i + 1}`).toBe(null);
    }
    expect(chain.tip.height).toBe(2016);
    expect(chain.tip.header.bits).toBe(0x1c3fffc0);
  });

  test.each(chainNames)('on %s is at most fourfold either way, and within the limit', (name) => {
    const params = chainParams(name)!;
    const exponent = fc.integer({ min: 4, max: 30 });
    const word = fc.integer({ min: 0x8000, max: 0x7fffff });
    fc.assert(
      fc.property(exponent, word, fc.integer({ min: -1e6, max: 1e8 }), (size, mantissa, span) => {
        const bits = encodeBits(decodeBits((size << 24) | mantissa).target);
        const before = decodeBits(bits).target;
        fc.pre(before <= params.powLimit);
        const after = decodeBits(retargetBits(bits, span, params)).target;
        expect(after <= before * 4n && after <= params.powLimit).toBe(true);
        // The compact form loses all but the top bits.
        expect(after >= before / 4n - (before >> 15n) - 1n).toBe(true);
        expect(
          isPossibleTransition(params, retargetInterval(params), bits, encodeBits(after)),
        ).toBe(true);
      }),
    );
  });

  test('between retargets the target stays', () => {
    const { context, last } = branch(100, 0x1c05a3f4);
    expect(nextBits(context, last.time + 1, main)).toBe(0x1c05a3f4);
    expect(nextBits(context, last.time + 100_000, main)).toBe(0x1c05a3f4);
  });

  test('regtest never retargets', () => {
    const { context, last } = branch(144, 0x207fffff);
    expect(nextBits(context, last.time + 1, regtest)).toBe(0x207fffff);
  });
});

describe('minimum difficulty of test networks', () => {
  const easiest = 0x1d00ffff;

  test('a block twenty minutes late may be easy', () => {
    const { context, last } = branch(100, 0x1c05a3f4);
    expect(nextBits(context, last.time + 1200, testnet3)).toBe(0x1c05a3f4);
    expect(nextBits(context, last.time + 1201, testnet3)).toBe(easiest);
  });

  test('the one after it goes back to the last real target', () => {
    const { context, last } = branch(100, easiest, { 95: 0x1c05a3f4 });
    expect(nextBits(context, last.time + 600, testnet3)).toBe(0x1c05a3f4);
  });

  test('looks back to the start of the period, no further', () => {
    const { context, last } = branch(2030, easiest, { 2015: 0x1c05a3f4, 2016: 0x1c111111 });
    expect(nextBits(context, last.time + 600, testnet3)).toBe(0x1c111111);
    const all = branch(2030, easiest, { 2015: 0x1c05a3f4 });
    expect(nextBits(all.context, all.last.time + 600, testnet3)).toBe(easiest);
  });

  test('testnet3 forgets the real target when a period ends easy, BIP94 does not', () => {
    const { context, last } = branch(2016, 0x1c05a3f4, { 2015: easiest });
    const timespan = 2015 * 600;
    expect(nextBits(context, last.time + 600, testnet3)).toBe(
      retargetBits(easiest, timespan, testnet3),
    );
    expect(nextBits(context, last.time + 600, testnet4)).toBe(
      retargetBits(0x1c05a3f4, timespan, testnet4),
    );
  });
});

describe('possible transitions', () => {
  test('only at the end of a period, and not beyond fourfold', () => {
    expect(isPossibleTransition(main, 2015, 0x1c05a3f4, 0x1c05a3f4)).toBe(true);
    expect(isPossibleTransition(main, 2015, 0x1c05a3f4, 0x1c0168fd)).toBe(false);
    expect(isPossibleTransition(main, 2016, 0x1c05a3f4, 0x1c0168fd)).toBe(true);
    expect(isPossibleTransition(main, 2016, 0x1c387f6f, 0x1d00e1fd)).toBe(true);
    expect(isPossibleTransition(main, 2016, 0x1c387f6f, 0x1d00e1fe)).toBe(false);
    expect(isPossibleTransition(main, 2016, 0x1c05a3f4, 0x1c0168fc)).toBe(false);
  });

  test('anything goes where blocks may be easy', () => {
    expect(isPossibleTransition(testnet3, 5, 0x1c05a3f4, 0x1d00ffff)).toBe(true);
  });
});
