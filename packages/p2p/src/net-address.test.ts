import { bytesToHex } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  asCjdns,
  formatAddress,
  formatHost,
  type HostAddress,
  hostOfIpv6,
  internalHost,
  isLocal,
  isRoutable,
  isValid,
  knownHost,
  networkClass,
  networkIds,
  networkOf,
  parseAddress,
  parseHost,
  splitHostPort,
} from './net-address.ts';
import { netGroup } from './net-group.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const I2P = 'udhdrtrcetjm5sxzskjyr5ztpeszydbh4dpl3pl4utgqqw2v4jna.b32.i2p';

function host(text: string): HostAddress {
  const parsed = parseHost(text);
  if (!parsed) throw new Error(`${text} is no address`);
  return parsed;
}

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const anyHost = fc.oneof(
  bytesOf(4).map((bytes) => ({ networkId: networkIds.ipv4, bytes })),
  bytesOf(16).map(hostOfIpv6),
  bytesOf(32).map((bytes) => ({ networkId: networkIds.onion, bytes })),
  bytesOf(32).map((bytes) => ({ networkId: networkIds.i2p, bytes })),
);

describe('text', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['[2001:DB8::1]', '2001:db8::1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::', 'fe80::'],
    [ONION, ONION],
    [I2P.toUpperCase(), I2P],
  ])('%s is %s', (text, expected) => {
    expect(formatHost(host(text))).toBe(expected);
  });

  test.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4:5',
    ':::',
    `a${ONION.slice(1)}`,
    'aaaaaaaaaaaaaaaa.onion',
    `9${I2P.slice(1)}`,
    I2P.slice(1),
  ])('%s is no address', (text) => {
    expect(parseHost(text)).toBeUndefined();
  });

  test('what is written is read as the same address', () => {
    fc.assert(
      fc.property(anyHost, fc.integer({ min: 1, max: 65535 }), (address, port) => {
        expect(parseHost(formatHost(address))).toEqual(address);
        expect(parseAddress(formatAddress({ ...address, port }), 1)).toEqual({ ...address, port });
        expect(parseAddress(formatHost(address), port)?.port).toBe(port);
      }),
    );
  });

  test('a port is split off where it is meant', () => {
    expect(splitHostPort('example.com:8333')).toEqual({ host: 'example.com', port: 8333 });
    expect(splitHostPort('[::1]:8333')).toEqual({ host: '::1', port: 8333 });
    expect(splitHostPort('[::1]')).toEqual({ host: '::1', port: undefined });
    expect(splitHostPort('::1')).toEqual({ host: '::1', port: undefined });
    expect(splitHostPort('::8333')).toEqual({ host: '::8333', port: undefined });
    for (const text of ['a:0', 'a:65536', 'a:x', 'a:', '[::1]:-1']) {
      expect(splitHostPort(text)).toBeUndefined();
    }
  });
});

describe('judgement', () => {
  test.each([
    ['8.8.8.8', 'ipv4'],
    ['2001:4860::8888', 'ipv6'],
    [ONION, 'onion'],
    [I2P, 'i2p'],
    ['127.0.0.1', 'not_publicly_routable'],
    ['10.1.2.3', 'not_publicly_routable'],
    ['100.64.0.1', 'not_publicly_routable'],
    ['169.254.1.1', 'not_publicly_routable'],
    ['172.16.0.1', 'not_publicly_routable'],
    ['192.168.1.1', 'not_publicly_routable'],
    ['192.0.2.7', 'not_publicly_routable'],
    ['198.18.0.1', 'not_publicly_routable'],
    ['198.51.100.1', 'not_publicly_routable'],
    ['203.0.113.1', 'not_publicly_routable'],
    ['172.32.0.1', 'ipv4'],
    ['100.128.0.1', 'ipv4'],
    ['fc00::1', 'not_publicly_routable'],
    ['fe80::1', 'not_publicly_routable'],
    ['2001:10::1', 'not_publicly_routable'],
    ['2001:20::1', 'not_publicly_routable'],
    ['2001:db8::1', 'not_publicly_routable'],
  ] as const)('%s belongs to %s', (text, network) => {
    expect(networkOf(host(text))).toBe(network);
    expect(isRoutable(host(text))).toBe(network !== 'not_publicly_routable');
  });

  test('what no host can have is not valid', () => {
    expect(['0.0.0.0', '255.255.255.255', '::', '2001:db8::1'].map(host).some(isValid)).toBe(false);
    expect(['127.0.0.1', '::1', '10.0.0.1'].map(host).every(isValid)).toBe(true);
    expect(['127.0.0.1', '0.0.0.1', '::1'].map(host).every(isLocal)).toBe(true);
  });

  test('CJDNS is what fc00::/8 means where it is reachable', () => {
    const cjdns = asCjdns(host('fc00:1:2:3:4:5:6:7'));
    expect(networkOf(cjdns)).toBe('cjdns');
    expect(formatHost(cjdns)).toBe('fc00:1:2:3:4:5:6:7');
    expect(asCjdns(host('fd00::1'))).toEqual(host('fd00::1'));
  });

  test('a name is an address of its own kind', () => {
    const internal = internalHost('esffpp');
    expect(networkOf(internal)).toBe('internal');
    expect(formatHost(internal)).toBe('esffpvrt3wpeaygy.internal');
    expect(isValid(internal)).toBe(false);
  });

  test('from the wire: unknown networks, wrong lengths and disguises are refused', () => {
    const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(1);
    expect(knownHost({ networkId: 4, bytes: bytes(32) })?.networkId).toBe(4);
    expect(knownHost({ networkId: 3, bytes: bytes(10) })).toBeUndefined();
    expect(knownHost({ networkId: 9, bytes: bytes(4) })).toBeUndefined();
    expect(knownHost({ networkId: 1, bytes: bytes(16) })).toBeUndefined();
    const disguised = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4);
    expect(knownHost({ networkId: 2, bytes: disguised })).toBeUndefined();
  });
});

describe('groups are bitcoind’s', () => {
  test.each([
    ['127.0.0.1', '00'],
    ['10.0.0.1', '00'],
    ['169.254.1.1', '00'],
    ['1.2.3.4', '010102'],
    ['::ffff:0:102:304', '010102'],
    ['64:ff9b::102:304', '010102'],
    ['2002:102:304:9999:9999:9999:9999:9999', '010102'],
    ['2001:0:9999:9999:9999:9999:fefd:fcfb', '010102'],
    ['2001:470:abcd:9999:9999:9999:9999:9999', '0220010470af'],
    ['2001:2001:9999:9999:9999:9999:9999:9999', '0220012001'],
    [ONION, '037f'],
    [I2P, '04af'],
  ])('%s: %s', (text, group) => {
    expect(bytesToHex(netGroup(host(text)))).toBe(group);
  });

  test('tunnels count as IPv4, CJDNS by the bits that differ', () => {
    expect(networkClass(host('2002:102:304::1'))).toBe('ipv4');
    expect(networkOf(host('2002:102:304::1'))).toBe('ipv6');
    expect(bytesToHex(netGroup(asCjdns(host('fc12:3400::1'))))).toBe('05fc1f');
  });
});
