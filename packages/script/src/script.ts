/**
 * Scripts as bytes: reading them opcode by opcode, building them, and the questions about their form
 * that rules ask (push only, witness program, sigops). Running them is the interpreter's business.
 */
import { EMPTY, equalBytes } from '@coind/primitives';
import { OP, smallNumber } from './opcodes.ts';
import { encodeScriptNum } from './script-num.ts';

/** No element on the stack is longer (consensus; tapscript: no pushed one either). */
export const MAX_ELEMENT_SIZE = 520;
/** No script outside tapscript is longer. */
export const MAX_SCRIPT_SIZE = 10_000;
/** Opcodes above OP_16 in one script outside tapscript. */
export const MAX_OPS_PER_SCRIPT = 201;
/** Public keys of one OP_CHECKMULTISIG. */
export const MAX_PUBKEYS_PER_MULTISIG = 20;
/** Elements on stack and altstack together. */
export const MAX_STACK_SIZE = 1000;

/**
 * Walks through a script. `next()` moves on and fills `opcode` and the bounds of what it pushes; it
 * allocates nothing, so the interpreter and all counting go through it.
 */
export class ScriptCursor {
  readonly script: Uint8Array;
  /** Where the next opcode begins. */
  offset = 0;
  opcode: number = OP.OP_INVALIDOPCODE;
  /** Where the pushed bytes begin and end; equal when there are none. */
  dataStart = 0;
  dataEnd = 0;

  constructor(script: Uint8Array, offset = 0) {
    this.script = script;
    this.offset = offset;
  }

  /** True when there is nothing left to read. */
  get done(): boolean {
    return this.offset >= this.script.length;
  }

  /** The bytes that the opcode pushes, as a view. */
  get data(): Uint8Array {
    return this.dataStart === this.dataEnd
      ? EMPTY
      : this.script.subarray(this.dataStart, this.dataEnd);
  }

  /** Reads one opcode. False at the end and, with bytes left over, when a push is cut short. */
  next(): boolean {
    const { script } = this;
    const { length } = script;
    let at = this.offset;
    this.opcode = OP.OP_INVALIDOPCODE;
    this.dataStart = this.dataEnd = at;
    if (at >= length) return false;
    const opcode = script[at++] as number;
    if (opcode <= OP.OP_PUSHDATA4) {
      let size = opcode;
      if (opcode >= OP.OP_PUSHDATA1) {
        const width = 1 << (opcode - OP.OP_PUSHDATA1);
        if (length - at < width) return false;
        size = 0;
        for (let i = width - 1; i >= 0; i--) size = size * 256 + (script[at + i] as number);
        at += width;
      }
      if (length - at < size) return false;
      this.dataStart = at;
      at += size;
      this.dataEnd = at;
    }
    this.opcode = opcode;
    this.offset = at;
    return true;
  }
}

/** One opcode of a script and the bytes it pushes; `data` is absent for opcodes above OP_PUSHDATA4. */
export interface ScriptOp {
  readonly opcode: number;
  readonly data?: Uint8Array;
}

/** The opcodes of a script; undefined when its last push is cut short. */
export function decodeScript(script: Uint8Array): ScriptOp[] | undefined {
  const cursor = new ScriptCursor(script);
  const ops: ScriptOp[] = [];
  while (!cursor.done) {
    if (!cursor.next()) return undefined;
    const { opcode } = cursor;
    ops.push(opcode <= OP.OP_PUSHDATA4 ? { opcode, data: cursor.data } : { opcode });
  }
  return ops;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Bytes in front of a push of `length` bytes by length alone (never OP_1 … OP_16). */
function pushPrefix(length: number): readonly number[] {
  if (length < OP.OP_PUSHDATA1) return [length];
  if (length <= 0xff) return [OP.OP_PUSHDATA1, length];
  if (length <= 0xffff) return [OP.OP_PUSHDATA2, length & 0xff, length >> 8];
  const width = [0, 8, 16, 24].map((shift) => (length >>> shift) & 0xff);
  return [OP.OP_PUSHDATA4, ...width];
}

/**
 * Builds a script. A number is an opcode, bytes are a push, a bigint is a number pushed the shortest
 * way (OP_0, OP_1NEGATE, OP_1 … OP_16, else its bytes). Bytes are pushed by their length alone, as
 * bitcoind does: one byte 0x01 does not become OP_1.
 *
 * @example buildScript([OP.OP_DUP, OP.OP_HASH160, hash, OP.OP_EQUALVERIFY, OP.OP_CHECKSIG])
 */
export function buildScript(parts: readonly (number | bigint | Uint8Array)[]): Uint8Array {
  const pieces: (number | Uint8Array)[] = [];
  let size = 0;
  for (const part of parts) {
    const piece = typeof part === 'bigint' ? numberPush(part) : part;
    pieces.push(piece);
    size += typeof piece === 'number' ? 1 : pushPrefix(piece.length).length + piece.length;
  }
  const script = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === 'number') {
      script[at++] = piece;
    } else {
      for (const byte of pushPrefix(piece.length)) script[at++] = byte;
      script.set(piece, at);
      at += piece.length;
    }
  }
  return script;
}

/** The opcode that pushes a number, or the bytes to push when there is none. */
function numberPush(value: bigint): number | Uint8Array {
  if (value === 0n) return OP.OP_0;
  if (value === -1n || (value >= 1n && value <= 16n)) return OP.OP_1 - 1 + Number(value);
  if (value > MAX_SAFE || value < -MAX_SAFE) throw new RangeError('number too long for a script');
  return encodeScriptNum(Number(value));
}

/** True when the script is nothing but pushes, OP_RESERVED among them; `offset` leaves out a start. */
export function isPushOnly(script: Uint8Array, offset = 0): boolean {
  const cursor = new ScriptCursor(script, offset);
  while (cursor.next()) if (cursor.opcode > OP.OP_16) return false;
  return cursor.done;
}

/** True when every opcode is defined and no push is over 520 bytes: it looks like a real script. */
export function hasValidOps(script: Uint8Array): boolean {
  const cursor = new ScriptCursor(script);
  while (cursor.next()) {
    if (cursor.opcode > OP.OP_NOP10) return false;
    if (cursor.dataEnd - cursor.dataStart > MAX_ELEMENT_SIZE) return false;
  }
  return cursor.done;
}

/** True when `opcode` is the shortest way to push `data`; for opcodes up to OP_PUSHDATA4. */
export function isMinimalPush(data: Uint8Array, opcode: number): boolean {
  const { length } = data;
  if (length === 0) return opcode === OP.OP_0;
  if (length === 1) {
    const byte = data[0] as number;
    if ((byte >= 1 && byte <= 16) || byte === 0x81) return false;
  }
  if (length < OP.OP_PUSHDATA1) return opcode === length;
  if (length <= 0xff) return opcode === OP.OP_PUSHDATA1;
  if (length <= 0xffff) return opcode === OP.OP_PUSHDATA2;
  return true;
}

/** True for HASH160 <20 bytes> EQUAL (BIP16). */
export function isP2sh(script: Uint8Array): boolean {
  return (
    script.length === 23 &&
    script[0] === OP.OP_HASH160 &&
    script[1] === 20 &&
    script[22] === OP.OP_EQUAL
  );
}

/** A witness program and its version (BIP141). */
export interface WitnessProgram {
  /** 0 … 16. */
  readonly version: number;
  /** 2 … 40 bytes. */
  readonly program: Uint8Array;
}

/** The witness program that a script is; undefined when it is none. */
export function witnessProgram(script: Uint8Array): WitnessProgram | undefined {
  const { length } = script;
  if (length < 4 || length > 42 || script[1] !== length - 2) return undefined;
  const version = smallNumber(script[0] as number);
  return version === undefined ? undefined : { version, program: script.subarray(2) };
}

/** True for the output that anybody may spend to raise a fee (P2A): OP_1 <4e73>. */
export function isP2a(script: Uint8Array): boolean {
  return (
    script.length === 4 &&
    script[0] === OP.OP_1 &&
    script[1] === 2 &&
    script[2] === 0x4e &&
    script[3] === 0x73
  );
}

/** True when no input can ever spend it: it begins with OP_RETURN or is over 10,000 bytes. */
export function isUnspendable(script: Uint8Array): boolean {
  return (script.length > 0 && script[0] === OP.OP_RETURN) || script.length > MAX_SCRIPT_SIZE;
}

/**
 * Signature operations in a script, counted without running it. `accurate` takes the number of keys of
 * a multisig from the opcode before it (P2SH, witness); else each counts as twenty.
 */
export function countSigops(script: Uint8Array, accurate: boolean): number {
  const cursor = new ScriptCursor(script);
  let count = 0;
  let previous: number = OP.OP_INVALIDOPCODE;
  while (cursor.next()) {
    const { opcode } = cursor;
    if (opcode === OP.OP_CHECKSIG || opcode === OP.OP_CHECKSIGVERIFY) {
      count++;
    } else if (opcode === OP.OP_CHECKMULTISIG || opcode === OP.OP_CHECKMULTISIGVERIFY) {
      const known = accurate && previous >= OP.OP_1 && previous <= OP.OP_16;
      count += known ? previous - OP.OP_1 + 1 : MAX_PUBKEYS_PER_MULTISIG;
    }
    previous = opcode;
  }
  return count;
}

/** The last thing a push-only script pushes; undefined when it does anything else. */
function lastPush(script: Uint8Array): Uint8Array | undefined {
  const cursor = new ScriptCursor(script);
  let start = 0;
  let end = 0;
  while (cursor.next()) {
    if (cursor.opcode > OP.OP_16) return undefined;
    start = cursor.dataStart;
    end = cursor.dataEnd;
  }
  return cursor.done ? script.subarray(start, end) : undefined;
}

/** Sigops of the redeem script that `scriptSig` shows for a P2SH output; 0 for any other output. */
export function p2shSigops(scriptSig: Uint8Array, scriptPubKey: Uint8Array): number {
  if (!isP2sh(scriptPubKey)) return 0;
  const redeemScript = lastPush(scriptSig);
  return redeemScript ? countSigops(redeemScript, true) : 0;
}

/** Sigops of a witness program (BIP141), bare or inside P2SH; taproot and later versions count 0. */
export function witnessSigops(
  scriptSig: Uint8Array,
  scriptPubKey: Uint8Array,
  witness: readonly Uint8Array[],
): number {
  let found = witnessProgram(scriptPubKey);
  if (!found && isP2sh(scriptPubKey)) {
    const redeemScript = lastPush(scriptSig);
    if (redeemScript) found = witnessProgram(redeemScript);
  }
  if (found?.version !== 0) return 0;
  if (found.program.length === 20) return 1;
  const script = witness[witness.length - 1];
  return found.program.length === 32 && script ? countSigops(script, true) : 0;
}

/**
 * Removes every occurrence of `piece` that begins at an opcode, as signatures are taken out of the
 * script they sign before segwit. Returns `script` itself when there is none.
 */
export function findAndDelete(script: Uint8Array, piece: Uint8Array): Uint8Array {
  if (piece.length === 0 || piece.length > script.length) return script;
  const cursor = new ScriptCursor(script);
  const kept: Uint8Array[] = [];
  let from = 0;
  do {
    let at = cursor.offset;
    const start = at;
    while (
      script[at] === piece[0] &&
      script.length - at >= piece.length &&
      equalBytes(script.subarray(at, at + piece.length), piece)
    ) {
      at += piece.length;
    }
    if (at > start) {
      kept.push(script.subarray(from, start));
      from = at;
      cursor.offset = at;
    }
  } while (cursor.next());
  if (from === 0) return script;
  kept.push(script.subarray(from));
  const result = new Uint8Array(kept.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of kept) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}
