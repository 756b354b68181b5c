/** Where the curve's code comes from without Node; see `curve-node.ts`. */
import * as wasm from 'tiny-secp256k1';
import type { NativeCurve, WasmCurve } from './curve-libraries.ts';

export function loadWasmCurve(): WasmCurve {
  return wasm;
}

export function loadNativeCurve(): NativeCurve | undefined {
  return undefined;
}
