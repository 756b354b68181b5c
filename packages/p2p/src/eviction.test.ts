import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseEviction, type EvictionCandidate } from './eviction.ts';

function candidate(id: number, changes: Partial<EvictionCandidate> = {}): EvictionCandidate {
  return {
    id,
    connectedAt: id,
    minPing: Number.POSITIVE_INFINITY,
    lastBlockTime: 0,
    lastTxTime: 0,
    relevantServices: false,
    relaysTxs: true,
    bloomFilter: false,
    group: `${id}`,
    preferEvict: false,
    isLocal: false,
    network: 'ipv4',
    protectedByUser: false,
    inbound: true,
    ...changes,
  };
}

const crowd = (count: number, changes: (id: number) => Partial<EvictionCandidate> = () => ({})) =>
  Array.from({ length: count }, (_, id) => candidate(id, changes(id)));

describe('who makes room', () => {
  test('few enough are all protected', () => {
    expect(chooseEviction(crowd(16))).toBeUndefined();
  });

  test('of a large neighbourhood, its youngest', () => {
    const group = (id: number) => ({ group: id >= 60 ? 'one street' : `${id}` });
    expect(chooseEviction(crowd(100, group))).toBeGreaterThanOrEqual(60);
  });

  test('never an outbound peer or one the user protects', () => {
    expect(chooseEviction(crowd(100, () => ({ inbound: false })))).toBeUndefined();
    expect(chooseEviction(crowd(100, () => ({ protectedByUser: true })))).toBeUndefined();
  });

  test('the quickest, the latest to bring blocks and the latest to bring transactions stay', () => {
    const merits = (id: number) => ({
      minPing: id >= 90 ? 1 : 1000,
      lastBlockTime: id >= 86 && id < 90 ? id : 0,
      lastTxTime: id >= 82 && id < 86 ? id : 0,
    });
    const id = chooseEviction(crowd(100, merits)) as number;
    expect(id >= 82 && id < 90).toBe(false);
  });

  test('discouraged ones go first', () => {
    const some = (id: number) => ({ preferEvict: id === 50, connectedAt: id === 50 ? 1000 : id });
    expect(chooseEviction(crowd(100, some))).toBe(50);
  });

  test('the order of the question does not matter for who is protected by the user', () => {
    const facts = fc.array(
      fc.record({
        connectedAt: fc.nat(50),
        minPing: fc.nat(10),
        lastBlockTime: fc.nat(5),
        lastTxTime: fc.nat(5),
        relaysTxs: fc.boolean(),
        relevantServices: fc.boolean(),
        protectedByUser: fc.boolean(),
        isLocal: fc.boolean(),
        group: fc.constantFrom('a', 'b', 'c', 'd'),
        network: fc.constantFrom('ipv4', 'onion', 'cjdns', 'i2p'),
      }),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(facts, (list) => {
        const candidates = list.map((fact, id) => candidate(id, fact));
        const id = chooseEviction(candidates);
        if (id !== undefined) expect(candidates[id]?.protectedByUser).toBe(false);
      }),
    );
  });
});
