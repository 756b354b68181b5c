/**
 * The past of a snapshot: while the chain already goes on from the coins of a snapshot, a second ledger
 * comes up from genesis to the snapshot's block, checking everything. Only when both hold the same coins
 * there is the snapshot known to have been right. This ledger has one way to go, so it needs neither
 * candidates nor branches.
 */
import { ValidationError } from '@coind/consensus';
import type { AssumedUtxos } from '@coind/primitives';
import { readBlock } from './activate.ts';
import type { BlockNode } from './block-index.ts';
import { type ChainState, connectTip, disconnectTip } from './connect-tip.ts';
import type { Ledger } from './ledger.ts';

/** Steps in one turn of the writer: others wait for so many blocks at most. */
const STEPS_PER_TURN = 16;

/** A block below a snapshot breaks a rule: what was built on the snapshot is worthless. */
export class SnapshotRefuted extends Error {
  override name = 'SnapshotRefuted';
}

/** The second ledger and where it is going. */
export class Background {
  readonly ledger: Ledger;
  /** The block of the snapshot. */
  readonly base: BlockNode;
  readonly assumed: AssumedUtxos;

  constructor(ledger: Ledger, base: BlockNode, assumed: AssumedUtxos) {
    this.ledger = ledger;
    this.base = base;
    this.assumed = assumed;
  }

  /** True when it stands at the block of the snapshot. */
  get hasArrived(): boolean {
    return this.ledger.tip === this.base;
  }

  /** The last block on its way that the ledger has behind it. */
  get fork(): BlockNode {
    const { base, ledger } = this;
    let at = ledger.tip.ancestor(Math.min(ledger.tip.height, base.height)) as BlockNode;
    while (base.ancestor(at.height) !== at) at = at.parent as BlockNode;
    return at;
  }

  /** The next block on its way; undefined when it has arrived. */
  get next(): BlockNode | undefined {
    return this.base.ancestor(this.fork.height + 1);
  }

  /** True when the next block is here. Before that, a ledger on another branch stays there. */
  get canStep(): boolean {
    return this.next?.body !== undefined;
  }

  /** Makes some steps. Returns what it means when a block on the way breaks a rule. */
  async advance(
    state: ChainState,
    isAssumedValid: (node: BlockNode) => boolean,
  ): Promise<SnapshotRefuted | undefined> {
    for (let steps = 0; steps < STEPS_PER_TURN && this.canStep; steps++) {
      const { ledger } = this;
      if (ledger.tip !== this.fork) {
        await disconnectTip(state, ledger, readBlock(state, ledger.tip));
        continue;
      }
      const next = this.next as BlockNode;
      const checkScripts = !next.connected && !isAssumedValid(next);
      try {
        await connectTip(state, ledger, next, readBlock(state, next), checkScripts);
      } catch (error) {
        if (!(error instanceof ValidationError)) throw error;
        return new SnapshotRefuted(`block ${next.hash} (height ${next.height}): ${error.message}`);
      }
    }
    return undefined;
  }
}
