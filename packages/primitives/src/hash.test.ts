import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesToHex } from './bytes.ts';
import * as noble from './digest-noble.ts';
import * as node from './digest-node.ts';
import { hash160, sha256d, taggedHash } from './hash.ts';

const ascii = (text: string) => new TextEncoder().encode(text);

test('known digests', () => {
  expect(bytesToHex(sha256d(ascii('hello')))).toBe(
    '9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50',
  );
  expect(bytesToHex(hash160(ascii('hello')))).toBe('b6a9c8c230722b7c748331a8b450f05566dc7d0f');
});

test('a tagged hash is SHA-256 behind the tag, twice (BIP340)', () => {
  const tag = node.sha256(ascii('TapLeaf'));
  expect(taggedHash('TapLeaf', ascii('a'), ascii('b'))).toEqual(
    node.sha256(new Uint8Array([...tag, ...tag, ...ascii('ab')])),
  );
});

const digests = [
  ['sha256', node.sha256, noble.sha256],
  ['sha1', node.sha1, noble.sha1],
  ['sha512', node.sha512, noble.sha512],
  ['ripemd160', node.ripemd160, noble.ripemd160],
] as const;
const macs = [
  ['hmacSha256', node.hmacSha256, noble.hmacSha256],
  ['hmacSha512', node.hmacSha512, noble.hmacSha512],
] as const;
const bytes = fc.uint8Array({ maxLength: 300 });

describe('Node and plain JavaScript agree', () => {
  test.each(digests)('%s', (_, ours, theirs) => {
    fc.assert(
      fc.property(bytes, (b) => {
        expect(bytesToHex(ours(b))).toBe(bytesToHex(theirs(b)));
      }),
    );
  });

  test.each(macs)('%s', (_, ours, theirs) => {
    fc.assert(
      fc.property(bytes, bytes, (key, b) => {
        expect(bytesToHex(ours(key, b))).toBe(bytesToHex(theirs(key, b)));
      }),
    );
  });
});
