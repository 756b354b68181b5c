/**
 * Whether an input may spend an output: scriptSig and scriptPubKey, pay-to-script-hash (BIP16), witness
 * programs (BIP141), taproot (BIP341, BIP342), pay-to-anchor, and versions that are still to come.
 */
import { compactSizeLength, concatBytes, equalBytes, sha256, Writer } from '@coind/primitives';
import type { SignatureChecker } from './checker.ts';
import { Flags } from './flags.ts';
import { evalScript, type TapscriptExecution } from './interpreter.ts';
import { isSuccess } from './opcodes.ts';
import {
  buildScript,
  isP2a,
  isP2sh,
  isPushOnly,
  MAX_ELEMENT_SIZE,
  MAX_STACK_SIZE,
  ScriptCursor,
  type WitnessProgram,
  witnessProgram,
} from './script.ts';
import { ScriptError, type ScriptErrorCode } from './script-error.ts';
import { isTrue } from './script-num.ts';
import { NO_CODE_SEPARATOR } from './sighash.ts';
import {
  ANNEX_TAG,
  isTaprootCommitment,
  LEAF_MASK,
  TAPSCRIPT_LEAF,
  tapleafHash,
} from './taproot.ts';
import { p2pkh } from './templates.ts';

/** A control block: leaf version, internal key, and up to 128 hashes. */
const CONTROL_MIN_SIZE = 33;
const CONTROL_MAX_SIZE = 33 + 32 * 128;
/** What a tapscript may spend on signatures besides its witness size (BIP342). */
const BASE_WEIGHT = 50;

function fail(code: ScriptErrorCode): never {
  throw new ScriptError(code);
}

/**
 * Throws `ScriptError` unless scriptSig and witness satisfy scriptPubKey under `flags`.
 *
 * @example
 * const precomputed = new PrecomputedTx(tx, [spentOutput]);
 * const checker = new TxChecker(tx, 0, spentOutput.value, precomputed);
 * verifyScript(input.scriptSig, spentOutput.scriptPubKey, input.witness, MANDATORY_FLAGS, checker);
 */
export function verifyScript(
  scriptSig: Uint8Array,
  scriptPubKey: Uint8Array,
  witness: readonly Uint8Array[],
  flags: number,
  checker: SignatureChecker,
): void {
  // Without these, adding a flag could make a script valid: a hard fork instead of a soft one.
  if (flags & Flags.WITNESS && !(flags & Flags.P2SH)) throw new RangeError('WITNESS needs P2SH');
  if (flags & Flags.CLEANSTACK && !(flags & Flags.WITNESS)) {
    throw new RangeError('CLEANSTACK needs WITNESS');
  }
  if (flags & Flags.SIGPUSHONLY && !isPushOnly(scriptSig)) fail('SIG_PUSHONLY');
  let stack: Uint8Array[] = [];
  evalScript(stack, scriptSig, flags, checker, 'base');
  const isScriptHash = (flags & Flags.P2SH) !== 0 && isP2sh(scriptPubKey);
  const redeemStack = isScriptHash ? stack.slice() : [];
  evalScript(stack, scriptPubKey, flags, checker, 'base');
  requireTrue(stack);

  let program = flags & Flags.WITNESS ? witnessProgram(scriptPubKey) : undefined;
  if (program) {
    if (scriptSig.length > 0) fail('WITNESS_MALLEATED');
    verifyWitness(program, witness, flags, checker, false);
  } else if (isScriptHash) {
    if (!isPushOnly(scriptSig)) fail('SIG_PUSHONLY');
    stack = redeemStack;
    // Not empty: the hash of it was compared a moment ago.
    const redeemScript = stack.pop() as Uint8Array;
    evalScript(stack, redeemScript, flags, checker, 'base');
    requireTrue(stack);
    program = flags & Flags.WITNESS ? witnessProgram(redeemScript) : undefined;
    if (program) {
      if (!equalBytes(scriptSig, buildScript([redeemScript]))) fail('WITNESS_MALLEATED_P2SH');
      verifyWitness(program, witness, flags, checker, true);
    }
  }
  if (program) return;
  if (flags & Flags.CLEANSTACK && stack.length !== 1) fail('CLEANSTACK');
  if (flags & Flags.WITNESS && witness.length > 0) fail('WITNESS_UNEXPECTED');
}

function requireTrue(stack: readonly Uint8Array[]): void {
  const top = stack[stack.length - 1];
  if (!top || !isTrue(top)) fail('EVAL_FALSE');
}

function verifyWitness(
  found: WitnessProgram,
  witness: readonly Uint8Array[],
  flags: number,
  checker: SignatureChecker,
  insideP2sh: boolean,
): void {
  const { version, program } = found;
  if (version === 0) {
    verifyWitnessV0(program, witness, flags, checker);
  } else if (version === 1 && program.length === 32 && !insideP2sh) {
    if (flags & Flags.TAPROOT) verifyTaproot(program, witness, flags, checker);
  } else if (insideP2sh || version !== 1 || !isAnchor(program)) {
    // Anything else is left for later soft forks, and anybody may spend it until then.
    if (flags & Flags.DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM) {
      fail('DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM');
    }
  }
}

function isAnchor(program: Uint8Array): boolean {
  return isP2a(concatBytes(new Uint8Array([0x51, program.length]), program));
}

function verifyWitnessV0(
  program: Uint8Array,
  witness: readonly Uint8Array[],
  flags: number,
  checker: SignatureChecker,
): void {
  let script: Uint8Array;
  let stack: Uint8Array[];
  if (program.length === 32) {
    const last = witness[witness.length - 1];
    if (!last) fail('WITNESS_PROGRAM_WITNESS_EMPTY');
    script = last;
    stack = witness.slice(0, -1);
    if (!equalBytes(sha256(script), program)) fail('WITNESS_PROGRAM_MISMATCH');
  } else if (program.length === 20) {
    if (witness.length !== 2) fail('WITNESS_PROGRAM_MISMATCH');
    script = p2pkh(program);
    stack = witness.slice();
  } else {
    fail('WITNESS_PROGRAM_WRONG_LENGTH');
  }
  checkElementSizes(stack);
  evalScript(stack, script, flags, checker, 'v0');
  requireOneTrue(stack);
}

function checkElementSizes(stack: readonly Uint8Array[]): void {
  for (const element of stack) if (element.length > MAX_ELEMENT_SIZE) fail('PUSH_SIZE');
}

/** Scripts in a witness leave exactly one element, by consensus. */
function requireOneTrue(stack: readonly Uint8Array[]): void {
  if (stack.length !== 1) fail('CLEANSTACK');
  requireTrue(stack);
}

function verifyTaproot(
  outputKey: Uint8Array,
  witness: readonly Uint8Array[],
  flags: number,
  checker: SignatureChecker,
): void {
  if (witness.length === 0) fail('WITNESS_PROGRAM_WITNESS_EMPTY');
  const stack = witness.slice();
  let annexHash: Uint8Array | undefined;
  if (stack.length >= 2 && stack[stack.length - 1]?.[0] === ANNEX_TAG) {
    const annex = stack.pop() as Uint8Array;
    annexHash = sha256(new Writer(annex.length + 5).varBytes(annex).finish());
  }
  const annex = annexHash ? { annexHash } : {};
  if (stack.length === 1) {
    checker.checkSchnorr(stack[0] as Uint8Array, outputKey, annex);
    return;
  }
  const control = stack.pop() as Uint8Array;
  const script = stack.pop() as Uint8Array;
  const { length } = control;
  if (length < CONTROL_MIN_SIZE || length > CONTROL_MAX_SIZE || (length - 33) % 32 !== 0) {
    fail('TAPROOT_WRONG_CONTROL_SIZE');
  }
  const leafVersion = (control[0] as number) & LEAF_MASK;
  const leafHash = tapleafHash(leafVersion, script);
  if (!isTaprootCommitment(control, outputKey, leafHash)) fail('WITNESS_PROGRAM_MISMATCH');
  if (leafVersion === TAPSCRIPT_LEAF) {
    runTapscript(stack, script, flags, checker, {
      leafHash,
      ...annex,
      codeSeparatorPosition: NO_CODE_SEPARATOR,
      weightLeft: witnessSize(witness) + BASE_WEIGHT,
    });
  } else if (flags & Flags.DISCOURAGE_UPGRADABLE_TAPROOT_VERSION) {
    fail('DISCOURAGE_UPGRADABLE_TAPROOT_VERSION');
  }
}

/** Bytes of a witness as it is serialised. */
function witnessSize(witness: readonly Uint8Array[]): number {
  let size = compactSizeLength(witness.length);
  for (const item of witness) size += compactSizeLength(item.length) + item.length;
  return size;
}

function runTapscript(
  stack: Uint8Array[],
  script: Uint8Array,
  flags: number,
  checker: SignatureChecker,
  execution: TapscriptExecution,
): void {
  // An OP_SUCCESSx anywhere overrides everything that follows it, even bytes that are no opcodes.
  const cursor = new ScriptCursor(script);
  while (cursor.next()) {
    if (!isSuccess(cursor.opcode)) continue;
    if (flags & Flags.DISCOURAGE_OP_SUCCESS) fail('DISCOURAGE_OP_SUCCESS');
    return;
  }
  if (!cursor.done) fail('BAD_OPCODE');
  if (stack.length > MAX_STACK_SIZE) fail('STACK_SIZE');
  checkElementSizes(stack);
  evalScript(stack, script, flags, checker, 'tapscript', execution);
  requireOneTrue(stack);
}
