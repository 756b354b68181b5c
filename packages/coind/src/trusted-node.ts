/**
 * Following a node one trusts (-verifyagainst): its chain is compared with ours at intervals, and more seldom
 * its set of coins. Where they part, the owner is warned until they agree again. Nothing is taken from that node
 * but answers, and nothing is believed of it: what to do about a split is for people to decide.
 */
import { readFileSync } from 'node:fs';
import type { Chain, CoinStatsIndex } from '@coind/chain';
import type { BlockRef } from '@coind/consensus';
import type { BlockHash } from '@coind/primitives';
import { createClient, type Fetch } from '@coind/rpc/client';
import { ConfError, type Settings } from '@coind/rpc/conf';
import type { Log } from './log.ts';
import type { Scheduler } from './scheduler.ts';
import type { Warnings } from './warnings.ts';

/** Below two tips the chains may differ for so many blocks without anybody being wrong. */
const ORDINARY_FORK_BLOCKS = 1;
/** A short fork that is still there at the so-many-th look is no race of two miners. */
const LOOKS_BEFORE_ALARM = 3;
const FIRST_LOOK_MS = 1_000;
/** A set of coins is counted from end to end where no index keeps its hash. */
const ANSWER_MS = 10 * 60_000;

/** Asks the trusted node; throws when it does not answer, or refuses. */
export type AskTrusted = (
  method: string,
  params?: readonly (string | number)[],
) => Promise<unknown>;

/** What -verifyagainst and its kin say. */
export interface TrustedNodeOptions {
  /** `host:port`, without what is secret. */
  readonly name: string;
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Holds `user:password`, written anew at every start of the other node. */
  readonly cookieFile: string | undefined;
  readonly intervalMs: number;
  /** 0 for never. */
  readonly coinsIntervalMs: number;
}

/** The options, or undefined without -verifyagainst. Throws {@link ConfError}. */
export function trustedNodeOptions(
  settings: Settings,
  rpcPort: number,
): TrustedNodeOptions | undefined {
  const text = settings.text('verifyagainst', '');
  if (text === '') return undefined;
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `http://${text}`);
  } catch {
    throw new ConfError('Cannot read -verifyagainst: expected [user:password@]host[:port]');
  }
  if (!['http:', 'https:'].includes(url.protocol)) {
    throw new ConfError('-verifyagainst is reached over http or https only');
  }
  const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  if (url.port === '') url.port = String(rpcPort);
  const name = url.host;
  url.username = url.password = '';
  return {
    name,
    url: url.href,
    user: user || settings.text('rpcuser', ''),
    password: password || settings.text('rpcpassword', ''),
    cookieFile: settings.text('verifyagainstcookie'),
    intervalMs: 1000 * positive(settings, 'verifyagainstinterval', 60),
    coinsIntervalMs: 60_000 * Math.max(0, settings.int('verifyagainstutxo', 60)),
  };
}

function positive(settings: Settings, name: string, fallback: number): number {
  const value = settings.int(name, fallback);
  if (value <= 0) throw new ConfError(`-${name} must be a positive integer.`);
  return value;
}

/** Asks over JSON-RPC. `stopping` ends what is under way. */
export function askOverRpc(options: TrustedNodeOptions, stopping: AbortSignal): AskTrusted {
  const { url, cookieFile } = options;
  return (method, params = []) => {
    const cookie = cookieFile === undefined ? undefined : readFileSync(cookieFile, 'utf8').trim();
    const [user, ...rest] = (cookie ?? '').split(':');
    const credentials = cookie
      ? { user: user ?? '', password: rest.join(':') }
      : { user: options.user, password: options.password };
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(ANSWER_MS)]);
    const client = createClient({ url, ...credentials, fetch: fetch as Fetch, signal });
    return client.call(method, params);
  };
}

/** What the watch works with. */
export interface TrustedNodeModules {
  readonly chain: Chain;
  /** Knows the hash of the coins at every height, where it is kept. */
  readonly coinStats: CoinStatsIndex | undefined;
  readonly warnings: Warnings;
  readonly log: Log;
  readonly ask: AskTrusted;
}

/** Compares now and then; tells the owner. */
export class TrustedNodeWatch {
  readonly #name: string;
  readonly #modules: TrustedNodeModules;
  #answers = true;
  #forkLooks = 0;
  #busy: Promise<void> = Promise.resolve();

  constructor(name: string, modules: TrustedNodeModules) {
    this.#name = name;
    this.#modules = modules;
  }

  /** Resolves when nothing is being compared. */
  idle(): Promise<void> {
    return this.#busy;
  }

  /** Compares the chains. Never rejects: what goes wrong is in the log. */
  lookAtChain(): Promise<void> {
    return this.#inTurn(() => this.#compareChains());
  }

  /** Compares the coins as of a block that both chains have. */
  lookAtCoins(): Promise<void> {
    return this.#inTurn(async () => {
      const common = await this.#compareChains();
      if (common) await this.#compareCoins(common);
    });
  }

  /** One comparison after the other. */
  #inTurn(look: () => Promise<unknown>): Promise<void> {
    this.#busy = this.#busy.then(async () => {
      try {
        await look();
        if (!this.#answers) this.#modules.log.info(`${this.#name} answers again`);
        this.#answers = true;
      } catch (error) {
        if (this.#answers) {
          const why = error instanceof Error ? error.message : String(error);
          this.#modules.log.warn(`Cannot compare with the trusted node ${this.#name}: ${why}`);
        }
        this.#answers = false;
      }
    });
    return this.#busy;
  }

  /** The highest block that both have, when the chains agree as far as the shorter one goes. */
  async #compareChains(): Promise<BlockRef | undefined> {
    const { chain, warnings, log } = this.#modules;
    const theirs = await this.#height();
    const height = Math.min(theirs, chain.tip.ref.height);
    if (await this.#agreesAt(height)) {
      this.#forkLooks = 0;
      if (warnings.unset('trusted-chain')) log.info(`Our chain agrees with ${this.#name} again`);
      return chain.at(height)?.ref;
    }
    const fork = await this.#forkBelow(height);
    this.#forkLooks++;
    const isShort = height - fork <= ORDINARY_FORK_BLOCKS;
    if (fork >= 0 && isShort && this.#forkLooks < LOOKS_BEFORE_ALARM) return chain.at(fork)?.ref;
    warnings.set(
      'trusted-chain',
      fork < 0
        ? `Warning: the trusted node ${this.#name} is on another network: its first block is not ours.`
        : `Warning: our chain has split from that of the trusted node ${this.#name}: blocks differ from height ${fork + 1} on.`,
    );
    return undefined;
  }

  async #compareCoins(common: BlockRef): Promise<void> {
    const { warnings, log } = this.#modules;
    const pair = await this.#coinsOfBoth(common);
    if (!pair) {
      log.info(`The coins could not be compared with ${this.#name} this time`);
      return;
    }
    const { ref, ours, theirs } = pair;
    if (ours === theirs) {
      if (warnings.unset('trusted-coins')) log.info(`Our coins agree with ${this.#name} again`);
      log.info(`The coins at height ${ref.height} are those of ${this.#name}`, { muhash: ours });
      return;
    }
    warnings.set(
      'trusted-coins',
      `Warning: our unspent coins at height ${ref.height} differ from those of the trusted node ${this.#name} (muhash ${ours}, there ${theirs}).`,
    );
  }

  /** Both hashes at one block: by the indexes where there are any, else at the tip if it is one tip. */
  async #coinsOfBoth(
    common: BlockRef,
  ): Promise<{ ref: BlockRef; ours: string; theirs: string } | undefined> {
    const { chain, coinStats, ask } = this.#modules;
    const indexed = await coinStats?.stats(common);
    const mine = indexed
      ? { ref: common, hash: indexed.muhash }
      : await chain.utxoStats('muhash').then(({ ref, hash }) => ({ ref, hash }));
    const { ref, hash: ours } = mine;
    if (ours === undefined) return undefined;
    const at = await ask('gettxoutsetinfo', ['muhash', ref.height]).catch(() =>
      ask('gettxoutsetinfo', ['muhash']),
    );
    const { bestblock, muhash } = at as { bestblock?: unknown; muhash?: unknown };
    if (bestblock !== ref.hash || typeof muhash !== 'string') return undefined;
    return { ref, ours, theirs: muhash };
  }

  async #height(): Promise<number> {
    const height = await this.#modules.ask('getblockcount');
    if (typeof height !== 'number') throw new Error('getblockcount gave no number');
    return height;
  }

  async #agreesAt(height: number): Promise<boolean> {
    const { chain, ask } = this.#modules;
    const theirs = (await ask('getblockhash', [height])) as BlockHash;
    return chain.at(height)?.ref.hash === theirs;
  }

  /** The last height at which the chains agree, found in steps that double; -1 when they never did. */
  async #forkBelow(height: number): Promise<number> {
    let apart = height;
    let step = 1;
    let same = -1;
    while (apart > 0) {
      const at = Math.max(0, apart - step);
      if (await this.#agreesAt(at)) {
        same = at;
        break;
      }
      apart = at;
      step *= 2;
    }
    if (same < 0) return -1;
    while (apart - same > 1) {
      const middle = (apart + same) >> 1;
      if (await this.#agreesAt(middle)) same = middle;
      else apart = middle;
    }
    return same;
  }
}

/** Watches from now on; the returned function waits for the comparison under way. */
export function watchTrustedNode(
  options: TrustedNodeOptions,
  { scheduler, ...modules }: TrustedNodeModules & { readonly scheduler: Scheduler },
): () => Promise<void> {
  const { name, intervalMs, coinsIntervalMs } = options;
  const watch = new TrustedNodeWatch(name, modules);
  let isFirst = true;
  scheduler.every(
    () => (isFirst ? FIRST_LOOK_MS : intervalMs),
    () => {
      isFirst = false;
      void watch.lookAtChain();
    },
  );
  if (coinsIntervalMs > 0) {
    scheduler.every(
      () => coinsIntervalMs,
      () => void watch.lookAtCoins(),
    );
  }
  modules.log.info(`Comparing our chain with that of ${name}`);
  return () => watch.idle();
}
