/**
 * The search for a nonce on the caller's own thread, upwards from 0 as bitcoind's built-in miner does it. The
 * event loop gets its turn between slices, so that a slow network does not make the node deaf. What is in
 * the header is the template's business.
 */
import { setImmediate } from 'node:timers/promises';
import { BlockHeader, decodeBits, sha256d, uint256ToBytes } from '@coind/primitives';
import { createScanner, isAtMost, type NonceScanner } from './scanner.ts';

/** What came of a search. */
export type SearchOutcome =
  | { readonly status: 'found'; readonly header: BlockHeader; readonly tries: number }
  /** No nonce of 32 bits will do: take a new template, whose time has moved. */
  | { readonly status: 'exhausted'; readonly tries: number }
  /** The allowed number of tries is used up, or the signal was given. */
  | { readonly status: 'stopped'; readonly tries: number };

/** Limits of a search. */
export interface SearchLimits {
  /** How many nonces may fail. */
  readonly maxTries: number;
  readonly signal?: AbortSignal;
}

export const NONCE_OFFSET = 76;
const LAST_NONCE = 0xffffffff;
/** Hashes between two turns of the event loop: some ten milliseconds of the fastest scanner. */
const SLICE = 32_768;
/** Where one nonce in two will do, so many are tried one by one before it is worth to prepare for many. */
export const FEW = 64;

let scanner: NonceScanner | undefined;

/** The target that a header's own bits name, 32 bytes little-endian. */
export const targetBytes = (header: BlockHeader): Uint8Array =>
  uint256ToBytes(decodeBits(header.bits).target);

/** Finds the first nonce that makes the header's hash meet its own bits. */
export async function searchNonce(
  header: BlockHeader,
  { maxTries, signal }: SearchLimits,
): Promise<SearchOutcome> {
  const bytes = header.encode().slice();
  const target = targetBytes(header);
  // bitcoind gives up before it looks at the last nonce; so do we, to find the same blocks.
  const end = Math.min(maxTries, LAST_NONCE);
  const found = (nonce: number): SearchOutcome => ({
    status: 'found',
    header: new BlockHeader({ ...header, nonce }),
    tries: nonce,
  });
  if (signal?.aborted) return { status: 'stopped', tries: 0 };
  let tries = Math.min(FEW, end);
  const early = firstOfFew(bytes, target, tries);
  if (early !== undefined) return found(early);
  if (tries < end) {
    scanner ??= createScanner();
    for (; tries < end; tries = Math.min(end, tries + SLICE)) {
      if (signal?.aborted) return { status: 'stopped', tries };
      // Somebody else may have prepared it for another header meanwhile.
      scanner.prepare(bytes, target);
      const nonce = scanner.scan(tries, Math.min(SLICE, end - tries));
      if (nonce !== undefined) return found(nonce);
      await setImmediate();
    }
  }
  return { status: tries < LAST_NONCE ? 'stopped' : 'exhausted', tries };
}

/** Tries the first `count` nonces one by one. */
function firstOfFew(bytes: Uint8Array, target: Uint8Array, count: number): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let nonce = 0; nonce < count; nonce++) {
    view.setUint32(NONCE_OFFSET, nonce, true);
    if (isAtMost(sha256d(bytes), target)) return nonce;
  }
  return undefined;
}
