/**
 * The built-in miner: templates, the nonce search and the chain's door put together. It mines on
 * request; what is found goes through `chain.submitBlock` like anybody else's block.
 */
import type { ValidationError } from '@coind/consensus';
import { searchNonce } from '@coind/pow';
import type { Block, BlockHash, Tx } from '@coind/primitives';
import {
  type BlockTemplate,
  blockOf,
  createTemplate,
  emptyTemplate,
  type TemplateModules,
  type TemplateOptions,
} from './template.ts';
import { TemplateCache } from './template-cache.ts';

/** Modules that a miner works with. */
export type MinerModules = TemplateModules;

/** Limits of one request. */
export interface MineLimits {
  /** Nonces that may fail, over all blocks of the request; bitcoind's default is a million. */
  readonly maxTries?: number;
  /** Stops the search; blocks found until then stay. */
  readonly signal?: AbortSignal;
}

/** bitcoind's default for `maxtries`. */
export const DEFAULT_MAX_TRIES = 1_000_000;

/** The chain did not take a block of our own making. */
export class BlockRefused extends Error {
  override name = 'BlockRefused';
  readonly block: Block;
  override readonly cause: ValidationError | undefined;

  constructor(block: Block, cause?: ValidationError) {
    super('block not accepted');
    this.block = block;
    this.cause = cause;
  }
}

/** A miner. */
export interface Miner {
  /** What its templates are made by. */
  readonly options: TemplateOptions;
  /** The template made last, for `getmininginfo`; undefined before the first. */
  readonly last: BlockTemplate | undefined;
  /** Templates for those who mine elsewhere. */
  readonly templates: TemplateCache;
  /** The next block as it would be mined now. */
  template(): Promise<BlockTemplate>;
  /**
   * Mines up to `count` blocks that pay `scriptPubKey`; fewer when the tries are used up. Throws
   * `BlockRefused` when the chain refuses one.
   */
  mine(count: number, scriptPubKey: Uint8Array, limits?: MineLimits): Promise<BlockHash[]>;
  /**
   * A block on the tip of just these transactions, in this order, without their fees. Its nonce is
   * still to be found, and it is not submitted.
   */
  draft(txs: readonly Tx[], scriptPubKey: Uint8Array): Block;
  /** The block with a nonce that meets its target; undefined when the tries are used up. */
  solve(block: Block, limits?: MineLimits): Promise<Block | undefined>;
}

/** Makes a miner. */
export function createMiner(options: TemplateOptions, modules: MinerModules): Miner {
  const { chain, clock } = modules;
  let last: BlockTemplate | undefined;

  async function mine(
    count: number,
    scriptPubKey: Uint8Array,
    { maxTries = DEFAULT_MAX_TRIES, ...limits }: MineLimits = {},
  ): Promise<BlockHash[]> {
    const hashes: BlockHash[] = [];
    let triesLeft = maxTries;
    while (hashes.length < count) {
      const block = blockOf(await template(), scriptPubKey, chain.params);
      const outcome = await searchNonce(block.header, { ...limits, maxTries: triesLeft });
      if (outcome.status === 'stopped') break;
      triesLeft -= outcome.tries;
      if (outcome.status === 'exhausted') continue;
      hashes.push(await submit(block.withHeader(outcome.header)));
    }
    return hashes;
  }

  async function submit(block: Block): Promise<BlockHash> {
    const outcome = await chain.submitBlock(block);
    if (outcome.status === 'invalid') throw new BlockRefused(block, outcome.error);
    return block.hash;
  }

  function template(): Promise<BlockTemplate> {
    return chain.exclusively(() => {
      last = createTemplate(options, modules);
      return last;
    });
  }

  function draft(txs: readonly Tx[], scriptPubKey: Uint8Array): Block {
    const parent = chain.headerContext(chain.tip.ref.hash);
    const empty = emptyTemplate(parent, clock.now(), options, chain.params);
    return blockOf(empty, scriptPubKey, chain.params, { txs });
  }

  async function solve(
    block: Block,
    { maxTries = DEFAULT_MAX_TRIES, ...limits }: MineLimits = {},
  ): Promise<Block | undefined> {
    const outcome = await searchNonce(block.header, { ...limits, maxTries });
    return outcome.status === 'found' ? block.withHeader(outcome.header) : undefined;
  }

  return {
    options,
    templates: new TemplateCache({ ...modules, miner: { template } }),
    get last() {
      return last;
    },
    template,
    mine,
    draft,
    solve,
  };
}
