/** What the cache of verified scripts remembers and forgets. */
import { EMPTY, Tx, type Txid } from '@coind/primitives';
import { Flags, STANDARD_FLAGS } from '@coind/script';
import { expect, test } from 'vitest';
import { ScriptCache } from './script-cache.ts';

const txOf = (locktime: number, witness: readonly Uint8Array[] = []): Tx =>
  new Tx({
    version: 2,
    inputs: [
      {
        prevout: { txid: 'ab'.repeat(32) as Txid, vout: 0 },
        scriptSig: EMPTY,
        sequence: 0,
        witness,
      },
    ],
    outputs: [{ value: 1n, scriptPubKey: EMPTY }],
    locktime,
  });

test('holds under the same flags and under fewer, never under others', () => {
  const cache = new ScriptCache(10);
  const tx = txOf(1);
  expect(cache.holds(tx, Flags.P2SH)).toBe(false);
  cache.add(tx, Flags.P2SH | Flags.WITNESS);
  expect(cache.holds(tx, Flags.P2SH | Flags.WITNESS)).toBe(true);
  expect(cache.holds(tx, Flags.P2SH)).toBe(true);
  expect(cache.holds(tx, Flags.NONE)).toBe(true);
  expect(cache.holds(tx, Flags.P2SH | Flags.DERSIG)).toBe(false);
  expect(cache.holds(tx, STANDARD_FLAGS)).toBe(false);
});

test('another witness is another transaction', () => {
  const cache = new ScriptCache(10);
  const tx = txOf(1, [Uint8Array.of(1)]);
  const changed = txOf(1, [Uint8Array.of(2)]);
  expect(changed.txid).toBe(tx.txid);
  cache.add(tx, STANDARD_FLAGS);
  expect(cache.holds(changed, STANDARD_FLAGS)).toBe(false);
});

test('forgets the oldest, and holds no more than it was made for', () => {
  const cache = new ScriptCache(10);
  const txs = Array.from({ length: 30 }, (_, i) => txOf(i));
  for (const tx of txs) cache.add(tx, STANDARD_FLAGS);
  const held = txs.filter((tx) => cache.holds(tx, STANDARD_FLAGS));
  expect(held.length).toBeGreaterThanOrEqual(5);
  expect(held.length).toBeLessThanOrEqual(10);
  expect(held).toEqual(txs.slice(-held.length));
});
