/**
 * The stack machine: runs one script on a stack under one set of rules (before segwit, segwit v0,
 * tapscript: BIP342). Which scripts are run for an input, and what must be left on the stack, is
 * `verify.ts`. Everything here is consensus: each refusal and its order are bitcoind's.
 */
import { EMPTY, equalBytes, hash160, ripemd160, sha1, sha256, sha256d } from '@coind/primitives';
import type { ScriptVersion, SignatureChecker } from './checker.ts';
import { Flags } from './flags.ts';
import { isDisabled, OP } from './opcodes.ts';
import {
  buildScript,
  findAndDelete,
  isMinimalPush,
  MAX_ELEMENT_SIZE,
  MAX_OPS_PER_SCRIPT,
  MAX_PUBKEYS_PER_MULTISIG,
  MAX_SCRIPT_SIZE,
  MAX_STACK_SIZE,
  ScriptCursor,
} from './script.ts';
import { ScriptError, type ScriptErrorCode } from './script-error.ts';
import { decodeScriptNum, encodeScriptNum, isTrue } from './script-num.ts';
import { NO_CODE_SEPARATOR } from './sighash.ts';
import {
  isCompressedKey,
  isDefinedHashType,
  isLowS,
  isPlainPublicKey,
  isStrictDer,
  parseLaxDer,
} from './signature-encoding.ts';

/** Weight that each signature which is not empty takes from a tapscript's budget (BIP342). */
const SIGNATURE_WEIGHT = 50;
const FALSE = EMPTY;
const TRUE = encodeScriptNum(1);
const DISABLE_LOCK = 0x80000000;

/** What signatures in a tapscript depend on; changes while the script runs. */
export interface TapscriptExecution {
  readonly leafHash: Uint8Array;
  readonly annexHash?: Uint8Array;
  codeSeparatorPosition: number;
  /** Budget for signature checks: the witness size and 50, less 50 for each. */
  weightLeft: number;
}

/**
 * Runs `script` on `stack`, which it changes. Throws `ScriptError` when the script fails; says nothing
 * about what is left on the stack. `tapscript` is given exactly when the version is `tapscript`.
 */
export function evalScript(
  stack: Uint8Array[],
  script: Uint8Array,
  flags: number,
  checker: SignatureChecker,
  version: ScriptVersion,
  tapscript?: TapscriptExecution,
): void {
  if (version !== 'tapscript' && script.length > MAX_SCRIPT_SIZE) fail('SCRIPT_SIZE');
  if ((version === 'tapscript') !== (tapscript !== undefined)) {
    throw new Error('a tapscript runs with its leaf, and nothing else does');
  }
  if (tapscript) tapscript.codeSeparatorPosition = NO_CODE_SEPARATOR;
  new Interpreter(stack, script, flags, checker, version, tapscript).run();
}

function fail(code: ScriptErrorCode): never {
  throw new ScriptError(code);
}

/**
 * Throws unless `sig` (with hash type) is written as `flags` want it. An empty signature is fine: it is
 * the short way to give a wrong one.
 */
export function checkSignatureEncoding(sig: Uint8Array, flags: number): void {
  if (sig.length === 0) return;
  if (flags & (Flags.DERSIG | Flags.LOW_S | Flags.STRICTENC) && !isStrictDer(sig)) fail('SIG_DER');
  if (flags & Flags.LOW_S) {
    const compact = parseLaxDer(sig.subarray(0, -1));
    if (!compact || !isLowS(compact)) fail('SIG_HIGH_S');
  }
  if (flags & Flags.STRICTENC && !isDefinedHashType(sig)) fail('SIG_HASHTYPE');
}

class Interpreter {
  readonly #stack: Uint8Array[];
  readonly #altStack: Uint8Array[] = [];
  readonly #script: Uint8Array;
  readonly #cursor: ScriptCursor;
  readonly #flags: number;
  readonly #checker: SignatureChecker;
  readonly #version: ScriptVersion;
  readonly #tapscript: TapscriptExecution | undefined;
  readonly #minimal: boolean;
  /** Nested IFs, and the outermost of them that is false; no more is ever asked about them. */
  #depth = 0;
  #firstFalse = -1;
  #opCount = 0;
  /** Where the code that signatures sign begins: after the last executed OP_CODESEPARATOR. */
  #codeStart = 0;

  constructor(
    stack: Uint8Array[],
    script: Uint8Array,
    flags: number,
    checker: SignatureChecker,
    version: ScriptVersion,
    tapscript: TapscriptExecution | undefined,
  ) {
    this.#stack = stack;
    this.#script = script;
    this.#cursor = new ScriptCursor(script);
    this.#flags = flags;
    this.#checker = checker;
    this.#version = version;
    this.#tapscript = tapscript;
    this.#minimal = (flags & Flags.MINIMALDATA) !== 0;
  }

  run(): void {
    const cursor = this.#cursor;
    const limited = this.#version !== 'tapscript';
    const constant = this.#version === 'base' && (this.#flags & Flags.CONST_SCRIPTCODE) !== 0;
    for (let position = 0; !cursor.done; position++) {
      if (!cursor.next()) fail('BAD_OPCODE');
      const { opcode } = cursor;
      if (cursor.dataEnd - cursor.dataStart > MAX_ELEMENT_SIZE) fail('PUSH_SIZE');
      if (limited && opcode > OP.OP_16 && ++this.#opCount > MAX_OPS_PER_SCRIPT) fail('OP_COUNT');
      if (isDisabled(opcode)) fail('DISABLED_OPCODE');
      if (constant && opcode === OP.OP_CODESEPARATOR) fail('OP_CODESEPARATOR');
      const executing = this.#firstFalse < 0;
      if (opcode <= OP.OP_PUSHDATA4) {
        if (!executing) continue;
        const { data } = cursor;
        if (this.#minimal && !isMinimalPush(data, opcode)) fail('MINIMALDATA');
        this.#stack.push(data);
      } else if (opcode >= OP.OP_IF && opcode <= OP.OP_ENDIF) {
        this.#branch(opcode, executing);
      } else if (executing) {
        this.#execute(opcode, position);
      }
      if (this.#stack.length + this.#altStack.length > MAX_STACK_SIZE) fail('STACK_SIZE');
    }
    if (this.#depth > 0) fail('UNBALANCED_CONDITIONAL');
  }

  /** Throws unless the stack has `count` elements. */
  #need(count: number): void {
    if (this.#stack.length < count) fail('INVALID_STACK_OPERATION');
  }

  /** An element counted from the top, which is 1. */
  #top(depth: number): Uint8Array {
    return this.#stack[this.#stack.length - depth] as Uint8Array;
  }

  #number(depth: number): number {
    return decodeScriptNum(this.#top(depth), this.#minimal);
  }

  /** Puts a result in place of `count` operands. */
  #replace(count: number, result: Uint8Array): void {
    this.#stack.length -= count;
    this.#stack.push(result);
  }

  /** As `#replace` with a boolean; the VERIFY form of an opcode leaves nothing or fails. */
  #decide(count: number, result: boolean, verify: boolean, code: ScriptErrorCode): void {
    this.#stack.length -= count;
    if (!verify) this.#stack.push(result ? TRUE : FALSE);
    else if (!result) fail(code);
  }

  /** IF, NOTIF, ELSE, ENDIF; also VERIF and VERNOTIF, which fail even where nothing is executed. */
  #branch(opcode: number, executing: boolean): void {
    switch (opcode) {
      case OP.OP_IF:
      case OP.OP_NOTIF: {
        let taken = false;
        if (executing) {
          this.#need(1);
          const condition = this.#top(1);
          this.#checkMinimalIf(condition);
          taken = isTrue(condition) === (opcode === OP.OP_IF);
          this.#stack.pop();
        }
        if (executing && !taken) this.#firstFalse = this.#depth;
        this.#depth++;
        return;
      }
      case OP.OP_ELSE:
        if (this.#depth === 0) fail('UNBALANCED_CONDITIONAL');
        // Below an outer IF that is false, which branch this is makes no difference.
        if (executing) this.#firstFalse = this.#depth - 1;
        else if (this.#firstFalse === this.#depth - 1) this.#firstFalse = -1;
        return;
      case OP.OP_ENDIF:
        if (this.#depth === 0) fail('UNBALANCED_CONDITIONAL');
        this.#depth--;
        if (this.#firstFalse === this.#depth) this.#firstFalse = -1;
        return;
      default:
        fail('BAD_OPCODE');
    }
  }

  #checkMinimalIf(condition: Uint8Array): void {
    if (condition.length === 0 || (condition.length === 1 && condition[0] === 1)) return;
    if (this.#version === 'tapscript') fail('TAPSCRIPT_MINIMALIF');
    if (this.#version === 'v0' && this.#flags & Flags.MINIMALIF) fail('MINIMALIF');
  }

  /** Executes any opcode but pushes of data and conditionals. */
  #execute(opcode: number, position: number): void {
    const stack = this.#stack;
    switch (opcode) {
      case OP.OP_1NEGATE:
        stack.push(encodeScriptNum(-1));
        return;
      case OP.OP_NOP:
        return;
      case OP.OP_CHECKLOCKTIMEVERIFY:
        this.#checkLocktime();
        return;
      case OP.OP_CHECKSEQUENCEVERIFY:
        this.#checkSequence();
        return;
      case OP.OP_NOP1:
      case OP.OP_NOP4:
      case OP.OP_NOP5:
      case OP.OP_NOP6:
      case OP.OP_NOP7:
      case OP.OP_NOP8:
      case OP.OP_NOP9:
      case OP.OP_NOP10:
        if (this.#flags & Flags.DISCOURAGE_UPGRADABLE_NOPS) fail('DISCOURAGE_UPGRADABLE_NOPS');
        return;
      case OP.OP_VERIFY:
        this.#need(1);
        this.#decide(1, isTrue(this.#top(1)), true, 'VERIFY');
        return;
      case OP.OP_RETURN:
        throw new ScriptError('OP_RETURN');
      case OP.OP_TOALTSTACK:
        this.#need(1);
        this.#altStack.push(stack.pop() as Uint8Array);
        return;
      case OP.OP_FROMALTSTACK: {
        const element = this.#altStack.pop();
        if (!element) fail('INVALID_ALTSTACK_OPERATION');
        stack.push(element);
        return;
      }
      case OP.OP_SIZE:
        this.#need(1);
        stack.push(encodeScriptNum(this.#top(1).length));
        return;
      case OP.OP_EQUAL:
      case OP.OP_EQUALVERIFY: {
        this.#need(2);
        const equal = equalBytes(this.#top(2), this.#top(1));
        this.#decide(2, equal, opcode === OP.OP_EQUALVERIFY, 'EQUALVERIFY');
        return;
      }
      case OP.OP_RIPEMD160:
        this.#need(1);
        this.#replace(1, ripemd160(this.#top(1)));
        return;
      case OP.OP_SHA1:
        this.#need(1);
        this.#replace(1, sha1(this.#top(1)));
        return;
      case OP.OP_SHA256:
        this.#need(1);
        this.#replace(1, sha256(this.#top(1)));
        return;
      case OP.OP_HASH160:
        this.#need(1);
        this.#replace(1, hash160(this.#top(1)));
        return;
      case OP.OP_HASH256:
        this.#need(1);
        this.#replace(1, sha256d(this.#top(1)));
        return;
      case OP.OP_CODESEPARATOR:
        this.#codeStart = this.#cursor.offset;
        if (this.#tapscript) this.#tapscript.codeSeparatorPosition = position;
        return;
      case OP.OP_CHECKSIG:
      case OP.OP_CHECKSIGVERIFY: {
        this.#need(2);
        const valid = this.#checkSig(this.#top(2), this.#top(1));
        this.#decide(2, valid, opcode === OP.OP_CHECKSIGVERIFY, 'CHECKSIGVERIFY');
        return;
      }
      case OP.OP_CHECKSIGADD: {
        if (this.#version !== 'tapscript') fail('BAD_OPCODE');
        this.#need(3);
        const count = this.#number(2);
        const valid = this.#checkSig(this.#top(3), this.#top(1));
        this.#replace(3, encodeScriptNum(count + (valid ? 1 : 0)));
        return;
      }
      case OP.OP_CHECKMULTISIG:
      case OP.OP_CHECKMULTISIGVERIFY:
        this.#checkMultisig(opcode === OP.OP_CHECKMULTISIGVERIFY);
        return;
      default:
        if (opcode >= OP.OP_1 && opcode <= OP.OP_16) {
          stack.push(encodeScriptNum(opcode - OP.OP_1 + 1));
          return;
        }
        if (opcode >= OP.OP_2DROP && opcode <= OP.OP_TUCK) {
          this.#moveElements(opcode);
          return;
        }
        if (opcode >= OP.OP_1ADD && opcode <= OP.OP_0NOTEQUAL) {
          this.#unary(opcode);
          return;
        }
        if (opcode >= OP.OP_ADD && opcode <= OP.OP_MAX) {
          this.#binary(opcode);
          return;
        }
        if (opcode === OP.OP_WITHIN) {
          this.#within();
          return;
        }
        fail('BAD_OPCODE');
    }
  }

  /** OP_2DROP … OP_TUCK: what copies, moves or drops elements without looking into them. */
  #moveElements(opcode: number): void {
    const stack = this.#stack;
    switch (opcode) {
      case OP.OP_2DROP:
        this.#need(2);
        stack.length -= 2;
        return;
      case OP.OP_2DUP:
        this.#need(2);
        stack.push(this.#top(2), this.#top(1));
        return;
      case OP.OP_3DUP:
        this.#need(3);
        stack.push(this.#top(3), this.#top(2), this.#top(1));
        return;
      case OP.OP_2OVER:
        this.#need(4);
        stack.push(this.#top(4), this.#top(3));
        return;
      case OP.OP_2ROT:
        this.#need(6);
        stack.push(...stack.splice(stack.length - 6, 2));
        return;
      case OP.OP_2SWAP:
        this.#need(4);
        stack.push(...stack.splice(stack.length - 4, 2));
        return;
      case OP.OP_IFDUP:
        this.#need(1);
        if (isTrue(this.#top(1))) stack.push(this.#top(1));
        return;
      case OP.OP_DEPTH:
        stack.push(encodeScriptNum(stack.length));
        return;
      case OP.OP_DROP:
        this.#need(1);
        stack.pop();
        return;
      case OP.OP_DUP:
        this.#need(1);
        stack.push(this.#top(1));
        return;
      case OP.OP_NIP:
        this.#need(2);
        stack.splice(stack.length - 2, 1);
        return;
      case OP.OP_OVER:
        this.#need(2);
        stack.push(this.#top(2));
        return;
      case OP.OP_PICK:
      case OP.OP_ROLL: {
        this.#need(2);
        const index = this.#number(1);
        stack.pop();
        if (index < 0 || index >= stack.length) fail('INVALID_STACK_OPERATION');
        const element = this.#top(index + 1);
        if (opcode === OP.OP_ROLL) stack.splice(stack.length - index - 1, 1);
        stack.push(element);
        return;
      }
      case OP.OP_ROT:
        this.#need(3);
        stack.push(...stack.splice(stack.length - 3, 1));
        return;
      case OP.OP_SWAP:
        this.#need(2);
        stack.push(...stack.splice(stack.length - 2, 1));
        return;
      default: {
        // OP_TUCK, the last of the range.
        this.#need(2);
        stack.splice(stack.length - 2, 0, this.#top(1));
      }
    }
  }

  #unary(opcode: number): void {
    if (opcode === OP.OP_2MUL || opcode === OP.OP_2DIV) fail('BAD_OPCODE');
    this.#need(1);
    const value = this.#number(1);
    this.#replace(1, encodeScriptNum(unary(opcode, value)));
  }

  #binary(opcode: number): void {
    this.#need(2);
    const result = binary(opcode, this.#number(2), this.#number(1));
    if (opcode === OP.OP_NUMEQUALVERIFY) {
      this.#decide(2, result !== 0, true, 'NUMEQUALVERIFY');
    } else {
      this.#replace(2, encodeScriptNum(result));
    }
  }

  #within(): void {
    this.#need(3);
    const value = this.#number(3);
    const min = this.#number(2);
    const max = this.#number(1);
    this.#decide(3, min <= value && value < max, false, 'VERIFY');
  }

  /** The operand of a lock: five bytes, so that every uint32 fits, and never negative. */
  #lock(): number {
    this.#need(1);
    const lock = decodeScriptNum(this.#top(1), this.#minimal, 5);
    if (lock < 0) fail('NEGATIVE_LOCKTIME');
    return lock;
  }

  #checkLocktime(): void {
    // A NOP on the stack of those who do not know the rule.
    if (!(this.#flags & Flags.CHECKLOCKTIMEVERIFY)) return;
    if (!this.#checker.checkLocktime(this.#lock())) fail('UNSATISFIED_LOCKTIME');
  }

  #checkSequence(): void {
    if (!(this.#flags & Flags.CHECKSEQUENCEVERIFY)) return;
    const lock = this.#lock();
    if ((lock & DISABLE_LOCK) !== 0) return;
    if (!this.#checker.checkSequence(lock)) fail('UNSATISFIED_LOCKTIME');
  }

  /** True when the signature holds, false when the script may go on without it. */
  #checkSig(sig: Uint8Array, pubkey: Uint8Array): boolean {
    return this.#tapscript
      ? this.#checkTapscriptSig(sig, pubkey, this.#tapscript)
      : this.#checkEcdsaSig(sig, pubkey);
  }

  /** The code that signatures sign: from the last executed OP_CODESEPARATOR on. */
  #scriptCode(): Uint8Array {
    return this.#codeStart === 0 ? this.#script : this.#script.subarray(this.#codeStart);
  }

  /** `code` without `sig`: before segwit, a signature cannot sign itself. */
  #withoutSig(code: Uint8Array, sig: Uint8Array): Uint8Array {
    if (this.#version !== 'base') return code;
    const rest = findAndDelete(code, buildScript([sig]));
    if (rest !== code && this.#flags & Flags.CONST_SCRIPTCODE) fail('SIG_FINDANDDELETE');
    return rest;
  }

  #checkKeyEncoding(pubkey: Uint8Array): void {
    if (this.#flags & Flags.STRICTENC && !isPlainPublicKey(pubkey)) fail('PUBKEYTYPE');
    if (
      this.#flags & Flags.WITNESS_PUBKEYTYPE &&
      this.#version === 'v0' &&
      !isCompressedKey(pubkey)
    ) {
      fail('WITNESS_PUBKEYTYPE');
    }
  }

  #checkEcdsaSig(sig: Uint8Array, pubkey: Uint8Array): boolean {
    const code = this.#withoutSig(this.#scriptCode(), sig);
    checkSignatureEncoding(sig, this.#flags);
    this.#checkKeyEncoding(pubkey);
    const version = this.#version === 'base' ? 'base' : 'v0';
    const valid = this.#checker.checkEcdsa(sig, pubkey, code, version);
    if (!valid && this.#flags & Flags.NULLFAIL && sig.length > 0) fail('NULLFAIL');
    return valid;
  }

  /** BIP342: only an empty signature may be wrong; the order of these rules is consensus. */
  #checkTapscriptSig(sig: Uint8Array, pubkey: Uint8Array, execution: TapscriptExecution): boolean {
    const signed = sig.length > 0;
    if (signed) {
      execution.weightLeft -= SIGNATURE_WEIGHT;
      if (execution.weightLeft < 0) fail('TAPSCRIPT_VALIDATION_WEIGHT');
    }
    if (pubkey.length === 0) fail('TAPSCRIPT_EMPTY_PUBKEY');
    if (pubkey.length === 32) {
      if (signed) this.#checker.checkSchnorr(sig, pubkey, execution);
    } else if (this.#flags & Flags.DISCOURAGE_UPGRADABLE_PUBKEYTYPE) {
      // Keys of other lengths are left for later soft forks: any signature by them counts.
      fail('DISCOURAGE_UPGRADABLE_PUBKEYTYPE');
    }
    return signed;
  }

  /** `dummy sig… m key… n CHECKMULTISIG`; each signature must match a key, in the keys' order. */
  #checkMultisig(verify: boolean): void {
    if (this.#version === 'tapscript') fail('TAPSCRIPT_CHECKMULTISIG');
    this.#need(1);
    const keyCount = this.#number(1);
    if (keyCount < 0 || keyCount > MAX_PUBKEYS_PER_MULTISIG) fail('PUBKEY_COUNT');
    this.#opCount += keyCount;
    if (this.#opCount > MAX_OPS_PER_SCRIPT) fail('OP_COUNT');
    this.#need(keyCount + 2);
    const sigCount = this.#number(keyCount + 2);
    if (sigCount < 0 || sigCount > keyCount) fail('SIG_COUNT');
    const firstSig = keyCount + 3;
    // One element more than anything needs is taken, since the first release; it may be anything …
    const dummy = firstSig + sigCount;
    this.#need(dummy);

    let code = this.#scriptCode();
    for (let i = 0; i < sigCount; i++) code = this.#withoutSig(code, this.#top(firstSig + i));
    const valid = this.#matchSignatures(code, keyCount, sigCount);

    for (let i = 0; !valid && this.#flags & Flags.NULLFAIL && i < sigCount; i++) {
      // From the top of the stack down, so that what fails first is what bitcoind fails on.
      if (this.#top(firstSig + i).length > 0) fail('NULLFAIL');
    }
    // … unless BIP147 wants it empty.
    if (this.#flags & Flags.NULLDUMMY && this.#top(dummy).length > 0) fail('SIG_NULLDUMMY');
    this.#decide(dummy, valid, verify, 'CHECKMULTISIGVERIFY');
  }

  /** Keys and signatures are compared from the last to the first; encodings only of those compared. */
  #matchSignatures(code: Uint8Array, keyCount: number, sigCount: number): boolean {
    const version = this.#version === 'base' ? 'base' : 'v0';
    let key = 2;
    let sig = keyCount + 3;
    let keysLeft = keyCount;
    let sigsLeft = sigCount;
    while (sigsLeft > 0) {
      const signature = this.#top(sig);
      const pubkey = this.#top(key);
      checkSignatureEncoding(signature, this.#flags);
      this.#checkKeyEncoding(pubkey);
      if (this.#checker.checkEcdsa(signature, pubkey, code, version)) {
        sig++;
        sigsLeft--;
      }
      key++;
      keysLeft--;
      if (sigsLeft > keysLeft) return false;
    }
    return true;
  }
}

function unary(opcode: number, value: number): number {
  switch (opcode) {
    case OP.OP_1ADD:
      return value + 1;
    case OP.OP_1SUB:
      return value - 1;
    case OP.OP_NEGATE:
      return -value;
    case OP.OP_ABS:
      return Math.abs(value);
    case OP.OP_NOT:
      return value === 0 ? 1 : 0;
    default:
      // OP_0NOTEQUAL
      return value === 0 ? 0 : 1;
  }
}

function binary(opcode: number, a: number, b: number): number {
  switch (opcode) {
    case OP.OP_ADD:
      return a + b;
    case OP.OP_SUB:
      return a - b;
    case OP.OP_BOOLAND:
      return a !== 0 && b !== 0 ? 1 : 0;
    case OP.OP_BOOLOR:
      return a !== 0 || b !== 0 ? 1 : 0;
    case OP.OP_NUMEQUAL:
    case OP.OP_NUMEQUALVERIFY:
      return a === b ? 1 : 0;
    case OP.OP_NUMNOTEQUAL:
      return a !== b ? 1 : 0;
    case OP.OP_LESSTHAN:
      return a < b ? 1 : 0;
    case OP.OP_GREATERTHAN:
      return a > b ? 1 : 0;
    case OP.OP_LESSTHANOREQUAL:
      return a <= b ? 1 : 0;
    case OP.OP_GREATERTHANOREQUAL:
      return a >= b ? 1 : 0;
    case OP.OP_MIN:
      return Math.min(a, b);
    default:
      // OP_MAX
      return Math.max(a, b);
  }
}
