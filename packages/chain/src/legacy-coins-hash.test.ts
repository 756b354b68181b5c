import type { Coin } from '@coind/consensus';
import {
  type BlockHash,
  concatBytes,
  hashToHex,
  hexToBytes,
  hexToHash,
  sha256d,
  type Txid,
} from '@coind/primitives';
import { expect, test } from 'vitest';
import { LegacyCoinsHash } from './legacy-coins-hash.ts';

const tip = { hash: 'ab'.repeat(32) as BlockHash, height: 3 };
const one = '01'.repeat(32) as Txid;
const two = '02'.repeat(32) as Txid;

function coin(value: bigint, script: string, height: number, coinbase: boolean): Coin {
  return { output: { value, scriptPubKey: hexToBytes(script) }, height, coinbase };
}

test('an empty set is the hash of its block', () => {
  expect(new LegacyCoinsHash(tip).digest()).toBe(hashToHex(sha256d(hexToHash(tip.hash))));
});

test('coins of a transaction stand behind one txid, ended by a zero', () => {
  const hash = new LegacyCoinsHash(tip);
  hash.add({ txid: one, vout: 0 }, coin(1n, '51', 1, true));
  hash.add({ txid: one, vout: 2 }, coin(128n, '', 1, true));
  hash.add({ txid: two, vout: 127 }, coin(50n, '5151', 100, false));
  const bytes = concatBytes(
    hexToHash(tip.hash),
    hexToHash(one),
    // Height 1 of a coinbase, then output 1 (OP_TRUE, 1) and output 3 (no script, 128).
    hexToBytes('03' + '01' + '0151' + '01' + '03' + '00' + '8000' + '00'),
    hexToHash(two),
    // Height 100, output 128 as 80 00, two bytes of script, 50.
    hexToBytes('8048' + '8000' + '025151' + '32' + '00'),
  );
  expect(hash.digest()).toBe(hashToHex(sha256d(bytes)));
});
