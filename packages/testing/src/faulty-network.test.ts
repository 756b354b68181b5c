import type { Connection } from 'coind';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FaultyNetwork, seededRandom } from './faulty-network.ts';

const A = '8.0.0.1';
const B = '8.0.0.2';
const bind = { host: B, port: 1 };

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Two ends of a connection, and what the second has heard, with the time it came. */
async function link(network: FaultyNetwork) {
  const heard: { readonly ms: number; readonly bytes: readonly number[] }[] = [];
  const ends: string[] = [];
  let accepted: Connection | undefined;
  await network.at(B).listen(bind, (connection) => {
    accepted = connection;
    connection.start({
      data: (bytes) => void heard.push({ ms: Date.now(), bytes: [...bytes] }),
      drained: () => undefined,
      closed: (error) => void ends.push(`b ${error?.message ?? ''}`),
    });
  });
  const a = await network.at(A).connect(bind, { timeoutMs: 1000 });
  a.start({
    data: () => undefined,
    drained: () => void ends.push('drained'),
    closed: (error) => void ends.push(`a ${error?.message ?? ''}`),
  });
  if (!accepted) throw new Error('nobody accepted');
  return { a, b: accepted, heard, ends, all: () => heard.flatMap(({ bytes }) => bytes) };
}

const perfect = { seed: 1, latencyMs: [5, 5], loss: 0 } as const;
const bad = { seed: 1, latencyMs: [1, 40], loss: 0.3 } as const;

describe('a connection', () => {
  test('takes as long as the link', async () => {
    const { a, b, heard, ends } = await link(new FaultyNetwork(perfect));
    a.write([Uint8Array.of(1, 2), Uint8Array.of(3)]);
    expect(a.queuedBytes).toBe(3);
    await vi.advanceTimersByTimeAsync(4);
    expect(heard).toEqual([]);
    await vi.advanceTimersByTimeAsync(2);
    expect(heard.flatMap(({ bytes }) => bytes)).toEqual([1, 2, 3]);
    expect([a.queuedBytes, a.remote, b.local]).toEqual([0, bind, bind]);
    expect(ends).toEqual(['drained']);
  });

  test('keeps every byte in order, whatever is lost on the way', async () => {
    const { a, all, heard } = await link(new FaultyNetwork(bad));
    const sent = Array.from({ length: 300 }, (_, i) => i & 0xff);
    for (const byte of sent) {
      a.write([Uint8Array.of(byte)]);
      await vi.advanceTimersByTimeAsync(1);
    }
    await vi.advanceTimersByTimeAsync(10_000);
    expect(all()).toEqual(sent);
    expect(new Set(heard.map(({ ms }) => ms)).size).toBeGreaterThan(4);
  });

  test('is the same for the same seed, another for another', async () => {
    const times = async (seed: number): Promise<readonly number[]> => {
      vi.setSystemTime(0);
      const { a, heard } = await link(new FaultyNetwork({ ...bad, seed }));
      a.write(Array.from({ length: 20 }, () => new Uint8Array(9000)));
      await vi.advanceTimersByTimeAsync(10_000);
      return heard.map(({ ms }) => ms);
    };
    expect(await times(7)).toEqual(await times(7));
    expect(await times(7)).not.toEqual(await times(8));
  });

  test('waits for a receiver that has paused', async () => {
    const { a, b, all } = await link(new FaultyNetwork(perfect));
    b.pause();
    a.write([Uint8Array.of(1)]);
    await vi.advanceTimersByTimeAsync(100);
    expect([all(), a.queuedBytes]).toEqual([[], 1]);
    b.resume();
    await vi.advanceTimersByTimeAsync(1);
    expect(all()).toEqual([1]);
  });

  test('ends after what was said before, for both', async () => {
    const { a, all, ends } = await link(new FaultyNetwork(perfect));
    a.write([Uint8Array.of(1)]);
    a.close();
    a.write([Uint8Array.of(2)]);
    await vi.advanceTimersByTimeAsync(100);
    expect(all()).toEqual([1]);
    expect(ends).toEqual(['a ', 'b ']);
  });
});

describe('a partition', () => {
  test('holds back what is sent, and lets nobody connect, until it heals', async () => {
    const network = new FaultyNetwork(perfect);
    const { a, all } = await link(network);
    network.part([[A], [B]]);
    a.write([Uint8Array.of(1)]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(all()).toEqual([]);
    await expect(network.at(A).connect(bind, { timeoutMs: 1 })).rejects.toThrow('unreachable');
    await expect(network.at('8.0.0.3').connect(bind, { timeoutMs: 1 })).resolves.toBeDefined();
    network.heal();
    await vi.advanceTimersByTimeAsync(1);
    expect(all()).toEqual([1]);
  });

  test('may also cut connections', async () => {
    const network = new FaultyNetwork(perfect);
    const { a, all, ends } = await link(network);
    a.write([Uint8Array.of(1)]);
    network.cut(B, A);
    await vi.advanceTimersByTimeAsync(100);
    expect(all()).toEqual([]);
    expect(ends).toEqual(['a connection reset', 'b connection reset']);
  });
});

test('an address is listened on once', async () => {
  const network = new FaultyNetwork(perfect);
  const listener = await network.at(A).listen(bind, () => undefined);
  await expect(network.at(A).listen(bind, () => undefined)).rejects.toThrow('taken');
  await listener.close();
  await expect(network.at(A).listen(bind, () => undefined)).resolves.toBeDefined();
  network.close();
});

test('chance is spread over the whole range', () => {
  const random = seededRandom(42);
  const values = Array.from({ length: 1000 }, random);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values)).toBeLessThan(1);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
});
