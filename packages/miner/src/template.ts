/**
 * Block templates: which transactions of the pool go into the next block, and everything of its header
 * but the nonce. Chunks are taken by falling fee rate as long as weight, sigops and locktimes allow.
 * Who searches the nonce is not decided here.
 */
import type { Chain } from '@coind/chain';
import {
  blockVersion,
  type DeploymentCaches,
  deploymentCaches,
  type HeaderContext,
  isFinalTx,
  MAX_BLOCK_SIGOPS_COST,
  MAX_BLOCK_WEIGHT,
  MAX_TIMEWARP,
  nextBits,
  retargetInterval,
  subsidy,
} from '@coind/consensus';
import type { Chunk, Entry, Mempool } from '@coind/mempool';
import { compareRates } from '@coind/mempool';
import {
  Block,
  type ChainParams,
  type FeeRate,
  feeRate,
  type Sats,
  type Tx,
} from '@coind/primitives';
import { coinbaseTx } from './coinbase.ts';

/** Settings of templates. */
export interface TemplateOptions {
  /** `-blockmaxweight`. */
  readonly maxWeight: number;
  /** Weight kept for header and coinbase (`-blockreservedweight`). */
  readonly reservedWeight: number;
  /** Chunks below this rate stay out (`-blockmintxfee`). */
  readonly minFee: FeeRate;
  /** Block version to use instead of the signalling one (`-blockversion`, regtest). */
  readonly version?: number;
  /** Makes coinbases as 0.16 did: final, without a locktime. */
  readonly finalCoinbase?: boolean;
}

/** bitcoind's defaults. */
export const templateDefaults: TemplateOptions = {
  maxWeight: MAX_BLOCK_WEIGHT,
  reservedWeight: 8_000,
  minFee: feeRate(1n),
};

/** Sigop cost kept for the outputs of a coinbase. */
const RESERVED_SIGOPS = 400;
/** Close to full, so many misfits in a row end the search for what still fits. */
const MAX_MISFITS = 1_000;
const FULL_ENOUGH_WEIGHT = 4_000;

/** The next block but for its coinbase and nonce. */
export interface BlockTemplate {
  readonly parent: HeaderContext;
  readonly height: number;
  readonly version: number;
  /** Unix seconds. */
  readonly time: number;
  /** The least time that the rules allow. */
  readonly minTime: number;
  readonly bits: number;
  /** In block order; parents come first. */
  readonly entries: readonly Entry[];
  readonly fees: Sats;
  /** Subsidy and fees: what the coinbase may pay. */
  readonly coinbaseValue: Sats;
  /** Weight and sigop cost, with what is kept for the coinbase. */
  readonly weight: number;
  readonly sigopCost: number;
  /** Whether the coinbase has no locktime. */
  readonly finalCoinbase: boolean;
}

/** Modules that templates are made from. */
export interface TemplateModules {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly clock: { now(): number };
}

/** A template on the tip. Run it inside `chain.exclusively`, so that pool and tip belong together. */
export function createTemplate(options: TemplateOptions, modules: TemplateModules): BlockTemplate {
  const { chain, mempool, clock } = modules;
  const parent = chain.headerContext(chain.tip.ref.hash);
  const empty = emptyTemplate(parent, clock.now(), options, chain.params);
  const selection = selectEntries(mempool.chunks(), empty, options);
  return { ...empty, ...selection, coinbaseValue: empty.coinbaseValue + selection.fees };
}

/** Template of a block on `parent` without transactions, at `now` (unix seconds). */
export function emptyTemplate(
  parent: HeaderContext,
  now: number,
  { reservedWeight, version, finalCoinbase = false }: TemplateOptions,
  params: ChainParams,
): BlockTemplate {
  const height = parent.ref.height + 1;
  const minTime = minimumTime(parent, params);
  const time = Math.max(minTime, now);
  return {
    parent,
    height,
    version: version ?? blockVersion(parent, params, cachesOf(params)),
    time,
    minTime,
    bits: nextBits(parent, time, params),
    entries: [],
    fees: 0n,
    coinbaseValue: subsidy(height, params),
    weight: reservedWeight,
    sigopCost: RESERVED_SIGOPS,
    finalCoinbase,
  };
}

/** The same template with the time of `now`, and the target that goes with it where that depends on it. */
export function refreshed(
  template: BlockTemplate,
  now: number,
  params: ChainParams,
): BlockTemplate {
  const time = Math.max(template.minTime, now);
  if (time <= template.time) return template;
  const bits = params.minDifficultyBlocks ? nextBits(template.parent, time, params) : template.bits;
  return { ...template, time, bits };
}

const caches = new WeakMap<ChainParams, DeploymentCaches>();

/** States of deployments are looked up per period; without a cache each block would count them again. */
function cachesOf(params: ChainParams): DeploymentCaches {
  let found = caches.get(params);
  if (!found) {
    found = deploymentCaches();
    caches.set(params, found);
  }
  return found;
}

/**
 * The least time of a block on `parent`. The first block of a period keeps to BIP94's limit on every
 * network, although only some ask for it.
 */
export function minimumTime(parent: HeaderContext, params: ChainParams): number {
  const afterMedian = parent.medianTimePast + 1;
  const startsPeriod = (parent.ref.height + 1) % retargetInterval(params) === 0;
  return startsPeriod ? Math.max(afterMedian, parent.header.time - MAX_TIMEWARP) : afterMedian;
}

type Selection = Pick<BlockTemplate, 'entries' | 'fees' | 'weight' | 'sigopCost'>;

/** Chunks in mining order as long as they fit. */
export function selectEntries(
  chunks: readonly Chunk[],
  { parent, height, weight: reservedWeight }: BlockTemplate,
  { maxWeight, minFee }: TemplateOptions,
): Selection {
  const entries: Entry[] = [];
  /** Clusters of which a chunk was left out: the rest depends on it, or pays less. */
  const closed = new Set<object>();
  let weight = reservedWeight;
  let sigopCost = RESERVED_SIGOPS;
  let fees = 0n;
  let misfits = 0;
  for (const chunk of chunks) {
    if (closed.has(chunk.cluster)) continue;
    const byVsize = { fee: chunk.fee, size: Math.ceil(chunk.size / 4) };
    if (compareRates(byVsize, { fee: minFee, size: 1_000 }) < 0) break;
    let cost = 0;
    for (const entry of chunk.entries) cost += entry.sigopCost;
    const fits =
      weight + chunk.size < maxWeight &&
      sigopCost + cost < MAX_BLOCK_SIGOPS_COST &&
      chunk.entries.every(({ tx }) => isFinalTx(tx, height, parent.medianTimePast));
    if (!fits) {
      closed.add(chunk.cluster);
      if (++misfits > MAX_MISFITS && weight + FULL_ENOUGH_WEIGHT > maxWeight) break;
      continue;
    }
    misfits = 0;
    for (const entry of chunk.entries) {
      entries.push(entry);
      weight += entry.tx.weight;
      sigopCost += entry.sigopCost;
      fees += entry.fee;
    }
  }
  return { entries, fees, weight, sigopCost };
}

/** Who is paid by a block, and what else is up to whoever makes it. */
export interface BlockChoices {
  /** The transactions; those of the template unless told otherwise. */
  readonly txs?: readonly Tx[];
  readonly extraNonce?: number;
}

/** The block that a template makes when `scriptPubKey` is paid; its nonce is 0. */
export function blockOf(
  template: BlockTemplate,
  scriptPubKey: Uint8Array,
  params: ChainParams,
  { txs = template.entries.map(({ tx }) => tx), ...coinbase }: BlockChoices = {},
): Block {
  const { height, coinbaseValue: value, parent, version, time, bits, finalCoinbase } = template;
  const fields = { height, value, scriptPubKey, txs, isFinal: finalCoinbase, ...coinbase };
  const all = [coinbaseTx(fields, params), ...txs];
  return Block.of({ version, prevHash: parent.ref.hash, time, bits, nonce: 0 }, all);
}
