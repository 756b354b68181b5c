import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HostAddress, parseHost } from './net-address.ts';
import { compareSubnets, formatSubnet, isInSubnet, parseSubnet, subnetKey } from './subnet.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';

function contains(subnet: string, address: string): boolean {
  const range = parseSubnet(subnet);
  if (!range) throw new Error(`${subnet} is no range`);
  return isInSubnet(range, parseHost(address) as HostAddress);
}

describe('text', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4/32'],
    ['1.2.3.4/24', '1.2.3.0/24'],
    ['1.2.3.4/255.255.0.0', '1.2.0.0/16'],
    ['1.2.3.4/0.0.0.0', '0.0.0.0/0'],
    ['1.2.3.4/255.255.255.255', '1.2.3.4/32'],
    ['2001:db8::ff/19', '2001::/19'],
    ['::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe', '::/127'],
    ['::1', '::1/128'],
    [ONION, ONION],
  ])('%s is %s', (text, expected) => {
    const subnet = parseSubnet(text);
    expect(subnet && formatSubnet(subnet)).toBe(expected);
  });

  test.each([
    '',
    'fuzzy',
    '1.2.3.4/33',
    '1.2.3.4/-1',
    '1.2.3.4/',
    '1.2.3.4/255.0.255.0',
    '1.2.3.4/ffff::',
    '::1/129',
    `${ONION}/8`,
  ])('%s is no range', (text) => {
    expect(parseSubnet(text)).toBeUndefined();
  });

  test('on a node that reaches CJDNS its addresses have no ranges', () => {
    expect(parseSubnet('fc00::1/8')).toBeDefined();
    expect(parseSubnet('fc00::1/8', true)).toBeUndefined();
    expect(parseSubnet('fc00::1', true)?.host.networkId).toBe(6);
  });
});

test('who is in', () => {
  expect(contains('10.0.0.0/8', '10.255.0.1')).toBe(true);
  expect(contains('10.0.0.0/8', '11.0.0.0')).toBe(false);
  expect(contains('0.0.0.0/0', '8.8.8.8')).toBe(true);
  expect(contains('::/0', '8.8.8.8')).toBe(false);
  expect(contains('2001:db8::/33', '2001:db8:7fff::1')).toBe(false); // documentation: no valid address
  expect(contains('2001:4860::/33', '2001:4860:7fff::1')).toBe(true);
  expect(contains('2001:4860::/33', '2001:4860:8000::1')).toBe(false);
  expect(contains(ONION, ONION)).toBe(true);
});

test('a range holds the addresses it was made from, and a wider one all of a narrower', () => {
  const bytes = fc.uint8Array({ minLength: 4, maxLength: 4 }).filter(([a]) => a !== 0 && a !== 255);
  fc.assert(
    fc.property(bytes, fc.nat(32), fc.nat(32), (ip, a, b) => {
      const text = ip.join('.');
      const [wide, narrow] = [Math.min(a, b), Math.max(a, b)];
      expect(contains(`${text}/${wide}`, text)).toBe(true);
      const inner = parseSubnet(`${text}/${narrow}`);
      const outer = parseSubnet(`${text}/${wide}`);
      if (!inner || !outer) throw new Error('both are ranges');
      expect(parseSubnet(formatSubnet(inner))).toEqual(inner);
      expect(compareSubnets(outer, inner)).toBeLessThanOrEqual(0);
      expect(subnetKey(outer) === subnetKey(inner)).toBe(wide === narrow);
    }),
  );
});
