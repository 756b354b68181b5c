import { type ChainParams, chainParams, hexToBytes } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  derivePath,
  type ExtendedKey,
  formatExtendedKey,
  formatPath,
  masterKey,
  neuter,
  parseExtendedKey,
  parsePath,
} from './bip32.ts';

const main = chainParams('main') as ChainParams;
const regtest = chainParams('regtest') as ChainParams;

// Test vectors of BIP32: seed, then path, public and private key.
const vectors: readonly [string, readonly [string, string, string][]][] = [
  [
    '000102030405060708090a0b0c0d0e0f',
    [
      [
        '',
        'xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8',
        'xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi',
      ],
      [
        '/0h/1',
        'xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ',
        'xprv9wTYmMFdV23N2TdNG573QoEsfRrWKQgWeibmLntzniatZvR9BmLnvSxqu53Kw1UmYPxLgboyZQaXwTCg8MSY3H2EU4pWcQDnRnrVA1xe8fs',
      ],
      [
        '/0h/1/2h/2/1000000000',
        'xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy',
        'xprvA41z7zogVVwxVSgdKUHDy1SKmdb533PjDz7J6N6mV6uS3ze1ai8FHa8kmHScGpWmj4WggLyQjgPie1rFSruoUihUZREPSL39UNdE3BBDu76',
      ],
    ],
  ],
];

describe('extended keys', () => {
  test('the vectors of BIP32', () => {
    for (const [seed, chains] of vectors) {
      const master = masterKey(hexToBytes(seed)) as ExtendedKey;
      for (const [path, xpub, xprv] of chains) {
        const key = derivePath(master, parsePath(path.split('/').slice(1)) as number[]);
        expect(formatExtendedKey(key, main)).toBe(xprv);
        expect(formatExtendedKey(neuter(key), main)).toBe(xpub);
        expect(parseExtendedKey(xprv, main)).toEqual(key);
        expect(parseExtendedKey(xpub, main)).toEqual(neuter(key));
      }
    }
  });

  test('public derivation is private derivation without the secret', () => {
    const seed = fc.uint8Array({ minLength: 16, maxLength: 64 });
    const path = fc.array(fc.nat(0x7fffffff), { maxLength: 3 });
    fc.assert(
      fc.property(seed, path, (bytes, steps) => {
        const master = masterKey(bytes) as ExtendedKey;
        expect(derivePath(neuter(master), steps)).toEqual(neuter(derivePath(master, steps)));
      }),
      { numRuns: 25 },
    );
  });

  test('hardened steps need the secret; other texts are no keys', () => {
    const master = masterKey(new Uint8Array(32)) as ExtendedKey;
    expect(() => derivePath(neuter(master), [0x80000000])).toThrow(RangeError);
    expect(parseExtendedKey('rubbish', main)).toBeUndefined();
    expect(parseExtendedKey(formatExtendedKey(master, main), regtest)).toBeUndefined();
  });

  test('paths read and write', () => {
    expect(parsePath(['44h', "1'", '7'])).toEqual([0x8000002c, 0x80000001, 7]);
    expect(formatPath([0x8000002c, 7])).toBe('/44h/7');
    expect(formatPath([0x8000002c, 7], "'")).toBe("/44'/7");
    for (const bad of ['x', '', '-1', '2147483648', '1hh'])
      expect(parsePath([bad])).toBeUndefined();
  });
});
