import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AddressManager } from './address-manager.ts';
import type { AddressRecord } from './messages.ts';
import { asCjdns, formatHost, type HostAddress, parseAddress, parseHost } from './net-address.ts';

const NOW = 1_700_000_000;
const DAY = 86_400;
/** bitcoind's key under -test=addrman. */
const KEY = Uint8Array.of(1, ...new Uint8Array(31));

/** A generator of numbers that repeats itself for each seed (mulberry32). */
function seeded(seed: number): (limit: number) => number {
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

function manager(seed = 1, clock = { time: NOW }): AddressManager {
  return new AddressManager({ key: KEY }, { now: () => clock.time, randomBelow: seeded(seed) });
}

function host(text: string): HostAddress {
  const parsed = parseHost(text);
  if (!parsed) throw new Error(`${text} is no address`);
  return asCjdns(parsed);
}

function record(text: string, time = NOW): AddressRecord {
  const parsed = parseAddress(text, 8333);
  if (!parsed) throw new Error(`${text} is no address`);
  return { ...parsed, ...asCjdns(parsed), time, services: 9n };
}

describe('an address has the place bitcoind gives it', () => {
  test.each([
    ['2.0.0.0', '82/8'],
    ['fc00:1:2:3:4:5:6:7', '336/24'],
    ['c4gfnttsuwqomiygupdqqqyy5y5emnk5c73hrfvatri67prd7vyq.b32.i2p', '963/46'],
    ['[2803:0:1234:abcd::1]:45324', '613/6'],
  ])('new: %s at %s', (text, place) => {
    const known = manager();
    known.add([record(text)], record(text));
    const at = known.find(record(text));
    expect(`${at?.bucket}/${at?.position}`).toBe(place);
    expect(at?.table).toBe('new');
  });

  test.each([
    ['1.2.3.4', '6/33'],
    ['1233:3432:2434:2343:3234:2345:6546:4534', '197/34'],
    ['pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion', '72/61'],
  ])('tried: %s at %s', (text, place) => {
    const known = manager();
    known.add([record(text)], record(text));
    expect(known.good(record(text))).toBe(true);
    const at = known.find(record(text));
    expect(`${at?.table} ${at?.bucket}/${at?.position}`).toBe(`tried ${place}`);
  });
});

describe('what is taken in', () => {
  test('only what anybody can reach, each address once, ports apart', () => {
    const known = manager();
    expect(known.add([record('10.0.0.1'), record('127.0.0.1')], host('8.8.8.8'))).toBe(false);
    expect(known.add([record('8.8.8.8')], host('8.8.8.8'))).toBe(true);
    expect(known.add([record('8.8.8.8')], host('8.8.8.8'))).toBe(false);
    expect(known.add([record('8.8.8.8:8334')], host('8.8.8.8'))).toBe(true);
    expect(known.size()).toBe(2);
    expect(known.size('ipv4', 'new')).toBe(2);
    expect(known.size('onion')).toBe(0);
    expect(known.check()).toBe(0);
  });

  test('hearsay is believed less, except about oneself', () => {
    const known = manager();
    known.add([record('1.1.1.1'), record('2.2.2.2')], host('2.2.2.2'), 7200);
    const times = new Map([...known.table('new')].map(([k]) => [formatHost(k.address), k.time]));
    expect(times.get('1.1.1.1')).toBe(NOW - 7200);
    expect(times.get('2.2.2.2')).toBe(NOW);
  });

  test('news updates times and adds services, and may win a second place', () => {
    const clock = { time: NOW };
    const known = manager(3, clock);
    known.add([record('1.1.1.1', NOW - 5 * DAY)], host('9.9.9.9'));
    for (let i = 1; i <= 200; i++) {
      const news = { ...record('1.1.1.1', NOW - 4 * DAY + i), services: 1024n };
      known.add([news], host(`${i}.7.7.7`));
    }
    const [entry] = [...known.all()];
    expect(entry?.[0].services).toBe(1033n);
    expect(entry?.[0].time).toBeGreaterThan(NOW - 5 * DAY);
    expect(entry?.[1].length).toBeGreaterThan(1);
    expect(entry?.[1].length).toBeLessThanOrEqual(8);
    expect(known.check()).toBe(0);
  });

  test('one source fills at most 64 buckets, whatever it says', { timeout: 30_000 }, () => {
    const known = manager();
    const told = Array.from({ length: 20_000 }, (_, i) =>
      record(`${20 + (i % 100)}.${(i >> 8) & 255}.${i & 255}.1`),
    );
    known.add(told, host('6.6.6.6'));
    const buckets = new Set([...known.table('new')].map(([, { bucket }]) => bucket));
    expect(buckets.size).toBeLessThanOrEqual(64);
    expect(known.size()).toBeLessThanOrEqual(64 * 64);
    expect(known.check()).toBe(0);
  });
});

describe('whom to try', () => {
  test('nobody when nobody is known, or none of the networks wanted', () => {
    const known = manager();
    expect(known.select()).toBeUndefined();
    known.add([record('1.1.1.1')], host('1.1.1.1'));
    expect(known.select(false, new Set(['onion']))).toBeUndefined();
    expect(known.select(false, new Set(['ipv4']))?.address.port).toBe(8333);
    known.good(record('1.1.1.1'));
    expect(known.select(true)).toBeUndefined();
    expect(known.select()?.lastTry).toBe(NOW);
  });

  test('failed attempts make an address rare', { timeout: 30_000 }, () => {
    const clock = { time: NOW };
    const known = manager(5, clock);
    known.add([record('1.1.1.1'), record('2.2.2.2')], host('3.3.3.3'));
    // One success somewhere lets failures count.
    for (let i = 0; i < 8; i++) {
      known.good(record('9.9.9.9'), NOW + 10 * i);
      known.attempt(record('1.1.1.1'), true, NOW + 10 * i + 1);
    }
    clock.time = NOW + DAY;
    const picks = { '1.1.1.1': 0, '2.2.2.2': 0 };
    for (let i = 0; i < 120; i++) {
      const pick = known.select();
      if (pick) picks[formatHost(pick.address) as keyof typeof picks]++;
    }
    expect(picks['1.1.1.1']).toBeGreaterThan(0);
    expect(picks['2.2.2.2']).toBeGreaterThan(10 * picks['1.1.1.1']);
  });

  test('failures do not count while our own network may be down', () => {
    const known = manager();
    known.add([record('1.1.1.1')], host('1.1.1.1'));
    known.good(record('9.9.9.9'), NOW);
    for (let i = 0; i < 5; i++) known.attempt(record('1.1.1.1'), true, NOW + i);
    const [entry] = [...known.all()];
    expect(entry?.[0].attempts).toBe(1);
  });

  test('what was never reached is not passed on', () => {
    const clock = { time: NOW };
    const known = manager(1, clock);
    known.add(
      [record('1.1.1.1'), record('2.2.2.2'), record('3.3.3.3', NOW - 31 * DAY)],
      host('5.5.5.5'),
    );
    for (let i = 0; i < 3; i++) {
      known.good(record('9.9.9.9'), NOW + 10 * i);
      known.attempt(record('1.1.1.1'), true, NOW + 10 * i + 1);
    }
    clock.time = NOW + 1000;
    expect(known.sample(0, 0).map(formatHost)).toEqual(['2.2.2.2']);
    expect(known.sample(0, 0, { filtered: false }).length).toBe(3);
    expect(known.sample(0, 34, { filtered: false }).length).toBe(1);
    expect(known.sample(2, 0, { filtered: false }).length).toBe(2);
    expect(known.sample(0, 0, { network: 'onion', filtered: false })).toEqual([]);
  });
});

/** Two addresses that want the same place in `tried`. */
function rivals(): readonly [AddressRecord, AddressRecord] {
  const seen = new Map<string, AddressRecord>();
  for (let i = 0; ; i++) {
    const candidate = record(`${1 + (i % 9)}.${i & 255}.${(i >> 8) & 255}.9`);
    const known = manager();
    known.add([candidate], candidate);
    known.good(candidate);
    const at = known.find(candidate);
    const other = seen.get(`${at?.bucket}/${at?.position}`);
    if (other) return [other, candidate];
    seen.set(`${at?.bucket}/${at?.position}`, candidate);
  }
}

describe('two want one place in tried', () => {
  const [holder, newcomer] = rivals();
  function contested(clock: { time: number }): AddressManager {
    const known = manager(1, clock);
    known.add([holder, newcomer], host('7.7.7.7'));
    expect(known.good(holder)).toBe(true);
    expect(known.good(newcomer)).toBe(false);
    expect(known.selectTriedCollision()?.address.bytes).toEqual(holder.bytes);
    return known;
  }

  test('who answered lately stays', () => {
    const clock = { time: NOW };
    const known = contested(clock);
    known.resolveCollisions();
    expect(known.selectTriedCollision()).toBeUndefined();
    expect(known.find(holder)?.table).toBe('tried');
    expect(known.find(newcomer)?.table).toBe('new');
  });

  test('who does not answer the test goes back to new', () => {
    const clock = { time: NOW };
    const known = contested(clock);
    clock.time = NOW + 5 * 3600;
    known.good(newcomer);
    known.attempt(holder, false);
    clock.time += 30;
    known.resolveCollisions();
    expect(known.find(holder)?.table).toBe('tried');
    clock.time += 31;
    known.resolveCollisions();
    expect(known.find(holder)?.table).toBe('new');
    expect(known.find(newcomer)?.table).toBe('tried');
    expect(known.check()).toBe(0);
  });

  test('who cannot be tested in time goes too', () => {
    const clock = { time: NOW };
    const known = contested(clock);
    clock.time = NOW + 5 * 3600;
    known.resolveCollisions();
    expect(known.find(newcomer)?.table).toBe('tried');
  });
});

test('a good connection updates the time seen only at its end', () => {
  const known = manager();
  known.add([record('1.1.1.1', NOW - DAY)], host('1.1.1.1'));
  known.good(record('1.1.1.1'));
  const time = (): number | undefined => [...known.all()][0]?.[0].time;
  expect(time()).toBe(NOW - DAY);
  known.connected(record('1.1.1.1'));
  expect(time()).toBe(NOW);
  known.setServices(record('1.1.1.1'), 1n);
  expect([...known.all()][0]?.[0].services).toBe(1n);
});

test('everything fits together after anything', { timeout: 30_000 }, () => {
  const step = fc.record({
    what: fc.constantFrom('add', 'good', 'attempt', 'resolve', 'later', 'select'),
    a: fc.nat(40),
    b: fc.nat(5),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.nat(), (steps, seed) => {
      const clock = { time: NOW };
      const known = manager(seed, clock);
      for (const { what, a, b } of steps) {
        // Few groups and one port: places collide.
        const address = record(`4.4.${a}.1`, clock.time);
        if (what === 'add') known.add([address], host(`${5 + b}.1.1.1`));
        if (what === 'good') known.good(address);
        if (what === 'attempt') known.attempt(address, true);
        if (what === 'resolve') known.resolveCollisions();
        if (what === 'later') clock.time += a * 3600;
        if (what === 'select') expect(known.select() === undefined).toBe(known.size() === 0);
        expect(known.check()).toBe(0);
      }
    }),
    { numRuns: 40 },
  );
});

test('the one address that is known is found without looking through empty buckets', () => {
  let draws = 0;
  const random = seeded(1);
  const manager = new AddressManager(
    { key: KEY },
    {
      now: () => NOW,
      randomBelow: (limit) => {
        draws++;
        return random(limit);
      },
    },
  );
  const only = record('1.2.3.4');
  manager.add([only], only);
  // Tried just now, and therefore passed over most of the time.
  manager.attempt(only, true);
  draws = 0;
  expect(manager.select()?.address.port).toBe(only.port);
  expect(draws).toBeLessThan(500);
});
