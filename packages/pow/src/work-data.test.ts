/** The forms of getwork, as bitcoind gave them for the first block of the main network. */
import { bytesToHex, type ChainParams, chainParams } from '@coind/primitives';
import { expect, test } from 'vitest';
import { headerOfWords, midstateOf, paddedWords } from './work-data.ts';

const main = chainParams('main') as ChainParams;
const header = main.genesis.header.encode();

test('a header, its words turned around, with padding', () => {
  const data = paddedWords(header);
  expect(bytesToHex(data)).toBe(
    `${'000000010000000000000000000000000000000000000000000000000000000000000000fdeda33bb2127b7a3e2cc77a618f7667c31bc87f32518a88aab89f3a4a5e1e4b495fab291d00ffff7c2bac1d0000008000000000'}${'0'.repeat(72)}80020000`,
  );
  expect(headerOfWords(data)).toEqual(header);
});

test('the state after its first 64 bytes', () => {
  expect(bytesToHex(midstateOf(header))).toBe(
    '339a90bcf0bf58637daccc90a8ca591ee9d8c8c3c803014f3687b1961bf91947',
  );
});

test('what follows a hash of 32 bytes', () => {
  expect(bytesToHex(paddedWords(new Uint8Array(32)))).toBe(
    `${'0'.repeat(64)}00000080${'0'.repeat(48)}00010000`,
  );
});
