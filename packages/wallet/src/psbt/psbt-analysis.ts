/** Where a PSBT stands: what each input lacks, whose turn it is, what it will cost. */

import { sigopCostOf } from '@coind/consensus';
import { isMoney, type Sats } from '@coind/primitives';
import { isUnspendable, STANDARD_FLAGS } from '@coind/script';
import type { Psbt, PsbtInput } from './psbt.ts';
import { extractTx, inspectInput, pretendSigned } from './psbt-signer.ts';
import type { Missing } from './solution.ts';

/** Whose turn it is, from the first to the last. */
const ROLES = ['creator', 'updater', 'signer', 'finalizer', 'extractor'] as const;
export type PsbtRole = (typeof ROLES)[number];

/** Where an input stands. */
export interface InputAnalysis {
  readonly hasUtxo: boolean;
  readonly isFinal: boolean;
  readonly next: PsbtRole;
  readonly missing?: Missing;
}

/** Where a PSBT stands. */
export interface PsbtAnalysis {
  readonly inputs: readonly InputAnalysis[];
  readonly next: PsbtRole;
  /** Virtual bytes once signed. */
  readonly estimatedVsize?: number;
  readonly fee?: Sats;
  /** Why nothing will come of it. */
  readonly error?: string;
}

/** Virtual bytes that a signature check is reckoned with, at least. */
const BYTES_PER_SIGOP = 20;

/** Looks at a PSBT, which stays as it is. */
export function analyzePsbt(original: Psbt): PsbtAnalysis {
  const psbt = original.clone();
  if (!psbt.unsignedTx()) return invalid('PSBT cannot be made into a valid transaction');
  let total: Sats = 0n;
  const inputs: InputAnalysis[] = [];
  for (const [index, input] of psbt.inputs.entries()) {
    const { utxo } = input;
    const fault = faultOf(input, total);
    if (fault !== undefined) return invalid(`PSBT is not valid. Input ${index} ${fault}`);
    total += utxo?.value ?? 0n;
    inputs.push(analyzeInput(psbt, index));
  }
  const next = ROLES.find((role) => inputs.some((input) => input.next === role)) ?? 'extractor';
  if (inputs.some(({ hasUtxo }) => !hasUtxo)) return { inputs, next };
  const paid = paidBy(psbt);
  if (paid === undefined) return invalid('PSBT is not valid. Output amount invalid');
  const vsize = estimateVsize(psbt);
  const estimate = vsize === undefined ? {} : { estimatedVsize: vsize };
  return { inputs, next, fee: total - paid, ...estimate };
}

function invalid(error: string): PsbtAnalysis {
  return { inputs: [], next: 'creator', error };
}

function faultOf(input: PsbtInput, before: Sats): string | undefined {
  const { utxo, nonWitnessUtxo, outpoint } = input;
  if (utxo && !(isMoney(utxo.value) && isMoney(before + utxo.value))) return 'has invalid value';
  if (!utxo && nonWitnessUtxo && outpoint.vout >= nonWitnessUtxo.outputs.length) {
    return 'specifies invalid prevout';
  }
  return utxo && isUnspendable(utxo.scriptPubKey) ? 'spends unspendable output' : undefined;
}

function analyzeInput(psbt: Psbt, index: number): InputAnalysis {
  const hasUtxo = psbt.inputs[index]?.utxo !== undefined;
  const { isVerified, outcome, missing } = inspectInput(psbt, index);
  if (isVerified) return { hasUtxo, isFinal: hasUtxo, next: 'extractor' };
  if (outcome === 'complete') return { hasUtxo, isFinal: false, next: 'finalizer' };
  const { pubkeys, signatures, redeemScript, witnessScript } = missing;
  const onlySignatures =
    signatures.length > 0 && pubkeys.length === 0 && !redeemScript && !witnessScript;
  return { hasUtxo, isFinal: false, next: onlySignatures ? 'signer' : 'updater', missing };
}

function paidBy({ outputs }: Psbt): Sats | undefined {
  let total: Sats = 0n;
  for (const { value } of outputs) {
    total += value;
    if (!isMoney(value) || !isMoney(total)) return undefined;
  }
  return total;
}

function estimateVsize(psbt: Psbt): number | undefined {
  const tx = pretendSigned(psbt) ? extractTx(psbt) : undefined;
  if (!tx) return undefined;
  const spent = psbt.inputs.flatMap(({ utxo }) => utxo ?? []);
  const sigops = sigopCostOf(tx, spent, STANDARD_FLAGS);
  return Math.ceil(Math.max(tx.weight, sigops * BYTES_PER_SIGOP) / 4);
}
