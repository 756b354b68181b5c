/**
 * The life of a snapshot (assumeutxo): loaded, it is the chain's tip at once; its past is then verified in
 * the background; in the end it is either known to be right, or it is thrown away and the background's
 * ledger takes over again. Where which coins lie is one row, so every one of these steps is one batch.
 */
import type { AssumedUtxos, BlockHash } from '@coind/primitives';
import { Background, SnapshotRefuted } from './background.ts';
import type { BlockNode } from './block-index.ts';
import type { ChainLog } from './chain-log.ts';
import { type ChainState, commit } from './connect-tip.ts';
import {
  activeLedger,
  clearLedger,
  isLedgerEmpty,
  type Ledger,
  ledgerAt,
  otherSlot,
} from './ledger.ts';
import { loadCoins, SnapshotError } from './load-snapshot.ts';
import type { SnapshotRecord } from './tables.ts';
import { computeUtxoStats } from './utxo-stats.ts';

/** Share of the memory for coins that the past of a snapshot gets: the tip is what others wait for. */
const BACKGROUND_SHARE = 0.25;

/** A snapshot that is to be loaded. */
export interface SnapshotSource {
  readonly baseHash: BlockHash;
  readonly coinCount: bigint;
  /** What follows the header in its file, in pieces. */
  readonly coins: AsyncIterable<Uint8Array>;
  /** Called when all else speaks for loading it; throws to forbid that. */
  readonly mayBegin?: () => void;
}

/** What the chain does for its snapshot. */
export interface SnapshotHooks {
  /** Runs work in the single writer; what it throws ends the node. */
  change<T>(work: () => Promise<T>): Promise<T>;
  /** Makes everything so far survive a loss of power. */
  sync(): Promise<void>;
  /** The tip is another block now, without a way to it that could be told. */
  jumped(): Promise<void>;
  /** There may be a better tip. */
  activate(): Promise<unknown>;
  isAssumedValid(node: BlockNode): boolean;
  /** Blocks have been connected that followers may wait for. */
  advanced(): void;
}

/** The snapshot of a chain, if there is one. */
export class Snapshots {
  readonly #state: ChainState;
  readonly #hooks: SnapshotHooks;
  readonly #log: ChainLog | undefined;
  readonly #cacheBytes: number;
  #background: Background | undefined;
  #isLoading = false;
  #verifying: Promise<void> | undefined;
  #stopped = false;

  constructor(
    state: ChainState,
    { cacheBytes }: { readonly cacheBytes: number },
    { hooks, log }: { readonly hooks: SnapshotHooks; readonly log: ChainLog | undefined },
  ) {
    this.#state = state;
    this.#hooks = hooks;
    this.#log = log;
    this.#cacheBytes = cacheBytes;
  }

  /** The past that is still being verified. */
  get background(): Background | undefined {
    return this.#background;
  }

  /** Takes up again what was going on when the node stopped. */
  async resume(background: Background | undefined): Promise<void> {
    this.#setBackground(background);
    if (background) {
      this.verify();
      return;
    }
    const unused = this.#state.ledgers[otherSlot(this.#state.ledger.slot)];
    if (await isLedgerEmpty(unused)) return;
    this.#log?.info('[snapshot] cleaning up unneeded background chainstate, then resuming');
    await clearLedger(unused);
  }

  /**
   * Makes the coins of a snapshot those of the tip. Returns its block. Throws `SnapshotError` when that
   * cannot be; nothing has changed then.
   */
  async load(source: SnapshotSource): Promise<BlockNode> {
    const { base, assumed } = this.#check(source.baseHash);
    source.mayBegin?.();
    this.#requireMoreWork(base);
    if (this.#isLoading) throw new SnapshotError('A snapshot is being loaded already');
    this.#isLoading = true;
    const { store, ledgers } = this.#state;
    const unused = ledgers[otherSlot(this.#state.ledger.slot)];
    try {
      this.#log?.info(`[snapshot] loading ${source.coinCount} coins from snapshot ${base.hash}`);
      await clearLedger(unused);
      const { coinCount: count, coins } = source;
      await loadCoins(store, unused, assumed, { count, source: coins });
      const begun = await this.#hooks.change(() => this.#begin(base, assumed));
      if (!begun) throw new SnapshotError('work does not exceed active chainstate');
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      await clearLedger(unused);
      throw populationFailed(error);
    } finally {
      this.#isLoading = false;
    }
    this.#log?.info(`[snapshot] successfully activated snapshot ${base.hash}`);
    this.verify();
    return base;
  }

  /** Goes on with the past as far as there are bodies, in turns of the writer. */
  verify(): void {
    if (this.#verifying || this.#stopped || !this.#background) return;
    this.#verifying = this.#advance(this.#background).finally(() => {
      this.#verifying = undefined;
    });
    // Operating errors have been told to whom they concern by the writer.
    this.#verifying.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#verifying?.catch(() => undefined);
  }

  #check(baseHash: BlockHash): { base: BlockNode; assumed: AssumedUtxos } {
    const { params, index } = this.#state;
    if (this.#background) {
      throw new SnapshotError("Can't activate a snapshot-based chainstate more than once");
    }
    const assumed = params.assumeUtxo.find(({ blockHash }) => blockHash === baseHash);
    if (!assumed) {
      const heights = params.assumeUtxo.map(({ height }) => height).join(', ');
      throw new SnapshotError(
        `assumeutxo block hash in snapshot metadata not recognized (hash: ${baseHash}). The following snapshot heights are available: ${heights}`,
      );
    }
    const base = index.get(baseHash);
    if (!base) {
      throw new SnapshotError(
        `The base block header (${baseHash}) must appear in the headers chain. Make sure all headers are syncing, and call loadtxoutset again`,
      );
    }
    if (base.isInvalid) {
      throw new SnapshotError(`The base block header (${baseHash}) is part of an invalid chain`);
    }
    if (index.bestHeader.ancestor(base.height) !== base) {
      throw new SnapshotError(
        'A forked headers-chain with more work than the chain with the snapshot base block header exists. Please proceed to sync without AssumeUtxo.',
      );
    }
    return { base, assumed };
  }

  #requireMoreWork(base: BlockNode): void {
    if (base.chainwork > this.#state.index.tip.chainwork) return;
    throw populationFailed(new SnapshotError('Work does not exceed active chainstate'));
  }

  /**
   * The moment at which the coins of the snapshot become those of the tip; in the writer. False when the
   * chain has come as far by itself meanwhile.
   */
  async #begin(base: BlockNode, assumed: AssumedUtxos): Promise<boolean> {
    const state = this.#state;
    const { index, ledgers, ledger: before } = state;
    if (base.isInvalid || base.chainwork <= index.tip.chainwork) return false;
    const past = ledgerAt(before, index.tip);
    const slot = otherSlot(before.slot);
    const record: SnapshotRecord = { slot, base: base.hash, verified: false };
    await commit(state, [
      state.snapshotTable.put(undefined, record),
      ledgers[slot].tipTable.put(undefined, base.ref),
    ]);
    // Blocks of the tip and of the past would else lie mixed, and could not be pruned apart.
    state.files.beginFile();
    index.assume(base, assumed.txCount);
    index.setActive(base);
    state.ledger = activeLedger(ledgers[slot], index);
    this.#setBackground(new Background(past, base, assumed));
    await this.#hooks.sync();
    await this.#hooks.jumped();
    await this.#hooks.activate();
    return true;
  }

  async #advance(background: Background): Promise<void> {
    const { change, isAssumedValid, advanced } = this.#hooks;
    let refuted: SnapshotRefuted | undefined;
    while (background.canStep && !this.#stopped && !refuted) {
      refuted = await change(() => background.advance(this.#state, isAssumedValid));
      advanced();
    }
    if (background.hasArrived) refuted = await this.#compare(background);
    if (refuted) await this.#refute(background, refuted);
  }

  /** Both ledgers stood at the block of the snapshot: are their coins the same? */
  async #compare({ ledger, base, assumed }: Background): Promise<SnapshotRefuted | undefined> {
    this.#log?.info('[snapshot] tip: verifying the background chainstate', { height: base.height });
    const chunks = this.#untilStopped(ledger);
    const { hash } = await computeUtxoStats('hash_serialized_3', base.ref, chunks);
    if (this.#stopped) return undefined;
    if (hash !== assumed.hash) {
      return new SnapshotRefuted(`hash ${hash} of the coins, expected ${assumed.hash}`);
    }
    const state = this.#state;
    await this.#hooks.change(async () => {
      const { slot } = state.ledger;
      const record: SnapshotRecord = { slot, base: base.hash, verified: true };
      await commit(state, [state.snapshotTable.put(undefined, record)]);
      this.#setBackground(undefined);
      this.#log?.info(`[snapshot] snapshot beginning at ${base.hash} has been fully validated`);
      // Branches that leave the chain below the snapshot could not be tried until now.
      state.index.refillCandidates();
      await this.#hooks.activate();
    });
    this.#hooks.advanced();
    return undefined;
  }

  async *#untilStopped({ coins }: Ledger): ReturnType<Ledger['coins']['chunks']> {
    for await (const chunk of coins.chunks()) {
      if (this.#stopped) return;
      yield chunk;
    }
  }

  /** Gives everything up that was built on the snapshot, and ends the node: the next start goes on from below. */
  async #refute({ ledger, base }: Background, why: SnapshotRefuted): Promise<void> {
    const state = this.#state;
    const { tip } = state.index;
    await this.#hooks.change(async () => {
      for (const node of state.index.nodes()) {
        if (node.height <= base.height || node.ancestor(base.height) !== base) continue;
        // What was found of it was found with coins that are not to be trusted.
        node.connected = false;
        node.undo = undefined;
        state.changed.add(node);
      }
      const record: SnapshotRecord = { slot: ledger.slot, base: base.hash, verified: true };
      await commit(state, [state.snapshotTable.put(undefined, record)], { sync: true });
      throw new Error(
        `The snapshot at block ${base.hash} was wrong: ${why.message}. The chain goes back from height ${tip.height} to ${ledger.tip.height}. Start the node again to go on without the snapshot, and tell whoever gave it to you.`,
      );
    });
  }

  #setBackground(background: Background | undefined): void {
    this.#background = background;
    const share = background ? this.#cacheBytes * BACKGROUND_SHARE : 0;
    background?.ledger.coins.resize(share);
    this.#state.ledger.coins.resize(this.#cacheBytes - share);
  }
}

function populationFailed(error: SnapshotError): SnapshotError {
  return new SnapshotError(`Population failed: ${error.message}`);
}
