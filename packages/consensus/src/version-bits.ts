/**
 * Soft forks that miners decide by bits of the block version (BIP9, with BIP341's minimum activation
 * height): the state machine, its statistics, and the version a new block should have.
 */
import type { BlockHash, ChainParams, VersionBitsDeployment } from '@coind/primitives';
import type { HeaderContext } from './header-context.ts';
import { retargetInterval } from './pow.ts';

/** Where a deployment stands, as `getdeploymentinfo` spells it. */
export type DeploymentState = 'defined' | 'started' | 'locked_in' | 'active' | 'failed';

/** Names a deployment of the parameters. */
export type DeploymentName = keyof ChainParams['deployments'];

/**
 * States that were worked out before, by the hash of the last block of a period. They never change, so
 * a node keeps one map per deployment and asks in constant time.
 */
export type DeploymentCache = Map<BlockHash, DeploymentState>;

const TOP_BITS = 0x20000000;
const TOP_MASK = 0xe0000000;
const ALWAYS_ACTIVE = -1;
const NEVER_ACTIVE = -2;
/** Bits that may announce a deployment; BIP323 gives the rest of BIP9's 29 to miners, as a nonce. */
const SIGNAL_BITS = 5;
const SIGNAL_MASK = (1 << SIGNAL_BITS) - 1;

/** The rule by which a period's blocks are counted, and the times between which they are. */
interface Threshold extends Omit<VersionBitsDeployment, 'bit'> {
  /** How many blocks of the period that ends with `last` count. */
  count(last: HeaderContext): number;
}

function thresholdOf(deployment: VersionBitsDeployment): Threshold {
  const count = (last: HeaderContext): number => {
    let signals = 0;
    for (const { version } of backFrom(last, deployment.period)) {
      if (hasSignal(version, deployment.bit)) signals++;
    }
    return signals;
  };
  return { ...deployment, count };
}

/** True when a block version follows BIP9 and has `bit` set. */
export function hasSignal(version: number, bit: number): boolean {
  return (version & TOP_MASK) >>> 0 === TOP_BITS && ((version >>> bit) & 1) === 1;
}

/** State of `deployment` for a block on `parent`; undefined parent for the genesis block. */
export function deploymentState(
  deployment: VersionBitsDeployment,
  parent: HeaderContext | undefined,
  cache: DeploymentCache = new Map(),
): DeploymentState {
  return stateAfter(thresholdOf(deployment), parent, cache);
}

/** The last block of the last whole period at or before `block`. */
function periodEnd(block: HeaderContext, period: number): HeaderContext | undefined {
  return block.ancestor(block.ref.height - ((block.ref.height + 1) % period));
}

function stateAfter(
  threshold: Threshold,
  parent: HeaderContext | undefined,
  cache: DeploymentCache,
): DeploymentState {
  if (threshold.startTime === ALWAYS_ACTIVE) return 'active';
  if (threshold.startTime === NEVER_ACTIVE) return 'failed';
  const { period, startTime } = threshold;
  const unknown: HeaderContext[] = [];
  let state: DeploymentState = 'defined';
  let end = parent && periodEnd(parent, period);
  for (; end; end = end.ancestor(end.ref.height - period)) {
    const known = cache.get(end.ref.hash);
    if (known) {
      state = known;
      break;
    }
    // Every earlier period ended earlier still: the deployment was not started there.
    if (end.medianTimePast < startTime) {
      cache.set(end.ref.hash, 'defined');
      break;
    }
    unknown.push(end);
  }
  for (const periodLast of unknown.reverse()) {
    state = nextState(state, threshold, periodLast);
    cache.set(periodLast.ref.hash, state);
  }
  return state;
}

/** The state after the period that ends with `last`. */
function nextState(
  state: DeploymentState,
  threshold: Threshold,
  last: HeaderContext,
): DeploymentState {
  const { startTime, timeout, minActivationHeight } = threshold;
  switch (state) {
    case 'defined':
      return last.medianTimePast >= startTime ? 'started' : state;
    case 'started':
      if (threshold.count(last) >= threshold.threshold) return 'locked_in';
      return timeout !== null && last.medianTimePast >= timeout ? 'failed' : state;
    case 'locked_in':
      return last.ref.height + 1 >= minActivationHeight ? 'active' : state;
    default:
      return state;
  }
}

/** `last` and the blocks before it, `length` in all: each is the parent of the one before. */
function* backFrom(last: HeaderContext, length: number): IterableIterator<HeaderContext> {
  let block: HeaderContext | undefined = last;
  for (let left = length; block && left > 0; left--) {
    yield block;
    block = block.ancestor(block.ref.height - 1);
  }
}

/** Height of the first block that had the state which a block on `parent` has. */
function stateSince(
  deployment: VersionBitsDeployment,
  parent: HeaderContext | undefined,
  cache: DeploymentCache,
): number {
  const { startTime, period } = deployment;
  if (startTime === ALWAYS_ACTIVE || startTime === NEVER_ACTIVE || !parent) return 0;
  const state = deploymentState(deployment, parent, cache);
  if (state === 'defined') return 0;
  let since = periodEnd(parent, period);
  while (since) {
    const before = since.ancestor(since.ref.height - period);
    if (!before || deploymentState(deployment, before, cache) !== state) break;
    since = before;
  }
  return (since?.ref.height ?? -1) + 1;
}

/** How the period of a block goes. */
export interface DeploymentStatistics {
  /** Blocks of a period. */
  readonly period: number;
  /** Blocks of this one so far. */
  readonly elapsed: number;
  /** How many of them signal. */
  readonly count: number;
  /** Only while it is still to be decided. */
  readonly vote?: {
    /** Signals that lock the deployment in. */
    readonly threshold: number;
    /** False when the rest of the period can no longer reach it. */
    readonly possible: boolean;
  };
}

/** What `getdeploymentinfo` tells about one deployment as of a block. */
export interface DeploymentInfo {
  /** The state of the block. */
  readonly state: DeploymentState;
  /** The height at which that state began. */
  readonly since: number;
  /** The state of the next block. */
  readonly nextState: DeploymentState;
  /** First height with the rules in force, as soon as it is known. */
  readonly activeSince?: number;
  /** Present while started or locked in. */
  readonly statistics?: DeploymentStatistics;
  /** One character per block of the period so far: `#` signals, `-` does not. */
  readonly signalling?: string;
}

/** State, beginning and count of `deployment` as of `block`. */
export function deploymentInfo(
  deployment: VersionBitsDeployment,
  block: HeaderContext,
  cache: DeploymentCache = new Map(),
): DeploymentInfo {
  const parent = block.ancestor(block.ref.height - 1);
  const state = deploymentState(deployment, parent, cache);
  const next = deploymentState(deployment, block, cache);
  const since = stateSince(deployment, parent, cache);
  const activeSince =
    state === 'active' ? since : next === 'active' ? block.ref.height + 1 : undefined;
  return {
    state,
    since,
    nextState: next,
    ...(activeSince !== undefined && { activeSince }),
    ...((state === 'started' || state === 'locked_in') && countPeriod(deployment, block, state)),
  };
}

function countPeriod(
  deployment: VersionBitsDeployment,
  block: HeaderContext,
  state: DeploymentState,
): { statistics: DeploymentStatistics; signalling: string } {
  const { period, threshold, bit } = deployment;
  const elapsed = 1 + (block.ref.height % period);
  let signalling = '';
  let count = 0;
  for (const member of backFrom(block, elapsed)) {
    const signals = hasSignal(member.version, bit);
    signalling = (signals ? '#' : '-') + signalling;
    if (signals) count++;
  }
  const vote = { threshold, possible: period - threshold >= elapsed - count };
  const statistics = { period, elapsed, count, ...(state === 'started' && { vote }) };
  return { statistics, signalling };
}

/** One cache per deployment of the parameters. */
export type DeploymentCaches = Record<DeploymentName, DeploymentCache>;

/** The caches of a node that has not asked yet. */
export function deploymentCaches(): DeploymentCaches {
  return { testdummy: new Map() };
}

/** Version of a new block on `parent`: BIP9's top bits, and a signal for all that is undecided. */
export function blockVersion(
  parent: HeaderContext | undefined,
  params: Pick<ChainParams, 'deployments'>,
  caches: DeploymentCaches = deploymentCaches(),
): number {
  let version = TOP_BITS;
  for (const [name, deployment] of Object.entries(params.deployments)) {
    const state = deploymentState(deployment, parent, caches[name as DeploymentName]);
    if (state === 'started' || state === 'locked_in') version |= 1 << deployment.bit;
  }
  return version;
}

/** Heights below which bits of soft forks that are history do not count as unknown. */
const KNOWN_UP_TO: Readonly<Record<string, number>> = { main: 711_648, test: 2_013_984 };

/** A bit that miners signal for and we know nothing about. */
export interface UnknownDeployment {
  readonly bit: number;
  /** True when its rules are in force by now, false while they are locked in. */
  readonly active: boolean;
}

/** What was found out about unknown bits, so that no period of the chain is counted twice. */
export interface UnknownRulesCache {
  readonly byBit: Map<number, DeploymentCache>;
  /** Answers by the last block of a period: they hold until the next one ends. */
  readonly byPeriod: Map<BlockHash, readonly UnknownDeployment[]>;
  readonly known: DeploymentCaches;
}

/** An empty cache. */
export function unknownRulesCache(): UnknownRulesCache {
  return { byBit: new Map(), byPeriod: new Map(), known: deploymentCaches() };
}

/**
 * Bits that enough miners signalled for without us knowing why: rules we do not know may hold. Give the
 * same `cache` each time, or every call counts the whole chain again.
 */
export function unknownDeployments(
  block: HeaderContext,
  params: ChainParams,
  cache: UnknownRulesCache = unknownRulesCache(),
): readonly UnknownDeployment[] {
  const period = params.testNetwork ? retargetInterval(params) : 2016;
  const end = periodEnd(block, period);
  const known = end && cache.byPeriod.get(end.ref.hash);
  if (known) return known;
  const found = unknownUpTo(block, period, params, cache);
  if (end) cache.byPeriod.set(end.ref.hash, found);
  return found;
}

function unknownUpTo(
  block: HeaderContext,
  period: number,
  params: ChainParams,
  { byBit, known }: UnknownRulesCache,
): UnknownDeployment[] {
  // Every bit asks about the same periods: one walk over a period answers for all of them.
  const counted = new Map<BlockHash, Uint32Array>();
  const countsOf = (last: HeaderContext): Uint32Array => {
    const counts = counted.get(last.ref.hash) ?? countUnknownBits(last, period, params, known);
    counted.set(last.ref.hash, counts);
    return counts;
  };
  const found: UnknownDeployment[] = [];
  for (let bit = 0; bit < SIGNAL_BITS; bit++) {
    const threshold: Threshold = {
      startTime: 0,
      timeout: null,
      period,
      threshold: params.testNetwork ? Math.floor((period * 3) / 4) : 1815,
      minActivationHeight: 0,
      count: (last) => countsOf(last)[bit] as number,
    };
    const cache = byBit.get(bit) ?? new Map<BlockHash, DeploymentState>();
    byBit.set(bit, cache);
    const state = stateAfter(threshold, block, cache);
    if (state === 'active' || state === 'locked_in') {
      found.push({ bit, active: state === 'active' });
    }
  }
  return found;
}

/** How often each bit was set without reason in the `period` blocks up to `last`. */
function countUnknownBits(
  last: HeaderContext,
  period: number,
  params: ChainParams,
  caches: DeploymentCaches,
): Uint32Array {
  const counts = new Uint32Array(SIGNAL_BITS);
  const from = KNOWN_UP_TO[params.name] ?? 0;
  if (last.ref.height < from) return counts;
  for (const member of backFrom(last, period)) {
    if (member.ref.height < from) break;
    const { version } = member;
    if ((version & TOP_MASK) >>> 0 !== TOP_BITS || (version & SIGNAL_MASK) === 0) continue;
    const parent = member.ancestor(member.ref.height - 1);
    const unknown = version & SIGNAL_MASK & ~blockVersion(parent, params, caches);
    for (let bit = 0; bit < SIGNAL_BITS; bit++) {
      if ((unknown >>> bit) & 1) counts[bit] = (counts[bit] as number) + 1;
    }
  }
  return counts;
}
