/**
 * Mines one block at a time on threads: makes a template, searches, and begins anew when the tip has changed or
 * a minute is over, so that no work goes into a block that nobody wants any more. When to mine is decided in
 * `modes.ts`.
 */
import type { Chain } from '@coind/chain';
import { HashMeter, type SearchThreads } from '@coind/pow';
import type { Block, BlockHash } from '@coind/primitives';
import { BlockRefused, type Miner } from './miner.ts';
import type { Payee } from './payee.ts';
import { blockOf } from './template.ts';

/** Modules that a digger works with. */
export interface DiggerModules {
  readonly chain: Chain;
  readonly miner: Pick<Miner, 'template'>;
  /** Starts so many threads. */
  readonly threads: (count: number) => SearchThreads;
}

const METER_MS = 1_000;
/** After so long a block is made anew, with the time of then and what the pool holds by then. */
const TEMPLATE_MS = 60_000;

/** Mines block after block, or one. */
export class Digger {
  readonly #modules: DiggerModules;
  readonly #meter = new HashMeter();
  #search: SearchThreads | undefined;
  #extraNonce = 0;
  #found = 0;

  constructor(modules: DiggerModules) {
    this.#modules = modules;
  }

  /** Hashes per second over the last seconds; 0 while nothing is searched. */
  get hashesPerSecond(): number {
    return this.#meter.perSecond;
  }

  /** Blocks found and accepted. */
  get blocksFound(): number {
    return this.#found;
  }

  /**
   * Mines one block that pays `payee`, on `threads` threads. Undefined when the signal came first. Throws
   * `BlockRefused` when the chain does not take it.
   */
  async mineOne(
    payee: Payee,
    threads: number,
    signal: AbortSignal,
  ): Promise<BlockHash | undefined> {
    const search = await this.#threads(threads);
    const meter = setInterval(() => this.#measure(search), METER_MS).unref();
    this.#measure(search);
    try {
      while (!signal.aborted) {
        const hash = await this.#tryOne(payee, search, signal);
        if (hash !== undefined) return hash;
      }
      return undefined;
    } finally {
      clearInterval(meter);
    }
  }

  /** The measurement is over: nothing is searched. */
  rest(): void {
    this.#meter.clear();
  }

  async close(): Promise<void> {
    await this.#search?.close();
    this.#search = undefined;
  }

  #measure(search: SearchThreads): void {
    this.#meter.sample(search.hashes, performance.now());
  }

  async #threads(count: number): Promise<SearchThreads> {
    if (this.#search?.threads !== count) {
      await this.close();
      this.#meter.clear();
      this.#search = this.#modules.threads(count);
    }
    return this.#search as SearchThreads;
  }

  /** One template, until it is solved or out of date. */
  async #tryOne(
    payee: Payee,
    search: SearchThreads,
    signal: AbortSignal,
  ): Promise<BlockHash | undefined> {
    const { chain, miner } = this.#modules;
    const outdated = new AbortController();
    // From here on, because the tip may change while the template is made.
    const unlisten = chain.onTip(() => outdated.abort());
    const aging = setTimeout(() => outdated.abort(), TEMPLATE_MS).unref();
    try {
      const script = await payee.script();
      const template = await miner.template();
      const choices = this.#extraNonce > 0 ? { extraNonce: this.#extraNonce } : {};
      const block = blockOf(template, script, chain.params, choices);
      const outcome = await search.search(block.header, AbortSignal.any([signal, outdated.signal]));
      // With the clock held still the next template would be the same again.
      if (outcome.status === 'exhausted') this.#extraNonce++;
      if (outcome.status !== 'found') return undefined;
      return await this.#submit(block.withHeader(outcome.header), payee);
    } finally {
      unlisten();
      clearTimeout(aging);
    }
  }

  async #submit(block: Block, payee: Payee): Promise<BlockHash | undefined> {
    const outcome = await this.#modules.chain.submitBlock(block);
    if (outcome.status === 'invalid') throw new BlockRefused(block, outcome.error);
    // Somebody else's may have come first.
    if (outcome.status !== 'connected') return undefined;
    payee.paid();
    this.#found++;
    return block.hash;
  }
}
