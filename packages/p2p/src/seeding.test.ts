import { describe, expect, test } from 'vitest';
import { AddressManager } from './address-manager.ts';
import { parseAddress } from './net-address.ts';
import { directReach } from './reach.ts';
import { Seeding, type SeedingModules, type SeedingOptions } from './seeding.ts';
import { services } from './services.ts';
import { systemRandom } from './tcp-network.ts';

const START = 1_700_000_000;
const OFFERED = services.NETWORK | services.WITNESS;

function search(options: Partial<SeedingOptions> = {}, modules: Partial<SeedingModules> = {}) {
  let time = START;
  const lines: string[] = [];
  const fetched: string[] = [];
  const note = (line: string) => void lines.push(line);
  const clock = { now: () => time, nowMs: () => 1000 * time };
  const addresses = new AddressManager(
    { key: systemRandom.bytes(32) },
    { now: clock.now, randomBelow: systemRandom.below },
  );
  const seeding = new Seeding(
    {
      dns: true,
      forceDns: false,
      dnsSeeds: ['one.test.', 'two.test.'],
      fixed: false,
      fixedSeeds: ['9.9.9.9', '8.8.4.4:1234', `[2001:41d0::1]:9`, 'no address'],
      seedNodes: [],
      hasAddedNodes: false,
      reach: directReach,
      defaultPort: 8333,
      ...options,
    },
    {
      addresses,
      clock,
      random: systemRandom,
      log: { info: note, warn: note, error: note, debug: note, enabled: () => true },
      resolve: async (name) => (name.includes('one.test') ? ['5.6.7.8', '6.7.8.9'] : []),
      isActive: () => true,
      fullOutbound: () => 0,
      fetchFrom: (name) => void fetched.push(name),
      ...modules,
    },
  );
  const know = (text: string) => {
    const address = parseAddress(text, 8333);
    if (address) addresses.add([{ ...address, time, services: OFFERED }], address);
  };
  return {
    seeding,
    addresses,
    lines,
    fetched,
    know,
    pass: (seconds: number) => {
      time += seconds;
      seeding.tick();
    },
  };
}

const never = new AbortController().signal;

describe('DNS seeds', () => {
  test('are asked for full nodes; one that is silent is asked as a node', async () => {
    const { seeding, addresses, fetched, lines } = search();
    await seeding.runDns(never);
    expect(addresses.size()).toBe(2);
    expect(fetched).toEqual(['two.test.']);
    expect(lines).toContain('2 addresses found from DNS seeds');
  });

  test('are not asked when told not to', async () => {
    const { seeding, lines, addresses } = search({ dns: false });
    await seeding.runDns(never);
    expect(addresses.size()).toBe(0);
    expect(lines).toContain('DNS seeding disabled');
  });

  test('are connected to behind a proxy: nothing is looked up', async () => {
    const nameProxy = { endpoint: { host: '127.0.0.1', port: 9050 }, randomize: true };
    const { seeding, fetched } = search(
      { reach: { ...directReach, nameProxy } },
      { resolve: () => Promise.reject(new Error('looked up')) },
    );
    await seeding.runDns(never);
    expect(fetched.sort()).toEqual(['one.test.', 'two.test.']);
  });

  test('have time where addresses are known; whoever stops does not wait', async () => {
    const { seeding, lines, know } = search();
    know('1.2.3.4');
    const stop = new AbortController();
    const done = seeding.runDns(stop.signal);
    expect(lines).toContain('Waiting 11 seconds before querying DNS seeds.');
    stop.abort();
    await done;
    expect(lines.some((line) => line.startsWith('Loading addresses'))).toBe(false);
  });
});

describe('seed nodes', () => {
  test('are asked at once when nothing is known, the next after ten seconds', () => {
    const { fetched, pass, lines } = search({ seedNodes: ['first', 'second'] });
    pass(0);
    expect(fetched).toEqual(['second']);
    expect(lines).toContain('Empty addrman, adding seednode (second) to addrfetch');
    pass(10);
    expect(fetched).toEqual(['second']);
    pass(1);
    expect(fetched).toEqual(['second', 'first']);
    pass(60);
    expect(fetched).toEqual(['second', 'first']);
  });

  test('wait for known addresses, and are left alone once there are peers', () => {
    let peers = 0;
    const { fetched, pass, know } = search({ seedNodes: ['first'] }, { fullOutbound: () => peers });
    know('1.2.3.4');
    pass(0);
    peers = 2;
    pass(11);
    expect(fetched).toEqual([]);
    peers = 1;
    pass(1);
    expect(fetched).toEqual(['first']);
  });
});

describe('built-in addresses', () => {
  test('come at once when nothing else is to be tried', () => {
    const { addresses, pass } = search({ fixed: true, dns: false });
    pass(0);
    expect(addresses.size()).toBe(3);
    expect(addresses.size('ipv6')).toBe(1);
  });

  test('come after a minute without others, for networks that have none', () => {
    const { addresses, pass, know } = search({ fixed: true });
    know('1.2.3.4');
    pass(60);
    expect(addresses.size()).toBe(1);
    pass(1);
    expect(addresses.size('ipv4')).toBe(1);
    expect(addresses.size('ipv6')).toBe(1);
  });
});
