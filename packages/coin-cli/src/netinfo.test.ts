import { type Json, parseJson } from '@coind/rpc';
import { describe, expect, test } from 'vitest';
import { netInfo } from './netinfo.ts';
import { VERSION } from './version.ts';

const NOW = 1_700_000_000;
const network = {
  protocolversion: 70017,
  subversion: '/coind:0.1.0/',
  localservicesnames: ['NETWORK', 'WITNESS', 'NETWORK_LIMITED', 'P2P_V2'],
  networks: [
    { name: 'ipv4', reachable: true },
    { name: 'ipv6', reachable: true },
    { name: 'onion', reachable: false },
  ],
  localaddresses: [{ address: '203.0.113.7', port: 8333, score: 4 }],
};
const inbound = {
  id: 12,
  addr: '127.0.0.1:50000',
  network: 'not_publicly_routable',
  servicesnames: ['NETWORK', 'WITNESS'],
  relaytxes: false,
  lastsend: NOW - 3,
  lastrecv: NOW - 61,
  last_transaction: 0,
  last_block: NOW - 120,
  conntime: NOW - 3600,
  pingtime: 0.0124,
  minping: 0.0101,
  version: 70016,
  subver: '/Satoshi:27.0.0/',
  inbound: true,
  bip152_hb_to: false,
  bip152_hb_from: true,
  addr_relay_enabled: true,
  addr_processed: 1005,
  addr_rate_limited: 0,
  connection_type: 'inbound',
  transport_protocol_type: 'v2',
};
const outbound = {
  ...inbound,
  id: 3,
  addr: '198.51.100.20:8333',
  network: 'ipv4',
  relaytxes: true,
  last_transaction: NOW - 600,
  inbound: false,
  connection_type: 'manual',
  addr_relay_enabled: false,
  addr_processed: 0,
  pingtime: 2000,
  minping: undefined,
  transport_protocol_type: 'v1',
};

const setting = { chain: 'regtest', now: NOW };

async function page(peers: readonly object[], ...words: string[]): Promise<string[]> {
  const replies = [
    { id: 0, result: peers, error: null },
    { id: 1, result: network, error: null },
  ];
  const send = async (): Promise<Json> => parseJson(JSON.stringify(replies));
  return (await netInfo(send, words, setting)).stdout.split('\n');
}

describe('-netinfo', () => {
  test('counts by network and direction', async () => {
    expect(
      await page([inbound, outbound, { ...outbound, connection_type: 'block-relay-only' }]),
    ).toEqual([
      `coind client v${VERSION} regtest - server 70017/coind:0.1.0/`,
      '',
      '         ipv4    ipv6     npr   total   block  manual',
      'in          0       0       1       1',
      'out         2       0       0       2       1       1',
      'total       2       0       1       3',
      '',
      'Local services: network, witness, network limited, p2p v2',
      '',
      'Local addresses',
      '203.0.113.7     port   8333    score      4',
      '',
    ]);
  });

  test('lists the peers, those that came first, in columns as wide as needed', async () => {
    const lines = await page([outbound, inbound], '4');
    expect(lines[0]).toMatch(/ - services nwl2$/);
    expect(lines.slice(2, 7)).toEqual([
      '<->   type   net   serv  v  mping   ping send recv  txn  blk  hb addrp addrl  age id address            version',
      ' in          npr     nw  2     10     12    3   61    *    2   *  1005         60 12 127.0.0.1:50000    70016/Satoshi:27.0.0/',
      'out manual  ipv4     nw  1             -    3   61   10    2   *     .         60  3 198.51.100.20:8333 70016/Satoshi:27.0.0/',
      '                               ms     ms  sec  sec  min  min                  min',
      '',
    ]);
    expect(lines.some((line) => line.startsWith('Local services'))).toBe(false);
  });

  test('leaves out what was not asked for', async () => {
    const brief = await page([outbound, inbound], '1', 'o');
    expect(brief[2]).toMatch(/age id$/);
    expect(brief.filter((line) => / in .*npr/.test(line))).toEqual([]);
    expect((await page([outbound], '2'))[2]).toMatch(/id address$/);
    expect((await page([outbound], '3'))[2]).toMatch(/id version$/);
    expect((await page([], '1'))[2]).toMatch(/ipv4/);
    expect((await page([{ ...outbound, mapped_as: 64512 }], '1'))[3]).toMatch(/ 64512 {2}3$/);
  });

  test.each([
    [['x'], 'invalid -netinfo level argument: x\nFor more information'],
    [['256'], 'invalid -netinfo level argument: 256'],
    [['1', 'in'], 'invalid -netinfo outonly argument: in\nFor more information'],
    [['0', 'o'], 'The outonly argument is only valid for a level greater than 0'],
  ])('%j is refused', async (words, message) => {
    await expect(page([], ...words)).rejects.toThrow(message);
  });

  test('explains itself without a daemon', async () => {
    const send = () => Promise.reject(new Error('asked'));
    expect((await netInfo(send, ['help'], setting)).stdout).toContain('-netinfo (level [outonly])');
  });

  test('shows the error of a daemon', async () => {
    const refusal = { id: 0, result: null, error: { code: -28, message: 'Loading' } };
    const send = async (): Promise<Json> => parseJson(JSON.stringify([refusal, refusal]));
    expect(await netInfo(send, [], setting)).toMatchObject({
      stderr: 'error code: -28\nerror message:\nLoading\n',
      exitCode: 28,
    });
  });
});
