/**
 * Script checks as data: what a block asks to be verified, so that a caller can run the checks inline,
 * in worker threads, or not at all below an assumed-valid block.
 */
import type { Tx, TxOutput } from '@coind/primitives';

/** One input whose scripts have to allow the spend. */
export interface ScriptCheck {
  readonly tx: Tx;
  readonly inputIndex: number;
  /** The outputs that all inputs of `tx` spend, in their order; one array per transaction. */
  readonly spent: readonly TxOutput[];
  /** Which script rules hold. */
  readonly flags: number;
}
