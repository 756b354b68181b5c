import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DiskBlockFiles } from './block-files.ts';
import { genesis, mineChain } from './mining.test.support.ts';
import { noObfuscation, Obfuscation, openObfuscation } from './obfuscation.ts';

const MAGIC = 'fabfb5da';
const KEY = Uint8Array.of(1, 2, 4, 8, 16, 32, 64, 128);
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coind-xor-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const keyFile = () => join(dir, 'xor.dat');

test('a byte of a file is XORed with the byte of the key at its offset, wherever a piece begins', () => {
  const obfuscation = new Obfuscation(KEY);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.nat(20),
      fc.nat(3),
      (plain, offset, misaligned) => {
        const bytes = new Uint8Array(plain.length + misaligned).subarray(misaligned);
        bytes.set(plain);
        obfuscation.apply(bytes, offset);
        const expected = plain.map((byte, i) => byte ^ (KEY[(offset + i) % 8] as number));
        expect(bytes).toEqual(expected);
        obfuscation.apply(bytes, offset);
        expect(bytes).toEqual(plain);
      },
    ),
  );
});

test('a new directory gets a key of its own, and keeps it', () => {
  writeFileSync(join(dir, '.lock'), '');
  const { key } = openObfuscation(dir, true);
  expect(key.some((byte) => byte !== 0)).toBe(true);
  expect(new Uint8Array(readFileSync(keyFile()))).toEqual(key);
  expect(openObfuscation(dir, true).key).toEqual(key);
});

test('a directory in use goes on as it is, with a key of zeros', () => {
  writeFileSync(join(dir, 'blk00000.dat'), 'x');
  expect(openObfuscation(dir, true).key).toEqual(noObfuscation.key);
  expect(new Uint8Array(readFileSync(keyFile()))).toEqual(new Uint8Array(8));
  // A hidden directory is not a hidden file.
  rmSync(dir, { recursive: true });
  mkdirSync(join(dir, '.hidden'), { recursive: true });
  expect(openObfuscation(dir, true).key).toEqual(noObfuscation.key);
});

test('a key can neither be switched off nor be cut short', () => {
  writeFileSync(keyFile(), KEY);
  expect(() => openObfuscation(dir, false)).toThrow(
    `Failed to initialize ChainstateManager: The blocksdir XOR-key can not be disabled when a random key was already stored! Stored key: '0102040810204080', stored path: '${keyFile()}'.`,
  );
  writeFileSync(keyFile(), KEY.subarray(0, 7));
  expect(() => openObfuscation(dir, true)).toThrow(/7 bytes long instead of 8/);
  writeFileSync(keyFile(), new Uint8Array(8));
  expect(openObfuscation(dir, false).key).toEqual(noObfuscation.key);
});

test('block files with a key: unreadable without it, whole with it', () => {
  const obfuscation = new Obfuscation(KEY);
  const files = new DiskBlockFiles(dir, MAGIC, { obfuscation });
  const blocks = mineChain(genesis, 3);
  const positions = blocks.map((block) => files.appendBody(block.encode()));
  const undo = Uint8Array.from({ length: 45 }, (_, i) => i);
  const undoPosition = files.appendUndo(0, undo);
  for (const [i, position] of positions.entries()) {
    expect(files.read('blk', position)).toEqual(blocks[i]?.encode());
  }
  expect(files.read('rev', undoPosition)).toEqual(undo);
  expect([...files.scan(0)].map(({ block }) => block.hash)).toEqual(blocks.map(({ hash }) => hash));
  files.close();

  const path = files.path('blk', 0);
  const written = new Uint8Array(readFileSync(path));
  expect(written.subarray(0, 4)).not.toEqual(new Uint8Array(Buffer.from(MAGIC, 'hex')));
  expect([...new DiskBlockFiles(dir, MAGIC).scan(0)]).toEqual([]);
  obfuscation.apply(written, 0);
  writeFileSync(path, written);
  expect([...new DiskBlockFiles(dir, MAGIC).scan(0)]).toHaveLength(3);
});
