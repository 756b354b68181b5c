import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  bytesToHex,
  type ChainParams,
  chainNames,
  chainParams,
  hexToBytes,
} from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AddressError, decodeAddress, decodeWif, encodeAddress, encodeWif } from './address.ts';
import { multisig, p2pk, p2pkh, p2sh, p2tr, p2wpkh, p2wsh, witnessScript } from './templates.ts';

const network = (name: string): ChainParams => chainParams(name) as ChainParams;
const regtest = network('regtest');
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const anyNetwork = fc.constantFrom(...chainNames).map(network);
const anyOutput = fc.oneof(
  bytes(20).map(p2pkh),
  bytes(20).map(p2sh),
  bytes(20).map(p2wpkh),
  bytes(32).map(p2wsh),
  bytes(32).map(p2tr),
  fc
    .tuple(fc.integer({ min: 1, max: 16 }), fc.uint8Array({ minLength: 2, maxLength: 40 }))
    .map(([version, program]) => witnessScript(version, program)),
);

/** What decoding says, as validateaddress prints it. */
function verdict(text: string): { error?: string; error_locations?: readonly number[] } {
  try {
    decodeAddress(text, regtest);
    return {};
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    return { error: error.message, error_locations: error.locations };
  }
}

describe('addresses', () => {
  test('every output that has an address comes back from it', () => {
    fc.assert(
      fc.property(anyOutput, anyNetwork, (script, params) => {
        const text = encodeAddress(script, params);
        expect(text).toBeDefined();
        expect(bytesToHex(decodeAddress(text as string, params))).toBe(bytesToHex(script));
      }),
    );
  });

  test('bare keys, multisig, data and odd v0 programs have none', () => {
    const key = hexToBytes(`02${'11'.repeat(32)}`);
    for (const script of [
      p2pk(key),
      multisig(1, [key]),
      hexToBytes('6a0101'),
      hexToBytes('00021111'),
      hexToBytes(''),
    ]) {
      expect(encodeAddress(script, regtest)).toBeUndefined();
    }
  });

  test('pay-to-anchor has a short one', () => {
    expect(encodeAddress(hexToBytes('51024e73'), regtest)).toBe('bcrt1pfeesnyr2tx');
  });

  test('an address of another network is refused', () => {
    fc.assert(
      fc.property(anyOutput, (script) => {
        const text = encodeAddress(script, network('main')) as string;
        expect(() => decodeAddress(text, regtest)).toThrow(AddressError);
        expect(() => decodeAddress(text, network('coin'))).toThrow(AddressError);
      }),
    );
  });

  // Of two, bitcoind sometimes names others: it takes the nearest word of either checksum.
  test('one wrong character of a segwit address is found', () => {
    const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
    fc.assert(
      fc.property(
        fc.oneof(bytes(20).map(p2wpkh), bytes(32).map(p2tr)),
        fc.uniqueArray(fc.nat({ max: 41 }), { minLength: 1, maxLength: 1 }),
        fc.integer({ min: 1, max: 31 }),
        (script, places, shift) => {
          const right = encodeAddress(script, regtest) as string;
          const at = places.map((place) => 'bcrt1'.length + (place % (right.length - 5)));
          const characters = [...right];
          for (const i of new Set(at)) {
            const value = CHARSET.indexOf(right[i] as string) ^ shift;
            characters[i] = CHARSET[value] as string;
          }
          const { error, error_locations } = verdict(characters.join(''));
          expect(error).toMatch(/^Invalid Bech32m? checksum$/);
          expect(error_locations).toEqual([...new Set(at)].sort((a, b) => a - b));
        },
      ),
    );
  });

  const golden = fileURLToPath(
    new URL('../../../../shared/golden/modern/util-validateaddress.json', import.meta.url),
  );
  if (!existsSync(golden)) {
    test.skip(`${golden} is not there`);
  } else {
    type Step = {
      method: string;
      params: string[] | { address: string };
      expect: { result?: Record<string, unknown> };
    };
    const { steps } = JSON.parse(readFileSync(golden, 'utf8')) as { steps: Step[] };
    const cases = steps.filter((step) => step.method === 'validateaddress' && step.expect.result);
    test(`${cases.length} answers of bitcoind's validateaddress`, () => {
      expect(cases.length).toBeGreaterThan(30);
      for (const { params, expect: wanted } of cases) {
        const text = (Array.isArray(params) ? params[0] : params.address) as string;
        const { isvalid, address, scriptPubKey, error, error_locations } = wanted.result ?? {};
        if (!isvalid) {
          expect({ text, ...verdict(text) }).toEqual({ text, error, error_locations });
          continue;
        }
        const script = decodeAddress(text, regtest);
        expect(bytesToHex(script)).toBe(scriptPubKey);
        expect(encodeAddress(script, regtest)).toBe(address);
      }
    });
  }
});

describe('private keys as text', () => {
  test('come back from it, and only on their network', () => {
    const anyKey = bytes(32).filter((key) => key[0] !== 0xff && key.some((byte) => byte !== 0));
    fc.assert(
      fc.property(anyKey, fc.boolean(), anyNetwork, (privateKey, compressed, params) => {
        const text = encodeWif(privateKey, compressed, params);
        expect(decodeWif(text, params)).toEqual({ privateKey, compressed });
        const other = network(params.base58.secretKey === 128 ? 'regtest' : 'main');
        expect(() => decodeWif(text, other)).toThrow('Invalid private key encoding');
      }),
    );
  });

  test('zero and the order of the curve are no keys', () => {
    const order = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';
    for (const hex of ['00'.repeat(32), order]) {
      expect(() => decodeWif(encodeWif(hexToBytes(hex), true, regtest), regtest)).toThrow();
    }
  });
});
