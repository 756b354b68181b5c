import type { Chain } from '@coind/chain';
import type { BlockRef } from '@coind/consensus';
import type { BlockHash } from '@coind/primitives';
import { expect, test } from 'vitest';
import { waitForTip } from './chain-waits.ts';

const ref = (height: number): BlockRef => ({
  hash: height.toString(16).padStart(64, '0') as BlockHash,
  height,
});

/** The two members of a chain that waiting looks at, and a way to move the tip. */
function tipOnly() {
  let tip = ref(0);
  const listeners = new Set<() => void>();
  const chain = {
    get tip() {
      return { ref: tip };
    },
    onTip(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  } as unknown as Chain;
  const move = (height: number): void => {
    tip = ref(height);
    for (const listener of [...listeners]) listener();
  };
  return { chain, move, listeners };
}

const forever = { timeoutMs: 0, signal: new AbortController().signal };

test('answers at once when the tip is already right', async () => {
  const { chain, listeners } = tipOnly();
  expect(await waitForTip(chain, ({ height }) => height === 0, forever)).toEqual(ref(0));
  expect(listeners.size).toBe(0);
});

test('answers with the first tip that is right, and listens no longer', async () => {
  const { chain, move, listeners } = tipOnly();
  const waiting = waitForTip(chain, ({ height }) => height >= 2, forever);
  move(1);
  expect(listeners.size).toBe(1);
  move(3);
  expect(await waiting).toEqual(ref(3));
  expect(listeners.size).toBe(0);
});

test('answers with the tip there is when the time is up', async () => {
  const { chain, move, listeners } = tipOnly();
  const waiting = waitForTip(chain, () => false, { ...forever, timeoutMs: 5 });
  move(7);
  expect(await waiting).toEqual(ref(7));
  expect(listeners.size).toBe(0);
});

test('answers when the node stops, also when it has begun to', async () => {
  const { chain, listeners } = tipOnly();
  const stopping = new AbortController();
  const limits = { timeoutMs: 0, signal: stopping.signal };
  const waiting = waitForTip(chain, () => false, limits);
  stopping.abort();
  expect(await waiting).toEqual(ref(0));
  expect(await waitForTip(chain, () => false, limits)).toEqual(ref(0));
  expect(listeners.size).toBe(0);
});
