/**
 * Where the curve's code comes from in Node: libsecp256k1 as a native addon where its prebuilt binary
 * loads, and as WebAssembly everywhere. `#curve` in package.json picks this file in Node and
 * `curve-browser.ts` elsewhere; both have the same exports. Loaded on demand, because compiling the
 * WebAssembly alone takes longer than a node may take to start.
 */
import { createRequire } from 'node:module';
import type { NativeCurve, WasmCurve } from './curve-libraries.ts';

const require = createRequire(import.meta.url);

/** libsecp256k1 as WebAssembly (npm: tiny-secp256k1). */
export function loadWasmCurve(): WasmCurve {
  return require('tiny-secp256k1') as WasmCurve;
}

/** libsecp256k1 as a native addon (npm: secp256k1); undefined where it is not installed or built. */
export function loadNativeCurve(): NativeCurve | undefined {
  try {
    // Not the package's main file: that falls back to a curve in plain JavaScript, slower than wasm.
    return require('secp256k1/bindings.js') as NativeCurve;
  } catch {
    return undefined;
  }
}
