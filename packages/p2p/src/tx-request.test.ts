import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemRandom } from './tcp-network.ts';
import { TxRequests } from './tx-request.ts';

const id = (hash: string) => ({ hash, isWtxid: true });
const ignore = () => undefined;

describe('whom to ask for a transaction', () => {
  test('nobody before the delay is over', () => {
    const requests = new TxRequests(systemRandom);
    requests.announced(1, id('a'), false, 2000);
    expect(requests.requestable(1, 1999, ignore)).toEqual([]);
    expect(requests.requestable(1, 2000, ignore)).toEqual([id('a')]);
  });

  test('a preferred peer comes first, and only one is asked at a time', () => {
    const requests = new TxRequests(systemRandom);
    requests.announced(1, id('a'), false, 0);
    requests.announced(2, id('a'), true, 0);
    expect(requests.requestable(1, 0, ignore)).toEqual([]);
    expect(requests.requestable(2, 0, ignore)).toEqual([id('a')]);
    requests.requested(2, 'a', 60_000);
    expect(requests.inFlight(2)).toBe(1);
    expect(requests.requestable(1, 59_999, ignore)).toEqual([]);
  });

  test('who does not answer in time is passed over', () => {
    const requests = new TxRequests(systemRandom);
    requests.announced(1, id('a'), false, 0);
    requests.announced(2, id('a'), true, 0);
    requests.requested(2, 'a', 60_000);
    const expired: number[] = [];
    expect(requests.requestable(1, 60_000, (peer) => expired.push(peer))).toEqual([id('a')]);
    expect(expired).toEqual([2]);
    expect(requests.inFlight(2)).toBe(0);
  });

  test('notfound frees the way, and the last one to fail ends it', () => {
    const requests = new TxRequests(systemRandom);
    requests.announced(1, id('a'), true, 0);
    requests.announced(2, id('a'), true, 0);
    const first = requests.requestable(1, 0, ignore).length > 0 ? 1 : 2;
    requests.requested(first, 'a', 60_000);
    requests.answered(first, 'a');
    expect(requests.requestable(3 - first, 1, ignore)).toEqual([id('a')]);
    requests.requested(3 - first, 'a', 60_000);
    requests.answered(3 - first, 'a');
    expect(requests.size).toBe(0);
  });

  test('whatever happens, counts fit and one request at most is under way', () => {
    const step = fc.record({
      action: fc.constantFrom('announce', 'ask', 'answer', 'forget', 'leave'),
      peer: fc.integer({ min: 1, max: 4 }),
      hash: fc.constantFrom('a', 'b', 'c'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const requests = new TxRequests(systemRandom);
        let now = 0;
        for (const { action, peer, hash } of steps) {
          now += 20_000;
          if (action === 'announce') requests.announced(peer, id(hash), peer % 2 === 0, now);
          if (action === 'ask') {
            for (const wanted of requests.requestable(peer, now, ignore)) {
              requests.requested(peer, wanted.hash, now + 60_000);
            }
          }
          if (action === 'answer') requests.answered(peer, hash);
          if (action === 'forget') requests.forget(hash);
          if (action === 'leave') requests.disconnected(peer);
          let inFlight = 0;
          for (const some of [1, 2, 3, 4]) {
            expect(requests.inFlight(some)).toBeGreaterThanOrEqual(0);
            expect(requests.inFlight(some)).toBeLessThanOrEqual(requests.count(some));
            inFlight += requests.inFlight(some);
          }
          expect(inFlight).toBeLessThanOrEqual(3);
        }
        for (const peer of [1, 2, 3, 4]) requests.disconnected(peer);
        expect(requests.size).toBe(0);
      }),
    );
  });
});
