import { concatBytes, hexToBytes, sha256d, Writer } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { AddressManager } from './address-manager.ts';
import { parseAddress, parseHost } from './net-address.ts';
import {
  decodeAnchorsFile,
  decodePeersFile,
  encodeAnchorsFile,
  encodePeersFile,
  PeersFileError,
  PeersFileVersionError,
} from './peers-file.ts';

const MAGIC = hexToBytes('fabfb5da');
const NOW = 1_700_000_000;
const KEY = new Uint8Array(32).fill(5);
const modules = { now: () => NOW, randomBelow: () => 0 };

function record(text: string) {
  const address = parseAddress(text, 8333);
  if (!address) throw new Error(`${text} is no address`);
  return { ...address, time: NOW, services: 1033n };
}

function filled(): AddressManager {
  const manager = new AddressManager({ key: KEY }, modules);
  for (let i = 0; i < 300; i++) {
    const source = parseHost(`${1 + (i % 7)}.2.3.4`);
    if (source) manager.add([record(`${11 + (i % 80)}.${i % 256}.3.${1 + (i % 200)}`)], source);
  }
  manager.add(
    [
      record('2803:0:1234:abcd::1'),
      record('pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion'),
    ],
    record('8.8.8.8'),
  );
  for (let i = 0; i < 300; i += 3) {
    manager.good(record(`${11 + (i % 80)}.${i % 256}.3.${1 + (i % 200)}`));
  }
  return manager;
}

const tables = (manager: AddressManager) =>
  (['new', 'tried'] as const).map((name) =>
    [...manager.table(name)].map(([known, place]) => {
      const { address, time, services, source, lastSuccess, attempts } = known;
      return { address, time, services, source, lastSuccess, attempts, place };
    }),
  );

test('what was written is read, every address in its place', () => {
  const manager = filled();
  expect(manager.size(undefined, 'tried')).toBeGreaterThan(50);
  const file = encodePeersFile(manager, MAGIC);
  const read = decodePeersFile(file, MAGIC, modules);
  expect(read.check()).toBe(0);
  expect(tables(read)).toEqual(tables(manager));
  expect(read.key).toEqual(KEY);
  expect(read.size('onion')).toBe(1);
});

/** An empty file as bitcoind's own tests make it, with one thing changed. */
function emptyFile({ compat = 36, key = 1, isNew = 0, isTried = 0, format = 4, magic = MAGIC }) {
  const writer = new Writer().bytes(magic).u8(format).u8(compat);
  writer
    .u8(key)
    .bytes(new Uint8Array(31))
    .i32(isNew)
    .i32(isTried)
    .i32(1024 ^ (1 << 30));
  for (let bucket = 0; bucket < 1024; bucket++) writer.i32(0);
  writer.bytes(new Uint8Array(32));
  const contents = writer.finish();
  return concatBytes(contents, sha256d(contents));
}

describe('a file that is not whole is refused with bitcoind’s words', () => {
  const refused = (file: Uint8Array): string => {
    try {
      decodePeersFile(file, MAGIC, modules);
    } catch (error) {
      if (error instanceof PeersFileError) return error.message;
      throw error;
    }
    return '';
  };

  test.each([
    [{}, ''],
    [{ compat: 0 }, 'Corrupted addrman database: The compat value (0) is lower'],
    [{ magic: hexToBytes('0a03cf40') }, 'Invalid network magic number'],
    [{ isTried: -1 }, 'Corrupt AddrMan serialization: nTried=-1, should be in [0, 16384]'],
    [{ isNew: 65537 }, 'Corrupt AddrMan serialization: nNew=65537, should be in [0, 65536]'],
    [{ key: 0 }, 'Corrupt data. Consistency check failed with code -16: '],
    [{ isNew: 1 }, 'AutoFile::read: end of file'],
  ])('%o', (change, message) => {
    expect(refused(emptyFile(change)).startsWith(message)).toBe(true);
    expect(refused(emptyFile(change)) === '').toBe(message === '');
  });

  test('cut short, or changed', () => {
    const file = emptyFile({});
    expect(refused(file.subarray(0, -1))).toMatch(/^AutoFile::read: end of file/);
    expect(refused(file.subarray(0, 2))).toMatch(/^AutoFile::read: end of file/);
    const changed = file.slice();
    changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
    expect(refused(changed)).toBe('Checksum mismatch, data corrupted');
  });

  test('another version is another matter', () => {
    const file = emptyFile({ compat: 32 + 111 });
    expect(() => decodePeersFile(file, MAGIC, modules)).toThrow(PeersFileVersionError);
  });
});

test('a file from before BIP155 is read', () => {
  const writer = new Writer().bytes(MAGIC).u8(1).u8(32).bytes(KEY).i32(1).i32(1);
  writer.i32(1024 ^ (1 << 30));
  const ipv4 = (last: number) => hexToBytes(`00000000000000000000ffff0102030${last}`);
  for (const last of [4, 5]) {
    writer.u32(220_000).u32(NOW).u64(9n).bytes(ipv4(last)).u8(0x20).u8(0x8d).bytes(ipv4(9));
    writer.i64(BigInt(NOW)).i32(0);
  }
  for (let bucket = 0; bucket < 1024; bucket++) {
    writer.i32(bucket === 77 ? 1 : 0);
    if (bucket === 77) writer.i32(0);
  }
  const contents = writer.finish();
  const manager = decodePeersFile(concatBytes(contents, sha256d(contents)), MAGIC, modules);
  const [isNew] = [...manager.table('new')];
  expect(isNew?.[1].bucket).toBe(77);
  expect(isNew?.[0]).toMatchObject({ address: parseAddress('1.2.3.4', 8333), services: 9n });
  expect(manager.find(record('1.2.3.5'))?.table).toBe('tried');
});

test('anchors', () => {
  const anchors = [record('1.2.3.4:5'), record('[2803::1]:6')];
  const file = encodeAnchorsFile(anchors, MAGIC);
  expect(decodeAnchorsFile(file, MAGIC)).toEqual(anchors);
  expect(() => decodeAnchorsFile(file.subarray(1), MAGIC)).toThrow(PeersFileError);
});
