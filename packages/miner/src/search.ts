/**
 * The search for a nonce, upwards from 0 as bitcoind's built-in miner does it. One header buffer is
 * hashed again and again; the event loop gets its turn between slices, so that a slow network does
 * not make the node deaf. What is in the header is the template's business.
 */
import { setImmediate } from 'node:timers/promises';
import { BlockHeader, decodeBits, sha256d, uint256ToBytes } from '@coind/primitives';

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

const NONCE_OFFSET = 76;
const LAST_NONCE = 0xffffffff;
/** Hashes between two turns of the event loop: some ten milliseconds. */
const SLICE = 8_192;

/** Finds the first nonce that makes the header's hash meet its own bits. */
export async function searchNonce(
  header: BlockHeader,
  { maxTries, signal }: SearchLimits,
): Promise<SearchOutcome> {
  const bytes = header.encode().slice();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const target = uint256ToBytes(decodeBits(header.bits).target);
  let tries = 0;
  for (let nonce = 0; tries < maxTries; nonce++) {
    // bitcoind gives up before it looks at the last nonce; so do we, to find the same blocks.
    if (nonce === LAST_NONCE) return { status: 'exhausted', tries };
    if (nonce % SLICE === SLICE - 1) await setImmediate();
    if (signal?.aborted) break;
    view.setUint32(NONCE_OFFSET, nonce, true);
    if (isAtMost(sha256d(bytes), target)) {
      return { status: 'found', header: new BlockHeader({ ...header, nonce }), tries };
    }
    tries++;
  }
  return { status: 'stopped', tries };
}

/** Compares 256-bit little-endian numbers; nearly always decided by the first byte looked at. */
function isAtMost(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return true;
}
