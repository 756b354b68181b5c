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

  /** The next block on its way; undefined while it has to go back first, and when it has arrived. */
  get next(): BlockNode | undefined {
    const { tip } = this.ledger;
    return this.base.ancestor(tip.height) === tip ? this.base.ancestor(tip.height + 1) : undefined;
  }

  /** True when there is a step to make with the bodies that are here. */
  get canStep(): boolean {
    return !this.hasArrived && (this.next === undefined || this.next.body !== undefined);
  }

  /** Makes some steps. Returns what it means when a block on the way breaks a rule. */
  async advance(
    state: ChainState,
    isAssumedValid: (node: BlockNode) => boolean,
  ): Promise<SnapshotRefuted | undefined> {
    for (let steps = 0; steps < STEPS_PER_TURN && this.canStep; steps++) {
      const { ledger, next } = this;
      if (!next) {
        await disconnectTip(state, ledger, readBlock(state, ledger.tip));
        continue;
      }
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
