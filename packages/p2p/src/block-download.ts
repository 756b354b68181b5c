/**
 * Which block is asked of whom: a window of blocks beyond the last one we share with a peer, at most
 * so many in flight per peer, and what happens to a peer that holds everybody up. Blocks that arrive
 * go to the chain here, whatever message brought them, and what the chain says decides about the peer.
 */
import type { BlockInfo, TipChange } from '@coind/chain';
import type { ValidationError } from '@coind/consensus';
import { type Block, type BlockHash, workOf } from '@coind/primitives';
import { mutationOf } from './compact-blocks.ts';
import { type Inventory, inventoryTypes } from './messages.ts';
import type { Peer, RequestedBlock } from './peer.ts';
import { isLimited, offers, servesBlocks, services } from './services.ts';
import { antiDosWork, canDirectFetch, isAncestor, refreshBestKnown, type Wire } from './wire.ts';

/** Blocks asked of one peer at a time. */
export const MAX_IN_FLIGHT_PER_PEER = 16;
/** During the initial download, when so many are left: a request for each block would cost as much as one. */
const ASK_AGAIN_AT = MAX_IN_FLIGHT_PER_PEER / 2;
/** How far beyond the last block that a peer and we share blocks are asked for. */
const DOWNLOAD_WINDOW = 1024;
const STALLING_TIMEOUT_MS = 2_000;
const MAX_STALLING_TIMEOUT_MS = 64_000;
/** Blocks that a pruned peer is sure to have, less two for races. */
const LIMITED_PEER_BLOCKS = 288 - 2;
const SOURCES = 10_000;

/** The download of blocks, and where they come from. */
export class BlockDownload {
  readonly #wire: Wire;
  /** Who was asked for a block, first come first. */
  readonly #requests = new Map<BlockHash, Peer[]>();
  /** Who gave us a block that the chain has not judged yet, and whether as a whole block. */
  readonly #sources = new Map<BlockHash, { readonly peer: Peer; readonly punish: boolean }>();
  /** Peers that announce blocks to us as compact blocks, the oldest choice first. */
  #highBandwidth: Peer[] = [];
  #stallingTimeoutMs = STALLING_TIMEOUT_MS;
  #preferredPeers = 0;
  #lastTipUpdate = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Peers that downloads are made from first. */
  get preferredPeers(): number {
    return this.#preferredPeers;
  }

  /** Blocks in flight from anybody. */
  get inFlight(): number {
    return this.#requests.size;
  }

  /** Ms of the last block that became part of our chain. */
  get lastTipUpdate(): number {
    return this.#lastTipUpdate;
  }

  /** The handshake has shown what the peer is good for. */
  peerReady(peer: Peer): void {
    const trusted = !peer.inbound || peer.has('noban');
    peer.blocks.preferred = trusted && peer.type !== 'addr-fetch' && servesBlocks(peer.services);
    if (peer.blocks.preferred) this.#preferredPeers++;
  }

  peerGone(peer: Peer): void {
    if (peer.blocks.preferred) this.#preferredPeers--;
    for (const { info } of [...peer.blocks.inFlight]) this.forget(info.ref.hash, peer);
    this.#highBandwidth = this.#highBandwidth.filter((other) => other !== peer);
  }

  isRequested(hash: BlockHash): boolean {
    return this.#requests.has(hash);
  }

  /** Who was asked for it, in that order. */
  requestsOf(hash: BlockHash): readonly Peer[] {
    return this.#requests.get(hash) ?? [];
  }

  /** The request of a peer for a block. */
  requestOf(peer: Peer, hash: BlockHash): RequestedBlock | undefined {
    return peer.blocks.inFlight.find(({ info }) => info.ref.hash === hash);
  }

  /** A block is being asked of a peer; what is there already when it was before. */
  requested(peer: Peer, info: BlockInfo): RequestedBlock {
    const known = this.requestOf(peer, info.ref.hash);
    if (known) return known;
    const request: RequestedBlock = { info };
    peer.blocks.inFlight.push(request);
    if (peer.blocks.inFlight.length === 1) {
      peer.blocks.downloadingSince = this.#wire.clock.nowMs();
    }
    const peers = this.#requests.get(info.ref.hash);
    if (peers) peers.push(peer);
    else this.#requests.set(info.ref.hash, [peer]);
    return request;
  }

  /** A block is not waited for any more, from one peer or from all. */
  forget(hash: BlockHash, only?: Peer): void {
    const peers = this.#requests.get(hash);
    if (!peers) return;
    for (const peer of [...peers]) {
      if (only && only !== peer) continue;
      const { blocks } = peer;
      const at = blocks.inFlight.findIndex(({ info }) => info.ref.hash === hash);
      if (at === 0) {
        blocks.downloadingSince = Math.max(blocks.downloadingSince, this.#wire.clock.nowMs());
      }
      if (at >= 0) blocks.inFlight.splice(at, 1);
      blocks.stallingSince = 0;
      peers.splice(peers.indexOf(peer), 1);
    }
    if (peers.length === 0) this.#requests.delete(hash);
  }

  /** How a block is asked of a peer: with witnesses where it has them. */
  inventoryOf(peer: Peer, hash: BlockHash): Inventory {
    const witness = offers(peer.services, services.WITNESS);
    return { type: witness ? inventoryTypes.WITNESS_BLOCK : inventoryTypes.BLOCK, hash };
  }

  /** Asks a peer that just announced `last` for what leads there, when we are near the tip. */
  directFetch(peer: Peer, last: BlockInfo): void {
    const wire = this.#wire;
    const { chain, log } = wire;
    const info = chain.info(last.ref.hash);
    if (!canDirectFetch(wire) || !info || info.status === 'invalid') return;
    if (chain.tip.chainwork > info.chainwork) return;
    const wanted: BlockInfo[] = [];
    let walk: BlockInfo | undefined = info;
    while (walk && !chain.isActive(walk.ref.hash) && wanted.length <= MAX_IN_FLIGHT_PER_PEER) {
      if (!walk.hasBody && !this.isRequested(walk.ref.hash) && this.#canGive(peer, walk)) {
        wanted.push(walk);
      }
      walk = chain.info(walk.header.prevHash);
    }
    if (!walk || !chain.isActive(walk.ref.hash)) {
      log.debug('net', `Large reorg, won't direct fetch to ${last.ref.hash} (${last.ref.height})`);
      return;
    }
    const items: Inventory[] = [];
    for (const block of wanted.reverse()) {
      if (peer.blocks.inFlight.length >= MAX_IN_FLIGHT_PER_PEER) break;
      items.push(this.inventoryOf(peer, block.ref.hash));
      this.requested(peer, block);
      log.debug('net', `Requesting block ${block.ref.hash} from peer=${peer.id}`);
    }
    if (items.length > 1) {
      const { hash, height } = last.ref;
      log.debug('net', `Downloading blocks toward ${hash} (${height}) via headers direct fetch`);
    }
    const [only] = items;
    if (!only) return;
    const parent = chain.info(info.header.prevHash);
    const compact =
      items.length === 1 &&
      !wire.options.blocksOnly &&
      peer.blocks.providesCompact &&
      this.#requests.size === 1 &&
      (parent?.status === 'active' || parent?.status === 'valid-fork');
    if (compact) items[0] = { type: inventoryTypes.COMPACT_BLOCK, hash: only.hash };
    peer.send('getdata', items);
  }

  /** True when blocks and headers may be had from this peer during the initial download. */
  maySyncFrom(peer: Peer): boolean {
    if (peer.blocks.preferred) return true;
    if (!servesBlocks(peer.services) || peer.type === 'addr-fetch') return false;
    return this.#preferredPeers === 0 || this.#requests.size === 0;
  }

  /** What to ask the peer for next, already noted as requested. */
  nextRequests(peer: Peer): Inventory[] {
    const { chain, log, clock } = this.#wire;
    const { blocks } = peer;
    if (!servesBlocks(peer.services) || blocks.inFlight.length >= MAX_IN_FLIGHT_PER_PEER) return [];
    const may = this.maySyncFrom(peer) && !isLimited(peer.services);
    if (!may && chain.initialDownload) return [];
    if (chain.initialDownload && blocks.inFlight.length > ASK_AGAIN_AT) return [];
    const room = MAX_IN_FLIGHT_PER_PEER - blocks.inFlight.length;
    const found = this.#findNext(peer, room);
    const past = this.#findPast(peer, room - found.blocks.length);
    const items = [...found.blocks, ...past].map((info) => {
      this.requested(peer, info);
      const { hash, height } = info.ref;
      log.debug('net', `Requesting block ${hash} (${height}) peer=${peer.id}`);
      return this.inventoryOf(peer, hash);
    });
    const { staller } = found;
    if (blocks.inFlight.length === 0 && staller && staller.blocks.stallingSince === 0) {
      staller.blocks.stallingSince = clock.nowMs();
      log.debug('net', `Stall started peer=${staller.id}`);
    }
    return items;
  }

  /** Ends the connection of a peer that keeps the download waiting; true when it did. */
  checkStalling(peer: Peer): boolean {
    const { clock, log, chain } = this.#wire;
    const { blocks } = peer;
    const now = clock.nowMs();
    const timeout = this.#stallingTimeoutMs;
    if (blocks.stallingSince > 0 && blocks.stallingSince < now - timeout) {
      log.info(`Peer is stalling block download, disconnecting peer=${peer.id}`);
      this.#wire.disconnect(peer, '');
      // The next one gets longer, in case it is our own line that is slow.
      const longer = Math.min(2 * timeout, MAX_STALLING_TIMEOUT_MS);
      if (longer !== timeout) {
        this.#stallingTimeoutMs = longer;
        log.debug('net', `Increased stalling timeout temporarily to ${longer / 1000} seconds`);
      }
      return true;
    }
    const [oldest] = blocks.inFlight;
    if (!oldest) return false;
    let others = -1;
    for (const other of this.#wire.peers.values()) if (other.blocks.inFlight.length > 0) others++;
    const spacingMs = chain.params.powTargetSpacing * 1000;
    if (now > blocks.downloadingSince + spacingMs * (1 + 0.5 * others)) {
      const { hash } = oldest.info.ref;
      log.info(`Timeout downloading block ${hash}, disconnecting peer=${peer.id}`);
      this.#wire.disconnect(peer, '');
      return true;
    }
    return false;
  }

  /** A whole block came from a peer. */
  async receive(peer: Peer, block: Block): Promise<void> {
    const wire = this.#wire;
    const { chain, log } = wire;
    const { hash } = block;
    log.debug('net', `received block ${hash} peer=${peer.id}`);
    const parent = chain.info(block.header.prevHash);
    const segwit = parent && parent.ref.height + 1 >= chain.params.buried.segwit;
    const mutation = segwit === undefined ? undefined : mutationOf(block, segwit);
    if (mutation !== undefined) {
      log.debug('validation', `Block mutated: ${mutation}`);
      log.debug('net', `Received mutated block from peer=${peer.id}`);
      wire.misbehaving(peer, 'mutated block');
      this.forget(hash, peer);
      return;
    }
    const requested = this.isRequested(hash);
    this.forget(hash, peer);
    this.noteSource(hash, peer, true);
    const work = parent && parent.chainwork + workOf(block.header.bits);
    const worked = work !== undefined && work >= antiDosWork(wire);
    await this.submit(peer, block, { requested, worked });
  }

  /** Whom to thank or blame for a block. The first one stays. */
  noteSource(hash: BlockHash, peer: Peer, punish: boolean): void {
    if (this.#sources.size >= SOURCES) this.#sources.clear();
    if (!this.#sources.has(hash)) this.#sources.set(hash, { peer, punish });
  }

  /** Gives a block to the chain. `worked`: its branch has enough work to be stored at all. */
  async submit(
    peer: Peer,
    block: Block,
    { requested, worked }: { readonly requested: boolean; readonly worked: boolean },
  ): Promise<void> {
    const { chain, log, clock } = this.#wire;
    const { hash } = block;
    if (!worked && !chain.info(hash) && chain.info(block.header.prevHash)) {
      log.debug(
        'validation',
        `AcceptBlockHeader: not adding new block header ${hash}, missing anti-dos proof-of-work validation`,
      );
      log.error('AcceptBlock FAILED (too-little-chainwork)');
      this.#sources.delete(hash);
      return;
    }
    const before = chain.info(hash)?.hasBody ?? false;
    const outcome = await chain.submitBlock(block, { requested });
    const isNew = !before && (chain.info(hash)?.hasBody ?? false);
    if (isNew) {
      peer.lastBlockTime = clock.nowMs();
      this.forget(hash);
    }
    if (outcome.status === 'invalid') {
      const { message, kind } = outcome.error;
      if (kind === 'invalid-header' || kind === 'too-new') {
        const where = 'AcceptBlockHeader: Consensus::ContextualCheckBlockHeader';
        log.debug('validation', `${where}: ${hash}, ${message}`);
      }
      log.error(`AcceptBlock FAILED (${message})`);
      this.#blame(hash, outcome.error);
    } else {
      for (const [refused, error] of outcome.refused ?? []) this.#blame(refused, error);
      // A block on a branch keeps its source: it may be tried later.
      if (outcome.status !== 'accepted') this.#sources.delete(hash);
    }
  }

  #blame(hash: BlockHash, error: ValidationError): void {
    const source = this.#sources.get(hash);
    this.#sources.delete(hash);
    if (source && !source.peer.disconnecting) {
      this.punishForBlock(source.peer, error, !source.punish);
    }
  }

  /** What a broken rule of a block or header says of who sent it. */
  punishForBlock(peer: Peer, error: ValidationError, viaCompact: boolean, message = ''): void {
    const { log } = this.#wire;
    let misbehaved = false;
    switch (error.kind) {
      case 'consensus':
      case 'mutated':
        misbehaved = !viaCompact;
        break;
      case 'cached-invalid':
        misbehaved = !viaCompact && !peer.inbound;
        break;
      case 'invalid-header':
      case 'invalid-parent':
      case 'missing-parent':
        misbehaved = true;
        break;
      default:
        break;
    }
    if (misbehaved) this.#wire.misbehaving(peer, message);
    else if (message !== '') log.debug('net', `peer=${peer.id}: ${message}`);
  }

  /** The active chain has changed: inside the chain's writer, so only notes are taken. */
  tipChanged({ connected }: TipChange): void {
    const { chain, clock, log } = this.#wire;
    if (connected.length === 0) return;
    this.#lastTipUpdate = clock.nowMs();
    if (this.#stallingTimeoutMs !== STALLING_TIMEOUT_MS) {
      const shorter = Math.max(
        Math.floor((this.#stallingTimeoutMs * 0.85) / 1000) * 1000,
        STALLING_TIMEOUT_MS,
      );
      this.#stallingTimeoutMs = shorter;
      log.debug('net', `Decreased stalling timeout to ${shorter / 1000} seconds`);
    }
    for (const { ref } of connected) {
      const source = this.#sources.get(ref.hash);
      this.#sources.delete(ref.hash);
      if (!source || source.peer.disconnecting || chain.initialDownload) continue;
      const others = [...this.#requests.keys()].some((hash) => hash !== ref.hash);
      if (!others) this.#preferCompactFrom(source.peer);
    }
  }

  /** True when nobody has given us a block for long though we wait for none. */
  tipMayBeStale(): boolean {
    const { clock, chain } = this.#wire;
    if (this.#lastTipUpdate === 0) this.#lastTipUpdate = clock.nowMs();
    const limit = clock.nowMs() - chain.params.powTargetSpacing * 3 * 1000;
    return this.#lastTipUpdate < limit && this.#requests.size === 0;
  }

  /** Asks a peer that gave us the tip to announce blocks as compact blocks; three peers at most. */
  #preferCompactFrom(peer: Peer): void {
    if (this.#wire.options.blocksOnly || !peer.blocks.providesCompact) return;
    const list = this.#highBandwidth;
    const at = list.indexOf(peer);
    if (at >= 0) {
      list.splice(at, 1);
      list.push(peer);
      return;
    }
    const outbound = list.filter((other) => !other.inbound).length;
    const [first, second] = list;
    if (peer.inbound && list.length >= 3 && outbound === 1 && first && second && !first.inbound) {
      // The last outbound one must not make place for an inbound one.
      list[0] = second;
      list[1] = first;
    }
    peer.send('sendcmpct', { announce: 1, version: 2n });
    peer.blocks.compactTo = true;
    list.push(peer);
    if (list.length <= 3) return;
    const dropped = list.shift() as Peer;
    dropped.send('sendcmpct', { announce: 0, version: 2n });
    dropped.blocks.compactTo = false;
  }

  #canGive(peer: Peer, info: BlockInfo): boolean {
    const segwit = info.ref.height >= this.#wire.chain.params.buried.segwit;
    return !segwit || offers(peer.services, services.WITNESS);
  }

  /** Blocks that the past of a snapshot is verified with; the tip comes first. */
  #findPast(peer: Peer, count: number): BlockInfo[] {
    const { chain } = this.#wire;
    const { background } = chain;
    const best = peer.blocks.bestKnown;
    if (background?.nextHeight === undefined || !best || isLimited(peer.services)) return [];
    const { base, nextHeight } = background;
    if (!isAncestor(chain, base, best)) return [];
    const last = Math.min(base.ref.height, nextHeight + DOWNLOAD_WINDOW);
    const wanted: BlockInfo[] = [];
    for (let height = nextHeight; height <= last && wanted.length < count; height++) {
      const info = chain.at(height);
      if (!info || !this.#canGive(peer, info)) break;
      if (!info.hasBody && !this.#requests.has(info.ref.hash)) wanted.push(info);
    }
    return wanted;
  }

  #findNext(
    peer: Peer,
    count: number,
  ): { readonly blocks: BlockInfo[]; readonly staller?: Peer | undefined } {
    const wire = this.#wire;
    const { chain } = wire;
    const { blocks } = peer;
    refreshBestKnown(wire, peer);
    const best = blocks.bestKnown;
    if (!best || best.chainwork < chain.tip.chainwork) return { blocks: [] };
    if (best.chainwork < chain.params.minimumChainwork) return { blocks: [] };
    const fork = chain.forkOf(best.ref.hash);
    if (!fork) return { blocks: [] };
    const common = blocks.lastCommon;
    if (!common || fork.chainwork > common.chainwork || !isAncestor(chain, common, best)) {
      blocks.lastCommon = fork;
    }
    const start = blocks.lastCommon as BlockInfo;
    if (start.ref.hash === best.ref.hash) return { blocks: [] };
    const windowEnd = start.ref.height + DOWNLOAD_WINDOW;
    const maxHeight = Math.min(best.ref.height, windowEnd + 1);
    const limited = isLimited(peer.services);
    const wanted: BlockInfo[] = [];
    let waitingFor: Peer | undefined;
    for (let height = start.ref.height + 1; height <= maxHeight; height++) {
      const info = chain.ancestor(best.ref.hash, height);
      if (!info || info.status === 'invalid' || !this.#canGive(peer, info)) break;
      if (info.hasBody || info.status === 'active') {
        if (info.chainTxCount > 0) blocks.lastCommon = info;
        continue;
      }
      const asked = this.#requests.get(info.ref.hash);
      if (asked) {
        waitingFor ??= asked[0];
        continue;
      }
      if (height > windowEnd) {
        const staller = wanted.length === 0 && waitingFor !== peer ? waitingFor : undefined;
        return { blocks: wanted, staller };
      }
      if (limited && best.ref.height - height >= LIMITED_PEER_BLOCKS) continue;
      wanted.push(info);
      if (wanted.length === count) break;
    }
    return { blocks: wanted };
  }
}
