/** Where a miniscript lies, and the limits that follow from it. */
import { MAX_STANDARD_WEIGHT } from '@coind/script';

/** A P2WSH witness script, or a leaf of a taproot tree (BIP342). */
export type Context = 'wsh' | 'tapscript';

/** What differs between the two. */
export interface ContextLimits {
  /** Bytes of a public key in the script. */
  readonly keySize: number;
  readonly maxScriptSize: number;
  /** Most keys of one multi() or multi_a(). */
  readonly maxKeys: number;
}

/** Standard weight of a transaction, less the rest of a small one, less 1000 signatures and a deep control block. */
const MAX_TAPSCRIPT = MAX_STANDARD_WEIGHT - 378 - (3 + 66 * 1000 + 3 + 4129) - 5;

export const limits: Readonly<Record<Context, ContextLimits>> = {
  wsh: { keySize: 33, maxScriptSize: 3600, maxKeys: 20 },
  tapscript: { keySize: 32, maxScriptSize: MAX_TAPSCRIPT, maxKeys: 999 },
};

/** Non-push opcodes that a witness script may run. */
export const MAX_OPS = 201;
/** Elements of a standard P2WSH witness, the script left out. */
export const MAX_WSH_STACK = 100;
