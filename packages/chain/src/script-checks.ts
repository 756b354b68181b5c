/**
 * Where the scripts of a block are verified. Consensus hands them out as data, so this is the one
 * seam; `script-threads.ts` is what stands behind it.
 */
import type { ScriptCheck } from '@coind/consensus';

/** Verifies scripts. */
export interface ScriptVerifier {
  /**
   * Throws (or rejects with) `ValidationError` when a script fails: that of the first check that does.
   * May answer without a promise, which spares a small block a turn of the event loop.
   */
  verify(checks: readonly ScriptCheck[]): void | Promise<void>;
}
