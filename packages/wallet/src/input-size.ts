/**
 * How much an input weighs once it is signed, before it is: sizes by kind of script, with signatures at
 * their longest (71 bytes for ECDSA with low R, 65 for Schnorr with a hash type). Fees are computed from these.
 */
import { decodeMiniscript, maxStackItems, type ScriptSolution } from '@coind/descriptors';
import type { TxInput, TxOutput } from '@coind/primitives';
import { classifyOutput, decodeScript, matchMultisig } from '@coind/script';

const WITNESS_SCALE = 4;
/** Outpoint and sequence. */
const FIXED = 40;
/** DER with low R and low S, hash type included: what our signatures are at most. */
const ECDSA_SIZE = 71;
const SCHNORR = 65;

/** Bytes of an input: `base` count four times, `witness` once (without the count of items for 0). */
export interface InputSize {
  readonly base: number;
  readonly witness: number;
}

function push(length: number): number {
  return length + (length < 0x4c ? 1 : length < 0x100 ? 2 : 3);
}

function compact(length: number): number {
  return length < 0xfd ? 1 : 3;
}

/**
 * Size of an input that spends `solution`; undefined when the way to spend it is unknown. `ecdsa` is
 * how long a signature is reckoned to be: bitcoind reckoned with 72 bytes before it made R low.
 */
export function signedInputSize(
  solution: ScriptSolution,
  ecdsa: number = ECDSA_SIZE,
): InputSize | undefined {
  const { descriptor, redeemScript, witnessScript } = solution;
  if (descriptor.kind === 'tr' || descriptor.kind === 'rawtr') {
    return { base: FIXED + 1, witness: 1 + 1 + SCHNORR };
  }
  const wrapped =
    redeemScript && descriptor.kind === 'sh' && descriptor.inner.kind !== 'multi'
      ? descriptor.inner
      : descriptor;
  if (wrapped.kind === 'wpkh') {
    const scriptSig = redeemScript ? push(redeemScript.length) : 0;
    return { base: FIXED + 1 + scriptSig, witness: 1 + 1 + ecdsa + 1 + 33 };
  }
  if (witnessScript) {
    const stack = witnessArguments(witnessScript, solution, ecdsa);
    if (!stack) return undefined;
    const script = compact(witnessScript.length) + witnessScript.length;
    const witness = compact(stack.items + 1) + stack.bytes + script;
    return { base: FIXED + 1 + (redeemScript ? push(redeemScript.length) : 0), witness };
  }
  const parts = scriptArguments(redeemScript ?? solution.scriptPubKey, solution, ecdsa);
  if (!parts) return undefined;
  const scriptSig =
    parts.reduce((sum, length) => sum + (length === 0 ? 1 : push(length)), 0) +
    (redeemScript ? push(redeemScript.length) : 0);
  return { base: FIXED + compact(scriptSig) + scriptSig, witness: 0 };
}

/** What a witness script takes: elements, and their bytes with the prefixes. */
function witnessArguments(
  script: Uint8Array,
  solution: ScriptSolution,
  ecdsa: number,
): { readonly items: number; readonly bytes: number } | undefined {
  const { type } = classifyOutput(script);
  if (type === 'nonstandard') return miniscriptArguments(script);
  const parts = scriptArguments(script, solution, ecdsa);
  const bytes = parts?.reduce((sum, length) => sum + compact(length) + length, 0);
  return parts && bytes !== undefined ? { items: parts.length, bytes } : undefined;
}

/** The most that a miniscript takes; signatures are reckoned with 72 bytes, as bitcoind reckons them here. */
function miniscriptArguments(script: Uint8Array) {
  // Which key is which does not matter to sizes.
  const node = decodeMiniscript(script, 'wsh', { byBytes: () => 0, byHash: () => 0 });
  const items = node && maxStackItems(node);
  const bytes = node?.witness.sat;
  return items === undefined || bytes === undefined ? undefined : { items, bytes };
}

/** Lengths of what a P2PK, P2PKH or multisig script takes from the stack. */
function scriptArguments(
  script: Uint8Array,
  { keys }: ScriptSolution,
  ecdsa: number,
): number[] | undefined {
  const multisig = matchMultisig(script);
  if (multisig) return [0, ...Array<number>(multisig.required).fill(ecdsa)];
  const [key] = keys;
  if (!key) return undefined;
  const isPubkeyScript = script.length === key.publicKey.length + 2;
  return isPubkeyScript ? [ecdsa] : [ecdsa, key.publicKey.length];
}

/** Bytes of an output. */
export function outputSize({ scriptPubKey }: Pick<TxOutput, 'scriptPubKey'>): number {
  return 8 + compact(scriptPubKey.length) + scriptPubKey.length;
}

/** Virtual size of a transaction with these inputs and outputs, once signed. */
export function signedVsize(
  inputs: readonly InputSize[],
  outputs: readonly Pick<TxOutput, 'scriptPubKey'>[],
): number {
  return Math.ceil(signedWeight(inputs, outputs) / WITNESS_SCALE);
}

/** Weight of a transaction with these inputs and outputs, once signed. */
export function signedWeight(
  inputs: readonly InputSize[],
  outputs: readonly Pick<TxOutput, 'scriptPubKey'>[],
): number {
  let base = 8 + compact(inputs.length) + compact(outputs.length);
  for (const output of outputs) base += outputSize(output);
  let witness = 0;
  const segwit = inputs.some((input) => input.witness > 0);
  for (const input of inputs) {
    base += input.base;
    // In a segwit transaction every input has at least its count of witness items.
    if (segwit) witness += Math.max(1, input.witness);
  }
  return base * WITNESS_SCALE + (segwit ? witness + 2 : 0);
}

/** Virtual bytes that one more input adds, rounded up. */
export function inputVsize({ base, witness }: InputSize): number {
  return Math.ceil((base * WITNESS_SCALE + witness) / WITNESS_SCALE);
}

/** An input without scriptSig that weighs `weight`. */
export function sizeOfWeight(weight: number): InputSize {
  const base = 41;
  return { base, witness: weight - 4 * base };
}

/** The longest DER signature, with its hash type. */
const LONGEST_ECDSA = 72;

/** What an input weighs that is signed again with signatures as long as they get. */
export function largestWeight({ scriptSig, witness }: TxInput): number {
  const growth = ({ length }: Uint8Array, looks: boolean): number =>
    looks && length < LONGEST_ECDSA ? LONGEST_ECDSA - length : 0;
  const pushed = (decodeScript(scriptSig) ?? []).flatMap(({ data }) => (data ? [data] : []));
  const inScript = pushed.reduce((sum, item) => sum + growth(item, isDerSignature(item)), 0);
  const inWitness = witness.reduce((sum, item) => sum + growth(item, isDerSignature(item)), 0);
  const script = scriptSig.length + inScript;
  const items = witness.reduce((sum, { length }) => sum + compact(length) + length, inWitness);
  return WITNESS_SCALE * (FIXED + compact(script) + script) + compact(witness.length) + items;
}

/** By its beginning and its length. */
function isDerSignature(item: Uint8Array): boolean {
  return item[0] === 0x30 && item.length >= 9 && item.length <= LONGEST_ECDSA + 1;
}
