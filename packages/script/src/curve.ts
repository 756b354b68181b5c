/** Loads the libraries that compute on secp256k1, each once and when it is first needed. */
import { loadNativeCurve, loadWasmCurve } from '#curve';
import type { NativeCurve, WasmCurve } from './curve-libraries.ts';

let loadedWasm: WasmCurve | undefined;
let loadedNative: NativeCurve | null | undefined;

/** The WebAssembly build, compiled on first use. */
export function wasmCurve(): WasmCurve {
  loadedWasm ??= loadWasmCurve();
  return loadedWasm;
}

/** The native build, loaded on first use; undefined where there is none. */
export function nativeCurve(): NativeCurve | undefined {
  if (loadedNative === undefined) loadedNative = loadNativeCurve() ?? null;
  return loadedNative ?? undefined;
}

/**
 * Chooses whether the native build may be used, and says whether it is in use afterwards. For tests and
 * benchmarks, which want to see both builds give the same answers.
 */
export function useNativeCurve(allowed: boolean): boolean {
  loadedNative = allowed ? undefined : null;
  return nativeCurve() !== undefined;
}
