/**
 * What every part of the protocol works with: the chain and the pool it serves, the peers there are,
 * clock and chance, and the few things one can do to a peer.
 */
import type { BlockInfo, Chain } from '@coind/chain';
import type { Mempool } from '@coind/mempool';
import { type BlockHash, workOf } from '@coind/primitives';
import type { PeerClock, Random } from './network.ts';
import type { Peer } from './peer.ts';

/** Categories of bitcoind's log that this package writes to. */
export type NetLogCategory =
  | 'net'
  | 'cmpctblock'
  | 'mempool'
  | 'mempoolrej'
  | 'txpackages'
  | 'txreconciliation'
  | 'validation'
  | 'addrman'
  | 'proxy'
  | 'i2p';

/** Where log lines go; the node's log fits. */
export interface NetLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  debug(category: NetLogCategory, message: string): void;
  enabled(category: NetLogCategory): boolean;
}

/** Settings of the protocol, apart from connections. */
export interface ProtocolOptions {
  readonly userAgent: string;
  /** Neither asks for nor relays transactions of peers (`-blocksonly`). */
  readonly blocksOnly: boolean;
  /** Transactions announced per second (`-txsendrate`). */
  readonly txSendRate: number;
  /** Bloom filters (`-peerbloomfilters`). */
  readonly bloomFilters: boolean;
  /** Compact block filters (`-peerblockfilters`). */
  readonly blockFilters: boolean;
  /** Transactions kept beside the pool to rebuild compact blocks. */
  readonly extraTxs: number;
  /** Milliseconds from the connect after which silence ends it (`-peertimeout`). */
  readonly peerTimeoutMs: number;
  /** Offers transaction reconciliation (BIP330). */
  readonly reconciliation: boolean;
  /** True while old blocks are deleted: no promise to serve them. */
  readonly pruned: boolean;
}

/** What the parts of the protocol share. */
export interface Wire {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly clock: PeerClock;
  readonly random: Random;
  readonly log: NetLog;
  readonly options: ProtocolOptions;
  /** By id, in the order of connecting. */
  readonly peers: ReadonlyMap<number, Peer>;
  /** What a peer did no honest one does: it is disconnected, and discouraged unless protected. */
  misbehaving(peer: Peer, why: string): void;
  /** Ends a connection and logs `why, disconnecting peer=N`. */
  disconnect(peer: Peer, why: string): void;
  /** There may be something to send: looks at all peers soon. */
  wake(): void;
}

/** Seconds after which a chain behind ours is no reason to wait. */
export const HEADERS_RESPONSE_MS = 2 * 60_000;
const NEAR_TIP_BLOCKS = 144n;
const DIRECT_FETCH_SPACINGS = 20;

/** Work below which headers are not stored: near our tip, or what the network is known to have. */
export function antiDosWork({ chain }: Wire): bigint {
  const { tip, params } = chain;
  const near = NEAR_TIP_BLOCKS * workOf(tip.header.bits);
  const nearTip = tip.chainwork > near ? tip.chainwork - near : 0n;
  return nearTip > params.minimumChainwork ? nearTip : params.minimumChainwork;
}

/** True when our tip is so recent that blocks are fetched the moment they are announced. */
export function canDirectFetch({ chain, clock }: Wire): boolean {
  const oldest = clock.now() - DIRECT_FETCH_SPACINGS * chain.params.powTargetSpacing;
  return chain.tip.header.time > oldest;
}

/** Hashes from `from` back to genesis, ever further apart (headers-first requests). */
export function locatorOf(chain: Chain, from: BlockInfo): BlockHash[] {
  const hashes: BlockHash[] = [];
  let step = 1;
  let height = from.ref.height;
  for (;;) {
    const at = height === from.ref.height ? from : chain.ancestor(from.ref.hash, height);
    if (!at) return hashes;
    hashes.push(at.ref.hash);
    if (height === 0) return hashes;
    height = Math.max(height - step, 0);
    if (hashes.length > 10) step *= 2;
  }
}

/** The last block of the active chain that the sender of a locator has; genesis at worst. */
export function forkOfLocator(chain: Chain, locator: readonly BlockHash[]): BlockInfo {
  for (const hash of locator) {
    const info = chain.info(hash);
    if (!info) continue;
    if (chain.isActive(hash)) return info;
    if (chain.ancestor(hash, chain.tip.ref.height)?.ref.hash === chain.tip.ref.hash) {
      return chain.tip;
    }
  }
  return chain.at(0) as BlockInfo;
}

/** True when `ancestor` is `block` or stands below it. */
export function isAncestor(
  chain: Chain,
  ancestor: BlockInfo,
  block: BlockInfo | undefined,
): boolean {
  if (!block) return false;
  return chain.ancestor(block.ref.hash, ancestor.ref.height)?.ref.hash === ancestor.ref.hash;
}

/** True when the peer has told us this header or a child, or we have told it. */
export function peerHasHeader({ chain }: Wire, { blocks }: Peer, info: BlockInfo): boolean {
  return (
    isAncestor(chain, info, blocks.bestKnown) || isAncestor(chain, info, blocks.bestHeaderSent)
  );
}

/** Looks whether the last unknown block a peer announced has become known. */
export function refreshBestKnown({ chain }: Wire, { blocks }: Peer): void {
  if (blocks.lastUnknown === undefined) return;
  const info = chain.info(blocks.lastUnknown);
  if (!info) return;
  if (!blocks.bestKnown || info.chainwork >= blocks.bestKnown.chainwork) blocks.bestKnown = info;
  blocks.lastUnknown = undefined;
}

/** A peer has announced a block. */
export function noteAnnounced(wire: Wire, peer: Peer, hash: BlockHash): void {
  refreshBestKnown(wire, peer);
  const info = wire.chain.info(hash);
  const { blocks } = peer;
  if (!info) blocks.lastUnknown = hash;
  else if (!blocks.bestKnown || info.chainwork >= blocks.bestKnown.chainwork) {
    blocks.bestKnown = info;
  }
}

/** Asks for the headers after a locator unless an answer is being waited for; true when it asked. */
export function requestHeaders(
  { clock }: Wire,
  peer: Peer,
  locator: readonly BlockHash[],
): boolean {
  const now = clock.nowMs();
  if (now - peer.headers.lastRequest <= HEADERS_RESPONSE_MS) return false;
  peer.send('getheaders', { locator, stop: '0'.repeat(64) as BlockHash });
  peer.headers.lastRequest = now;
  return true;
}
