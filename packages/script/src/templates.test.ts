import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bytesToHex, type ChainParams, chainParams, hexToBytes } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { encodeAddress } from './address.ts';
import { AsmError, formatAsm, parseAsm } from './asm.ts';
import { OP } from './opcodes.ts';
import { buildScript } from './script.ts';
import {
  classifyOutput,
  matchMultisig,
  multisig,
  nullData,
  p2pk,
  witnessScript,
} from './templates.ts';

const key = hexToBytes(`02${'22'.repeat(32)}`);
const longKey = hexToBytes(`04${'22'.repeat(64)}`);

describe('templates', () => {
  test('public keys of both lengths', () => {
    for (const pubkey of [key, longKey]) {
      expect(classifyOutput(p2pk(pubkey))).toEqual({ type: 'pubkey', solutions: [pubkey] });
    }
    expect(classifyOutput(p2pk(hexToBytes(`05${'22'.repeat(32)}`))).type).toBe('nonstandard');
  });

  test('multisig up to twenty keys, counts above 16 in a byte', () => {
    for (const [required, total] of [
      [1, 1],
      [2, 3],
      [16, 16],
      [1, 17],
      [20, 20],
    ] as const) {
      const keys = Array.from({ length: total }, () => key);
      const found = classifyOutput(multisig(required, keys));
      expect(found.type).toBe('multisig');
      expect(found.solutions[0]).toEqual(new Uint8Array([required]));
      expect(found.solutions.at(-1)).toEqual(new Uint8Array([total]));
      expect(found.solutions).toHaveLength(total + 2);
    }
  });

  test('what only looks like multisig', () => {
    const bad = [
      multisig(2, [key]),
      multisig(0, [key]),
      multisig(
        1,
        Array.from({ length: 21 }, () => key),
      ),
      // 1 pushed as a byte instead of OP_1.
      buildScript([new Uint8Array([1]), key, OP.OP_1, OP.OP_CHECKMULTISIG]),
      buildScript([OP.OP_1, new Uint8Array(20), OP.OP_1, OP.OP_CHECKMULTISIG]),
      buildScript([OP.OP_1, key, OP.OP_1, OP.OP_NOP, OP.OP_CHECKMULTISIG]),
      buildScript([OP.OP_CHECKMULTISIG]),
    ];
    for (const script of bad) {
      expect(matchMultisig(script), formatAsm(script)).toBeUndefined();
      expect(classifyOutput(script).type).toBe('nonstandard');
    }
  });

  test('data is OP_RETURN and pushes only', () => {
    expect(classifyOutput(nullData(key)).type).toBe('nulldata');
    expect(classifyOutput(hexToBytes('6a')).type).toBe('nulldata');
    expect(classifyOutput(hexToBytes('6aac')).type).toBe('nonstandard');
    expect(classifyOutput(hexToBytes('6a02ff')).type).toBe('nonstandard');
  });

  test('witness versions', () => {
    expect(classifyOutput(witnessScript(0, new Uint8Array(21))).type).toBe('nonstandard');
    expect(classifyOutput(witnessScript(1, new Uint8Array(32))).type).toBe('witness_v1_taproot');
    expect(classifyOutput(witnessScript(2, new Uint8Array(32)))).toEqual({
      type: 'witness_unknown',
      solutions: [new Uint8Array([2]), new Uint8Array(32)],
    });
    expect(classifyOutput(hexToBytes('51024e73')).type).toBe('anchor');
  });

  const path = fileURLToPath(
    new URL('../../../../shared/vectors/core/rpc_decodescript.json', import.meta.url),
  );
  if (!existsSync(path)) {
    test.skip(`${path} is not there`);
  } else {
    type Row = [string, { asm: string; type: string; address?: string }];
    const rows = JSON.parse(readFileSync(path, 'utf8')) as Row[];
    test.each(rows)("bitcoind's decodescript of %s", (hex, wanted) => {
      const script = hexToBytes(hex);
      expect(formatAsm(script)).toBe(wanted.asm);
      expect(classifyOutput(script).type).toBe(wanted.type);
      expect(encodeAddress(script, chainParams('regtest') as ChainParams)).toBe(wanted.address);
    });
  }
});

describe('asm', () => {
  test('signatures show their hash type where asked', () => {
    const der = `30440220${'11'.repeat(32)}0220${'22'.repeat(32)}`;
    const scriptSig = buildScript([hexToBytes(`${der}81`), key]);
    const plain = `${der}81 ${bytesToHex(key)}`;
    expect(formatAsm(scriptSig)).toBe(plain);
    expect(formatAsm(scriptSig, { sighashDecode: true })).toBe(
      `${der}[ALL|ANYONECANPAY] ${bytesToHex(key)}`,
    );
    const undefinedType = buildScript([hexToBytes(`${der}05`)]);
    expect(formatAsm(undefinedType, { sighashDecode: true })).toBe(`${der}05`);
    const data = nullData(hexToBytes(`${der}01`));
    expect(formatAsm(data, { sighashDecode: true })).toBe(`OP_RETURN ${der}01`);
  });

  test('short pushes are numbers, cut pushes an error', () => {
    expect(formatAsm(hexToBytes('0400000080'))).toBe('0');
    expect(formatAsm(hexToBytes('04ffffffff'))).toBe('-2147483647');
    expect(formatAsm(hexToBytes('4f00605005aa'))).toBe('-1 0 16 OP_RESERVED [error]');
    expect(formatAsm(hexToBytes('fe'))).toBe('OP_UNKNOWN');
  });

  test('is read as bitcoind reads it', () => {
    expect(bytesToHex(parseAsm("1 17 0x4c01 'hi' DUP OP_DUP -1  "))).toBe('5101114c0102686976764f');
    for (const text of ['OP_1', 'FOO', '0x123', '4294967296', '0xzz']) {
      expect(() => parseAsm(text), text).toThrow(AsmError);
    }
  });
});
