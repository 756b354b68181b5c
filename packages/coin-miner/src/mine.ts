/**
 * The miner's round: a template, a search on threads, a block handed in. A long poll beside the search says when
 * the node has a better template. While the node is away nothing is searched; a block that was found is kept
 * until the node has said what it thinks of it.
 */
import { HashMeter, type SearchThreads } from '@coind/pow';
import { type Block, bytesToHex, workOf } from '@coind/primitives';
import { blockFor, type Template } from './block.ts';
import { type MiningNode, NodeAway } from './node.ts';

/** Plain settings of {@link mineFor}. */
export interface MinerOptions {
  /** Who is paid. */
  readonly scriptPubKey: Uint8Array;
  /** Stop after so many accepted blocks; undefined goes on. */
  readonly blocks: number | undefined;
}

/** Where a search stands. */
export interface Progress {
  readonly height: number;
  readonly hashesPerSecond: number;
  /** Hashes since the last block, as a share of what a block takes on average: may be more than 1. */
  readonly share: number;
  /** Accepted blocks. */
  readonly blocks: number;
}

/** Who hears of what happens. */
export interface MinerEvents {
  /** About once a second. */
  progress(progress: Progress): void;
  found(block: Block, height: number): void;
  /** The node did not take a block, and why. */
  refused(block: Block, reason: string): void;
  /** The node is away, or back. */
  away(reason: string): void;
  back(): void;
}

/** Modules of {@link mineFor}. */
export interface MinerModules {
  readonly node: MiningNode;
  readonly threads: SearchThreads;
  readonly events: MinerEvents;
}

const METER_MS = 1_000;
const RETRY_MS = 1_000;
/** After so long the time in a header is set anew. */
const TIME_MS = 60_000;

/** Mines until the signal, or until there are enough blocks; returns how many were accepted. */
export function mineFor(
  options: MinerOptions,
  modules: MinerModules,
  signal: AbortSignal,
): Promise<number> {
  return new Round(options, modules, signal).run();
}

class Round {
  readonly #options: MinerOptions;
  readonly #modules: MinerModules;
  readonly #signal: AbortSignal;
  readonly #meter = new HashMeter();
  #blocks = 0;
  #extraNonce = 0;
  #hashesBefore = 0;
  #isAway = false;

  constructor(options: MinerOptions, modules: MinerModules, signal: AbortSignal) {
    this.#options = options;
    this.#modules = modules;
    this.#signal = signal;
  }

  async run(): Promise<number> {
    const { node, events } = this.#modules;
    let template: Template | undefined;
    const telling = setInterval(() => this.#tell(template, events), METER_MS);
    this.#meter.sample(0, performance.now());
    try {
      while (!this.#signal.aborted && !this.#isDone) {
        template ??= await this.#asked(() => node.template(this.#signal));
        if (!template) break;
        if (template.signet_challenge !== undefined) {
          throw new Error('Blocks of a signet have to be signed, which coin-miner does not do');
        }
        template = await this.#search(template);
      }
      return this.#blocks;
    } finally {
      clearInterval(telling);
    }
  }

  get #isDone(): boolean {
    const { blocks } = this.#options;
    return blocks !== undefined && this.#blocks >= blocks;
  }

  /** Works on a template; returns the next one, undefined when it has to be asked for. */
  async #search(template: Template): Promise<Template | undefined> {
    const over = new AbortController();
    const signal = AbortSignal.any([this.#signal, over.signal]);
    let better: Template | undefined;
    const polling = this.#poll(template, signal)
      .then((found) => {
        better = found;
      })
      .finally(() => over.abort());
    // Heard of below, once the threads have stopped.
    polling.catch(() => undefined);
    const started = performance.now();
    while (!signal.aborted) {
      this.#extraNonce++;
      const elapsed = Math.floor((performance.now() - started) / 1000);
      const { scriptPubKey } = this.#options;
      const choices = {
        scriptPubKey,
        extraNonce: this.#extraNonce,
        time: template.curtime + elapsed,
      };
      const block = blockFor(template, choices);
      const limited = AbortSignal.any([signal, AbortSignal.timeout(TIME_MS)]);
      const outcome = await this.#modules.threads.search(block.header, limited);
      if (outcome.status !== 'found') continue;
      await this.#submit(block.withHeader(outcome.header), template);
      over.abort();
    }
    await polling;
    return better;
  }

  /** Waits for a better template; gives up when the node goes away, to ask again from the start. */
  async #poll(template: Template, signal: AbortSignal): Promise<Template | undefined> {
    const { longpollid } = template;
    try {
      if (longpollid !== undefined) return await this.#modules.node.template(signal, longpollid);
    } catch (error) {
      if (!(error instanceof NodeAway)) throw error;
      return undefined;
    }
    await pause(RETRY_MS, signal);
    return undefined;
  }

  async #submit(block: Block, { height }: Template): Promise<void> {
    const { node, events, threads } = this.#modules;
    const hex = bytesToHex(block.encode());
    const reason = await this.#asked(() => node.submit(hex));
    if (reason === undefined) return;
    this.#hashesBefore = threads.hashes;
    // Without an answer to the first attempt the second one is a duplicate.
    if (reason !== null && reason !== 'duplicate') return events.refused(block, reason);
    this.#blocks++;
    events.found(block, height);
  }

  /** The answer of the node, which is waited for while it is away; undefined when the signal comes first. */
  async #asked<T>(ask: () => Promise<T>): Promise<T | undefined> {
    const { events } = this.#modules;
    while (!this.#signal.aborted) {
      try {
        const answer = await ask();
        if (this.#isAway) events.back();
        this.#isAway = false;
        return answer;
      } catch (error) {
        if (!(error instanceof NodeAway)) throw error;
        if (!this.#isAway && !this.#signal.aborted) events.away(error.message);
        this.#isAway = true;
        await pause(RETRY_MS, this.#signal);
      }
    }
    return undefined;
  }

  #tell(template: Template | undefined, events: MinerEvents): void {
    const { hashes } = this.#modules.threads;
    this.#meter.sample(hashes, performance.now());
    if (!template) return;
    const needed = Number(workOf(Number.parseInt(template.bits, 16)));
    events.progress({
      height: template.height,
      hashesPerSecond: this.#meter.perSecond,
      share: needed > 0 ? (hashes - this.#hashesBefore) / needed : 0,
      blocks: this.#blocks,
    });
  }
}

/** Waits, or until the signal. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}
