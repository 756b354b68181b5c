/**
 * Followers: wallets, indexes, event streams. Each is driven by a loop of its own that compares the
 * follower's position with the active chain and makes one step: back when its block has left the
 * chain, forward otherwise. Catching up, living through reorganisations and restarting are therefore
 * the same few lines, and a slow follower holds nobody up. Who can take in several blocks at once gets those
 * that come fast together.
 */
import type { BlockRef, BlockStep, Follower } from '@coind/consensus';
import type { Block, BlockHash } from '@coind/primitives';
import { ChainError } from './chain-error.ts';

/** Blocks of one step, for those who take in several; fewer than a coinbase takes to mature. */
const MOST_BLOCKS = 64;
/** Bytes of the blocks of one step, of which the last may go beyond. */
const MOST_BYTES = 1 << 20;
/**
 * After a step, so long is waited for more blocks, unless somebody waits for the follower: a commit costs as much
 * as several small blocks. The first block after a while is taken in at once.
 */
const GATHER_MS = 10;

/** What a follower's loop asks of the chain. */
export interface FollowedChain {
  /** The tip of the active chain. */
  readonly tip: BlockRef;
  /** The active chain's block at `height`. */
  at(height: number): BlockRef | undefined;
  /** The parent of a known block; undefined for genesis. */
  parentOf(hash: BlockHash): BlockRef | undefined;
  has(hash: BlockHash): boolean;
  /** False for a block that is still to be downloaded and verified (the past of a snapshot). */
  isConnected(hash: BlockHash): boolean;
  block(hash: BlockHash): Block;
}

/** All followers of a chain. */
export class Followers {
  readonly #chain: FollowedChain;
  readonly #onError: (error: unknown) => void;
  readonly #loops = new Set<FollowLoop>();
  /** Those that have been at the tip: the others may need hours, and nobody waits for them. */
  readonly #caughtUp = new Set<FollowLoop>();

  /** `onError` hears of a follower that failed: it has stopped, and the node should. */
  constructor(chain: FollowedChain, onError: (error: unknown) => void) {
    this.#chain = chain;
    this.#onError = onError;
  }

  /**
   * Starts to drive `follower` from its position and resolves when it has caught up. What it resolves
   * to stops the follower after the step it is making. Throws when its position is unknown here.
   */
  async follow(follower: Follower): Promise<() => Promise<void>> {
    const position = await follower.position();
    if (position && !this.#chain.has(position.hash)) {
      throw new ChainError(
        'unknown-position',
        `"${follower.name}" stands at block ${position.hash} (height ${position.height}), which this chain does not have. It was made with another chain or is ahead of a chain that was rebuilt.`,
      );
    }
    const loop = new FollowLoop(this.#chain, follower, position, this.#onError);
    this.#loops.add(loop);
    await loop.idle();
    this.#caughtUp.add(loop);
    return async () => {
      this.#loops.delete(loop);
      this.#caughtUp.delete(loop);
      await loop.stop();
    };
  }

  /** The tip has moved. */
  wake(): void {
    for (const loop of this.#loops) loop.wake();
  }

  /**
   * Resolves when every follower that was ever at the tip has seen the tip of this moment, however far
   * the chain has moved on by then; rejects when one has failed. Waiting for the tip of the end could
   * last as long as blocks come.
   */
  async idle(): Promise<void> {
    const { tip } = this.#chain;
    await Promise.all([...this.#caughtUp].map((loop) => loop.reach(tip)));
  }

  /** Where each follower stands. */
  positions(): { readonly name: string; readonly height: number }[] {
    return [...this.#loops].map(({ name, height }) => ({ name, height }));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#loops].map((loop) => loop.stop()));
    this.#loops.clear();
    this.#caughtUp.clear();
  }
}

class FollowLoop {
  readonly #chain: FollowedChain;
  readonly #follower: Follower;
  readonly #onError: (error: unknown) => void;
  #position: BlockRef | undefined;
  #running: Promise<void> | undefined;
  #waiting: { readonly hash: BlockHash; readonly resolve: () => void }[] = [];
  #failed = false;
  #error: unknown;
  #stopped = false;
  #steppedAt = Number.NEGATIVE_INFINITY;
  /** Ends the wait for more blocks, while there is one. */
  #goOn: (() => void) | undefined;

  constructor(
    chain: FollowedChain,
    follower: Follower,
    position: BlockRef | undefined,
    onError: (error: unknown) => void,
  ) {
    this.#chain = chain;
    this.#follower = follower;
    this.#position = position;
    this.#onError = onError;
  }

  get name(): string {
    return this.#follower.name;
  }

  /** -1 before genesis. */
  get height(): number {
    return this.#position?.height ?? -1;
  }

  wake(): void {
    if (this.#behind >= MOST_BLOCKS) this.#goOn?.();
    if (this.#running || this.#stopped || this.#failed || this.#rests) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      // The tip may have moved after the last look at it, while this was still running.
      this.wake();
      if (!this.#running) this.#release(true);
    });
  }

  async idle(): Promise<void> {
    this.wake();
    while (this.#running) {
      await this.#running;
      this.wake();
    }
    if (this.#failed) throw this.#error;
  }

  /** Nothing to do: it is at the tip, or the next block is one that nobody has yet. */
  get #rests(): boolean {
    const chain = this.#chain;
    const here = this.#position;
    if (here?.hash === chain.tip.hash) return true;
    if (here && chain.at(here.height)?.hash !== here.hash) return false;
    const next = chain.at(here ? here.height + 1 : 0);
    return next !== undefined && !chain.isConnected(next.hash);
  }

  /** Blocks that have come and that it has not taken in, where it is not on another branch. */
  get #behind(): number {
    return this.#chain.tip.height - this.height;
  }

  /** Resolves when the follower has been at `target`, or at a tip that came after it. */
  async reach(target: BlockRef): Promise<void> {
    if (this.#position?.hash === target.hash) return;
    this.wake();
    if (this.#running) {
      await new Promise<void>((resolve) => {
        this.#waiting.push({ hash: target.hash, resolve });
        this.#goOn?.();
      });
    }
    if (this.#failed) throw this.#error;
  }

  /** Lets those go on that wait for where the follower stands; all of them once it can go no further. */
  #release(all: boolean): void {
    if (this.#waiting.length === 0) return;
    const here = this.#position?.hash;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) {
      if (all || waiter.hash === here) waiter.resolve();
      else this.#waiting.push(waiter);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#goOn?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopped && !this.#rests) {
        await this.#gather();
        if (this.#stopped) break;
        await this.#step();
        this.#steppedAt = performance.now();
        this.#release(false);
      }
    } catch (error) {
      this.#failed = true;
      this.#error = error;
      this.#onError(error);
    }
  }

  async #step(): Promise<void> {
    const chain = this.#chain;
    const position = this.#position;
    if (position && chain.at(position.height)?.hash !== position.hash) {
      await this.#follower.disconnect(chain.block(position.hash), position);
      this.#position = chain.parentOf(position.hash);
      return;
    }
    const steps = this.#next();
    const [first] = steps;
    if (!first) return;
    if (this.#follower.connectAll) await this.#follower.connectAll(steps);
    else await this.#follower.connect(first.block, first.ref);
    this.#position = steps.at(-1)?.ref;
  }

  /** The blocks of the next step forward: one, or several for who can take them. */
  #next(): BlockStep[] {
    const chain = this.#chain;
    const most = this.#follower.connectAll ? MOST_BLOCKS : 1;
    const steps: BlockStep[] = [];
    let bytes = 0;
    while (steps.length < most && bytes < MOST_BYTES) {
      const ref = chain.at(this.height + 1 + steps.length);
      if (!ref || !chain.isConnected(ref.hash)) break;
      const block = chain.block(ref.hash);
      steps.push({ block, ref });
      bytes += block.size;
    }
    return steps;
  }

  /** Waits a moment for more blocks when they come fast. */
  async #gather(): Promise<void> {
    const waitMs = this.#steppedAt + GATHER_MS - performance.now();
    const isUrgent = this.#waiting.length > 0 || this.#behind >= MOST_BLOCKS;
    if (!this.#follower.connectAll || waitMs <= 0 || isUrgent) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#goOn = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#goOn = undefined;
  }
}
