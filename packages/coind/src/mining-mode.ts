/** When the node mines by itself, read from the words of an option or of a call. */
import { availableParallelism } from 'node:os';
import { type MiningMode, miningModes } from '@coind/miner';

/** Threads for "so many, or -1 for one per processor". */
export function minerThreads(wanted: number): number {
  return wanted < 0 ? availableParallelism() : wanted;
}

/** The mode of that name, or a text that says what is wrong. */
export function miningModeOf(
  name: string,
  { seconds, threads }: { readonly seconds: number; readonly threads: number },
): MiningMode | string {
  const kind = miningModes.find((known) => known === name);
  if (kind === undefined) {
    return `Unknown mining mode '${name}': there are ${miningModes.join(', ')}`;
  }
  if (kind === 'interval' || kind === 'pending') {
    return seconds > 0 ? { kind, seconds } : 'A mining interval has to be more than 0 seconds';
  }
  if (kind !== 'continuous') return { kind };
  const count = minerThreads(threads);
  return count > 0 ? { kind, threads: count } : { kind: 'manual' };
}
