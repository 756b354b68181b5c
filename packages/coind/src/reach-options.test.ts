import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatProxy, type Reach } from '@coind/p2p';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseOptions } from './config.ts';
import { peersOptions } from './net-options.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'coind-reach-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function options(...argv: string[]) {
  const request = parseOptions([`-datadir=${dir}`, '-regtest', ...argv], { HOME: dir });
  if (request.kind !== 'start') throw new Error(`unexpected ${request.kind}`);
  return peersOptions(request.options, []);
}
const reach = (...argv: string[]): Reach => options(...argv).reach;
const proxies = (...argv: string[]) =>
  Object.fromEntries([...reach(...argv).proxies].map(([name, to]) => [name, formatProxy(to)]));
const networks = (...argv: string[]) => [...reach(...argv).networks].sort();

describe('what can be reached', () => {
  test('without options: IPv4 and IPv6', () => {
    expect(networks()).toEqual(['ipv4', 'ipv6']);
    expect(proxies()).toEqual({});
  });

  test('-proxy is for everything but I2P; =network narrows it, 0 takes it away', () => {
    const all = '127.0.0.1:9050';
    expect(proxies('-proxy=127.0.0.1')).toEqual({ ipv4: all, ipv6: all, onion: all, cjdns: all });
    expect(networks('-proxy=127.0.0.1')).toEqual(['ipv4', 'ipv6', 'onion']);
    expect(reach('-proxy=127.0.0.1').nameProxy?.randomize).toBe(true);
    expect(reach('-proxy=127.0.0.1', '-proxyrandomize=0').nameProxy?.randomize).toBe(false);
    expect(proxies('-proxy=[::1]:7=ipv6')).toEqual({ ipv6: '[::1]:7' });
    expect(proxies('-proxy=1.1.1.1:1', '-proxy=2.2.2.2:2=onion', '-proxy=0=cjdns')).toEqual({
      ipv4: '1.1.1.1:1',
      ipv6: '1.1.1.1:1',
      onion: '2.2.2.2:2',
    });
    expect(proxies('-proxy=unix:/run/tor').ipv4).toBe('unix:/run/tor');
  });

  test('-onion, -i2psam and -cjdnsreachable open a network each', () => {
    expect(networks('-onion=127.0.0.1')).toEqual(['ipv4', 'ipv6', 'onion']);
    expect(networks('-proxy=127.0.0.1', '-noonion')).toEqual(['ipv4', 'ipv6']);
    expect(proxies('-i2psam=127.0.0.1')).toEqual({ i2p: '127.0.0.1:7656' });
    expect(networks('-cjdnsreachable')).toEqual(['cjdns', 'ipv4', 'ipv6']);
  });

  test('-onlynet closes the others', () => {
    expect(networks('-onlynet=ipv6')).toEqual(['ipv6']);
    expect(networks('-onlynet=ipv4', '-onlynet=onion', '-onion=127.0.0.1')).toEqual([
      'ipv4',
      'onion',
    ]);
    expect(networks('-onlynet=onion', '-listenonion')).toEqual([]);
  });

  test.each([
    [['-onlynet=abc'], "Unknown network specified in -onlynet: 'abc'"],
    [['-onlynet=i2p'], 'Outbound connections restricted to i2p'],
    [['-onlynet=cjdns'], 'Outbound connections restricted to CJDNS'],
    [['-onlynet=onion', '-onion=0'], 'explicitly forbidden: -onion=0'],
    [['-onlynet=onion', '-listenonion=0'], 'none of -proxy, -onion or -listenonion is given'],
    [['-onlynet=onion', '-onion=1.1.1.1', '-dnsseed=1'], '-onlynet forbids connections to IPv4'],
    [['-proxy=abc..abc:1'], "Invalid -proxy address or hostname: 'abc..abc:1'"],
    [['-proxy=127.0.0.1:9050='], "ends with '='"],
    [['-proxy=127.0.0.1:9050=foo'], "Unrecognized network in -proxy='127.0.0.1:9050=foo': 'foo'"],
    [[`-proxy=unix:${'x'.repeat(1000)}`], 'Invalid -proxy address or hostname'],
    [['-onion=xyz..xyz:1'], "Invalid -onion address or hostname: 'xyz..xyz:1'"],
  ])('%j is refused', (argv, message) => {
    expect(() => reach(...argv)).toThrow(message);
  });
});

describe('where to listen and what to tell', () => {
  const binds = (...argv: string[]) =>
    options(...argv).binds.map(
      ({ host, port, onion }) => `${host} ${port}${onion ? ' onion' : ''}`,
    );

  test('everywhere, and for Tor on the next port', () => {
    expect(binds('-port=5')).toEqual(['0.0.0.0 5', ':: 5', '127.0.0.1 6 onion']);
    expect(binds('-port=5', '-bind=127.0.0.1')).toEqual(['127.0.0.1 5']);
    expect(binds('-port=5', '-bind=127.0.0.1=onion')).toEqual(['127.0.0.1 6 onion']);
    expect(binds('-port=5', '-whitebind=127.0.0.1:9')).toEqual([
      '127.0.0.1 9',
      '127.0.0.1 6 onion',
    ]);
    expect(() => binds('-bind=127.0.0.1:9', '-whitebind=127.0.0.1:9')).toThrow(
      'Duplicate binding configuration for address 127.0.0.1:9.',
    );
  });

  test('-externalip with the port that is listened on', () => {
    const port = (...argv: string[]) =>
      options('-externalip=2.2.2.2', ...argv).externalAddresses[0]?.port;
    expect(port()).toBe(18444);
    expect(port('-port=5')).toBe(5);
    expect(port('-port=5', '-bind=1.1.1.5:6')).toBe(6);
    expect(port('-port=5', '-bind=1.1.1.5:6=onion')).toBe(5);
    expect(port('-port=5', '-whitebind=noban@1.1.1.5:7')).toBe(5);
    expect(port('-port=5', '-whitebind=1.1.1.5:7')).toBe(7);
    expect(options('-externalip=2.2.2.2').discover).toBe(false);
  });
});
