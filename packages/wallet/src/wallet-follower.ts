/**
 * How a wallet follows the chain: blocks in and out, mempool in and out, catching up after a start, and
 * searching old blocks for new keys. All of it ends in the same ledger calls.
 */
import type { BlockRef, BlockStep } from '@coind/consensus';
import { type Block, Tx, type Txid } from '@coind/primitives';
import { BlockFilters } from './block-filters.ts';
import type { TxFollower } from './chain-source.ts';
import {
  COINBASE_MATURITY,
  entriesAt,
  entriesByHeight,
  type HeightEntries,
  HIGHEST,
  NO_ENTRIES,
} from './height-entries.ts';
import type { Ledger } from './ledger.ts';
import { commitsOf, type StepPortion } from './portions.ts';
import { extendTrail, shortenTrail, wayBack } from './trail.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import type { WalletCore } from './wallet-core.ts';

/**
 * Blocks behind the tip from which on the whole keypool is derived before catching up: a copy of a wallet
 * may have handed out what this one has not. A node that was killed leaves its wallets a block or two
 * behind, and must not pay for thousands of keys before it answers.
 */
const FAR_BEHIND = 10;
/** Scripts derived per step in the background: a few milliseconds, which no caller notices. */
const FILL_STEP = 16;
/** And when somebody waits for all of them. */
const WAITED_FILL_STEP = 128;
/**
 * A fresh wallet is busy, and knows more scripts than it has handed out. Nodes that live for one test never
 * pay the seconds that a full keypool takes.
 */
const FILL_DELAY_MS = 60_000;
const FILL_PAUSE_MS = 20;

/** What became of a search of old blocks. */
export interface RescanOutcome {
  /** First and last height that were looked at. */
  readonly start: number;
  readonly stop: number;
  /** Somebody broke it off. */
  readonly aborted: boolean;
  /** The last block that could not be read. */
  readonly failed?: BlockRef;
}

/** Where a wallet tells what it is at. */
export interface WalletLog {
  info(message: string): void;
  debug(message: string): void;
}

/** Follows the chain for one wallet. */
export class WalletFollower implements TxFollower {
  readonly name: string;
  readonly #core: WalletCore;
  readonly #onError: (error: unknown) => void;
  readonly #log: WalletLog | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stop: (() => Promise<void>) | undefined;

  constructor(
    core: WalletCore,
    { onError, log }: { onError: (error: unknown) => void; log?: WalletLog | undefined },
  ) {
    this.#log = log;
    this.name = `wallet ${core.name}`;
    this.#core = core;
    this.#onError = onError;
  }

  get #tables() {
    return this.#core.context.tables;
  }

  get #about() {
    return { now: this.#core.context.source.now() };
  }

  async position(): Promise<BlockRef | undefined> {
    return this.#tables.position.get(undefined);
  }

  connect(block: Block, ref: BlockRef): Promise<void> {
    return this.connectAll([{ block, ref }]);
  }

  /**
   * Commits small blocks together and a large one in portions, its position with the last. Nobody else reads or
   * writes in between, and a process that dies there goes on from the last commit; portions of a block that are
   * there by then are found at the next start (`#settleAbove`).
   */
  async connectAll(steps: readonly BlockStep[]): Promise<void> {
    await this.#core.read(async () => {
      await this.#core.context.keyring.filter.readWhenWorthwhile(this.#tables);
      for (const portions of commitsOf(steps)) {
        const maturing = await this.#maturing(portions);
        await this.#commit(portions, (ledger) => {
          for (const { block, ref, portion, isLast } of portions) {
            const mature = maturing.get(ref.height - COINBASE_MATURITY) ?? NO_ENTRIES;
            if (isLast) ledger.connect(block, ref, mature, this.#about, portion);
            else ledger.search(block, ref, this.#about, portion);
          }
        });
      }
    });
  }

  /** What lies at the heights that become mature with some blocks, of which none can be among these blocks. */
  async #maturing(portions: readonly StepPortion[]): Promise<ReadonlyMap<number, HeightEntries>> {
    const { filter } = this.#core.context.keyring;
    const heights = portions
      .map(({ ref }) => ref.height - COINBASE_MATURITY)
      .filter((height) => filter.mayHaveAt(height));
    const [first, last] = [heights[0], heights.at(-1)];
    if (first === undefined || last === undefined) return new Map();
    return entriesByHeight(this.#tables, first, last);
  }

  /** For a caller that has the queue. Lost with the power, it is simply connected again. */
  #commit(portions: readonly StepPortion[], work: (ledger: Ledger) => void): Promise<void> {
    const change = async (_unit: UnitOfWork, ledger: Ledger): Promise<void> => {
      for (const { block, portion } of portions) await ledger.load(block, portion);
      work(ledger);
    };
    return this.#core.changeNow(change, { sync: false });
  }

  async disconnect(block: Block, ref: BlockRef): Promise<void> {
    await this.#core.change(
      async (_unit, ledger) => {
        const entries = await entriesAt(this.#tables, ref.height);
        const maturing = await entriesAt(this.#tables, ref.height - COINBASE_MATURITY);
        ledger.disconnect(block, ref, entries, maturing);
        // The mempool was told of the reorganisation first, and took back what it could.
        for (const tx of block.txs) {
          if (this.#core.context.source.inMempool(tx.txid)) ledger.added(tx, this.#about);
        }
      },
      { sync: false },
    );
  }

  /** Returns at once: the mempool that tells us may be inside a call of this very wallet. */
  txAdded(tx: Tx): void {
    const change = this.#core.change((_unit, ledger) => ledger.added(tx, this.#about), {
      sync: false,
    });
    change.catch(this.#onError);
  }

  txRemoved(tx: Tx, reason: string): void {
    const contradicted = reason === 'conflict';
    const change = this.#core.change((_unit, ledger) => ledger.removed(tx, { contradicted }), {
      sync: false,
    });
    change.catch(this.#onError);
  }

  /** Compares with the mempool, catches up with the chain and stays with it. */
  async start({ isCopy = false } = {}): Promise<void> {
    const { source, keyring } = this.#core.context;
    const position = await this.position();
    if (keyring.dependsOnPool) await this.#core.change((unit) => keyring.promise(unit));
    // What it is a copy of may have handed out addresses of the whole keypool; so may one that lagged.
    const near = isCopy || keyring.dependsOnPool ? 0 : FAR_BEHIND;
    if (position && position.height + near < source.tip().height) await this.fillAll();
    if (position) await this.#settleAbove(position);
    if (position && source.heightOf(position.hash) === undefined) await this.#goBack(position);
    await this.#reconcile();
    await this.#catchUp();
    this.#stop = await source.follow(this);
    for (const tx of source.mempoolTxs()) this.txAdded(tx);
    await this.#core.idle();
    if (this.#core.context.options.broadcast !== false) await this.resend();
    this.#schedule(FILL_DELAY_MS);
  }

  /**
   * Goes towards the tip over blocks that have nothing of the wallet's, as filters say. Where there are none, or
   * the chain changes meanwhile, following it does the rest.
   */
  async #catchUp(): Promise<void> {
    const { source } = this.#core.context;
    let last = await this.position();
    const first = last && source.refAt(last.height + 1);
    if (!last || !first) return;
    const filters = await this.#startSearch(first);
    // A filter says nothing of what somebody else spent, which an unconfirmed payment to us may need.
    if (!filters || (await this.#hasUnconfirmed())) return;
    let passed: BlockRef | undefined;
    for (let ref: BlockRef | undefined = first; ref; ref = source.refAt(ref.height + 1)) {
      if (source.heightOf(last.hash) === undefined) break;
      last = ref;
      const matures = await entriesAt(this.#tables, ref.height - COINBASE_MATURITY);
      if (matures.confirmed.length === 0 && !(await filters.mayConcern(ref))) {
        passed = ref;
        continue;
      }
      const block = await source.block(ref.hash);
      if (!block) break;
      this.#tellMatch(ref);
      await this.#standAt(passed);
      passed = undefined;
      await this.connect(block, ref);
      await filters.reload();
    }
    await this.#standAt(passed);
  }

  async #hasUnconfirmed(): Promise<boolean> {
    for await (const _ of this.#tables.unconfirmed.entries({ limit: 1 })) return true;
    return false;
  }

  async #standAt(ref: BlockRef | undefined): Promise<void> {
    if (!ref) return;
    const change = (unit: UnitOfWork): void => {
      unit.put(this.#tables.position, undefined, ref);
      extendTrail(unit, this.#tables, ref);
    };
    await this.#core.change(change, { sync: false });
  }

  /** Says that a search begins at a block, and by what; filters where there are some. */
  async #startSearch({ hash }: BlockRef): Promise<BlockFilters | undefined> {
    const filters = await BlockFilters.open(this.#core.context);
    const variant = filters
      ? 'fast variant using block filters'
      : 'slow variant inspecting all blocks';
    this.#log?.info(`[${this.#core.name}] Rescan started from block ${hash}... (${variant})`);
    return filters;
  }

  #tellMatch({ height, hash }: BlockRef): void {
    this.#log?.debug(`Fast rescan: inspect block ${height} [${hash}] (filter matched)`);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#stop?.();
    this.#stop = undefined;
  }

  /**
   * What lies above the wallet's own position are first portions of a large block, in which the process died.
   * They stay where that block is about to be connected again, and wait for a block where it is not.
   */
  async #settleAbove(position: BlockRef): Promise<void> {
    const { source, tables } = this.#core.context;
    const entries = await entriesAt(tables, position.height + 1, HIGHEST);
    const strays = (txids: readonly Txid[]): Txid[] =>
      txids.filter((txid) => {
        const state = tables.txs.getSync(txid)?.state;
        return state && 'ref' in state && source.heightOf(state.ref.hash) === undefined;
      });
    const stray = { confirmed: strays(entries.confirmed), conflicted: strays(entries.conflicted) };
    if (stray.confirmed.length + stray.conflicted.length === 0) return;
    const nothing = { confirmed: [], conflicted: [] };
    await this.#core.change((_unit, ledger) => ledger.goBack(position, stray, nothing), {
      sync: false,
    });
  }

  /**
   * The chain does not have the wallet's block any more: back to the last one that both know. What was
   * confirmed above waits for a block again.
   */
  async #goBack(position: BlockRef): Promise<void> {
    const { source, tables } = this.#core.context;
    let from = position.height;
    for (const target of await wayBack(tables, source)) {
      const above = from;
      if (target.hash === position.hash) continue;
      const change = async (unit: UnitOfWork, ledger: Ledger): Promise<void> => {
        const { height } = target;
        const entries = await entriesAt(tables, height + 1, above);
        const matureAt = (tip: number): number => tip - COINBASE_MATURITY;
        const maturing = await entriesAt(tables, matureAt(height) + 1, matureAt(above));
        // Between two steps of the way there are no others.
        shortenTrail(unit, tables, above);
        ledger.goBack(target, entries, maturing);
        extendTrail(unit, tables, target);
      };
      await this.#core.change(change, { sync: false });
      from = target.height;
    }
  }

  /**
   * What the wallet believes to be in the mempool, or kept out of it, may not be so any more; nor has the wallet
   * the options it had.
   */
  async #reconcile(): Promise<void> {
    await this.#core.change(
      async (_unit, ledger) => {
        for await (const [txid] of this.#tables.unconfirmed.entries()) {
          ledger.reconcile(txid);
        }
      },
      { sync: false },
    );
  }

  /** Offers unconfirmed transactions to the mempool again, parents before children; says which it took. */
  async resend(): Promise<Txid[]> {
    const waiting = await this.#core.read(async () => {
      const found: { tx: Tx; order: number }[] = [];
      for await (const [txid] of this.#tables.unconfirmed.entries()) {
        const row = this.#tables.txs.getSync(txid);
        const bytes = this.#tables.txBytes.getSync(txid);
        if (!bytes || row?.state.kind !== 'inactive' || row.state.abandoned) continue;
        found.push({ tx: Tx.decode(bytes), order: row.order });
      }
      return found.sort((a, b) => a.order - b.order);
    });
    const taken: Txid[] = [];
    for (const { tx } of waiting) {
      const { accepted } = await this.#core.context.source.broadcast(tx);
      if (accepted) taken.push(tx.txid);
    }
    return taken;
  }

  /** Derives every script of the keypool now, or those of hardened chains. */
  async fillAll({ hardenedOnly = false } = {}): Promise<void> {
    while ((await this.#fill(WAITED_FILL_STEP, hardenedOnly)) > 0);
  }

  #fill(count: number, hardenedOnly = false): Promise<number> {
    const { keyring } = this.#core.context;
    return this.#core.change((unit) => keyring.fill(unit, count, hardenedOnly), { sync: false });
  }

  /** Fills the keypool while nothing else happens; never keeps the process alive. */
  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#fill(FILL_STEP).then(
        (added) => {
          if (added > 0 && this.#timer) this.#schedule(FILL_PAUSE_MS);
        },
        (error: unknown) => {
          if (this.#timer) this.#onError(error);
        },
      );
    }, delayMs);
    this.#timer.unref();
  }

  /**
   * Searches the blocks from `start` to `end` (the wallet's tip) and the mempool for its own. Blocks that are not
   * there are passed over. Before each block `goOn` hears how much is done, and says whether to go on.
   */
  async rescan(
    start: number,
    end?: number,
    goOn: (progress: number) => boolean = () => true,
  ): Promise<RescanOutcome> {
    const { source } = this.#core.context;
    await this.fillAll();
    const first = Math.max(0, start);
    const firstRef = source.refAt(first);
    const filters = firstRef && (await this.#startSearch(firstRef));
    let height = first;
    let failed: BlockRef | undefined;
    let aborted = false;
    for (; ; height++) {
      const tip = (await this.position())?.height ?? -1;
      const last = Math.min(end ?? tip, tip);
      if (height > last) break;
      aborted = !goOn((height - first) / (last - first + 1));
      if (aborted) break;
      const ref = source.refAt(height);
      if (!ref || (filters && !(await filters.mayConcern(ref)))) continue;
      const block = await source.block(ref.hash);
      if (filters) this.#tellMatch(ref);
      if (block) await this.#searchAgain(block, ref);
      else failed = ref;
      await filters?.reload();
    }
    for (const tx of source.mempoolTxs()) this.txAdded(tx);
    await this.#core.idle();
    return { start: first, stop: height - 1, aborted, ...(failed && { failed }) };
  }

  #searchAgain(block: Block, ref: BlockRef): Promise<void> {
    return this.#core.read(async () => {
      for (const portions of commitsOf([{ block, ref }])) {
        await this.#commit(portions, (ledger) => {
          for (const { portion } of portions) {
            ledger.search(block, ref, { ...this.#about, rescan: true }, portion);
          }
        });
      }
    });
  }
}
