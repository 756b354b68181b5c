/**
 * Scripts as text, in bitcoind's two dialects: the `asm` of RPC results, and the assembler of its test
 * vectors and transaction tool.
 */
import { bytesToHex, hexToBytes, isHex } from '@coind/primitives';
import { OP, opcodeByName, opcodeName } from './opcodes.ts';
import { buildScript, isUnspendable, ScriptCursor } from './script.ts';
import { decodeScriptNum } from './script-num.ts';
import { isDefinedHashType, isStrictDer } from './signature-encoding.ts';

const hashTypeNames: Readonly<Record<number, string>> = {
  1: 'ALL',
  2: 'NONE',
  3: 'SINGLE',
  129: 'ALL|ANYONECANPAY',
  130: 'NONE|ANYONECANPAY',
  131: 'SINGLE|ANYONECANPAY',
};

/** The text of a signature hash type, such as `ALL|ANYONECANPAY`; undefined for an undefined type. */
export function hashTypeName(hashType: number): string | undefined {
  return hashTypeNames[hashType];
}

/**
 * The `asm` field of RPC: opcodes by name, pushes of up to four bytes as numbers, longer ones as hex,
 * `[error]` where a push is cut short. With `sighashDecode`, as for a scriptSig, the last byte of what
 * looks like a signature is written as `[ALL]`.
 */
export function formatAsm(
  script: Uint8Array,
  { sighashDecode = false }: { readonly sighashDecode?: boolean } = {},
): string {
  const words: string[] = [];
  const decode = sighashDecode && !isUnspendable(script);
  const cursor = new ScriptCursor(script);
  while (!cursor.done) {
    if (!cursor.next()) {
      words.push('[error]');
      break;
    }
    const { opcode } = cursor;
    if (opcode > OP.OP_PUSHDATA4) {
      words.push(opcodeName(opcode));
      continue;
    }
    const { data } = cursor;
    if (data.length <= 4) {
      words.push(`${decodeScriptNum(data, false)}`);
    } else if (decode && isStrictDer(data) && isDefinedHashType(data)) {
      const name = hashTypeName(data[data.length - 1] as number);
      words.push(`${bytesToHex(data.subarray(0, -1))}[${name}]`);
    } else {
      words.push(bytesToHex(data));
    }
  }
  return words.join(' ');
}

/** A text that is no script; the message is bitcoind's. */
export class AsmError extends Error {
  override name = 'AsmError';
}

/**
 * A script of assembler text: decimal numbers and `'quoted text'` are pushed, `0x…` is inserted as it
 * is, anything else is an opcode with or without `OP_`. Throws `AsmError`.
 *
 * @example parseAsm("1 0x02 0xabcd 'hi' ADD")
 */
export function parseAsm(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const word of text.split(/[ \t\n]/)) {
    if (word === '') continue;
    if (/^-?[0-9]+$/.test(word)) {
      const value = BigInt(word);
      if (value > 0xffffffffn || value < -0xffffffffn) {
        throw new AsmError(
          'script parse error: decimal numeric value only allowed in the range -0xFFFFFFFF...0xFFFFFFFF',
        );
      }
      bytes.push(...buildScript([value]));
    } else if (word.startsWith('0x') && word.length > 2 && isHex(word.slice(2))) {
      for (const byte of hexToBytes(word.slice(2))) bytes.push(byte);
    } else if (word.length >= 2 && word.startsWith("'") && word.endsWith("'")) {
      for (const byte of buildScript([new TextEncoder().encode(word.slice(1, -1))])) {
        bytes.push(byte);
      }
    } else {
      const opcode = opcodeByName(word);
      if (opcode === undefined) throw new AsmError('script parse error: unknown opcode');
      bytes.push(opcode);
    }
  }
  return new Uint8Array(bytes);
}
