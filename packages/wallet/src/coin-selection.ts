/**
 * Which coins to spend: a pure choice over a few candidates. First an exact match that needs no change
 * (branch and bound), then the smallest coin that suffices alone, then the largest ones. Where the
 * candidates come from, and that they are few, is `spend-plan.ts`'s business.
 */
import type { OutPoint, Sats } from '@coind/primitives';
import type { InputSize } from './input-size.ts';
import type { ScriptHex } from './tables.ts';

/** A coin that could be spent. */
export interface Candidate {
  readonly outpoint: OutPoint;
  readonly value: Sats;
  readonly script: ScriptHex;
  readonly size: InputSize;
  /** What has to be paid for its unconfirmed ancestors. */
  readonly bump: Sats;
  /** Value less what its input and its ancestors cost at the fee rate in question. */
  readonly effective: Sats;
}

/** What has to be reached, in effective values. */
export interface Goal {
  /** Recipients and every fee but those of inputs and change. */
  readonly target: Sats;
  /** What a change output costs plus the least it may hold. */
  readonly changeFloor: Sats;
  /** What change costs now and when it is spent: paying so much too much is not worse than change. */
  readonly costOfChange: Sats;
}

/** Steps of branch and bound; a window of a hundred coins is searched well within it. */
const MAX_STEPS = 10_000;

/**
 * Coins whose effective values add up to at least the target and at most the target and the cost of
 * change; undefined when no such choice is found in `MAX_STEPS`. Takes the least excess found.
 */
export function selectExact(
  candidates: readonly Candidate[],
  { target, costOfChange }: Goal,
): Candidate[] | undefined {
  const coins = candidates
    .filter((coin) => coin.effective > 0n)
    .sort((a, b) => (a.effective > b.effective ? -1 : a.effective < b.effective ? 1 : 0));
  const rest: Sats[] = new Array(coins.length + 1).fill(0n);
  for (let i = coins.length - 1; i >= 0; i--) {
    rest[i] = (rest[i + 1] as Sats) + (coins[i] as Candidate).effective;
  }
  const limit = target + costOfChange;
  let best: number[] | undefined;
  let bestSum = limit + 1n;
  let steps = 0;
  const chosen: number[] = [];
  const search = (index: number, sum: Sats): void => {
    if (++steps > MAX_STEPS || bestSum === target) return;
    if (sum >= target) {
      if (sum < bestSum) {
        best = [...chosen];
        bestSum = sum;
      }
      return;
    }
    if (index === coins.length || sum + (rest[index] as Sats) < target) return;
    const { effective } = coins[index] as Candidate;
    if (sum + effective <= limit && sum + effective < bestSum) {
      chosen.push(index);
      search(index + 1, sum + effective);
      chosen.pop();
    }
    // Leaving out one of two equal coins is the same choice whichever it is.
    let next = index + 1;
    while (next < coins.length && (coins[next] as Candidate).effective === effective) next++;
    search(next, sum);
  };
  search(0, 0n);
  return best?.map((index) => coins[index] as Candidate);
}

/** The least valuable single coin that pays for everything and leaves proper change. */
export function selectSingle(
  candidates: readonly Candidate[],
  { target, changeFloor }: Goal,
): Candidate[] | undefined {
  let best: Candidate | undefined;
  for (const coin of candidates) {
    if (coin.effective < target + changeFloor) continue;
    if (!best || coin.value < best.value) best = coin;
  }
  return best && [best];
}

/**
 * What 0.16 preferred to a single coin: several smaller ones that exceed the goal by less. Goes down from the largest
 * and leaves out whatever would exceed it, remembering the best that did; undefined when `single` is closer.
 */
export function selectCloser(
  candidates: readonly Candidate[],
  { target, changeFloor }: Goal,
  single: readonly Candidate[] | undefined,
): Candidate[] | undefined {
  const goal = target + changeFloor;
  const coins = candidates
    .filter(({ effective }) => effective > 0n && effective < goal)
    .sort((a, b) => (a.effective > b.effective ? -1 : a.effective < b.effective ? 1 : 0));
  let limit = single?.[0]?.effective;
  let best: Candidate[] | undefined;
  let sum = 0n;
  const chosen: Candidate[] = [];
  for (const coin of coins) {
    const total = sum + coin.effective;
    if (total < goal) {
      chosen.push(coin);
      sum = total;
    } else if (limit === undefined || total < limit) {
      best = [...chosen, coin];
      limit = total;
    }
  }
  return best;
}

/** Adds coins in the order given until target and change are reached, or at least the target. */
export class LargestFirst {
  readonly #goal: Goal;
  readonly chosen: Candidate[] = [];
  #sum: Sats = 0n;

  constructor(goal: Goal) {
    this.#goal = goal;
  }

  /** Takes one more coin; true when that is enough to stop looking. */
  add(coin: Candidate): boolean {
    if (coin.effective > 0n) {
      this.chosen.push(coin);
      this.#sum += coin.effective;
    }
    return this.#sum >= this.#goal.target + this.#goal.changeFloor;
  }

  /** True when the recipients and the fee are covered, with or without change. */
  get suffices(): boolean {
    return this.#sum >= this.#goal.target;
  }
}
