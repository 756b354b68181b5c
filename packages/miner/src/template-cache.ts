/**
 * The template that callers of `getblocktemplate` share: made anew when the tip is another one, or when the
 * pool has changed and some seconds are over, so that many callers cost no more than one. Also the wait
 * for a better one (BIP22's long polling).
 */
import type { Chain } from '@coind/chain';
import { type BlockHash, isHex } from '@coind/primitives';
import { type BlockTemplate, refreshed } from './template.ts';

/** Seconds for which a changed pool alone makes no new template. */
const KEEP_SECONDS = 5;
const FIRST_POOL_CHECK_MS = 60_000;
const POOL_CHECK_MS = 10_000;
const HASH_LENGTH = 64;

/** Modules that a cache works with. */
export interface TemplateCacheModules {
  readonly chain: Chain;
  /** Counts the changes of the pool. */
  readonly mempool: { readonly updates: number };
  readonly miner: { template(): Promise<BlockTemplate> };
  readonly clock: { now(): number };
}

/** A template and the name by which to wait for the next. */
export interface SharedTemplate {
  readonly template: BlockTemplate;
  readonly longPollId: string;
}

/** The template that callers share. */
export class TemplateCache {
  readonly #modules: TemplateCacheModules;
  #made:
    | { readonly template: BlockTemplate; readonly updates: number; readonly at: number }
    | undefined;

  constructor(modules: TemplateCacheModules) {
    this.#modules = modules;
  }

  /** The template on the tip, with the time of now. */
  async current(): Promise<SharedTemplate> {
    const { chain, mempool, miner, clock } = this.#modules;
    const now = clock.now();
    let made = this.#made;
    const isOld =
      !made ||
      made.template.parent.ref.hash !== chain.tip.ref.hash ||
      (made.updates !== mempool.updates && now - made.at > KEEP_SECONDS);
    if (!made || isOld) {
      const { updates } = mempool;
      made = { template: await miner.template(), updates, at: now };
      this.#made = made;
    }
    const { hash } = made.template.parent.ref;
    const template = refreshed(made.template, now, chain.params);
    return { template, longPollId: `${hash}${made.updates}` };
  }

  /**
   * Resolves when the tip is not the one of `longPollId` any more, or when the pool has changed since and
   * a minute is over; at once for an id that is none of ours. Undefined stands for the last template.
   * Also resolves when `signal` fires.
   */
  async changed(longPollId: string | undefined, signal: AbortSignal): Promise<void> {
    const { chain, mempool } = this.#modules;
    const watched = longPollId?.slice(0, HASH_LENGTH) ?? (chain.tip.ref.hash as string);
    const updates =
      longPollId === undefined
        ? (this.#made?.updates ?? 0)
        : Number.parseInt(longPollId.slice(HASH_LENGTH), 10) || 0;
    let waitMs = FIRST_POOL_CHECK_MS;
    while (chain.tip.ref.hash === watched && !signal.aborted) {
      await tipOrTimeout(chain, waitMs, signal);
      if (mempool.updates !== updates) return;
      waitMs = POOL_CHECK_MS;
    }
  }
}

/** The block a long poll id names; undefined when it doesn't begin with a hash. */
export function watchedBlock(longPollId: string): BlockHash | undefined {
  const hash = longPollId.slice(0, HASH_LENGTH);
  return hash.length === HASH_LENGTH && isHex(hash) ? (hash.toLowerCase() as BlockHash) : undefined;
}

function tipOrTimeout(chain: Chain, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      unlisten();
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
    const unlisten = chain.onTip(finish);
  });
}
