import { describe, expect, test } from 'vitest';
import { AddressManager } from './address-manager.ts';
import { formatAddress, type HostAddress, parseAddress } from './net-address.ts';
import { type Anchor, Outbound } from './outbound.ts';
import { directReach, isReachable } from './reach.ts';
import { services } from './services.ts';
import { systemRandom } from './tcp-network.ts';

const NOW = 1_700_000_000;
const FULL = services.NETWORK | services.WITNESS;

function known(text: string, offered = FULL): Anchor {
  const address = parseAddress(text, 8333);
  if (!address) throw new Error(text);
  return { ...address, services: offered, time: NOW };
}

function choices(addresses: readonly Anchor[], anchors: readonly Anchor[] = []) {
  const manager = new AddressManager(
    { key: systemRandom.bytes(32) },
    { now: () => NOW, randomBelow: systemRandom.below },
  );
  for (const address of addresses) manager.add([address], address);
  const log = { info() {}, warn() {}, error() {}, debug() {}, enabled: () => false };
  const is = (text: string) => (host: HostAddress) => formatAddress({ ...host, port: 1 }) === text;
  return new Outbound(
    {
      anchors,
      networks: directReach.networks,
      isReachable: (host) => isReachable(directReach, host),
    },
    {
      addresses: manager,
      random: systemRandom,
      log,
      groupOf: ({ bytes }) => bytes.subarray(0, 2).join('.'),
      isUnwanted: is('6.6.6.6:1'),
      isUseful: (offered) => (offered & FULL) === FULL,
      isOwn: is('5.5.5.5:1'),
      isAdded: is('4.4.4.4:1'),
    },
  );
}

const none = { full: 0, maxFull: 8, blockOnly: 0, maxBlockOnly: 2 };
const chosen = (outbound: Outbound, counts = none, groups = new Set<string>(), after = 0) => {
  const choice = outbound.choose(counts, groups, 1000 * (NOW + after));
  return choice && `${choice.type} ${formatAddress(choice.address)}${choice.v2 ? ' v2' : ''}`;
};

describe('the next connection', () => {
  test('full ones first, then for blocks only, and a feeler now and then', () => {
    const outbound = choices([known('1.2.3.4')]);
    expect(chosen(outbound)).toBe('outbound-full-relay 1.2.3.4:8333');
    expect(chosen(outbound, { ...none, full: 8 })).toBe('block-relay-only 1.2.3.4:8333');
    const enough = { ...none, full: 8, blockOnly: 2 };
    expect(chosen(outbound, enough)).toBeUndefined();
    expect(chosen(outbound, enough, new Set(['1.2']), 86_400)).toBe('feeler 1.2.3.4:8333');
  });

  test('encrypted where the address is said to be', () => {
    const outbound = choices([known('1.2.3.4', FULL | services.P2P_V2)]);
    expect(chosen(outbound)).toBe('outbound-full-relay 1.2.3.4:8333 v2');
  });

  test.each([
    ['a neighbour of a peer', '1.2.3.4', FULL, new Set(['1.2'])],
    ['who offers too little', '1.2.3.4', services.NETWORK, new Set<string>()],
    ['ourselves', '5.5.5.5', FULL, new Set<string>()],
    ['who is banned', '6.6.6.6', FULL, new Set<string>()],
    ['who is kept connected anyway', '4.4.4.4', FULL, new Set<string>()],
  ])('never to %s', (_, text, offered, groups) => {
    expect(chosen(choices([known(text, offered)]), none, groups)).toBeUndefined();
  });
});

describe('anchors', () => {
  test('come before everything, each once, and only if they are any good', () => {
    const anchors = ['1.2.3.4', '5.5.5.5', '7.7.7.7'].map((text) => known(text));
    const poor = known('8.8.8.8', services.NETWORK);
    const outbound = choices([known('9.9.9.9')], [...anchors, poor]);
    expect(chosen(outbound)).toBe('block-relay-only 7.7.7.7:8333');
    expect(chosen(outbound)).toBe('block-relay-only 1.2.3.4:8333');
    expect(chosen(outbound)).toBe('outbound-full-relay 9.9.9.9:8333');
  });

  test('wait while there are enough peers for blocks', () => {
    const outbound = choices([known('9.9.9.9')], [known('1.2.3.4')]);
    expect(chosen(outbound, { ...none, blockOnly: 2 })).toBe('outbound-full-relay 9.9.9.9:8333');
    expect(chosen(outbound)).toBe('block-relay-only 1.2.3.4:8333');
  });
});
