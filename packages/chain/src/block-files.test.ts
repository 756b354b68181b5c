import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Block } from '@coind/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DiskBlockFiles, MemoryBlockFiles } from './block-files.ts';
import { genesis, mineChain } from './mining.test.support.ts';

const MAGIC = 'fabfb5da';
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coind-files-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('what was appended is read back, from disk and from memory', () => {
  for (const files of [new DiskBlockFiles(dir, MAGIC), new MemoryBlockFiles()]) {
    const bodies = [1, 2, 3].map((byte) => new Uint8Array(100).fill(byte));
    const positions = bodies.map((body) => files.appendBody(body));
    const undo = files.appendUndo(0, new Uint8Array(40).fill(9));
    expect(positions.map((position) => files.read('blk', position))).toEqual(bodies);
    expect(files.read('rev', undo)).toEqual(new Uint8Array(40).fill(9));
    expect(files.sizeBytes()).toBe(3 * 108 + 48);
    files.sync();
    files.close();
  }
});

test('a full file is followed by the next, and undo goes beside its body', () => {
  const files = new DiskBlockFiles(dir, MAGIC, { maxFileSize: 250 });
  const positions = Array.from({ length: 5 }, () => files.appendBody(new Uint8Array(100)));
  expect(positions.map(({ file }) => file)).toEqual([0, 0, 1, 1, 2]);
  for (const { file } of positions) files.appendUndo(file, new Uint8Array(33));
  expect(statSync(files.path('rev', 1)).size).toBe(2 * 41);
  files.close();
  const again = new DiskBlockFiles(dir, MAGIC, { maxFileSize: 250 });
  expect(again.appendBody(new Uint8Array(10))).toEqual({ file: 2, offset: 116, size: 10 });
  expect(again.fileNumbers('blk')).toEqual([0, 1, 2]);
  again.close();
});

test('a file is full when the next record would reach its size, and begins with its undo file', () => {
  const files = new DiskBlockFiles(dir, MAGIC, { maxFileSize: 216 });
  const positions = [100, 99, 100].map((size) => files.appendBody(new Uint8Array(size)));
  // 108 + 107 bytes stay below 216; 108 and 108 would reach it.
  expect(positions.map(({ file }) => file)).toEqual([0, 0, 1]);
  expect(files.fileNumbers('rev')).toEqual([0, 1]);
  files.close();
});

test('chunks are counted as they are begun, a quarter of a file at most', () => {
  const files = new DiskBlockFiles(dir, MAGIC, { maxFileSize: 400 });
  const begun = Array.from({ length: 6 }, () => {
    files.appendBody(new Uint8Array(52));
    return files.chunks;
  });
  // Six records of 60 bytes: the second, fourth, … reach into another hundred.
  expect(begun).toEqual([1, 2, 2, 3, 3, 4]);
  files.close();
});

test('more files than may be open at once', () => {
  const files = new DiskBlockFiles(dir, MAGIC, { maxFileSize: 50 });
  const positions = Array.from({ length: 30 }, (_, i) =>
    files.appendBody(new Uint8Array(40).fill(i)),
  );
  for (const { file } of positions) files.appendUndo(file, new Uint8Array(33).fill(file));
  for (const [i, position] of positions.entries()) {
    expect(position.file).toBe(i);
    expect(files.read('blk', position)[0]).toBe(i);
  }
  files.close();
});

test('a position that holds no record is noticed', () => {
  const files = new DiskBlockFiles(dir, MAGIC);
  const position = files.appendBody(new Uint8Array(100));
  const wrong = [
    { ...position, offset: position.offset + 1 },
    { ...position, size: 99 },
    { ...position, size: 101 },
    { ...position, file: 7 },
  ];
  for (const at of wrong)
    expect(() => files.read('blk', at)).toThrow(/Block file .*blk0000\d\.dat/);
  files.close();
});

test('a scan finds every whole block between whatever lies in the file', () => {
  const files = new DiskBlockFiles(dir, MAGIC);
  const path = files.path('blk', 0);
  const [a, b, c] = mineChain(genesis, 3) as [Block, Block, Block];
  const record = (block: Block) => {
    const frame = Buffer.alloc(8);
    frame.write(MAGIC, 'hex');
    frame.writeUInt32LE(block.encode().length, 4);
    return Buffer.concat([frame, block.encode()]);
  };
  const torn = record(b).subarray(0, 60);
  const junk = Buffer.alloc(70_000, 0xfa);
  writeFileSync(path, Buffer.concat([Buffer.from('junk'), record(a), torn, record(b), junk]));
  appendFileSync(path, Buffer.concat([record(c), record(a).subarray(0, 7)]));
  const found = [...files.scan(0)];
  expect(found.map(({ block }) => block.hash)).toEqual([a.hash, b.hash, c.hash]);
  for (const { block, position } of found) {
    expect(files.read('blk', position)).toEqual(block.encode());
  }
  const [first] = found;
  const later = first && [...files.scan(0, first.position.offset)];
  expect(later?.map(({ block }) => block.hash)).toEqual([b.hash, c.hash]);
  files.close();
});

test('what the index knows is compared with the files', () => {
  const files = new DiskBlockFiles(dir, MAGIC);
  const { offset, size } = files.appendBody(new Uint8Array(100));
  files.appendUndo(0, new Uint8Array(50));
  const end = offset + size;
  const known = (blk: number, rev: number) => ({
    blk: new Map([[0, blk]]),
    rev: new Map([[0, rev]]),
  });
  expect(files.check(known(end, 58))).toEqual([]);
  expect(files.check(known(40, 58))).toEqual([{ file: 0, offset: 40 }]);
  expect(() => files.check(known(end + 1, 58))).toThrow(/108 bytes long, expected at least 109/);
  expect(files.check(known(end, 20))).toEqual([]);
  expect(readFileSync(files.path('rev', 0)).length).toBe(20);
  expect(() => files.check({ blk: new Map([[3, 1]]), rev: new Map() })).toThrow(/blk00003\.dat/);
  files.close();
});
