/**
 * Standardness: what a transaction looks like that this node relays and mines although consensus
 * would allow more. Forms of outputs and inputs, limits on witnesses, dust, ephemeral dust. Pure; texts
 * and order of checks are bitcoind's. Fees, replacement and package shapes are judged elsewhere.
 */
import { type Coin, check } from '@coind/consensus';
import type { FeeRate, Sats, Tx, TxOutput } from '@coind/primitives';
import {
  ANNEX_TAG,
  classifyOutput,
  countSigops,
  decodeScript,
  isDust,
  isP2a,
  isP2sh,
  isPushOnly,
  LEAF_MASK,
  MAX_STANDARD_WEIGHT,
  OP,
  TAPSCRIPT_LEAF,
  witnessProgram,
} from '@coind/script';
import type { MempoolOptions } from './options.ts';

/** Sigop cost of one transaction: a fifth of what a block may hold. */
export const MAX_STANDARD_SIGOP_COST = 16_000;

const MAX_STANDARD_VERSION = 3;
const MAX_SCRIPT_SIG_SIZE = 1_650;
const MAX_BARE_MULTISIG_KEYS = 3;
const MAX_DUST_OUTPUTS = 1;
const MAX_P2SH_SIGOPS = 15;
/** BIP54: sigops of one transaction outside witnesses, as they may run. */
const MAX_LEGACY_SIGOPS = 2_500;
const MAX_P2WSH_SCRIPT_SIZE = 3_600;
const MAX_P2WSH_STACK_ITEMS = 100;
const MAX_STACK_ITEM_SIZE = 80;

/** Checks the transaction by itself: version, weight, input scripts, output forms, dust. */
export function checkStandard(tx: Tx, options: MempoolOptions): void {
  check(tx.version >= 1 && tx.version <= MAX_STANDARD_VERSION, 'version');
  check(tx.weight <= MAX_STANDARD_WEIGHT, 'tx-size');
  for (const { scriptSig } of tx.inputs) {
    check(scriptSig.length <= MAX_SCRIPT_SIG_SIZE, 'scriptsig-size');
    check(isPushOnly(scriptSig), 'scriptsig-not-pushonly');
  }
  let dataBytes = options.dataCarrierBytes ?? 0;
  let dust = 0;
  for (const output of tx.outputs) {
    const { scriptPubKey } = output;
    const { type, solutions } = classifyOutput(scriptPubKey);
    check(type !== 'nonstandard', 'scriptpubkey');
    if (type === 'nulldata') {
      dataBytes -= scriptPubKey.length;
      check(dataBytes >= 0, 'datacarrier');
    } else if (type === 'multisig') {
      const keys = solutions.length - 2;
      check(keys <= MAX_BARE_MULTISIG_KEYS, 'scriptpubkey');
      check(options.permitBareMultisig, 'bare-multisig');
    }
    if (isDust(output, options.dustFee)) dust++;
  }
  check(dust <= MAX_DUST_OUTPUTS, 'dust');
}

/** Checks that the coins it spends are of known forms. `spent` in order of inputs. */
export function checkInputsStandard(tx: Tx, spent: readonly Coin[]): void {
  const reason = 'bad-txns-nonstandard-inputs';
  let sigops = 0;
  for (const [index, { scriptSig }] of tx.inputs.entries()) {
    const { scriptPubKey } = scriptOf(spent, index);
    sigops += countSigops(scriptSig, true);
    const redeemed = isP2sh(scriptPubKey) ? redeemScript(scriptSig) : scriptPubKey;
    if (redeemed instanceof Uint8Array) sigops += countSigops(redeemed, true);
  }
  check(sigops <= MAX_LEGACY_SIGOPS, reason, 'non-witness sigops exceed bip54 limit');
  for (const [index, { scriptSig }] of tx.inputs.entries()) {
    const { scriptPubKey } = scriptOf(spent, index);
    const { type } = classifyOutput(scriptPubKey);
    check(type !== 'nonstandard', reason, `input ${index} script unknown`);
    check(type !== 'witness_unknown', reason, `input ${index} witness program is undefined`);
    if (type !== 'scripthash') continue;
    const script = redeemScript(scriptSig);
    check(
      script !== 'malformed',
      reason,
      `p2sh scriptsig malformed (input ${index}: Opcode missing or not understood)`,
    );
    check(script !== undefined, reason, `input ${index} P2SH redeemscript missing`);
    const count = countSigops(script, true);
    check(
      count <= MAX_P2SH_SIGOPS,
      reason,
      `p2sh redeemscript sigops exceed limit (input ${index}: ${count} > ${MAX_P2SH_SIGOPS})`,
    );
  }
}

/** True when no witness is larger than what a spend of its kind of output needs. */
export function isWitnessStandard(tx: Tx, spent: readonly Coin[]): boolean {
  return tx.inputs.every(({ scriptSig, witness }, index) => {
    if (witness.length === 0) return true;
    let { scriptPubKey } = scriptOf(spent, index);
    // Anybody can spend it, so anybody could stuff its witness.
    if (isP2a(scriptPubKey)) return false;
    const wrapped = isP2sh(scriptPubKey);
    if (wrapped) {
      const script = redeemScript(scriptSig);
      if (!(script instanceof Uint8Array)) return false;
      scriptPubKey = script;
    }
    const found = witnessProgram(scriptPubKey);
    if (!found) return false;
    const { version, program } = found;
    if (program.length !== 32) return true;
    if (version === 0) return isP2wshStandard(witness);
    return version !== 1 || wrapped || isTaprootStandard(witness);
  });
}

function isP2wshStandard(witness: readonly Uint8Array[]): boolean {
  const script = witness[witness.length - 1] as Uint8Array;
  const items = witness.slice(0, -1);
  return (
    script.length <= MAX_P2WSH_SCRIPT_SIZE &&
    items.length <= MAX_P2WSH_STACK_ITEMS &&
    items.every((item) => item.length <= MAX_STACK_ITEM_SIZE)
  );
}

function isTaprootStandard(witness: readonly Uint8Array[]): boolean {
  if (witness.length < 2) return true;
  const control = witness[witness.length - 1] as Uint8Array;
  if (control.length === 0 || control[0] === ANNEX_TAG) return false;
  if (((control[0] as number) & LEAF_MASK) !== TAPSCRIPT_LEAF) return true;
  return witness.slice(0, -2).every((item) => item.length <= MAX_STACK_ITEM_SIZE);
}

/** True when some input spends a witness program, so that a missing witness may be all that is wrong. */
export function spendsWitnessProgram(tx: Tx, spent: readonly Coin[]): boolean {
  return tx.inputs.some(({ scriptSig }, index) => {
    const { scriptPubKey } = scriptOf(spent, index);
    if (witnessProgram(scriptPubKey)) return !isP2a(scriptPubKey);
    if (!isP2sh(scriptPubKey)) return false;
    const script = redeemScript(scriptSig);
    return script instanceof Uint8Array && witnessProgram(script) !== undefined;
  });
}

/** A transaction with a dust output pays nothing, so that nobody mines it without the spender. */
export function checkDustIsFree(tx: Tx, fee: Sats, modifiedFee: Sats, rate: FeeRate): void {
  if (fee === 0n && modifiedFee === 0n) return;
  check(
    !tx.outputs.some((output) => isDust(output, rate)),
    'dust',
    'tx with dust output must be 0-fee',
  );
}

/** Whoever spends from an unconfirmed parent with dust takes the dust along. */
export function checkDustIsSpent(tx: Tx, parents: Iterable<Tx>, rate: FeeRate): void {
  for (const parent of parents) {
    for (const [vout, output] of parent.outputs.entries()) {
      if (!isDust(output, rate)) continue;
      check(
        tx.inputs.some(({ prevout }) => prevout.txid === parent.txid && prevout.vout === vout),
        'missing-ephemeral-spends',
        `tx ${tx.txid} (wtxid=${tx.wtxid}) did not spend parent's ephemeral dust`,
      );
    }
  }
}

/** Weight by which a transaction is judged: its own, or its sigops' where they are dearer. */
export function adjustedWeight(weight: number, sigopCost: number, bytesPerSigop: number): number {
  return Math.max(weight, sigopCost * bytesPerSigop);
}

/**
 * What a P2SH input shows as its redeem script: the last thing it pushes. Undefined when it pushes
 * nothing, 'malformed' when it cannot run.
 */
function redeemScript(scriptSig: Uint8Array): Uint8Array | 'malformed' | undefined {
  const ops = decodeScript(scriptSig);
  if (!ops || ops.some(({ opcode }) => opcode > OP.OP_16 || opcode === OP.OP_RESERVED)) {
    return 'malformed';
  }
  const last = ops.at(-1);
  if (!last) return undefined;
  if (last.data) return last.data;
  return new Uint8Array([last.opcode === OP.OP_1NEGATE ? 0x81 : last.opcode - OP.OP_1 + 1]);
}

function scriptOf(spent: readonly Coin[], index: number): TxOutput {
  return (spent[index] as Coin).output;
}
