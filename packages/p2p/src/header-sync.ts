/**
 * Headers first: the first request to a peer, what is done with the headers that come, and the
 * protection against chains of little work. Which blocks are then asked for, block-download.ts says.
 */
import type { BlockInfo } from '@coind/chain';
import { hasProofOfWork } from '@coind/consensus';
import { type BlockHeader, workOf } from '@coind/primitives';
import type { BlockDownload } from './block-download.ts';
import { HeaderPresync } from './header-presync.ts';
import type { Peer } from './peer.ts';
import { servesBlocks } from './services.ts';
import {
  antiDosWork,
  HEADERS_RESPONSE_MS,
  locatorOf,
  noteAnnounced,
  requestHeaders,
  type Wire,
} from './wire.ts';

/** Headers of one message at most. */
export const MAX_HEADERS = 2000;
const DAY_SECONDS = 24 * 60 * 60;
const DOWNLOAD_TIMEOUT_BASE_MS = 15 * 60_000;
const CHAIN_SYNC_TIMEOUT_MS = 20 * 60_000;
const MAX_PROTECTED_OUTBOUND = 4;
const SENDHEADERS_VERSION = 70012;
const NEVER = Number.POSITIVE_INFINITY;

/** The sync of headers with all peers. */
export class HeaderSync {
  readonly #wire: Wire;
  readonly #download: BlockDownload;
  #syncing = 0;
  #protected = 0;
  #lastInvBlock = '';

  constructor(wire: Wire, download: BlockDownload) {
    this.#wire = wire;
    this.#download = download;
  }

  peerGone(peer: Peer): void {
    if (peer.blocks.syncStarted) this.#syncing--;
    if (peer.blocks.chainProtected) this.#protected--;
  }

  /** Begins the initial sync with a peer: with one at a time while we are far behind. */
  maybeStart(peer: Peer): void {
    const { chain, clock, log } = this.#wire;
    const { blocks, headers } = peer;
    if (blocks.syncStarted || !servesBlocks(peer.services)) return;
    const best = chain.bestHeader;
    const recent = best.header.time > clock.now() - DAY_SECONDS;
    if (!recent && !(this.#syncing === 0 && this.#download.maySyncFrom(peer))) return;
    // From the parent on, so that a peer at the same height answers with something.
    const start = chain.info(best.header.prevHash) ?? best;
    if (!requestHeaders(this.#wire, peer, locatorOf(chain, start))) return;
    log.debug('net', `initial getheaders (${start.ref.height}) to peer=${peer.id}`);
    blocks.syncStarted = true;
    this.#syncing++;
    const expected = (clock.now() - best.header.time) / chain.params.powTargetSpacing;
    headers.syncTimeout = clock.nowMs() + DOWNLOAD_TIMEOUT_BASE_MS + Math.floor(expected);
  }

  /** Ends an initial sync that takes too long when there is somebody else; true when it did. */
  checkTimeout(peer: Peer): boolean {
    const { chain, clock, log } = this.#wire;
    const { blocks, headers } = peer;
    if (!blocks.syncStarted || headers.syncTimeout === NEVER) return false;
    if (chain.bestHeader.header.time > clock.now() - DAY_SECONDS) {
      headers.syncTimeout = NEVER;
      return false;
    }
    const others = this.#download.preferredPeers - (blocks.preferred ? 1 : 0);
    if (clock.nowMs() <= headers.syncTimeout || this.#syncing !== 1 || others < 1) return false;
    if (!peer.has('noban')) {
      log.info(`Timeout downloading headers, disconnecting peer=${peer.id}`);
      this.#wire.disconnect(peer, '');
      return true;
    }
    log.info(`Timeout downloading headers from noban peer, not disconnecting peer=${peer.id}`);
    blocks.syncStarted = false;
    this.#syncing--;
    headers.syncTimeout = 0;
    return false;
  }

  /** An outbound peer whose chain stays behind ours makes room for another. */
  considerEviction(peer: Peer): void {
    const wire = this.#wire;
    const { chain, clock, log } = wire;
    const { blocks } = peer;
    if (blocks.chainProtected || !peer.isOutboundOrBlockRelay || !blocks.syncStarted) return;
    const { tip } = chain;
    const best = blocks.bestKnown;
    const now = clock.nowMs();
    if (best && best.chainwork >= tip.chainwork) {
      blocks.chainTimeout = 0;
      blocks.chainWorkHeader = undefined;
      blocks.chainSentGetheaders = false;
      return;
    }
    const benchmark = blocks.chainWorkHeader;
    if (blocks.chainTimeout === 0 || (benchmark && best && best.chainwork >= benchmark.chainwork)) {
      blocks.chainTimeout = now + CHAIN_SYNC_TIMEOUT_MS;
      blocks.chainWorkHeader = tip;
      blocks.chainSentGetheaders = false;
      return;
    }
    if (now <= blocks.chainTimeout) return;
    const known = best?.ref.hash ?? '<none>';
    if (blocks.chainSentGetheaders) {
      log.info(
        `Outbound peer has old chain, best known block = ${known}, disconnecting peer=${peer.id}`,
      );
      wire.disconnect(peer, '');
      return;
    }
    const parent = benchmark && chain.info(benchmark.header.prevHash);
    if (parent) requestHeaders(wire, peer, locatorOf(chain, parent));
    log.debug(
      'net',
      `sending getheaders to outbound peer=${peer.id} to verify chain work (current best known block:${known}, benchmark blockhash: ${benchmark?.ref.hash})`,
    );
    blocks.chainSentGetheaders = true;
    blocks.chainTimeout = now + HEADERS_RESPONSE_MS;
  }

  /** Tells the peer that we prefer headers as announcements, once its headers have been synced. */
  maybeSendSendheaders(peer: Peer): void {
    const { headers, blocks } = peer;
    if (headers.sentSendheaders || peer.commonVersion < SENDHEADERS_VERSION) return;
    const best = blocks.bestKnown;
    if (!best || best.chainwork <= this.#wire.chain.params.minimumChainwork) return;
    peer.send('sendheaders', undefined);
    headers.sentSendheaders = true;
  }

  /** A block was announced by inv: asks for the headers that lead to it. */
  announcedByInv(peer: Peer, hash: string): void {
    const { chain, log } = this.#wire;
    const { blocks, headers } = peer;
    const may = blocks.syncStarted || (!headers.invTriggered && hash !== this.#lastInvBlock);
    if (!may) return;
    const best = chain.bestHeader;
    if (requestHeaders(this.#wire, peer, locatorOf(chain, best))) {
      log.debug('net', `getheaders (${best.ref.height}) ${hash} to peer=${peer.id}`);
    }
    if (blocks.syncStarted) return;
    headers.invTriggered = true;
    this.#lastInvBlock = hash;
  }

  /** Headers came, in a message of their own or with a compact block. */
  async receive(
    peer: Peer,
    given: readonly BlockHeader[],
    { viaCompact = false }: { readonly viaCompact?: boolean } = {},
  ): Promise<void> {
    const wire = this.#wire;
    const { chain, log } = wire;
    const state = peer.headers;
    if (given.length === 0) {
      state.presync = undefined;
      state.lastRequest = 0;
      return;
    }
    if (!this.#areWellFormed(peer, given)) return;
    const continued = this.#continuePresync(peer, given);
    const headers = continued ?? given;
    let trusted = continued !== undefined;
    const [first] = headers;
    if (!first) return;
    const last = headers[headers.length - 1] as BlockHeader;
    const start = chain.info(first.prevHash);
    if (!start) {
      this.#unconnected(peer, first, last);
      return;
    }
    state.lastRequest = 0;
    const known = chain.info(last.hash);
    trusted ||= known !== undefined && this.#isOnBestChain(known);
    trusted ||= peer.has('noban');
    if (!trusted && this.#tooLittleWork(peer, start, headers)) return;

    const before = chain.bestHeader;
    const outcomes = await chain.submitHeaders(headers);
    if (chain.bestHeader !== before) this.#logProgress(chain.info(last.hash));
    if (peer.disconnecting) return;
    const failed = outcomes.find((outcome) => outcome.status === 'invalid');
    if (failed?.status === 'invalid') {
      const { error } = failed;
      log.debug('validation', `AcceptBlockHeader: ${error.message}`);
      if (!peer.inbound && error.kind === 'cached-invalid') {
        log.warn(
          `${error.message} (received from peer=${peer.id}). If this happens with all peers, consider database corruption (that -reindex may fix) or a potential consensus incompatibility.`,
        );
      }
      this.#download.punishForBlock(peer, error, viaCompact, 'invalid header received');
      return;
    }
    const info = chain.info(last.hash);
    if (!info) return;
    if (!known) this.logNewHeader(peer, info, false);
    const full = given.length === MAX_HEADERS;
    if (full && !state.presync && requestHeaders(wire, peer, locatorOf(chain, info))) {
      log.debug('net', `more getheaders (${info.ref.height}) to end to peer=${peer.id}`);
    }
    this.#updatePeer(peer, info, { isNew: !known, mayHaveMore: full });
    if (!peer.disconnecting) this.#download.directFetch(peer, info);
  }

  /** A header that nobody had told us before, valid as far as one can say. */
  logNewHeader(peer: Peer, { ref }: BlockInfo, viaCompact: boolean): void {
    const { chain, log } = this.#wire;
    const what = viaCompact ? 'cmpctblock header' : 'header';
    const line = `Saw new ${what} hash=${ref.hash} height=${ref.height} peer=${peer.id}`;
    if (chain.initialDownload) log.debug('validation', line);
    else log.info(line);
  }

  /** How far the first download of headers has come. */
  #logProgress(info: BlockInfo | undefined): void {
    const { chain, clock, log } = this.#wire;
    if (!info || !chain.initialDownload) return;
    const { height } = info.ref;
    const left = Math.floor((clock.now() - info.header.time) / chain.params.powTargetSpacing);
    const percent = (100 * height) / (height + Math.max(0, left));
    log.info(`Synchronizing blockheaders, height: ${height} (~${percent.toFixed(2)}%)`);
  }

  #areWellFormed(peer: Peer, headers: readonly BlockHeader[]): boolean {
    const { powLimit } = this.#wire.chain.params;
    if (!headers.every(({ hash, bits }) => hasProofOfWork(hash, bits, powLimit))) {
      this.#wire.misbehaving(peer, 'header with invalid proof of work');
      return false;
    }
    for (let i = 1; i < headers.length; i++) {
      if (headers[i]?.prevHash === headers[i - 1]?.hash) continue;
      this.#wire.misbehaving(peer, 'non-continuous headers sequence');
      return false;
    }
    return true;
  }

  /** Feeds a sync under low-work protection; what it has let through, or undefined without one. */
  #continuePresync(
    peer: Peer,
    headers: readonly BlockHeader[],
  ): readonly BlockHeader[] | undefined {
    const { chain, log } = this.#wire;
    const { presync } = peer.headers;
    if (!presync) return undefined;
    const result = presync.process(headers, headers.length === MAX_HEADERS);
    if (result.success) peer.headers.lastRequest = 0;
    if (result.requestMore) {
      const start = chain.info(presync.startHash) as BlockInfo;
      const from = presync.locatorStart;
      requestHeaders(this.#wire, peer, [from, ...locatorOf(chain, start)]);
      log.debug('net', `more getheaders (from ${from}) to peer=${peer.id}`);
    }
    if (presync.phase === 'done') peer.headers.presync = undefined;
    return result.success ? result.ready : undefined;
  }

  /** True when the headers are not to be stored: their chain has not shown enough work yet. */
  #tooLittleWork(peer: Peer, start: BlockInfo, headers: readonly BlockHeader[]): boolean {
    const wire = this.#wire;
    const { chain, log, clock, random } = wire;
    let work = start.chainwork;
    for (const { bits } of headers) work += workOf(bits);
    const minimumWork = antiDosWork(wire);
    if (work >= minimumWork) return false;
    if (headers.length === MAX_HEADERS) {
      peer.headers.presync = new HeaderPresync({
        peer: peer.id,
        params: chain.params,
        from: chain.headerContext(start.ref.hash),
        fromWork: start.chainwork,
        minimumWork,
        now: clock.now(),
        random,
        log: (message) => log.debug('net', message),
      });
      this.#continuePresync(peer, headers);
    } else {
      const height = start.ref.height + headers.length;
      log.debug('net', `Ignoring low-work chain (height=${height}) from peer=${peer.id}`);
    }
    return true;
  }

  #unconnected(peer: Peer, first: BlockHeader, last: BlockHeader): void {
    const { chain, log } = this.#wire;
    const best = chain.bestHeader;
    if (requestHeaders(this.#wire, peer, locatorOf(chain, best))) {
      log.debug(
        'net',
        `received header ${first.hash}: missing prev block ${first.prevHash}, sending getheaders (${best.ref.height}) to end (peer=${peer.id})`,
      );
    }
    noteAnnounced(this.#wire, peer, last.hash);
  }

  #isOnBestChain({ ref }: BlockInfo): boolean {
    const { chain } = this.#wire;
    if (chain.isActive(ref.hash)) return true;
    return chain.ancestor(chain.bestHeader.ref.hash, ref.height)?.ref.hash === ref.hash;
  }

  #updatePeer(
    peer: Peer,
    last: BlockInfo,
    { isNew, mayHaveMore }: { readonly isNew: boolean; readonly mayHaveMore: boolean },
  ): void {
    const wire = this.#wire;
    const { chain, clock, log } = wire;
    const { blocks } = peer;
    noteAnnounced(wire, peer, last.ref.hash);
    if (isNew && last.chainwork > chain.tip.chainwork) blocks.lastAnnouncement = clock.nowMs();
    const best = blocks.bestKnown;
    if (chain.initialDownload && !mayHaveMore && best) {
      if (best.chainwork < chain.params.minimumChainwork && peer.isOutboundOrBlockRelay) {
        log.info(
          `outbound peer headers chain has insufficient work, disconnecting peer=${peer.id}`,
        );
        wire.disconnect(peer, '');
        return;
      }
    }
    const protect =
      peer.type === 'outbound-full-relay' &&
      best !== undefined &&
      best.chainwork >= chain.tip.chainwork &&
      !blocks.chainProtected &&
      this.#protected < MAX_PROTECTED_OUTBOUND;
    if (protect) {
      log.debug('net', `Protecting outbound peer=${peer.id} from eviction`);
      blocks.chainProtected = true;
      this.#protected++;
    }
  }
}
