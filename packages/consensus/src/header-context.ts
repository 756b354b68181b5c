/**
 * What the rules may know about the headers before a block: a read-only view on one branch of the
 * header tree. The chain's index implements it; tests and tools can build one from a list of headers.
 */
import type { BlockHeader } from '@coind/primitives';
import type { BlockRef } from './follower.ts';
import { MEDIAN_TIME_SPAN } from './limits.ts';

/** A header in its place on a branch. */
export interface HeaderContext {
  readonly ref: BlockRef;
  readonly header: BlockHeader;
  /** The version of the header: soft forks are counted over more headers than are worth decoding. */
  readonly version: number;
  /** Median time of this header and the ten before it (BIP113): `medianTimeOf` of their times. */
  readonly medianTimePast: number;
  /** The header of this branch at `height`; itself at its own, undefined above it or below zero. */
  ancestor(height: number): HeaderContext | undefined;
}

/** Median of at most eleven times, in any order; of an even number the later of the middle two. */
export function medianTimeOf(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/** The last of `headers`, a branch that starts at height 0, as a context. Cheap: nothing is copied. */
export function headerContextOf(
  headers: readonly BlockHeader[],
  height = headers.length - 1,
): HeaderContext {
  const header = headers[height];
  if (!header) throw new RangeError(`no header at height ${height}`);
  return {
    header,
    version: header.version,
    get ref() {
      return { hash: header.hash, height };
    },
    get medianTimePast() {
      const from = Math.max(0, height - MEDIAN_TIME_SPAN + 1);
      return medianTimeOf(headers.slice(from, height + 1).map(({ time }) => time));
    },
    ancestor: (wanted) =>
      wanted >= 0 && wanted <= height ? headerContextOf(headers, wanted) : undefined,
  };
}
