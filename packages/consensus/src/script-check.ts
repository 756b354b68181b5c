/**
 * Script checks as data: what a block or transaction asks to be verified, so that a caller can run the
 * checks inline, in worker threads, or not at all below an assumed-valid block.
 */
import type { Tx, TxInput, TxOutput } from '@coind/primitives';
import { PrecomputedTx, ScriptError, TxChecker, verifyScript } from '@coind/script';
import { fail } from './rejects.ts';

/** One input whose scripts have to allow the spend. */
export interface ScriptCheck {
  readonly tx: Tx;
  readonly inputIndex: number;
  /** The outputs that all inputs of `tx` spend, in their order; one array per transaction. */
  readonly spent: readonly TxOutput[];
  /** Which script rules hold. */
  readonly flags: number;
  /** Hashes that the inputs of `tx` share, made on first use. */
  readonly precomputed: PrecomputedTx;
}

/** The checks of all inputs of `tx`, which spends `spent`, under `flags`. */
export function scriptChecksOf(tx: Tx, spent: readonly TxOutput[], flags: number): ScriptCheck[] {
  const precomputed = new PrecomputedTx(tx, spent);
  return tx.inputs.map((_, inputIndex) => ({ tx, inputIndex, spent, flags, precomputed }));
}

/**
 * Verifies the scripts of one input. Throws `ValidationError` with the reason for where it was found:
 * `block-script-verify-flag-failed (…)` or `mempool-script-verify-flag-failed (…)`.
 */
export function runScriptCheck(check: ScriptCheck, where: 'block' | 'mempool' = 'block'): void {
  const { tx, inputIndex, spent, flags, precomputed } = check;
  const { scriptSig, witness } = tx.inputs[inputIndex] as TxInput;
  const { value, scriptPubKey } = spent[inputIndex] as TxOutput;
  const checker = new TxChecker(tx, inputIndex, value, precomputed);
  try {
    verifyScript(scriptSig, scriptPubKey, witness, flags, checker);
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    failScript(check, error.message, where);
  }
}

/** Refuses an input whose scripts failed with bitcoind's text `message`, found here or in a worker. */
export function failScript(
  { tx, inputIndex }: Pick<ScriptCheck, 'tx' | 'inputIndex'>,
  message: string,
  where: 'block' | 'mempool' = 'block',
): never {
  const { txid, vout } = (tx.inputs[inputIndex] as TxInput).prevout;
  const input = `input ${inputIndex} of ${tx.txid} (wtxid ${tx.wtxid})`;
  fail(`${where}-script-verify-flag-failed (${message})`, `${input}, spending ${txid}:${vout}`);
}
