/** Handlers of the methods about fee rates. */
import {
  type EstimatorName,
  type FeeEstimate,
  type FeeEstimates,
  type HorizonEstimate,
  MAX_CONFIRM_TARGET,
  type RateRange,
} from '@coind/mempool';
import { feeRate } from '@coind/primitives';
import { codes, type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import type { NodeModules, RpcContext } from '../context.ts';

const ESTIMATE_MODES = ['unset', 'economical', 'conservative'];
const ESTIMATORS: readonly string[] = ['block_policy', 'mempool_policy'] satisfies EstimatorName[];
/** What 0.16's estimatefee asked of a rate. */
const LEGACY_THRESHOLD = 0.95;
const UNKNOWN_FEE = -100_000_000n;

function estimatesOf({ fees }: NodeModules): FeeEstimates {
  if (!fees.estimates) throw new RpcError(codes.internal, 'Fee estimation disabled');
  return fees.estimates;
}

function checkTarget(target: number): void {
  if (target < 1 || target > MAX_CONFIRM_TARGET) throw rpcError('confTargetRange');
}

function estimatorOf(name: string | undefined): EstimatorName | undefined {
  const lower = name?.toLowerCase() ?? '';
  return ESTIMATORS.includes(lower) ? (lower as EstimatorName) : undefined;
}

/** An estimate that the pool would take, or what stands in for it. */
function estimateJson(estimate: FeeEstimate, { mempool, fees }: NodeModules) {
  const { blocks, estimator } = estimate;
  if ('rate' in estimate) {
    const minimum = mempool.minFee();
    if (estimate.rate < minimum) return { feerate: minimum, estimator, blocks };
    return { feerate: estimate.rate, estimator, blocks };
  }
  if (fees.fallback > 0n) return { feerate: fees.fallback, estimator: 'fallback', blocks };
  return { errors: [estimate.problem], blocks };
}

function rangeJson({ start, end, ...counts }: RateRange) {
  const cents = (count: number): number => Math.round(count * 100) / 100;
  return {
    startrange: Math.round(start),
    endrange: Math.round(end),
    withintarget: cents(counts.withinTarget),
    totalconfirmed: cents(counts.totalConfirmed),
    inmempool: cents(counts.inMempool),
    leftmempool: cents(counts.leftMempool),
  };
}

function horizonJson({ rate, decay, scale, pass, fail }: HorizonEstimate) {
  const satsPerKvb = Math.round(rate ?? 0);
  const below = fail && { fail: rangeJson(fail) };
  if (satsPerKvb === 0 || !pass) {
    const errors = ['Insufficient data or no feerate found which meets threshold'];
    return { decay, scale, ...below, errors };
  }
  const feerate = feeRate(BigInt(satsPerKvb));
  return { feerate, decay, scale, pass: rangeJson(pass), ...below };
}

/** Handlers of the methods about fee rates. */
export const fees: Handlers<typeof methods.fees, RpcContext> = {
  estimatesmartfee({ node }, { conf_target, estimate_mode, options = {} }) {
    const estimates = estimatesOf(node);
    checkTarget(conf_target);
    const mode = estimate_mode.toLowerCase();
    if (!ESTIMATE_MODES.includes(mode)) throw rpcError('estimateMode');
    const chosen = estimatorOf(options.fee_rate_estimator);
    const conservative = mode === 'conservative';
    const estimate = estimates.estimate(conf_target, { conservative, estimator: chosen });
    const { estimator, ...answer } = { estimator: undefined, ...estimateJson(estimate, node) };
    const health = estimates.window.toReversed().map(({ height, weight, poolWeight }) => ({
      block_height: height,
      block_weight: weight,
      mempool_txs_weight: poolWeight,
    }));
    return {
      ...answer,
      ...(!chosen && { estimator }),
      ...((options.verbosity ?? 1) >= 2 && { mempool_health_statistics: health }),
    };
  },

  estimaterawfee({ node }, { conf_target, threshold }) {
    const estimates = estimatesOf(node);
    checkTarget(conf_target);
    if (threshold < 0 || threshold > 1) throw new RpcError(-8, 'Invalid threshold');
    const { short, medium, long } = estimates.estimateRaw(conf_target, threshold);
    return {
      ...(short && { short: horizonJson(short) }),
      ...(medium && { medium: horizonJson(medium) }),
      ...(long && { long: horizonJson(long) }),
    };
  },

  estimatefee({ node }, { nblocks }) {
    if (nblocks <= 1) return UNKNOWN_FEE;
    const { medium } = estimatesOf(node).estimateRaw(nblocks, LEGACY_THRESHOLD);
    const rate = BigInt(Math.round(medium?.rate ?? 0));
    return rate > 0n ? rate : UNKNOWN_FEE;
  },

  // As bitcoind answered while it kept no room for them.
  estimatepriority: () => -1,
};
