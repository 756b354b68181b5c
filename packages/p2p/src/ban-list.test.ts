import { expect, test } from 'vitest';
import { BanList } from './ban-list.ts';
import { type HostAddress, parseHost } from './net-address.ts';
import { formatSubnet, parseSubnet, type Subnet } from './subnet.ts';

const NOW = 1_700_000_000;
const DAY = 86_400;

function subnet(text: string): Subnet {
  const parsed = parseSubnet(text);
  if (!parsed) throw new Error(`${text} is no range`);
  return parsed;
}

const host = (text: string): HostAddress => subnet(text).host;

function list(clock = { time: NOW }): BanList {
  return new BanList({ defaultSeconds: DAY }, { now: () => clock.time });
}

test('a range is banned until its time is over', () => {
  const clock = { time: NOW };
  const bans = list(clock);
  expect(bans.ban(subnet('10.0.0.0/8'), { seconds: 100 })).toBe(true);
  expect(bans.isBanned(host('10.1.2.3'))).toBe(true);
  expect(bans.isBanned(host('11.1.2.3'))).toBe(false);
  expect(bans.isSubnetBanned(subnet('10.0.0.0/8'))).toBe(true);
  expect(bans.isSubnetBanned(subnet('10.0.0.0/9'))).toBe(false);
  clock.time += 100;
  expect(bans.isBanned(host('10.1.2.3'))).toBe(false);
  expect(bans.isSubnetBanned(subnet('10.0.0.0/8'))).toBe(false);
  expect(bans.list().length).toBe(1);
  clock.time += 1;
  expect(bans.list()).toEqual([]);
});

test('a ban is made longer, not shorter', () => {
  const bans = list();
  const one = subnet('1.2.3.4');
  expect(bans.ban(one)).toBe(true);
  expect(bans.ban(one, { seconds: 5 })).toBe(false);
  expect(bans.ban(one, { seconds: -5 })).toBe(false);
  expect(bans.list()[0]?.until).toBe(NOW + DAY);
  expect(bans.ban(one, { until: NOW + 2 * DAY })).toBe(true);
  expect(bans.list()).toEqual([{ subnet: one, created: NOW, until: NOW + 2 * DAY }]);
  expect([bans.unban(subnet('1.2.3.0/24')), bans.unban(one), bans.unban(one)]).toEqual([
    false,
    true,
    false,
  ]);
});

test('bans are listed by network and address', () => {
  const bans = list();
  for (const text of ['::1', '10.0.0.0/8', '9.9.9.9', '10.0.0.0/16']) bans.ban(subnet(text));
  const listed = bans.list().map((ban) => formatSubnet(ban.subnet));
  expect(listed).toEqual(['9.9.9.9/32', '10.0.0.0/8', '10.0.0.0/16', '::1/128']);
  bans.clear();
  expect(bans.list()).toEqual([]);
});

test('the file is read as it was written', () => {
  const bans = list();
  bans.ban(subnet('10.0.0.0/8'));
  bans.ban(subnet('2001:4860::/32'), { seconds: 9 });
  const copy = list();
  expect(copy.parse(bans.format())).toEqual([]);
  expect(copy.list()).toEqual(bans.list());
  expect(JSON.parse(bans.format()).banned_nets[0]).toEqual({
    version: 1,
    ban_created: NOW,
    banned_until: NOW + DAY,
    address: '10.0.0.0/8',
  });
});

test('entries nobody can read are left out, other files refused', () => {
  const entry = { version: 1, ban_created: NOW, banned_until: NOW + 9, address: '1.2.3.4' };
  const nets = [entry, { ...entry, version: 2 }, { ...entry, address: 'aaaaa/13' }];
  const bans = list();
  expect(bans.parse(JSON.stringify({ banned_nets: nets }))).toEqual([
    'Dropping entry with unknown version (2) from ban list',
    'Dropping entry with unparseable address or subnet (aaaaa/13) from ban list',
  ]);
  expect(bans.list().length).toBe(1);
  for (const text of ['', '[]', 'null', '{}', '{"banned_nets":[{"version":1}]}']) {
    expect(() => list().parse(text)).toThrow(SyntaxError);
  }
});

test('who misbehaved is discouraged, not banned', () => {
  const bans = list();
  bans.discourage(host('1.2.3.4'));
  expect(bans.isDiscouraged(parseHost('1.2.3.4') as HostAddress)).toBe(true);
  expect(bans.isDiscouraged(host('1.2.3.5'))).toBe(false);
  expect(bans.isBanned(host('1.2.3.4'))).toBe(false);
});
