/**
 * The chain: the only door by which blocks enter, and what others may know of it. Work that changes
 * anything runs in the single writer; reads never wait for it. Policy, peers and keys are not here.
 */
import { mkdirSync } from 'node:fs';
import {
  type BlockRef,
  type Coin,
  type Follower,
  type HeaderContext,
  ScriptCache,
  ValidationError,
} from '@coind/consensus';
import {
  type Block,
  type BlockHash,
  type BlockHeader,
  bytesToHex,
  type ChainParams,
  type OutPoint,
} from '@coind/primitives';
import type { Store } from '@coind/store';
import { acceptBlock, acceptHeader } from './accept.ts';
import { Activator, type TipChange } from './activate.ts';
import { whyVerify } from './assume-valid.ts';
import { DiskBlockFiles, MemoryBlockFiles } from './block-files.ts';
import { BlockIndex, type BlockNode } from './block-index.ts';
import { type BlockInfo, type ChainTip, infoOf, tipsOf } from './block-info.ts';
import { ChainError, prunedBlock } from './chain-error.ts';
import type { ChainLog } from './chain-log.ts';
import { type ChainState, commit, readUndo } from './connect-tip.ts';
import { Followers } from './follow.ts';
import { activeLedger, clearLedger, openLedgerStore } from './ledger.ts';
import { loadChain } from './load.ts';
import { openObfuscation } from './obfuscation.ts';
import { notePruned, type PrunedNote, type PruneOptions, pruneTo, pruneToSize } from './prune.ts';
import type { ScriptVerifier } from './script-checks.ts';
import { createScriptThreads, type ScriptThreads } from './script-threads.ts';
import { Serial } from './serial.ts';
import { type SnapshotSource, Snapshots } from './snapshots.ts';
import { tables } from './tables.ts';
import type { BlockUndo } from './undo.ts';
import { computeUtxoStats, type UtxoHashKind, type UtxoStats } from './utxo-stats.ts';
import { type Verification, verifyBlocks } from './verify.ts';

/** Time as the network sees it; the node may set it by hand. */
export interface Clock {
  /** Unix seconds. */
  now(): number;
}

/**
 * What became of a block. `connected`: it is in the active chain. `accepted`: stored on a branch that
 * is not active. `duplicate`: it was here before. `ignored`: unasked for and not worth its space.
 */
export type BlockOutcome =
  | {
      readonly status: 'connected' | 'accepted' | 'duplicate' | 'ignored';
      readonly ref: BlockRef;
      /** Other blocks that broke a rule when their branch was tried because of this one. */
      readonly refused?: ReadonlyMap<BlockHash, ValidationError>;
    }
  | { readonly status: 'invalid'; readonly error: ValidationError };

/** What became of a header. */
export type HeaderOutcome =
  | { readonly status: 'accepted'; readonly ref: BlockRef }
  | { readonly status: 'invalid'; readonly error: ValidationError };

/** The past of a snapshot that is being verified while the chain goes on from it. */
export interface ChainBackground {
  /** The block up to which everything was verified. */
  readonly tip: BlockInfo;
  /** The block of the snapshot. */
  readonly base: BlockInfo;
  /** The block that is needed next; undefined at the end. */
  readonly nextHeight: number | undefined;
}

/** Is told how the chain changed, inside the writer: nothing else moves until it is done. */
export type TipListener = (change: TipChange) => void | Promise<void>;

/** The chain as the rest of the node sees it. */
export interface Chain {
  readonly params: ChainParams;
  /** Transactions whose scripts need not be verified again: the mempool enters what it accepts. */
  readonly scriptCache: ScriptCache;
  readonly tip: BlockInfo;
  /** The header with most work that is not known to be invalid; its body may be missing. */
  readonly bestHeader: BlockInfo;
  /** While a snapshot is being verified: how far its past has come. */
  readonly background: ChainBackground | undefined;
  /**
   * Makes the coins of a snapshot those of the tip; its past is verified from then on. Returns its block.
   * Throws `SnapshotError` when it cannot be loaded; nothing has changed then.
   */
  loadSnapshot(source: SnapshotSource): Promise<BlockInfo>;
  /** True until the tip has the work the network is known to have and is less than a day old. */
  readonly initialDownload: boolean;
  submitBlock(block: Block, options?: { readonly requested?: boolean }): Promise<BlockOutcome>;
  submitHeader(header: BlockHeader): Promise<HeaderOutcome>;
  /** In order; stops at the first that is invalid, which is then the last outcome. */
  submitHeaders(headers: readonly BlockHeader[]): Promise<HeaderOutcome[]>;
  /** Any known block. */
  info(hash: BlockHash): BlockInfo | undefined;
  /** The active chain's block at `height`. */
  at(height: number): BlockInfo | undefined;
  isActive(hash: BlockHash): boolean;
  /** The ancestor at `height` of any known block. */
  ancestor(hash: BlockHash, height: number): BlockInfo | undefined;
  /** Where the branch of a known block leaves the active chain. */
  forkOf(hash: BlockHash): BlockInfo | undefined;
  /** A known block as the rules want its child's parent. Throws `RangeError` for an unknown one. */
  headerContext(hash: BlockHash): HeaderContext;
  tips(): ChainTip[];
  /** Undefined when there is no body. Throws `ChainError` when its file is gone or damaged. */
  block(hash: BlockHash): Promise<Block | undefined>;
  blockBytes(hash: BlockHash): Promise<Uint8Array | undefined>;
  /** The coins a block spent; undefined when it was never connected. */
  undo(hash: BlockHash): Promise<BlockUndo | undefined>;
  coin(outpoint: OutPoint): Promise<Coin | undefined>;
  coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]>;
  /** All coins of one moment, by txid (wire bytes) and output index. */
  utxos(): AsyncIterable<[OutPoint, Coin]>;
  utxoStats(kind: UtxoHashKind): Promise<UtxoStats>;
  /** Treats a block and its descendants as invalid. False when it is unknown or genesis. */
  invalidateBlock(hash: BlockHash): Promise<boolean>;
  /** Takes that back, for its ancestors and descendants too. False when it is unknown. */
  reconsiderBlock(hash: BlockHash): Promise<boolean>;
  /** Prefers a block to others of the same work. False when it is unknown. */
  preciousBlock(hash: BlockHash): Promise<boolean>;
  /** Drives a follower; resolves when it has caught up, to what stops it. */
  follow(follower: Follower): Promise<() => Promise<void>>;
  /** Runs `work` while nothing else changes the chain. Must not be called from within itself. */
  exclusively<T>(work: () => Promise<T> | T): Promise<T>;
  /** Hears of every change right after its commit and before followers do. */
  onTip(listener: TipListener): () => void;
  /** Every follower has seen the tip of the moment of the call. */
  idle(): Promise<void>;
  /** Makes everything survive a loss of power. */
  flush(): Promise<void>;
  /** Bytes of block and undo files. */
  sizeOnDisk(): number;
  /** Bytes that pruning stays below, 0 when it happens on command only; undefined without pruning. */
  readonly pruneTarget: number | undefined;
  /** Below this height nothing is pruned. */
  readonly pruneAfterHeight: number;
  /** Height of the last block of the active chain that was pruned; undefined when none was. */
  prunedHeight(): number | undefined;
  /**
   * Deletes the files that hold nothing above `height`, nothing within 288 blocks of the tip and
   * nothing that a follower has still to see. Throws `RangeError` when this chain does not prune.
   */
  prune(height: number): Promise<void>;
  /** The first block of the active chain that is not older than `time`, unix seconds. */
  firstSince(time: number): BlockInfo | undefined;
  /** Verifies the last `count` blocks (0: all) again, at level 0 … 4 as described in `verify.ts`. */
  verify(level: number, count: number): Promise<Verification>;
  /** Stops followers, waits for the writer, flushes. The store stays open: it is not ours. */
  close(): Promise<void>;
}

/** Plain settings of `openChain`. */
export interface ChainOptions {
  readonly params: ChainParams;
  /** Directory of the block files; absent for a chain in memory. */
  readonly dir?: string;
  /** Throws index and coins away and builds them from the block files. */
  readonly reindex?: boolean;
  /** Throws the coins away and connects every block anew. */
  readonly reindexChainstate?: boolean;
  /** How many of the last blocks are verified at start, 0 for all; 6 unless told otherwise. */
  readonly checkBlocks?: number;
  /** How thoroughly, 0 … 4; 3 unless told otherwise. */
  readonly checkLevel?: number;
  /** Old blocks are deleted; absent to keep all. */
  readonly prune?: PruneOptions;
  /** Bytes at which a block file is closed; 128 MiB unless told otherwise. */
  readonly maxFileBytes?: number;
  /** XORs new block files with a key of their own; false unless told otherwise. */
  readonly obfuscateFiles?: boolean;
  /** Seconds the tip may be behind the clock before this counts as initial download; a day. */
  readonly maxTipAgeSeconds?: number;
  /** Nothing above this height is connected. */
  readonly stopAtHeight?: number;
  /** Threads that verify scripts, the calling one included; 1 unless told otherwise. */
  readonly scriptThreads?: number;
  /** Transactions whose verified scripts are remembered; 100,000 unless told otherwise. */
  readonly scriptCacheEntries?: number;
  /** Bytes of coins kept in memory; 32 MiB unless told otherwise. */
  readonly cacheBytes?: number;
}

/** What a chain works with. */
export interface ChainModules {
  readonly store: Store;
  readonly clock: Clock;
  readonly log?: ChainLog;
  /** Fires when the node stops: a long way to the tip is then left where it is. */
  readonly signal?: AbortSignal;
  /** Where scripts are verified; on `scriptThreads` threads unless told otherwise. */
  readonly scripts?: ScriptVerifier;
  /** Hears of operating errors after which the node cannot go on: a failed commit or follower. */
  readonly onFatal?: (error: unknown) => void;
  /**
   * Hears when a branch that broke a rule has come to have over six blocks more work than the tip, and
   * when none has any more: either we are wrong about the rules, or most miners are.
   */
  readonly onInvalidChain?: (isFarAhead: boolean) => void;
}

const DEFAULT_CACHE_BYTES = 32 << 20;
const DEFAULT_SCRIPT_CACHE = 100_000;
const DEFAULT_CHECK_BLOCKS = 6;
const DEFAULT_CHECK_LEVEL = 3;
/** Blocks between two fsyncs: a loss of power costs at most the download of so many. */
const BLOCKS_PER_SYNC = 1000;
const DAY = 24 * 60 * 60;
/** So many blocks below a follower's position are kept for it. */
const PRUNE_LOCK_BUFFER = 10;
/** An invalid branch is far ahead of the tip when it has more work than so many blocks on top of that. */
const FAR_AHEAD_BLOCKS = 6n;

/** Opens the chain in `options.dir` and `modules.store`, or begins a new one. Throws `ChainError`. */
export async function openChain(options: ChainOptions, modules: ChainModules): Promise<Chain> {
  const { params } = options;
  const { store } = modules;
  const disk = options.dir === undefined ? undefined : openFiles(options.dir, options, modules.log);
  const threads = createScriptThreads({ threads: options.scriptThreads ?? 1 });
  const index = new BlockIndex();
  const cacheBytes = options.cacheBytes ?? DEFAULT_CACHE_BYTES;
  const ledgers = [
    openLedgerStore(store, 0, cacheBytes),
    openLedgerStore(store, 1, cacheBytes),
  ] as const;
  const state: ChainState = {
    params,
    store,
    headers: store.table(tables.headers),
    ledgers,
    ledger: activeLedger(ledgers[0], index),
    snapshotTable: store.table(tables.snapshot),
    segwitHeight: store.table(tables.segwitHeight),
    rebuilding: store.table(tables.rebuilding),
    index,
    files: disk ?? new MemoryBlockFiles(),
    scripts: modules.scripts ?? threads,
    scriptCache: new ScriptCache(options.scriptCacheEntries ?? DEFAULT_SCRIPT_CACHE),
    changed: new Set(),
  };
  if (options.reindex) {
    // The mark and the tips first: a crash in between must leave a store that knows it is empty.
    await store.commit([state.rebuilding.put(undefined, 1)]);
    for (const ledger of ledgers) await clearLedger(ledger);
    await state.snapshotTable.clear();
    await state.headers.clear();
    disk?.deleteUndo();
    if (options.prune) disk?.deleteBehindGap();
  }
  const chain = new NodeChain(state, options, modules, threads);
  try {
    const background = await loadChain(state, chain.activator, {
      disk,
      checkBlocks: options.checkBlocks ?? DEFAULT_CHECK_BLOCKS,
      checkLevel: options.checkLevel ?? DEFAULT_CHECK_LEVEL,
      rebuildCoins: options.reindexChainstate ?? false,
      pruning: options.prune !== undefined,
      now: () => modules.clock.now(),
      log: modules.log,
      signal: modules.signal,
    });
    await chain.snapshots.resume(background);
  } catch (error) {
    state.files.close();
    await threads.close();
    throw error;
  }
  return chain;
}

function openFiles(
  dir: string,
  { params, maxFileBytes, obfuscateFiles = false }: ChainOptions,
  log: ChainLog | undefined,
): DiskBlockFiles {
  mkdirSync(dir, { recursive: true });
  const obfuscation = openObfuscation(dir, obfuscateFiles);
  const key = bytesToHex(obfuscation.key);
  log?.info(`Using obfuscation key for blocksdir *.dat files (${dir}): '${key}'`);
  return new DiskBlockFiles(dir, params.messageStart, {
    obfuscation,
    ...(maxFileBytes !== undefined && { maxFileSize: maxFileBytes }),
  });
}

class NodeChain implements Chain {
  readonly params: ChainParams;
  readonly scriptCache: ScriptCache;
  readonly activator: Activator;
  readonly snapshots: Snapshots;
  readonly #threads: ScriptThreads;
  readonly #state: ChainState;
  readonly #modules: ChainModules;
  readonly #serial = new Serial();
  readonly #followers: Followers;
  readonly #listeners = new Set<TipListener>();
  readonly #prune: PruneOptions | undefined;
  readonly #maxTipAge: number;
  /** How many chunks there were when it was last looked at whether there is too much: -1 is never. */
  #prunedAtChunk = -1;
  #pruned: PrunedNote | undefined;
  /** Null before any block was connected. */
  #lastVerifyReason: string | undefined | null = null;
  #unsynced = 0;
  #initialDownload = true;
  #invalidIsFarAhead = false;
  /** Set by the first operating error: memory may be ahead of the disk, so nothing more is taken. */
  #fatal: { readonly error: unknown } | undefined;

  constructor(
    state: ChainState,
    options: ChainOptions,
    modules: ChainModules,
    threads: ScriptThreads,
  ) {
    this.params = state.params;
    this.scriptCache = state.scriptCache;
    this.#threads = threads;
    this.#state = state;
    this.#modules = modules;
    this.#prune = options.prune;
    this.#maxTipAge = options.maxTipAgeSeconds ?? DAY;
    this.activator = new Activator(
      state,
      {
        tell: (change) => this.#tell(change),
        isAssumedValid: (node) => this.#isAssumedValid(node),
        isStopping: () => modules.signal?.aborted ?? false,
        refused: (error) => modules.log?.info(`Block validation error: ${error.message}`),
      },
      options.stopAtHeight,
    );
    this.snapshots = new Snapshots(
      state,
      { cacheBytes: options.cacheBytes ?? DEFAULT_CACHE_BYTES },
      {
        log: modules.log,
        hooks: {
          change: (work) => this.#change(work),
          sync: () => this.#sync(),
          jumped: () => this.#tell({ connected: [], disconnected: [] }),
          activate: () => this.activator.activate(),
          isAssumedValid: (node) => this.#isAssumedValid(node),
          advanced: () => this.#followers.wake(),
        },
      },
    );
    const { index } = state;
    this.#followers = new Followers(
      {
        get tip() {
          return index.tip.ref;
        },
        at: (height) => index.at(height)?.ref,
        parentOf: (hash) => index.get(hash)?.parent?.ref,
        has: (hash) => index.get(hash) !== undefined,
        isConnected: (hash) => index.get(hash)?.connected ?? false,
        block: (hash) => this.activator.blockOf(index.get(hash) as BlockNode),
      },
      (error) => this.#modules.onFatal?.(error),
    );
  }

  get tip(): BlockInfo {
    return infoOf(this.#state.index, this.#state.index.tip);
  }

  get bestHeader(): BlockInfo {
    return infoOf(this.#state.index, this.#state.index.bestHeader);
  }

  get background(): ChainBackground | undefined {
    const { background } = this.snapshots;
    if (!background) return undefined;
    const { index } = this.#state;
    const { next, base, ledger } = background;
    return {
      tip: infoOf(index, ledger.tip),
      base: infoOf(index, base),
      nextHeight: next?.height,
    };
  }

  async loadSnapshot(source: SnapshotSource): Promise<BlockInfo> {
    return infoOf(this.#state.index, await this.snapshots.load(source));
  }

  get initialDownload(): boolean {
    if (this.#initialDownload) {
      const { tip } = this.#state.index;
      const behind =
        tip.chainwork < this.params.minimumChainwork ||
        tip.time < this.#modules.clock.now() - this.#maxTipAge;
      this.#initialDownload = behind;
    }
    return this.#initialDownload;
  }

  submitBlock(block: Block, { requested = true } = {}): Promise<BlockOutcome> {
    return this.#change(async () => {
      const { index } = this.#state;
      try {
        const now = this.#modules.clock.now();
        const { node, status } = acceptBlock(this.#state, block, { now, requested });
        if (status !== 'stored') return { status, ref: node.ref };
        this.activator.remember(block);
        const failures = await this.activator.activate();
        this.snapshots.verify();
        const error = failures.get(node.hash);
        if (error) return { status: 'invalid', error };
        return {
          status: index.isActive(node) ? 'connected' : 'accepted',
          ref: node.ref,
          ...(failures.size > 0 && { refused: failures }),
        };
      } catch (error) {
        if (!(error instanceof ValidationError)) throw error;
        await commit(this.#state);
        return { status: 'invalid', error };
      }
    });
  }

  async submitHeader(header: BlockHeader): Promise<HeaderOutcome> {
    return (await this.submitHeaders([header]))[0] as HeaderOutcome;
  }

  submitHeaders(headers: readonly BlockHeader[]): Promise<HeaderOutcome[]> {
    return this.#change(async () => {
      const outcomes: HeaderOutcome[] = [];
      for (const header of headers) {
        try {
          const { ref } = acceptHeader(this.#state, header, this.#modules.clock.now());
          outcomes.push({ status: 'accepted', ref });
        } catch (error) {
          if (!(error instanceof ValidationError)) throw error;
          outcomes.push({ status: 'invalid', error });
          break;
        }
      }
      await commit(this.#state);
      return outcomes;
    });
  }

  info(hash: BlockHash): BlockInfo | undefined {
    return this.#infoOf(this.#state.index.get(hash));
  }

  at(height: number): BlockInfo | undefined {
    return this.#infoOf(this.#state.index.at(height));
  }

  isActive(hash: BlockHash): boolean {
    const node = this.#state.index.get(hash);
    return node !== undefined && this.#state.index.isActive(node);
  }

  ancestor(hash: BlockHash, height: number): BlockInfo | undefined {
    return this.#infoOf(this.#state.index.get(hash)?.ancestor(height));
  }

  forkOf(hash: BlockHash): BlockInfo | undefined {
    const node = this.#state.index.get(hash);
    return node && this.#infoOf(this.#state.index.forkOf(node));
  }

  headerContext(hash: BlockHash): HeaderContext {
    const node = this.#state.index.get(hash);
    if (!node) throw new RangeError(`unknown block ${hash}`);
    return node;
  }

  tips(): ChainTip[] {
    return tipsOf(this.#state.index);
  }

  async block(hash: BlockHash): Promise<Block | undefined> {
    const node = this.#state.index.get(hash);
    // Always from the file, never from memory: whoever asks wants to know what is on disk.
    return node?.body && this.activator.readBlock(node);
  }

  async blockBytes(hash: BlockHash): Promise<Uint8Array | undefined> {
    return (await this.block(hash))?.encode();
  }

  async undo(hash: BlockHash): Promise<BlockUndo | undefined> {
    const node = this.#state.index.get(hash);
    return node && readUndo(this.#state, node);
  }

  async coin(outpoint: OutPoint): Promise<Coin | undefined> {
    return this.#state.ledger.coins.get(outpoint);
  }

  async coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]> {
    const view = await this.#state.ledger.coins.load(outpoints);
    return outpoints.map((outpoint) => view.get(outpoint));
  }

  async *utxos(): AsyncIterable<[OutPoint, Coin]> {
    for await (const chunk of this.#state.ledger.coins.chunks()) yield* chunk;
  }

  async utxoStats(kind: UtxoHashKind): Promise<UtxoStats> {
    const { index } = this.#state;
    // The first read fixes the moment, so it must not fall between two blocks.
    const { rows, first, ref } = await this.#serial.run(async () => {
      const walk = this.#state.ledger.coins.chunks()[Symbol.asyncIterator]();
      return { rows: walk, first: await walk.next(), ref: index.tip.ref };
    });
    async function* all(): AsyncGenerator<[OutPoint, Coin][]> {
      for (let row = first; !row.done; row = await rows.next()) yield row.value;
    }
    return computeUtxoStats(kind, ref, all());
  }

  async invalidateBlock(hash: BlockHash): Promise<boolean> {
    const { index, changed } = this.#state;
    const node = index.get(hash);
    if (!node?.parent) return false;
    const pruned = this.prunedHeight() ?? -1;
    // Before anything is marked: what was pruned cannot be taken back, and that is no damage.
    if (index.isActive(node) && node.height <= pruned) throw prunedBlock(node.ref);
    const { background } = this.snapshots;
    if (background && index.isActive(node) && node.height <= background.base.height) {
      throw new ChainError(
        'disconnect-failed',
        `Block ${hash} lies below a snapshot whose past is still being verified. It can be refused once that is done.`,
      );
    }
    return this.#change(async () => {
      index.invalidate(node);
      index.refillCandidates();
      changed.add(node);
      await this.activator.activate();
      return true;
    });
  }

  reconsiderBlock(hash: BlockHash): Promise<boolean> {
    return this.#change(async () => {
      const { index, changed } = this.#state;
      const node = index.get(hash);
      if (!node) return false;
      for (const cleared of index.reconsider(node)) changed.add(cleared);
      await this.activator.activate();
      return true;
    });
  }

  preciousBlock(hash: BlockHash): Promise<boolean> {
    return this.#change(async () => {
      const node = this.#state.index.get(hash);
      if (!node) return false;
      this.#state.index.makePrecious(node);
      await this.activator.activate();
      return true;
    });
  }

  follow(follower: Follower): Promise<() => Promise<void>> {
    return this.#followers.follow(follower);
  }

  exclusively<T>(work: () => Promise<T> | T): Promise<T> {
    return this.#serial.run(work);
  }

  onTip(listener: TipListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  idle(): Promise<void> {
    return this.#followers.idle();
  }

  flush(): Promise<void> {
    return this.#change(() => this.#sync());
  }

  sizeOnDisk(): number {
    return this.#state.files.sizeBytes();
  }

  async close(): Promise<void> {
    await this.snapshots.stop();
    await this.#followers.stop();
    await this.#serial.run(async () => {
      if (!this.#fatal) await this.#sync();
      this.#fatal ??= { error: new Error('the chain is closed') };
      this.#state.files.close();
    });
    await this.#threads.close();
  }

  get pruneTarget(): number | undefined {
    return this.#prune?.targetBytes;
  }

  get pruneAfterHeight(): number {
    return this.#prune?.afterHeight ?? 0;
  }

  prunedHeight(): number | undefined {
    this.#pruned = notePruned(this.#state, this.#pruned);
    return this.#pruned.last?.height;
  }

  prune(height: number): Promise<void> {
    if (!this.#prune) throw new RangeError('this chain does not prune');
    return this.#change(async () => {
      const upTo = Math.min(height, this.#unlockedHeight());
      const files = await pruneTo(this.#state, upTo, () => this.#sync());
      this.#pruned = undefined;
      this.#modules.log?.info('Pruned on command', { height: upTo, files });
    });
  }

  firstSince(time: number): BlockInfo | undefined {
    const { index } = this.#state;
    for (let height = 0; height <= index.tip.height; height++) {
      const node = index.at(height) as BlockNode;
      if (node.time >= time) return this.#infoOf(node);
    }
    return undefined;
  }

  verify(level: number, count: number): Promise<Verification> {
    return this.#serial.run(() => verifyBlocks(this.#state, level, count));
  }

  /**
   * The last height that may be pruned as far as followers are concerned. They keep what they have still
   * to see, and some blocks below that for a reorganisation.
   */
  #unlockedHeight(): number {
    const { background } = this.snapshots;
    // What is still to be verified is still to be read.
    let unlocked = (background?.ledger.tip ?? this.#state.index.tip).height;
    let limitedBy: string | undefined;
    for (const { name, height } of this.#followers.positions()) {
      const limit = height - PRUNE_LOCK_BUFFER - 1;
      unlocked = Math.max(1, Math.min(unlocked, limit));
      if (unlocked === limit) limitedBy = name;
    }
    if (limitedBy !== undefined) {
      this.#modules.log?.debug('prune', `${limitedBy} limited pruning to height ${unlocked}`);
    }
    return unlocked;
  }

  /** Says which followers stood above the fork and have to come back to it. */
  #logLocksMovedBack({ disconnected }: TipChange): void {
    if (!this.#prune) return;
    const positions = this.#followers.positions();
    for (const { ref } of disconnected) {
      for (const { name, height } of positions) {
        if (height < ref.height) continue;
        this.#modules.log?.debug('prune', `${name} prune lock moved back to ${ref.height - 1}`);
      }
    }
  }

  /** Looks at the sizes as often as bitcoind does: whenever a file has grown by a chunk. */
  async #pruneIfDue(): Promise<void> {
    const { chunks } = this.#state.files;
    if (!this.#prune || this.#prunedAtChunk === chunks) return;
    this.#prunedAtChunk = chunks;
    const height = this.#unlockedHeight();
    const downloading = this.initialDownload;
    const sync = (): Promise<void> => this.#sync();
    const files = await pruneToSize(this.#state, this.#prune, height, downloading, sync);
    this.#pruned = undefined;
    if (files > 0) this.#modules.log?.info('Pruned to the target size', { files });
  }

  #infoOf(node: BlockNode | undefined): BlockInfo | undefined {
    return node && infoOf(this.#state.index, node);
  }

  /** Runs `work` in the writer; after an operating error nothing more is taken. */
  #change<T>(work: () => Promise<T>): Promise<T> {
    return this.#serial.run(async () => {
      if (this.#fatal) throw this.#fatal.error;
      try {
        const result = await work();
        this.#compareWithInvalid();
        await this.#pruneIfDue();
        if (this.#unsynced >= BLOCKS_PER_SYNC) await this.#sync();
        return result;
      } catch (error) {
        this.#fatal = { error };
        this.#modules.onFatal?.(error);
        throw error;
      }
    });
  }

  #compareWithInvalid(): void {
    const { bestInvalid, tip } = this.#state.index;
    const tipWork = tip.chainwork - (tip.parent?.chainwork ?? 0n);
    const isFarAhead =
      bestInvalid !== undefined &&
      bestInvalid.chainwork > tip.chainwork + FAR_AHEAD_BLOCKS * tipWork;
    if (isFarAhead === this.#invalidIsFarAhead) return;
    this.#invalidIsFarAhead = isFarAhead;
    this.#modules.onInvalidChain?.(isFarAhead);
  }

  async #tell(change: TipChange): Promise<void> {
    this.#unsynced += change.connected.length;
    this.#logLocksMovedBack(change);
    for (const listener of this.#listeners) await listener(change);
    const { tip } = this.#state.index;
    this.#modules.log?.info('UpdateTip: new', {
      best: tip.hash,
      height: tip.height,
      tx: tip.chainTxCount,
    });
    this.#followers.wake();
  }

  /** Files before rows: a row must never point at bytes that a loss of power took. */
  async #sync(): Promise<void> {
    const { files, ledger, index } = this.#state;
    files.sync();
    const tip = ledger.tipTable.put(undefined, index.tip.ref);
    await commit(this.#state, [tip], { sync: true });
    this.#unsynced = 0;
  }

  /** Whether the scripts of `node` are left out; where that changes, the log says why. */
  #isAssumedValid(node: BlockNode): boolean {
    const reason = whyVerify(this.#state, node);
    if (reason !== this.#lastVerifyReason) {
      this.#lastVerifyReason = reason;
      const place = `script verification at block #${node.height} (${node.hash})`;
      this.#modules.log?.info(reason ? `Enabling ${place}: ${reason}.` : `Disabling ${place}.`);
    }
    return reason === undefined;
  }
}
