/**
 * Where the scripts of a block are verified. Consensus hands them out as data, so this is the one
 * seam: here they run inline, one after the other; a pool of threads has the same face.
 */
import { runScriptCheck, type ScriptCheck } from '@coind/consensus';

/** Verifies scripts. */
export interface ScriptVerifier {
  /**
   * Throws (or rejects with) `ValidationError` when a script fails. May answer without a promise,
   * which spares a small block a turn of the event loop.
   */
  verify(checks: readonly ScriptCheck[]): void | Promise<void>;
}

/** Verifies on the thread that asks. */
export const inlineScripts: ScriptVerifier = {
  verify(checks) {
    for (const check of checks) runScriptCheck(check);
  },
};
