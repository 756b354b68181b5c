/**
 * The roles of a PSBT between its making and its sending: updater, signer, finalizer, and the look ahead
 * of `analyzepsbt`. An input is worked on with what it says itself and what a `PsbtProvider` adds; the
 * verdict whether it is finished is the interpreter's.
 */
import { Tx, type TxOutput } from '@coind/primitives';
import {
  classifyOutput,
  HashType,
  PrecomputedTx,
  ScriptError,
  STANDARD_FLAGS,
  TxChecker,
  verifyScript,
  witnessProgram,
} from '@coind/script';
import type { Psbt, PsbtInput } from './psbt.ts';
import { In, Out } from './psbt-fields.ts';
import { PsbtProvider } from './psbt-provider.ts';
import { Solver } from './psbt-solver.ts';
import { DUMMY, NOBODY_SIGNS, type SigningTx, signatureMaker } from './signature-maker.ts';
import type { Missing } from './solution.ts';

/** How signing an input came out. */
export type SignOutcome = 'complete' | 'incomplete' | 'missing-inputs' | 'sighash-mismatch';

/** How to sign. */
export interface SignOptions {
  /** The hash type that signatures must have; ALL, for taproot DEFAULT, when nobody says. */
  readonly sighash?: number | undefined;
  /** Whether a complete input is finished at once. */
  readonly finalize?: boolean;
}

const NOTHING: Uint8Array = new Uint8Array(0);
const NOBODY = new PsbtProvider();

function signingTx(psbt: Psbt): SigningTx | undefined {
  const tx = psbt.unsignedTx();
  if (!tx) return undefined;
  const utxos = psbt.inputs.map(({ utxo }) => utxo);
  const all = utxos.every((utxo) => utxo !== undefined);
  return { tx, precomputed: all ? new PrecomputedTx(tx, utxos) : new PrecomputedTx(tx) };
}

function isTaproot({ scriptPubKey }: TxOutput): boolean {
  return classifyOutput(scriptPubKey).type === 'witness_v1_taproot';
}

/** True when the final fields of an input spend its coin. */
function isVerified(input: PsbtInput, index: number, { tx, precomputed }: SigningTx): boolean {
  const { utxo } = input;
  if (!utxo) return false;
  // Taproot's signatures commit to all spent outputs: without them none can be found right.
  if (isTaproot(utxo) && !precomputed.spent) return false;
  const { finalScriptSig = NOTHING, finalWitness = [] } = input;
  const checker = new TxChecker(tx, index, utxo.value, precomputed);
  try {
    verifyScript(finalScriptSig, utxo.scriptPubKey, finalWitness, STANDARD_FLAGS, checker);
    return true;
  } catch (error) {
    if (error instanceof ScriptError) return false;
    throw error;
  }
}

/** True when every input is finished and right. */
export function isPsbtComplete(psbt: Psbt): boolean {
  const signing = signingTx(psbt);
  if (!signing) return false;
  return psbt.inputs.every((input, index) => isVerified(input, index, signing));
}

/** The hash types that the signatures of an input already have are all `sighash`. */
function haveSighash({ map }: PsbtInput, sighash: number): boolean {
  const schnorr = [In.TAP_KEY_SIG, In.TAP_SCRIPT_SIG].flatMap((type) => map.all(type));
  if (sighash === HashType.DEFAULT) return schnorr.every(({ value }) => value.length === 64);
  const ecdsa = map.all(In.PARTIAL_SIG);
  const isOf = ({ value }: { readonly value: Uint8Array }) => value[value.length - 1] === sighash;
  return schnorr.every((sig) => sig.value.length === 65 && isOf(sig)) && ecdsa.every(isOf);
}

interface Work {
  readonly provider: PsbtProvider;
  /** Undefined to pretend: any signature will do. */
  readonly signing: SigningTx | undefined;
  readonly options: SignOptions;
}

function workOn(
  psbt: Psbt,
  index: number,
  { provider, signing, options }: Work,
): { readonly outcome: SignOutcome; readonly missing?: Missing } {
  const input = psbt.inputs[index] as PsbtInput;
  const plain = signing ?? plainSigning(psbt);
  if (plain && isVerified(input, index, plain)) return { outcome: 'complete' };
  const { utxo } = input;
  if (!utxo) return { outcome: 'missing-inputs' };
  const defaultSighash = isTaproot(utxo) ? HashType.DEFAULT : HashType.ALL;
  const sighash = options.sighash ?? defaultSighash;
  if (input.sighash !== undefined && input.sighash !== sighash) {
    return { outcome: 'sighash-mismatch' };
  }
  // What goes without saying is not said: DEFAULT, and ALL where there is no other default.
  const isUsual = sighash === HashType.DEFAULT || sighash === defaultSighash;
  if (!isUsual) input.sighash = sighash;
  if (!haveSighash(input, sighash)) return { outcome: 'sighash-mismatch' };
  // An output that somebody only claims to exist is safe with witness signatures, which commit to it.
  const needsWitness = !input.nonWitnessUtxo;
  if (input.isFinal) return { outcome: needsWitness ? 'incomplete' : 'complete' };
  const maker = signing ? signatureMaker(signing, index, utxo, sighash) : DUMMY;
  const work = needsWitness ? input.clone() : input;
  const solver = new Solver(work.map, In, provider, maker);
  const proof = solver.solve(utxo.scriptPubKey);
  if (needsWitness && !solver.isWitness) return { outcome: 'incomplete' };
  if (work !== input) input.merge(work);
  if (proof && options.finalize !== false) input.finish(proof.scriptSig, proof.witness);
  if (solver.isWitness) input.witnessUtxo = utxo;
  return { outcome: proof ? 'complete' : 'incomplete', missing: solver.missing };
}

/** As `signingTx`, of a PSBT whose spent outputs are not to be relied on. */
function plainSigning(psbt: Psbt): SigningTx | undefined {
  const tx = psbt.unsignedTx();
  return tx && { tx, precomputed: new PrecomputedTx(tx) };
}

/** Who knows of inputs or outputs: one for all, or one for each by its index. */
export type Providers = PsbtProvider | ((index: number) => PsbtProvider);

function providerAt(providers: Providers, index: number): PsbtProvider {
  return typeof providers === 'function' ? providers(index) : providers;
}

/**
 * Fills in what `providers` know of the inputs that are not finished, and signs them. Returns the
 * outcomes; undefined when the inputs ask for locktimes that clash.
 */
export function signPsbt(
  psbt: Psbt,
  providers: Providers,
  options: SignOptions = {},
): readonly SignOutcome[] | undefined {
  const signing = signingTx(psbt);
  if (!signing) return undefined;
  return psbt.inputs.map((input, index) => {
    if (input.isFinal) return 'complete';
    const provider = providerAt(providers, index);
    return workOn(psbt, index, { provider, signing, options }).outcome;
  });
}

/** Fills in what `providers` know of the outputs: scripts, and how their keys are derived. */
export function updateOutputs(psbt: Psbt, providers: Providers): void {
  for (const [index, { map, scriptPubKey }] of psbt.outputs.entries()) {
    new Solver(map, Out, providerAt(providers, index), NOBODY_SIGNS).solve(scriptPubKey);
  }
}

/**
 * Leaves out whole transactions where no signature needs them: when every input is taproot, whose
 * signatures commit to all amounts.
 */
export function dropUnneededTransactions({ inputs }: Psbt): void {
  const isNeeded = inputs.some(({ witnessUtxo, sighash = 0 }) => {
    const program = witnessUtxo && witnessProgram(witnessUtxo.scriptPubKey);
    return !program || program.version === 0 || (sighash & HashType.ANYONECANPAY) !== 0;
  });
  if (!isNeeded) for (const input of inputs) input.nonWitnessUtxo = undefined;
}

/** Finishes every input whose signatures are all there; true when that is all inputs. */
export function finalizePsbt(psbt: Psbt): boolean {
  const signing = signingTx(psbt);
  if (!signing) return false;
  const outcomes = psbt.inputs.map((input, index) => {
    const options = { sighash: input.sighash };
    return workOn(psbt, index, { provider: NOBODY, signing, options }).outcome;
  });
  return outcomes.every((outcome) => outcome === 'complete');
}

/** The transaction of a PSBT whose inputs are finished. */
export function extractTx(psbt: Psbt): Tx | undefined {
  const tx = psbt.unsignedTx();
  if (!tx) return undefined;
  const inputs = tx.inputs.map((input, index) => {
    const { finalScriptSig = NOTHING, finalWitness = [] } = psbt.inputs[index] as PsbtInput;
    return { ...input, scriptSig: finalScriptSig, witness: finalWitness };
  });
  const { version, outputs, locktime } = tx;
  return new Tx({ version, inputs, outputs, locktime });
}

/** What `inspectInput` finds. */
export interface InputState {
  readonly isVerified: boolean;
  readonly outcome: SignOutcome;
  readonly missing: Missing;
}

/** What input `index` lacks, as far as that can be seen without anybody's keys. */
export function inspectInput(psbt: Psbt, index: number): InputState {
  const signing = signingTx(psbt);
  const input = psbt.inputs[index] as PsbtInput;
  const missing: Missing = { pubkeys: [], signatures: [] };
  if (!signing) return { isVerified: false, outcome: 'missing-inputs', missing };
  if (isVerified(input, index, signing)) return { isVerified: true, outcome: 'complete', missing };
  return {
    isVerified: false,
    missing,
    ...workOn(psbt, index, { provider: NOBODY, signing, options: {} }),
  };
}

/** Puts signatures of the usual size where real ones are still missing; false when that cannot be done. */
export function pretendSigned(psbt: Psbt): boolean {
  return psbt.inputs.every((_, index) => {
    const work = { provider: NOBODY, signing: undefined, options: {} };
    return workOn(psbt, index, work).outcome === 'complete';
  });
}

/** True when only a witness can spend the output, as far as `provider` knows its script. */
export function isSegwitOutput(scriptPubKey: Uint8Array, provider: PsbtProvider): boolean {
  if (witnessProgram(scriptPubKey)) return true;
  const { type, solutions } = classifyOutput(scriptPubKey);
  const redeemScript = type === 'scripthash' && provider.script(solutions[0] as Uint8Array);
  return redeemScript ? witnessProgram(redeemScript) !== undefined : false;
}
