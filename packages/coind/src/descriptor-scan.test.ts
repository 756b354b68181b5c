import { bytesToHex, type ChainParams, chainParams } from '@coind/primitives';
import { RpcError } from '@coind/rpc';
import { expect, test } from 'vitest';
import { needlesOf } from './descriptor-scan.ts';

const params = chainParams('regtest') as ChainParams;
const KEY = '03c540e00ab5b582c3d418ea493a0905afa9d5e410176f5c1c6fdbc850b5508085';
const TPRV =
  'tprv8ZgxMBicQKsPfArGfw8zVGc4eCnUtFYJ2pjgDs2YojV95SUS4yLEkEURcUeWiHScHCqfmDpN4geGNhAEkhnwimq9LZJGLZ1QJKnbThbJEEt';

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof RpcError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
}

test('a combo looks for four scripts and describes each as what it is', () => {
  const needles = needlesOf([{ desc: `combo(${KEY})` }], params);
  expect(needles.scripts).toHaveLength(4);
  const described = needles.scripts.map((script) => needles.describe(script)?.replace(/\(.*/, ''));
  expect(described).toEqual(['pk', 'pkh', 'wpkh', 'sh']);
  const pkh = needles.scripts[1] as Uint8Array;
  expect(needles.describe(pkh)).toBe(`pkh([97369d5a]${KEY})#vyj28wgq`);
});

test('a ranged descriptor makes 1001 scripts, or as many as its range says', () => {
  const desc = `wpkh(${TPRV}/0/*)`;
  expect(needlesOf([{ desc }], params).scripts).toHaveLength(1001);
  expect(needlesOf([{ desc, range: 5 }], params).scripts).toHaveLength(6);
  expect(needlesOf([{ desc, range: [2, 4] }], params).scripts).toHaveLength(3);
  expect(needlesOf([{ desc: `wpkh(${TPRV}/<0;1>/*)`, range: 4 }], params).scripts).toHaveLength(10);
});

test('a script asked for twice is looked for once, and others are not found', () => {
  const needles = needlesOf([{ desc: 'raw(51)' }, { desc: 'raw(51)' }], params);
  expect(needles.scripts.map(bytesToHex)).toEqual(['51']);
  expect(needles.has(Uint8Array.of(0x51))).toBe(true);
  expect(needles.has(Uint8Array.of(0x52))).toBe(false);
  expect(needles.describe(Uint8Array.of(0x52))).toBeUndefined();
});

test('refuses what bitcoind refuses, with its codes', () => {
  const scan = (desc: string, range?: number | readonly [number, number]) =>
    refusal(() => needlesOf([range === undefined ? { desc } : { desc, range }], params));
  const ranged = `wpkh(${TPRV}/*)`;
  expect(scan('foo')).toBe("-5: 'foo' is not a valid descriptor function");
  expect(scan('addr(xyz)')).toBe('-5: Address is not valid');
  expect(scan(ranged, [5, 1])).toBe(
    '-8: Range specified as [begin,end] must not have begin after end',
  );
  expect(scan(ranged, -1)).toBe('-8: End of range is too high');
  expect(scan(ranged, [-1, 3])).toBe('-8: Range should be greater or equal than 0');
  expect(scan(ranged, [0, 1_000_001])).toBe('-8: Range is too large');
  expect(scan(ranged, 2 ** 31)).toBe('-8: End of range is too high');
});
