import { describe, expect, test } from 'vitest';
import { LocalAddresses, localScores } from './local-addresses.ts';
import type { WireAddress } from './messages.ts';
import { formatAddress, type NetworkName, networkClass, parseAddress } from './net-address.ts';
import type { Peer } from './peer.ts';
import { directReach } from './reach.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const at = (text: string): WireAddress => parseAddress(text, 8333) as WireAddress;

/** As much of a peer as matters here. */
function peerAt(text: string, seen?: string, inbound = true): Peer {
  const host = at(text);
  const network: NetworkName = networkClass(host);
  const addressLocal = seen === undefined ? undefined : at(seen);
  return { id: 1, host, network, addressLocal, inbound } as Peer;
}

function book({ discover = true, below = (): number => 1 } = {}) {
  const log = { info() {}, warn() {}, error() {}, debug() {}, enabled: () => false };
  const random = {
    below,
    bytes: (length: number) => new Uint8Array(length),
    u64: () => 0n,
    exponential: (mean: number) => mean,
  };
  return new LocalAddresses({ reach: directReach, discover }, { random, log });
}

const told = (local: LocalAddresses, peer: Peer): string | undefined => {
  const address = local.adviceFor(peer);
  return address && formatAddress(address);
};

describe('which addresses are ours', () => {
  test('those that others can reach; unasked ones only where they are looked for', () => {
    const local = book();
    for (const text of ['127.0.0.1', '10.0.0.1', ONION]) local.add(at(text), localScores.bind);
    expect(local.all()).toEqual([]);
    local.add(at('1.1.1.1'), localScores.interface);
    local.add(at(ONION), localScores.manual);
    expect(local.all().map(({ score }) => score)).toEqual([1, 4]);
    expect(local.has(at('1.1.1.1:5'))).toBe(true);
    const quiet = book({ discover: false });
    quiet.add(at('1.1.1.1'), localScores.bind);
    expect(quiet.all()).toEqual([]);
  });

  test('saying it again makes surer, a better source replaces the port', () => {
    const local = book();
    local.add(at('1.1.1.1:1'), localScores.interface);
    local.add(at('1.1.1.1:2'), localScores.bind);
    expect(local.all()).toMatchObject([{ score: 3, address: { port: 2 } }]);
    local.add(at('1.1.1.1:9'), localScores.interface);
    expect(local.all()).toMatchObject([{ score: 3, address: { port: 2 } }]);
    local.seen(at('1.1.1.1'));
    local.seen(at('9.9.9.9'));
    expect(local.all()).toMatchObject([{ score: 4 }]);
  });
});

describe('what a peer is told', () => {
  test('the best way on its network; Tor and the rest never hear of each other', () => {
    const local = book();
    local.add(at('1.1.1.1'), localScores.manual);
    local.add(at('[2001:41d0::1]'), localScores.manual);
    local.add(at(ONION), localScores.manual);
    expect(told(local, peerAt('8.8.8.8'))).toBe('1.1.1.1:8333');
    expect(told(local, peerAt('[2a00::1]'))).toBe('[2001:41d0::1]:8333');
    expect(told(local, peerAt(ONION))).toBe(`${ONION}:8333`);
  });

  test('now and then what it says itself, if that can be believed', () => {
    const yes = book({ below: () => 0 });
    yes.add(at('1.1.1.1:5'), localScores.manual);
    expect(told(yes, peerAt('8.8.8.8', '4.4.4.4:7'))).toBe('4.4.4.4:7');
    // An outbound peer cannot know where we listen.
    expect(told(yes, peerAt('8.8.8.8', '4.4.4.4:7', false))).toBe('4.4.4.4:5');
    expect(told(yes, peerAt('8.8.8.8', '10.0.0.1:7'))).toBe('1.1.1.1:5');
    const no = book({ discover: false, below: () => 0 });
    expect(told(no, peerAt('8.8.8.8', '4.4.4.4:7'))).toBeUndefined();
  });
});
