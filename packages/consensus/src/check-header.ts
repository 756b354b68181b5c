/**
 * Rules about a header on its parent: target, timestamps, version. Proof of work itself is
 * `checkProofOfWork`, which needs no parent and comes first.
 */
import type { BlockHeader, ChainParams } from '@coind/primitives';
import { isBuriedActive } from './deployments.ts';
import type { HeaderContext } from './header-context.ts';
import { MAX_FUTURE_BLOCK_TIME, MAX_TIMEWARP } from './limits.ts';
import { nextBits, retargetInterval } from './pow.ts';
import { check, fail } from './rejects.ts';

/** Throws `ValidationError` unless `header` may follow `parent`; `now` is our clock in unix seconds. */
export function checkHeader(
  header: BlockHeader,
  parent: HeaderContext,
  params: ChainParams,
  now: number,
): void {
  const expected = nextBits(parent, header.time, params);
  check(header.bits === expected, 'bad-diffbits', 'incorrect proof of work');
  const tooOld = header.time <= parent.medianTimePast;
  check(!tooOld, 'time-too-old', "block's timestamp is too early");
  const debug = "block's timestamp is too early on diff adjustment block";
  check(!isTimewarp(header, parent, params), 'time-timewarp-attack', debug);
  const tooNew = header.time > now + MAX_FUTURE_BLOCK_TIME;
  check(!tooNew, 'time-too-new', 'block timestamp too far in the future');
  checkVersion(header.version, parent.ref.height + 1, params);
}

/** BIP94: a period that seems to start before the last one ended would lower the difficulty. */
function isTimewarp(header: BlockHeader, parent: HeaderContext, params: ChainParams): boolean {
  if (!params.bip94 || (parent.ref.height + 1) % retargetInterval(params) !== 0) return false;
  return header.time < parent.header.time - MAX_TIMEWARP;
}

function checkVersion(version: number, height: number, params: ChainParams): void {
  const outdated =
    (version < 2 && isBuriedActive('bip34', height, params)) ||
    (version < 3 && isBuriedActive('bip66', height, params)) ||
    (version < 4 && isBuriedActive('bip65', height, params));
  if (!outdated) return;
  const word = `0x${(version >>> 0).toString(16).padStart(8, '0')}`;
  fail(`bad-version(${word})`, `rejected nVersion=${word} block`);
}
