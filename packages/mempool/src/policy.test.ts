import { type Coin, ValidationError } from '@coind/consensus';
import { concatBytes, hash160, Tx, type TxFields, type Txid } from '@coind/primitives';
import { buildScript, multisig, OP, p2pkh, p2sh, p2tr, p2wpkh, p2wsh } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { mempoolDefaults } from './options.ts';
import {
  adjustedWeight,
  checkInputsStandard,
  checkStandard,
  isWitnessStandard,
  spendsWitnessProgram,
} from './policy.ts';

const hash20 = new Uint8Array(20).fill(1);
const hash32 = new Uint8Array(32).fill(2);
const key = concatBytes(new Uint8Array([2]), hash32);
const anchor = buildScript([OP.OP_1, new Uint8Array([0x4e, 0x73])]);
const prevout = { txid: 'aa'.repeat(32) as Txid, vout: 0 };

const input = (scriptSig: Uint8Array, ...witness: Uint8Array[]) => ({
  prevout,
  scriptSig,
  sequence: 0xffffffff,
  witness,
});
const txOf = (fields: Partial<TxFields>): Tx =>
  new Tx({
    version: 2,
    inputs: [input(new Uint8Array(0))],
    outputs: [{ value: 10_000n, scriptPubKey: p2wpkh(hash20) }],
    locktime: 0,
    ...fields,
  });
const paying = (...scripts: Uint8Array[]): Tx =>
  txOf({ outputs: scripts.map((scriptPubKey) => ({ value: 10_000n, scriptPubKey })) });
const coinOf = (scriptPubKey: Uint8Array): Coin => ({
  output: { value: 10_000n, scriptPubKey },
  height: 1,
  coinbase: false,
});

function reasonOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ValidationError) return error.message;
    throw error;
  }
  return 'standard';
}

describe('a transaction by itself', () => {
  const reason = (tx: Tx, options = {}): string =>
    reasonOf(() => checkStandard(tx, { ...mempoolDefaults, ...options }));

  test('versions 1 to 3', () => {
    const reasons = [0, 1, 2, 3, 4, 0xffffffff].map((version) => reason(txOf({ version })));
    expect(reasons).toEqual(['version', 'standard', 'standard', 'standard', 'version', 'version']);
  });

  test('400,000 of weight, not more', () => {
    // 4 · (8 + 1 + 41 + 5 + n · 31), in whole outputs.
    const outputs = (count: number) =>
      Array.from({ length: count }, () => ({ value: 10_000n, scriptPubKey: p2wpkh(hash20) }));
    expect(reason(txOf({ outputs: outputs(3_224) }))).toBe('standard');
    expect(reason(txOf({ outputs: outputs(3_225) }))).toBe('tx-size');
  });

  test('input scripts push, and not too much', () => {
    const push = buildScript([new Uint8Array(500), new Uint8Array(500), new Uint8Array(500)]);
    expect(reason(txOf({ inputs: [input(push)] }))).toBe('standard');
    const long = concatBytes(push, buildScript([new Uint8Array(200)]));
    expect(reason(txOf({ inputs: [input(long)] }))).toBe('scriptsig-size');
    const check = buildScript([OP.OP_DUP]);
    expect(reason(txOf({ inputs: [input(check)] }))).toBe('scriptsig-not-pushonly');
  });

  test('outputs follow a template', () => {
    expect(reason(paying(p2pkh(hash20), p2sh(hash20), p2wsh(hash32), p2tr(hash32)))).toBe(
      'standard',
    );
    expect(reason(paying(buildScript([OP.OP_DUP])))).toBe('scriptpubkey');
    expect(reason(paying(multisig(1, [key, key, key])))).toBe('standard');
    expect(reason(paying(multisig(1, [key, key, key, key])))).toBe('scriptpubkey');
    expect(reason(paying(multisig(1, [key])), { permitBareMultisig: false })).toBe('bare-multisig');
  });

  test('data outputs share one limit', () => {
    const data = buildScript([OP.OP_RETURN, new Uint8Array(40)]);
    const tx = txOf({ outputs: [1, 2].map(() => ({ value: 0n, scriptPubKey: data })) });
    expect(reason(tx)).toBe('standard');
    expect(reason(tx, { dataCarrierBytes: 84 })).toBe('standard');
    expect(reason(tx, { dataCarrierBytes: 83 })).toBe('datacarrier');
    expect(reason(tx, { dataCarrierBytes: undefined })).toBe('datacarrier');
  });

  test('one dust output may be, two may not', () => {
    const dust = { value: 293n, scriptPubKey: p2wpkh(hash20) };
    expect(reason(txOf({ outputs: [dust] }))).toBe('standard');
    expect(reason(txOf({ outputs: [dust, dust] }))).toBe('dust');
  });
});

describe('spent outputs', () => {
  const reason = (scriptPubKey: Uint8Array, scriptSig: Uint8Array = new Uint8Array(0)): string =>
    reasonOf(() =>
      checkInputsStandard(txOf({ inputs: [input(scriptSig)] }), [coinOf(scriptPubKey)]),
    );
  const prefix = 'bad-txns-nonstandard-inputs, ';

  test('are of a known form', () => {
    expect(reason(p2pkh(hash20))).toBe('standard');
    expect(reason(anchor)).toBe('standard');
    expect(reason(buildScript([OP.OP_DUP]))).toBe(`${prefix}input 0 script unknown`);
    expect(reason(buildScript([OP.OP_2, hash32]))).toBe(
      `${prefix}input 0 witness program is undefined`,
    );
  });

  test('P2SH shows a redeem script with at most 15 sigops', () => {
    const redeem = (sigops: number) =>
      buildScript([buildScript(Array.from({ length: sigops }, () => OP.OP_CHECKSIG))]);
    expect(reason(p2sh(hash20), redeem(15))).toBe('standard');
    expect(reason(p2sh(hash20), redeem(16))).toBe(
      `${prefix}p2sh redeemscript sigops exceed limit (input 0: 16 > 15)`,
    );
    expect(reason(p2sh(hash20))).toBe(`${prefix}input 0 P2SH redeemscript missing`);
    expect(reason(p2sh(hash20), buildScript([OP.OP_RESERVED]))).toContain('malformed');
    expect(reason(p2sh(hash20), buildScript([OP.OP_16]))).toBe('standard');
  });

  test('2,500 sigops outside witnesses in one transaction (BIP54)', () => {
    const script = multisig(1, [key, key, key]);
    const spend = (count: number): string =>
      reasonOf(() =>
        checkInputsStandard(
          txOf({ inputs: Array.from({ length: count }, () => input(new Uint8Array(0))) }),
          Array.from({ length: count }, () => coinOf(script)),
        ),
      );
    expect(spend(833)).toBe('standard');
    expect(spend(834)).toBe(`${prefix}non-witness sigops exceed bip54 limit`);
  });
});

describe('witnesses', () => {
  const isStandard = (script: Uint8Array, scriptSig: Uint8Array, ...witness: Uint8Array[]) =>
    isWitnessStandard(txOf({ inputs: [input(scriptSig, ...witness)] }), [coinOf(script)]);
  const none = new Uint8Array(0);
  const bytes = (length: number) => new Uint8Array(length).fill(1);

  test('belong to witness programs only', () => {
    expect(isStandard(p2wpkh(hash20), none, bytes(71), key)).toBe(true);
    expect(isStandard(p2pkh(hash20), none, bytes(71))).toBe(false);
    expect(isStandard(anchor, none, bytes(1))).toBe(false);
    const wrapped = p2wpkh(hash20);
    expect(isStandard(p2sh(hash160(wrapped)), buildScript([wrapped]), bytes(71), key)).toBe(true);
    expect(isStandard(p2sh(hash20), buildScript([key]), bytes(71))).toBe(false);
  });

  test('of P2WSH: 100 items of 80 bytes, a script of 3,600', () => {
    const items = (count: number, size: number) => Array.from({ length: count }, () => bytes(size));
    expect(isStandard(p2wsh(hash32), none, ...items(100, 80), bytes(3_600))).toBe(true);
    expect(isStandard(p2wsh(hash32), none, ...items(101, 80), bytes(3_600))).toBe(false);
    expect(isStandard(p2wsh(hash32), none, ...items(1, 81), bytes(3_600))).toBe(false);
    expect(isStandard(p2wsh(hash32), none, bytes(3_601))).toBe(false);
  });

  test('of taproot: no annex, 80 bytes an item in tapscript', () => {
    const control = concatBytes(new Uint8Array([0xc0]), hash32);
    const other = concatBytes(new Uint8Array([0xc2]), hash32);
    const annex = new Uint8Array([0x50, 1]);
    expect(isStandard(p2tr(hash32), none, bytes(64))).toBe(true);
    expect(isStandard(p2tr(hash32), none, bytes(64), annex)).toBe(false);
    expect(isStandard(p2tr(hash32), none, bytes(80), bytes(9_000), control)).toBe(true);
    expect(isStandard(p2tr(hash32), none, bytes(81), bytes(10), control)).toBe(false);
    expect(isStandard(p2tr(hash32), none, bytes(81), bytes(10), other)).toBe(true);
    expect(isStandard(p2tr(hash32), none, bytes(10), none)).toBe(false);
  });

  test('may be all that is missing', () => {
    const spends = (script: Uint8Array, scriptSig: Uint8Array = none) =>
      spendsWitnessProgram(txOf({ inputs: [input(scriptSig)] }), [coinOf(script)]);
    expect(spends(p2wpkh(hash20))).toBe(true);
    expect(spends(p2sh(hash20), buildScript([p2wpkh(hash20)]))).toBe(true);
    expect(spends(p2pkh(hash20))).toBe(false);
    expect(spends(anchor)).toBe(false);
  });
});

test('sigops count as weight where they are dearer', () => {
  expect(adjustedWeight(400, 4, 20)).toBe(400);
  expect(adjustedWeight(400, 80, 20)).toBe(1_600);
});
