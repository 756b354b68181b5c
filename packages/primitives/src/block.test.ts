import { expect, test } from 'vitest';
import { Block, BlockHeader, HEADER_SIZE } from './block.ts';
import { bytesToHex } from './bytes.ts';
import { feeFor, feeRate, feeRateOf } from './fee-rate.ts';
import { chainParams } from './params.ts';
import { DecodeError } from './reader.ts';

const genesis = chainParams('main')?.genesis as Block;

test('a block survives the way to bytes and back', () => {
  const bytes = new Block(genesis.header, genesis.txs).encode();
  const back = Block.decode(bytes);
  expect(bytes.length).toBe(285);
  expect([back.size, back.strippedSize, back.weight]).toEqual([285, 285, 1140]);
  expect(back.hash).toBe(genesis.hash);
  expect(back.encode()).toBe(bytes);
});

test('a header is 80 bytes, no more and no less', () => {
  const bytes = genesis.header.encode();
  expect(bytes.length).toBe(HEADER_SIZE);
  expect(bytesToHex(BlockHeader.decode(bytes).encode())).toBe(bytesToHex(bytes));
  expect(() => BlockHeader.decode(bytes.subarray(1))).toThrow(DecodeError);
  expect(() => Block.decode(new Uint8Array([...genesis.encode(), 0]))).toThrow(DecodeError);
});

test('fees round up, rates round down', () => {
  expect(feeFor(feeRate(1000n), 141)).toBe(141n);
  expect(feeFor(feeRate(1n), 1)).toBe(1n);
  expect(feeFor(feeRate(1500n), 3)).toBe(5n);
  expect(feeRateOf(141n, 141)).toBe(1000n);
  expect(feeRateOf(1n, 3)).toBe(333n);
  expect(feeRateOf(1n, 0)).toBe(0n);
});
