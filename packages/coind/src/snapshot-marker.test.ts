import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BlockHash, type ChainParams, chainParams } from '@coind/primitives';
import { ConfError } from '@coind/rpc/conf';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkSnapshotMarker, markSnapshot } from './snapshot-marker.ts';

const regtest = chainParams('regtest') as ChainParams;
const known = regtest.assumeUtxo[0]?.blockHash as BlockHash;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coind-marker-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('the folder comes with a snapshot and goes when its past is verified', () => {
  const path = join(directory, 'chainstate_snapshot', 'base_blockhash');
  expect(() => checkSnapshotMarker(directory, regtest)).not.toThrow();
  markSnapshot(directory, known);
  expect(Buffer.from(readFileSync(path)).reverse().toString('hex')).toBe(known);
  expect(() => checkSnapshotMarker(directory, regtest)).not.toThrow();
  markSnapshot(directory, undefined);
  markSnapshot(directory, undefined);
  expect(existsSync(join(directory, 'chainstate_snapshot'))).toBe(false);
});

test('a block that nobody vouches for is refused by name', () => {
  mkdirSync(join(directory, 'chainstate_snapshot'));
  writeFileSync(join(directory, 'chainstate_snapshot', 'base_blockhash'), 'z'.repeat(32));
  const check = () => checkSnapshotMarker(directory, regtest);
  expect(check).toThrow(ConfError);
  expect(check).toThrow(`not found for the given blockhash '${'7a'.repeat(32)}'`);
});
