import { feeRate } from '@coind/primitives';
import { expect, test } from 'vitest';
import { dustThreshold, isDust } from './dust.ts';
import { OP } from './opcodes.ts';
import { buildScript } from './script.ts';
import { p2pkh, p2sh, p2tr, p2wpkh, p2wsh } from './templates.ts';

const hash20 = new Uint8Array(20).fill(1);
const hash32 = new Uint8Array(32).fill(2);

test('dust thresholds are the well-known ones', () => {
  const at = (scriptPubKey: Uint8Array, rate = 3_000n): bigint =>
    dustThreshold({ value: 0n, scriptPubKey }, feeRate(rate));
  expect(at(p2pkh(hash20))).toBe(546n);
  expect(at(p2sh(hash20))).toBe(540n);
  expect(at(p2wpkh(hash20))).toBe(294n);
  expect(at(p2wsh(hash32))).toBe(330n);
  expect(at(p2tr(hash32))).toBe(330n);
  expect(at(buildScript([OP.OP_1, new Uint8Array([0x4e, 0x73])]))).toBe(240n);
  expect(at(buildScript([OP.OP_RETURN]))).toBe(0n);
  expect(at(p2wpkh(hash20), 0n)).toBe(0n);
});

test('an output at the threshold is no dust', () => {
  const scriptPubKey = p2wpkh(hash20);
  expect(isDust({ value: 293n, scriptPubKey }, feeRate(3_000n))).toBe(true);
  expect(isDust({ value: 294n, scriptPubKey }, feeRate(3_000n))).toBe(false);
});
