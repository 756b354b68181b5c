/**
 * The trail: blocks the wallet has been through, all of the recent ones and every thousandth before. A
 * wallet whose chain lost its newest blocks (a power cut, a rebuilt or copied chain) finds by it the last
 * block that both know, without asking the chain for blocks it does not have.
 */
import type { BlockRef } from '@coind/consensus';
import type { ChainSource } from './chain-source.ts';
import type { WalletTables } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** Blocks of which every one is remembered. */
export const DENSE = 1000;
/** Of older blocks, those at multiples of this are. */
const STRIDE = 1000;

/** Notes that the wallet stands at `ref`, and forgets what is not wanted any more. */
export function extendTrail(unit: UnitOfWork, { trail }: WalletTables, ref: BlockRef): void {
  unit.put(trail, ref.height, ref.hash);
  const old = ref.height - DENSE;
  if (old > 0 && old % STRIDE !== 0) unit.del(trail, old);
}

/** Notes that the wallet went back from `height`. */
export function shortenTrail(unit: UnitOfWork, { trail }: WalletTables, height: number): void {
  unit.del(trail, height);
}

/**
 * Where to go back to from a position that the chain does not have, nearest first. The last one is in the
 * active chain; genesis, which every chain of the network shares, when nothing else is.
 */
export async function wayBack({ trail }: WalletTables, source: ChainSource): Promise<BlockRef[]> {
  const way: BlockRef[] = [];
  for await (const [height, hash] of trail.entries({ reverse: true })) {
    const ref = { hash, height };
    if (source.heightOf(hash) !== undefined) return [...way, ref];
    way.push(ref);
  }
  const genesis = source.refAt(0);
  return genesis ? [...way.filter(({ height }) => height > 0), genesis] : way;
}
