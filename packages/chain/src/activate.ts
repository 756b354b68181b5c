/**
 * Which block is the tip: the best candidate. Walks there block by block, back to the fork and forth
 * again; when a block on the way breaks a rule its branch is out and the next best one is tried. Tells
 * what has changed once a better tip than the last one told of is on disk.
 */
import { type BlockStep, ValidationError } from '@coind/consensus';
import { Block, type BlockHash } from '@coind/primitives';
import type { BlockNode } from './block-index.ts';
import { ChainError, damaged, prunedBlock } from './chain-error.ts';
import { type ChainState, commit, connectTip, disconnectTip } from './connect-tip.ts';

/** How the active chain has changed: first these went, from the tip down, then those came. */
export interface TipChange {
  readonly disconnected: readonly BlockStep[];
  readonly connected: readonly BlockStep[];
}

/** Blocks that broke a rule while their branch was tried, by hash. */
export type Failures = ReadonlyMap<BlockHash, ValidationError>;

/** During a long way up, others are told at least this often. */
const TELL_EVERY = 16;
/**
 * Bodies of the last blocks, for followers that are about to ask for them. Small blocks come faster than a
 * wallet writes, so many of those are kept; large ones take several times their bytes of memory.
 */
const RECENT_BLOCKS = 256;
const RECENT_BYTES = 4 << 20;

/** What moving the tip asks and tells. */
export interface ActivatorHooks {
  /** Runs after a commit and before the next step. */
  tell(change: TipChange): Promise<void>;
  /** True to leave the scripts of a block out. */
  isAssumedValid(node: BlockNode): boolean;
  /** True to go no further than where a whole step has ended. */
  isStopping(): boolean;
  /** A block that was to be connected breaks a rule. */
  refused(error: ValidationError): void;
}

/** Moves the tip. */
export class Activator {
  readonly #state: ChainState;
  readonly #hooks: ActivatorHooks;
  #disconnected: BlockStep[] = [];
  #connected: BlockStep[] = [];
  readonly #recent = new Map<BlockHash, Block>();
  #recentBytes = 0;
  readonly #stopAtHeight: number;

  /** Above `stopAtHeight` nothing is connected. */
  constructor(state: ChainState, hooks: ActivatorHooks, stopAtHeight = Number.POSITIVE_INFINITY) {
    this.#state = state;
    this.#hooks = hooks;
    this.#stopAtHeight = stopAtHeight;
  }

  /** Makes the best candidate the tip and commits every changed header. */
  async activate(): Promise<Failures> {
    const { index } = this.#state;
    const failures = new Map<BlockHash, ValidationError>();
    let toldWork = index.tip.chainwork;
    while (index.tip.isInvalid) await this.#disconnect();
    while (!this.#hooks.isStopping()) {
      const best = index.bestCandidate();
      if (!best || best === index.tip || index.tip.height >= this.#stopAtHeight) break;
      const fork = index.forkOf(best);
      if (lacksBody(best, fork) || cannotGoBack(index.tip, fork)) {
        index.passOver(best);
        continue;
      }
      while (index.tip !== fork) await this.#disconnect();
      const last = Math.min(best.height, this.#stopAtHeight);
      for (let height = fork.height + 1; height <= last; height++) {
        // On the way over to another branch there is no tip to stop at that is as good as the old one.
        if (this.#hooks.isStopping() && index.tip.chainwork >= toldWork) break;
        const node = best.ancestor(height) as BlockNode;
        const error = await this.#connect(node);
        if (error) {
          failures.set(node.hash, error);
          index.invalidate(node, best);
          this.#state.changed.add(node);
          // The branch that was left for this one has to be a candidate again.
          index.refillCandidates();
          break;
        }
        if (this.#connected.length >= TELL_EVERY && index.tip.chainwork > toldWork) {
          toldWork = index.tip.chainwork;
          await this.#tellChange();
        }
      }
    }
    index.prune();
    await commit(this.#state);
    await this.#tellChange();
    return failures;
  }

  /** Keeps a block at hand that is likely to be asked for soon. */
  remember(block: Block): void {
    if (this.#recent.has(block.hash)) return;
    this.#recent.set(block.hash, block);
    this.#recentBytes += block.size;
    for (const [hash, oldest] of this.#recent) {
      if (this.#recent.size <= RECENT_BLOCKS && this.#recentBytes <= RECENT_BYTES) break;
      if (this.#recent.size === 1) break;
      this.#recent.delete(hash);
      this.#recentBytes -= oldest.size;
    }
  }

  /** The block of a node that has a body, from memory or disk. Throws `ChainError`. */
  blockOf(node: BlockNode): Block {
    return this.#recent.get(node.hash) ?? this.readBlock(node);
  }

  /** The block of a node that has a body, from disk. Throws `ChainError`. */
  readBlock(node: BlockNode): Block {
    return readBlock(this.#state, node);
  }

  async #connect(node: BlockNode): Promise<ValidationError | undefined> {
    const block = this.blockOf(node);
    // What was connected once, on the same parent, obeys every script rule still.
    const checkScripts = !node.connected && !this.#hooks.isAssumedValid(node);
    try {
      await connectTip(this.#state, this.#state.ledger, node, block, checkScripts);
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      this.#hooks.refused(error);
      return error;
    }
    this.remember(block);
    const undone = this.#connected.length === 0 && this.#disconnected.at(-1);
    if (undone && undone.ref.hash === node.hash) this.#disconnected.pop();
    else this.#connected.push({ block, ref: node.ref });
    return undefined;
  }

  async #disconnect(): Promise<void> {
    const node = this.#state.index.tip;
    const block = this.blockOf(node);
    try {
      await disconnectTip(this.#state, this.#state.ledger, block);
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      throw new ChainError('disconnect-failed', 'Failed to disconnect block.', error.path, error);
    }
    if (this.#connected.length > 0) this.#connected.pop();
    else this.#disconnected.push({ block, ref: node.ref });
  }

  async #tellChange(): Promise<void> {
    if (this.#connected.length === 0 && this.#disconnected.length === 0) return;
    const change = { connected: this.#connected, disconnected: this.#disconnected };
    this.#connected = [];
    this.#disconnected = [];
    await this.#hooks.tell(change);
  }
}

/** True when a body between `fork` and `tip` was pruned. */
function lacksBody(tip: BlockNode, fork: BlockNode): boolean {
  for (let node = tip; node !== fork; node = node.parent as BlockNode) {
    if (node.isPruned) return true;
  }
  return false;
}

/** True when a block between `fork` and the tip belongs to the past of a snapshot, still to be verified. */
function cannotGoBack(tip: BlockNode, fork: BlockNode): boolean {
  // From below: where there is such a past, it begins at the fork.
  for (let height = fork.height + 1; height <= tip.height; height++) {
    const node = tip.ancestor(height) as BlockNode;
    if (!node.connected) return true;
    if (node.undo) return false;
  }
  return false;
}

/** Reads the body of `node` from its file. Throws `ChainError` when it is not what it was. */
export function readBlock({ files }: ChainState, node: BlockNode): Block {
  const position = node.body;
  if (node.isPruned) throw prunedBlock(node.ref);
  if (!position) throw new Error(`no body for ${node.hash}`);
  const bytes = files.read('blk', position);
  const path = files.path('blk', position.file);
  let block: Block;
  try {
    block = Block.decode(bytes);
  } catch (error) {
    throw damaged(path, `block ${node.hash} at byte ${position.offset}: ${error}`);
  }
  if (block.hash !== node.hash) {
    throw damaged(path, `byte ${position.offset} does not hold block ${node.hash}`);
  }
  return block;
}
