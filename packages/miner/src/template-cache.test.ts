import type { Chain } from '@coind/chain';
import { type BlockHash, type ChainParams, chainParams } from '@coind/primitives';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BlockTemplate } from './template.ts';
import { TemplateCache, watchedBlock } from './template-cache.ts';

const main = chainParams('main') as ChainParams;
const hashOf = (digit: string) => digit.repeat(64) as BlockHash;

/** A tip and a pool that the test moves, and how many templates were made. */
class World {
  tip = hashOf('a');
  updates = 7;
  now = 1_000;
  made = 0;
  readonly #listeners = new Set<() => void>();
  readonly cache: TemplateCache;

  constructor() {
    const world = this;
    const chain = {
      params: main,
      get tip() {
        return { ref: { hash: world.tip, height: 1 } };
      },
      onTip: (listener: () => void) => {
        world.#listeners.add(listener);
        return () => world.#listeners.delete(listener);
      },
    } as unknown as Chain;
    const template = async (): Promise<BlockTemplate> => {
      world.made++;
      const parent = { ref: { hash: world.tip, height: 1 } };
      return { parent, time: world.now, minTime: 500, bits: 1 } as unknown as BlockTemplate;
    };
    this.cache = new TemplateCache({
      chain,
      mempool: {
        get updates() {
          return world.updates;
        },
      },
      miner: { template },
      clock: { now: () => world.now },
    });
  }

  get waiting(): number {
    return this.#listeners.size;
  }

  moveTip(digit: string): void {
    this.tip = hashOf(digit);
    for (const listener of this.#listeners) listener();
  }
}

let world: World;
beforeEach(() => {
  vi.useFakeTimers();
  world = new World();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a template is shared until the tip moves, with the time of each call', async () => {
  const first = await world.cache.current();
  expect(first.longPollId).toBe(`${hashOf('a')}7`);
  world.now += 60;
  expect((await world.cache.current()).template.time).toBe(1_060);
  expect(world.made).toBe(1);
  world.moveTip('b');
  expect((await world.cache.current()).longPollId).toBe(`${hashOf('b')}7`);
  expect(world.made).toBe(2);
});

test('a changed pool makes a new one, after some seconds', async () => {
  await world.cache.current();
  world.updates++;
  world.now += 5;
  expect((await world.cache.current()).longPollId).toBe(`${hashOf('a')}7`);
  world.now += 1;
  expect((await world.cache.current()).longPollId).toBe(`${hashOf('a')}8`);
  expect(world.made).toBe(2);
});

/** Whether the wait for a template after `id` is over; looked up after what is due has run. */
function waitFor(id: string | undefined, signal = new AbortController().signal) {
  const wait = { over: false };
  void world.cache.changed(id, signal).then(() => {
    wait.over = true;
  });
  return wait;
}

test('who waits hears of a new tip at once', async () => {
  const { longPollId } = await world.cache.current();
  const wait = waitFor(longPollId);
  await vi.advanceTimersByTimeAsync(200_000);
  expect(wait.over).toBe(false);
  world.moveTip('b');
  await vi.advanceTimersByTimeAsync(0);
  expect(wait.over).toBe(true);
  expect(world.waiting).toBe(0);
});

test('and of a changed pool after a minute, then every ten seconds', async () => {
  const { longPollId } = await world.cache.current();
  const wait = waitFor(longPollId);
  world.updates++;
  await vi.advanceTimersByTimeAsync(59_999);
  expect(wait.over).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(wait.over).toBe(true);
  world.updates = 7;
  const later = waitFor(undefined);
  await vi.advanceTimersByTimeAsync(60_000);
  world.updates++;
  expect(later.over).toBe(false);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(later.over).toBe(true);
});

test('nobody waits for what is over already, or when the node stops', async () => {
  const { longPollId } = await world.cache.current();
  const stranger = waitFor(`${hashOf('c')}7`);
  const stop = new AbortController();
  const stopped = waitFor(longPollId, stop.signal);
  await vi.advanceTimersByTimeAsync(0);
  expect(stranger.over).toBe(true);
  expect(stopped.over).toBe(false);
  stop.abort();
  await vi.advanceTimersByTimeAsync(0);
  expect(stopped.over).toBe(true);
  expect(world.waiting).toBe(0);
});

test('an id begins with the hash of a block', () => {
  expect(watchedBlock(`${'AB'.repeat(32)}12`)).toBe('ab'.repeat(32));
  expect(watchedBlock('ab')).toBeUndefined();
  expect(watchedBlock(`${'zz'.repeat(32)}1`)).toBeUndefined();
});
