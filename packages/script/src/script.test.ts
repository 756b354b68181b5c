import { bytesToHex, concatBytes, hexToBytes } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAsm } from './asm.ts';
import { isDisabled, isSuccess, OP, opcodeByName, opcodeName } from './opcodes.ts';
import {
  buildScript,
  countSigops,
  decodeScript,
  findAndDelete,
  hasValidOps,
  isMinimalPush,
  isPushOnly,
  isUnspendable,
  p2shSigops,
  type ScriptOp,
  witnessProgram,
  witnessSigops,
} from './script.ts';
import { decodeScriptNum, encodeScriptNum, isTrue } from './script-num.ts';
import { multisig, p2pkh, p2sh, p2wpkh, p2wsh } from './templates.ts';

const anyScript = fc.uint8Array({ maxLength: 60 });
const hash20 = new Uint8Array(20).fill(1);
const hash32 = new Uint8Array(32).fill(1);

describe('opcodes', () => {
  test('names are bitcoind’s', () => {
    expect([0, 0x4f, 0x51, 0x60, 0x50].map(opcodeName)).toEqual([
      '0',
      '-1',
      '1',
      '16',
      'OP_RESERVED',
    ]);
    expect(opcodeName(0xb1)).toBe('OP_CHECKLOCKTIMEVERIFY');
    expect([0xbb, 0xfe, 0xff].map(opcodeName)).toEqual([
      'OP_UNKNOWN',
      'OP_UNKNOWN',
      'OP_INVALIDOPCODE',
    ]);
  });

  test('an opcode is found by its name with and without OP_', () => {
    expect(opcodeByName('OP_DUP')).toBe(OP.OP_DUP);
    expect(opcodeByName('DUP')).toBe(OP.OP_DUP);
    // Pushes are written as what they push, and bitcoind names nothing above OP_NOP10.
    for (const name of ['OP_1', 'OP_PUSHDATA1', 'OP_CHECKSIGADD', 'toString', '']) {
      expect(opcodeByName(name)).toBeUndefined();
    }
  });

  test('what is disabled outside tapscript succeeds in it', () => {
    const all = Array.from({ length: 256 }, (_, opcode) => opcode);
    expect(all.filter(isDisabled)).toHaveLength(15);
    expect(all.filter(isSuccess)).toHaveLength(87);
    expect(all.filter((opcode) => isDisabled(opcode) && !isSuccess(opcode))).toEqual([]);
  });
});

describe('numbers', () => {
  const anyNumber = fc.integer({ min: -(2 ** 39) + 1, max: 2 ** 39 - 1 });

  test('come back from their bytes, which are the shortest', () => {
    fc.assert(
      fc.property(anyNumber, (value) => {
        const bytes = encodeScriptNum(value);
        expect(decodeScriptNum(bytes, true, 5)).toBe(value);
        expect(isTrue(bytes)).toBe(value !== 0);
        const padded = concatBytes(bytes, new Uint8Array([0]));
        if (value > 0 && bytes.length < 5) {
          expect(decodeScriptNum(padded, false, 6)).toBe(value);
          expect(() => decodeScriptNum(padded, true, 6)).toThrow('Script number');
        }
      }),
    );
  });

  test('have at most four bytes as operands', () => {
    expect(decodeScriptNum(hexToBytes('ffffffff'), false)).toBe(-0x7fffffff);
    expect(() => decodeScriptNum(hexToBytes('0000000000'), false)).toThrow('Script number');
  });

  test('negative zero is zero and false', () => {
    for (const hex of ['', '00', '80', '0000', '000080']) {
      expect(Object.is(decodeScriptNum(hexToBytes(hex), false), 0)).toBe(true);
      expect(isTrue(hexToBytes(hex))).toBe(false);
    }
    expect(() => decodeScriptNum(hexToBytes('80'), true)).toThrow('Script number');
    expect(isTrue(hexToBytes('8000'))).toBe(true);
  });
});

describe('scripts', () => {
  test('built pushes are read back', () => {
    const sizes = fc.constantFrom(0, 1, 75, 76, 255, 256, 65535, 65536);
    fc.assert(
      fc.property(fc.array(sizes, { maxLength: 3 }), (lengths) => {
        const parts = lengths.map((length) => new Uint8Array(length).fill(7));
        const ops = decodeScript(buildScript(parts)) as ScriptOp[];
        expect(ops.map(({ data }) => data?.length)).toEqual(lengths);
        expect(ops.every(({ data }) => data?.every((byte) => byte === 7))).toBe(true);
        for (const { opcode, data } of ops) {
          if (data && data.length !== 1) expect(isMinimalPush(data, opcode)).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('numbers are pushed the shortest way, bytes by their length', () => {
    expect(bytesToHex(buildScript([-1n, 0n, 1n, 16n, 17n, -2n, 128n]))).toBe(
      '4f005160011101820280' + '00',
    );
    expect(bytesToHex(buildScript([new Uint8Array([1])]))).toBe('0101');
    expect(() => buildScript([2n ** 60n])).toThrow(RangeError);
  });

  test('a push that is cut short has no opcodes and is no push only', () => {
    for (const hex of ['01', '4c', '4c05aabb', '4d01', '4d0100', '4e010000', '4effffffff00']) {
      expect(decodeScript(hexToBytes(hex)), hex).toBeUndefined();
      expect(isPushOnly(hexToBytes(hex)), hex).toBe(false);
      expect(hasValidOps(hexToBytes(hex)), hex).toBe(false);
    }
  });

  test('any bytes are read without a fault', () => {
    fc.assert(
      fc.property(anyScript, anyScript, (script, other) => {
        const ops = decodeScript(script);
        if (ops) expect(ops.every(({ opcode }) => opcode < 256)).toBe(true);
        expect(countSigops(script, true)).toBeLessThanOrEqual(countSigops(script, false));
        expect(p2shSigops(script, p2sh(hash20))).toBeGreaterThanOrEqual(0);
        expect(witnessSigops(script, other, [other])).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('witness programs are a version and 2 to 40 bytes', () => {
    expect(witnessProgram(p2wpkh(hash20))).toEqual({ version: 0, program: hash20 });
    expect(witnessProgram(hexToBytes('60020102'))?.version).toBe(16);
    for (const hex of ['510101', `5029${'11'.repeat(41)}`, '4f020102', '51030102', '5102010203']) {
      expect(witnessProgram(hexToBytes(hex)), hex).toBeUndefined();
    }
  });

  test('outputs that nobody can spend', () => {
    expect(isUnspendable(hexToBytes('6a'))).toBe(true);
    expect(isUnspendable(new Uint8Array(10_001))).toBe(true);
    expect(isUnspendable(new Uint8Array(10_000))).toBe(false);
    expect(isUnspendable(new Uint8Array(0))).toBe(false);
  });
});

describe('sigops', () => {
  const three = multisig(
    2,
    [1, 2, 3].map((n) => new Uint8Array(33).fill(n).fill(2, 0, 1)),
  );

  test('a multisig counts twenty, or its keys where they are known', () => {
    expect(countSigops(three, false)).toBe(20);
    expect(countSigops(three, true)).toBe(3);
    expect(countSigops(parseAsm('CHECKMULTISIG'), true)).toBe(20);
    expect(countSigops(parseAsm('CHECKSIG CHECKSIGVERIFY 0x01'), true)).toBe(2);
  });

  test('in P2SH, those of the last push', () => {
    const scriptSig = buildScript([OP.OP_0, three]);
    expect(p2shSigops(scriptSig, p2sh(hash20))).toBe(3);
    expect(p2shSigops(scriptSig, p2pkh(hash20))).toBe(0);
    expect(p2shSigops(concatBytes(scriptSig, hexToBytes('61')), p2sh(hash20))).toBe(0);
  });

  test('in witnesses, bare or inside P2SH', () => {
    const none = new Uint8Array(0);
    expect(witnessSigops(none, p2wpkh(hash20), [])).toBe(1);
    expect(witnessSigops(none, p2wsh(hash32), [three])).toBe(3);
    expect(witnessSigops(none, p2wsh(hash32), [])).toBe(0);
    expect(witnessSigops(none, parseAsm(`1 0x20 0x${'11'.repeat(32)}`), [three])).toBe(0);
    expect(witnessSigops(buildScript([p2wpkh(hash20)]), p2sh(hash20), [])).toBe(1);
    expect(witnessSigops(buildScript([p2wpkh(hash20), OP.OP_NOP]), p2sh(hash20), [])).toBe(0);
  });
});

describe('findAndDelete', () => {
  const cases: [string, string, string][] = [
    ['5152', '51', '52'],
    ['51515252', '51', '5252'],
    ['5252', '51', '5252'],
    // Only at opcodes: the same byte inside a push stays.
    ['015151', '51', '0151'],
    ['0302ff03', '0302ff03', ''],
    ['0302ff030302ff03', '0302ff03', ''],
    ['0302ff030302ff03', '02', '0302ff030302ff03'],
    // After a removal, what follows counts as an opcode.
    ['02feed5169', 'feed51', '02feed5169'],
    ['516902feed5169', '02feed51', '516969'],
    ['0003feed', '03feed', '00'],
    // The rest behind a push that is cut short stays.
    ['514c', '51', '4c'],
  ];
  test.each(cases)('%s without %s is %s', (script, piece, rest) => {
    expect(bytesToHex(findAndDelete(hexToBytes(script), hexToBytes(piece)))).toBe(rest);
  });

  test('what has none of it is given back itself', () => {
    const script = hexToBytes('515253');
    expect(findAndDelete(script, hexToBytes('54'))).toBe(script);
    expect(findAndDelete(script, new Uint8Array(0))).toBe(script);
  });
});
