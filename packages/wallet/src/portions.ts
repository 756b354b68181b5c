/**
 * How blocks are cut up and put together for commits. A full block that pays one wallet twenty thousand times is half a
 * million rows, which nobody wants in memory at once; a small one is so little that its commit costs more
 * than all that is in it.
 */
import type { BlockStep } from '@coind/consensus';
import type { Block } from '@coind/primitives';
import { COINBASE_MATURITY } from './height-entries.ts';

/** Transactions of a block, by their places. */
export interface Portion {
  readonly first: number;
  /** One after the last. */
  readonly end: number;
}

/** A portion of one of several blocks. */
export interface StepPortion extends BlockStep {
  readonly portion: Portion;
  /** True for the last one of its block. */
  readonly isLast: boolean;
}

/** Inputs and outputs that go into one commit, about. */
export const PORTION_SIZE = 500;

/** A block as one portion. */
export const wholeOf = ({ txs }: Block): Portion => ({ first: 0, end: txs.length });

/** A block in portions; most blocks are one. */
export function portionsOf(block: Block): Portion[] {
  const portions: Portion[] = [];
  let first = 0;
  let size = 0;
  block.txs.forEach(({ inputs, outputs }, index) => {
    size += inputs.length + outputs.length;
    if (size < PORTION_SIZE) return;
    portions.push({ first, end: index + 1 });
    first = index + 1;
    size = 0;
  });
  if (first < block.txs.length) portions.push({ first, end: block.txs.length });
  return portions;
}

/**
 * What goes into one commit each, of several blocks in their order: few enough that a coinbase that matures
 * was committed before.
 */
export function commitsOf(steps: readonly BlockStep[]): StepPortion[][] {
  const commits: StepPortion[][] = [];
  let current: StepPortion[] = [];
  let size = 0;
  for (const { block, ref } of steps) {
    const portions = portionsOf(block);
    portions.forEach((portion, nth) => {
      current.push({ block, ref, portion, isLast: nth === portions.length - 1 });
      size += sizeOf(block, portion);
      if (size < PORTION_SIZE && current.length < COINBASE_MATURITY) return;
      commits.push(current);
      current = [];
      size = 0;
    });
  }
  return current.length > 0 ? [...commits, current] : commits;
}

function sizeOf({ txs }: Block, { first, end }: Portion): number {
  let size = 0;
  for (const { inputs, outputs } of txs.slice(first, end)) size += inputs.length + outputs.length;
  return size;
}
