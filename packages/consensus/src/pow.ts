/**
 * Proof of work: does a hash meet its target, and which target must the next block have. Retargets
 * every period by the time the last one took; test networks let a late block have minimum difficulty;
 * BIP94 networks retarget from the first block of the period.
 */
import {
  type BlockHash,
  type BlockHeader,
  type ChainParams,
  decodeBits,
  encodeBits,
  hashToNumber,
} from '@coind/primitives';
import type { HeaderContext } from './header-context.ts';
import { check } from './rejects.ts';

/** The parts of the parameters that decide about targets. */
export type PowParams = Pick<
  ChainParams,
  | 'powLimit'
  | 'powTargetSpacing'
  | 'powTargetTimespan'
  | 'minDifficultyBlocks'
  | 'noRetargeting'
  | 'bip94'
>;

/** Blocks from one retarget to the next. */
export function retargetInterval(params: PowParams): number {
  return params.powTargetTimespan / params.powTargetSpacing;
}

/** The target that `bits` stand for; undefined when no block of the network may have it. */
export function targetOf(bits: number, powLimit: bigint): bigint | undefined {
  const { target, negative, overflow } = decodeBits(bits);
  return negative || overflow || target === 0n || target > powLimit ? undefined : target;
}

/** True when `hash` meets the target of `bits`, and the network allows that target. */
export function hasProofOfWork(hash: BlockHash, bits: number, powLimit: bigint): boolean {
  const target = targetOf(bits, powLimit);
  return target !== undefined && hashToNumber(hash) <= target;
}

/** A header's hash meets the target it claims. Whether the claim is right, `checkHeader` says. */
export function checkProofOfWork(header: BlockHeader, params: PowParams): void {
  const proven = hasProofOfWork(header.hash, header.bits, params.powLimit);
  check(proven, 'high-hash', 'proof of work failed');
}

/** Compact target that a block on `parent` with timestamp `time` must have. */
export function nextBits(parent: HeaderContext, time: number, params: PowParams): number {
  const interval = retargetInterval(params);
  if ((parent.ref.height + 1) % interval === 0) return retarget(parent, params);
  if (!params.minDifficultyBlocks) return parent.header.bits;
  const easiest = encodeBits(params.powLimit);
  if (time > parent.header.time + 2 * params.powTargetSpacing) return easiest;
  return lastRealBits(parent, easiest, interval);
}

/** Bits of the last block of the period that was not let off by the minimum-difficulty rule. */
function lastRealBits(parent: HeaderContext, easiest: number, interval: number): number {
  let at = parent;
  while (at.ref.height % interval !== 0 && at.header.bits === easiest) {
    const before = parent.ancestor(at.ref.height - 1);
    if (!before) break;
    at = before;
  }
  return at.header.bits;
}

function retarget(last: HeaderContext, params: PowParams): number {
  if (params.noRetargeting) return last.header.bits;
  const first = last.ancestor(last.ref.height - (retargetInterval(params) - 1));
  if (!first) throw new Error(`no header at the start of the period of ${last.ref.height}`);
  const timespan = last.header.time - first.header.time;
  // BIP94: the first block of a period never has minimum difficulty, so the real target survives.
  return retargetBits(params.bip94 ? first.header.bits : last.header.bits, timespan, params);
}

/** Compact target after a period of `bits` that took `timespan` seconds: at most fourfold or a quarter. */
export function retargetBits(bits: number, timespan: number, params: PowParams): number {
  const { powTargetTimespan, powLimit } = params;
  const least = Math.floor(powTargetTimespan / 4);
  const clamped = Math.min(Math.max(timespan, least), powTargetTimespan * 4);
  const target = (decodeBits(bits).target * BigInt(clamped)) / BigInt(powTargetTimespan);
  return encodeBits(target > powLimit ? powLimit : target);
}

/**
 * False when no chain could go from `oldBits` to `newBits` at `height`: lets headers be refused
 * before their ancestors are stored.
 */
export function isPossibleTransition(
  params: PowParams,
  height: number,
  oldBits: number,
  newBits: number,
): boolean {
  if (params.minDifficultyBlocks) return true;
  if (height % retargetInterval(params) !== 0) return oldBits === newBits;
  const { powTargetTimespan } = params;
  const easiest = decodeBits(retargetBits(oldBits, powTargetTimespan * 4, params)).target;
  const hardest = decodeBits(retargetBits(oldBits, 0, params)).target;
  const { target } = decodeBits(newBits);
  return target <= easiest && target >= hardest;
}
