/**
 * Which old blocks can have something of a wallet's, as the node's compact filters (BIP158) say: blocks that have
 * nothing need not be read. For wallets with so many scripts that a filter costs more than the block they are not used.
 */
import type { BlockRef } from '@coind/consensus';
import { hexToBytes } from '@coind/primitives';
import type { WalletContext } from './context.ts';

/** More scripts than this take longer to hold against a filter than a block takes to be read. */
const MOST_SCRIPTS = 10_000;

/** Filters of the node, and the scripts of one wallet that are looked for. */
export class BlockFilters {
  readonly #context: Pick<WalletContext, 'source' | 'tables'>;
  #scripts: Uint8Array[] = [];

  private constructor(context: Pick<WalletContext, 'source' | 'tables'>) {
    this.#context = context;
  }

  /** Undefined for a node without filters, and for a wallet they are of no use to. */
  static async open(
    context: Pick<WalletContext, 'source' | 'tables'>,
  ): Promise<BlockFilters | undefined> {
    if (!context.source.filterMatches) return undefined;
    const filters = new BlockFilters(context);
    await filters.reload();
    return filters.#scripts.length > MOST_SCRIPTS ? undefined : filters;
  }

  /** To be called when the wallet may have got more scripts. */
  async reload(): Promise<void> {
    const { scripts, known } = this.#context.tables;
    const found: Uint8Array[] = [];
    for (const table of [scripts, known]) {
      for await (const chunk of table.chunks()) {
        for (const [script] of chunk) found.push(hexToBytes(script));
        if (found.length > MOST_SCRIPTS) break;
      }
    }
    this.#scripts = found;
  }

  /** False for a block that certainly has nothing of the wallet's. */
  async mayConcern(ref: BlockRef): Promise<boolean> {
    // It may have grown too large on the way.
    if (this.#scripts.length > MOST_SCRIPTS) return true;
    return (await this.#context.source.filterMatches?.(ref, this.#scripts)) ?? true;
  }
}
