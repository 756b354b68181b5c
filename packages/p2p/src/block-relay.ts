/**
 * Blocks towards peers: announcing a new tip the way each peer wants it (headers, inv, compact block),
 * and answering requests for headers and blocks. What must not be told to everybody (old branches,
 * blocks below what a pruned node promises) is kept back here.
 */
import type { BlockInfo, TipChange } from '@coind/chain';
import {
  type Block,
  type BlockHash,
  type BlockHeader,
  type Tx,
  Writer,
  workOf,
} from '@coind/primitives';
import { compactBlockOf, encodeCompactBlock } from './compact-blocks.ts';
import { MAX_HEADERS } from './header-sync.ts';
import {
  type Inventory,
  inventoryTypes,
  isBlockInventory,
  isTxInventory,
  type LocatorMessage,
} from './messages.ts';
import type { Peer } from './peer.ts';
import { isLimited, offers, services } from './services.ts';
import { MAX_INVENTORY, type TxRelay } from './tx-relay.ts';
import {
  canDirectFetch,
  forkOfLocator,
  peerHasHeader,
  refreshBestKnown,
  type Wire,
} from './wire.ts';

const MAX_ANNOUNCED = 8;
const MAX_LOCATOR = 101;
const MAX_GETBLOCKS = 500;
const MAX_COMPACT_DEPTH = 5;
/** From here on nobody is blamed for passing on an invalid compact block. */
const COMPACT_WITHOUT_BLAME_VERSION = 70015;
const STALE_SECONDS = 30 * 24 * 60 * 60;
const HISTORICAL_SECONDS = 7 * 24 * 60 * 60;
const LIMITED_BLOCKS = 288 + 2;

/** What serving blocks asks of the connections. */
export interface UploadLimits {
  /** True when the day's upload is used up; `historical`: so far that old blocks are not served. */
  targetReached(historical: boolean): boolean;
  /** True while a peer's connection takes no more. */
  isCongested(peer: Peer): boolean;
}

/** Announcements and requests of blocks. */
export class BlockRelay {
  readonly #wire: Wire;
  readonly #txs: TxRelay;
  readonly #limits: UploadLimits;
  /** The latest block, which everybody is about to ask for. */
  #recent: Block | undefined;
  #recentCompact: Uint8Array | undefined;
  #highestAnnounced = 0;

  constructor(wire: Wire, txs: TxRelay, limits: UploadLimits) {
    this.#wire = wire;
    this.#txs = txs;
    this.#limits = limits;
  }

  /** The latest block of our chain, if it is `hash`. */
  recentBlock(hash: BlockHash): Block | undefined {
    return this.#recent?.hash === hash ? this.#recent : undefined;
  }

  /** The active chain has changed: inside the chain's writer, so only notes are taken. */
  tipChanged({ connected }: TipChange): void {
    const wire = this.#wire;
    const last = connected[connected.length - 1];
    if (!last) return;
    this.#recent = last.block;
    this.#recentCompact = undefined;
    this.#txs.rememberBlock(last.block.txs);
    this.#announceCompact(last.block);
    if (wire.chain.initialDownload) return;
    const hashes = connected.slice(-MAX_ANNOUNCED).map(({ ref }) => ref.hash);
    for (const peer of wire.peers.values()) peer.blocksForHeaders.push(...hashes);
    wire.wake();
  }

  /** Announces new blocks to this peer as headers or a compact block, or adds them to `out`. */
  collectAnnouncements(peer: Peer, out: Inventory[]): void {
    const wire = this.#wire;
    const { chain, log } = wire;
    const { blocks, headers } = peer;
    const pending = peer.blocksForHeaders;
    peer.blocksForHeaders = [];
    refreshBestKnown(wire, peer);
    if (pending.length > 0) {
      const compactOnly = blocks.wantsCompact && pending.length === 1;
      const mayHeaders = (headers.prefersHeaders || compactOnly) && pending.length <= MAX_ANNOUNCED;
      if (!mayHeaders || !this.#announceHeaders(peer, pending)) {
        const hash = pending[pending.length - 1] as BlockHash;
        const info = chain.info(hash);
        if (info && !chain.isActive(hash)) {
          log.debug(
            'net',
            `Announcing block ${hash} not on main chain (tip=${chain.tip.ref.hash})`,
          );
        }
        if (info && !peerHasHeader(wire, peer, info)) {
          peer.blocksForInv.push(hash);
          log.debug('net', `SendMessages: sending inv peer=${peer.id} hash=${hash}`);
        }
      }
    }
    for (const hash of peer.blocksForInv) {
      out.push({ type: inventoryTypes.BLOCK, hash });
      if (out.length < MAX_INVENTORY) continue;
      peer.send('inv', out);
      out.length = 0;
    }
    peer.blocksForInv = [];
  }

  receiveGetheaders(peer: Peer, { locator, stop }: LocatorMessage): void {
    const wire = this.#wire;
    const { chain, log } = wire;
    if (locator.length > MAX_LOCATOR) {
      wire.disconnect(peer, `getheaders locator size ${locator.length} > ${MAX_LOCATOR}`);
      return;
    }
    if (chain.tip.chainwork < chain.params.minimumChainwork && !peer.has('download')) {
      log.debug(
        'net',
        `Ignoring getheaders from peer=${peer.id} because active chain has too little work; sending empty response`,
      );
      peer.send('headers', []);
      return;
    }
    let at: BlockInfo | undefined;
    if (locator.length === 0) {
      at = chain.info(stop);
      if (!at) return;
      if (!this.mayServe(at)) {
        log.debug(
          'net',
          `ProcessMessage: ignoring request from peer=${peer.id} for old block header that isn't in the main chain`,
        );
        return;
      }
    } else {
      at = chain.at(forkOfLocator(chain, locator).ref.height + 1);
    }
    const end = /^0+$/.test(stop) ? 'end' : stop;
    log.debug('net', `getheaders ${at?.ref.height ?? -1} to ${end} from peer=${peer.id}`);
    const headers: BlockHeader[] = [];
    let last = at;
    while (last) {
      headers.push(last.header);
      if (headers.length >= MAX_HEADERS || last.ref.hash === stop) break;
      last = chain.at(last.ref.height + 1);
    }
    // Set back, not only forward: if the tip is being connected right now it will be announced anew.
    peer.blocks.bestHeaderSent = last ?? chain.tip;
    peer.send('headers', headers);
  }

  receiveGetblocks(peer: Peer, { locator, stop }: LocatorMessage): void {
    const wire = this.#wire;
    const { chain, log, options } = wire;
    if (locator.length > MAX_LOCATOR) {
      wire.disconnect(peer, `getblocks locator size ${locator.length} > ${MAX_LOCATOR}`);
      return;
    }
    let at = chain.at(forkOfLocator(chain, locator).ref.height + 1);
    const end = /^0+$/.test(stop) ? 'end' : stop;
    log.debug(
      'net',
      `getblocks ${at?.ref.height ?? -1} to ${end} limit ${MAX_GETBLOCKS} from peer=${peer.id}`,
    );
    let count = 0;
    const lowest = chain.tip.ref.height - (288 - Math.floor(3600 / chain.params.powTargetSpacing));
    while (at) {
      const { hash, height } = at.ref;
      if (hash === stop) {
        log.debug('net', ` getblocks stopping at ${height} ${hash}`);
        return;
      }
      if (options.pruned && (!at.hasBody || height <= lowest)) {
        log.debug('net', ` getblocks stopping, pruned or too old block at ${height} ${hash}`);
        return;
      }
      peer.blocksForInv.push(hash);
      if (++count >= MAX_GETBLOCKS) {
        log.debug('net', ` getblocks stopping at limit ${height} ${hash}`);
        peer.continuation = hash;
        return;
      }
      at = chain.at(height + 1);
    }
  }

  /** Serves what the peer has asked for: all transactions up to the next block, then that one. */
  async processGetdata(peer: Peer): Promise<void> {
    const { mempool } = this.#wire;
    const missing: Inventory[] = [];
    let at = 0;
    for (; at < peer.getdata.length; at++) {
      const item = peer.getdata[at] as Inventory;
      if (!isTxInventory(item) || this.#limits.isCongested(peer)) break;
      if (!peer.txRelay) continue;
      const tx = this.#txs.findFor(peer, item);
      if (!tx) {
        missing.push(item);
        continue;
      }
      sendTx(peer, tx, item.type !== inventoryTypes.TX);
      mempool.markBroadcast(tx.txid);
    }
    const next = peer.getdata[at];
    const serve = next !== undefined && !this.#limits.isCongested(peer);
    peer.getdata.splice(0, serve ? at + 1 : at);
    if (serve && isBlockInventory(next)) await this.#serveBlock(peer, next);
    if (missing.length > 0) peer.send('notfound', missing);
  }

  /** False for blocks that would tell who we are: old ones off the active chain. */
  mayServe(info: BlockInfo): boolean {
    const { chain } = this.#wire;
    if (chain.isActive(info.ref.hash)) return true;
    if (info.status !== 'valid-fork') return false;
    const best = chain.bestHeader;
    if (best.header.time - info.header.time >= STALE_SECONDS) return false;
    const behind = best.chainwork - info.chainwork;
    const blocksBehind = Number(behind / workOf(best.header.bits));
    return blocksBehind * chain.params.powTargetSpacing < STALE_SECONDS;
  }

  async #serveBlock(peer: Peer, { type, hash: name }: Inventory): Promise<void> {
    const wire = this.#wire;
    const { chain, log } = wire;
    const hash = name as BlockHash;
    const filtered = type === inventoryTypes.FILTERED_BLOCK;
    if (filtered && !offers(peer.ourServices, services.BLOOM)) {
      wire.disconnect(peer, 'filtered block request received when NODE_BLOOM service disabled');
      return;
    }
    const info = chain.info(hash);
    if (!info) return;
    if (!this.mayServe(info)) {
      log.debug(
        'net',
        `ProcessGetBlockData: ignoring request from peer=${peer.id} for old block that isn't in the main chain`,
      );
      return;
    }
    const age = chain.bestHeader.header.time - info.header.time;
    if (
      this.#limits.targetReached(true) &&
      (age > HISTORICAL_SECONDS || filtered) &&
      !peer.has('download')
    ) {
      wire.disconnect(peer, 'historical block serving limit reached');
      return;
    }
    const depth = chain.tip.ref.height - info.ref.height;
    if (!peer.has('noban') && isLimited(peer.ourServices) && depth > LIMITED_BLOCKS) {
      wire.disconnect(peer, 'Ignore block request below NODE_NETWORK_LIMITED threshold');
      return;
    }
    if (!info.hasBody) return;
    const block = this.recentBlock(hash) ?? (await this.#read(peer, hash));
    if (!block) return;
    if (type === inventoryTypes.BLOCK) peer.sendRaw('block', encodeStripped(block));
    else if (type === inventoryTypes.WITNESS_BLOCK) peer.sendRaw('block', block.encode());
    else if (filtered) this.#serveFiltered(peer, block);
    else if (canDirectFetch(wire) && depth <= MAX_COMPACT_DEPTH) {
      peer.sendRaw('cmpctblock', this.#compact(block));
    } else peer.sendRaw('block', block.encode());
    if (hash !== peer.continuation) return;
    // The peer will then ask for the next stretch.
    peer.send('inv', [{ type: inventoryTypes.BLOCK, hash: chain.tip.ref.hash }]);
    peer.continuation = undefined;
  }

  async #read(peer: Peer, hash: BlockHash): Promise<Block | undefined> {
    const { chain, log } = this.#wire;
    try {
      return await chain.block(hash);
    } catch (error) {
      log.error(`Cannot load block from disk, disconnecting peer=${peer.id}: ${error}`);
      this.#wire.disconnect(peer, '');
      return undefined;
    }
  }

  #serveFiltered(peer: Peer, block: Block): void {
    const filter = peer.txRelay?.filter;
    if (!filter) return;
    const { message, matched } = filter.merkleBlockOf(block);
    peer.sendRaw('merkleblock', message);
    for (const tx of matched) sendTx(peer, tx, false);
  }

  #compact(block: Block): Uint8Array {
    if (block === this.#recent && this.#recentCompact) return this.#recentCompact;
    const message = encodeCompactBlock(compactBlockOf(block, this.#wire.random.u64()));
    if (block === this.#recent) this.#recentCompact = message;
    return message;
  }

  /** Peers that asked for it get the new tip as a compact block at once. */
  #announceCompact(block: Block): void {
    const wire = this.#wire;
    const { chain, log } = wire;
    const info = chain.info(block.hash);
    const parent = chain.info(block.header.prevHash);
    if (!info || !parent || info.ref.height < chain.params.buried.segwit) return;
    if (info.ref.height <= this.#highestAnnounced) return;
    this.#highestAnnounced = info.ref.height;
    for (const peer of wire.peers.values()) {
      if (peer.disconnecting || !peer.blocks.wantsCompact) continue;
      if (peer.commonVersion < COMPACT_WITHOUT_BLAME_VERSION) continue;
      refreshBestKnown(wire, peer);
      if (peerHasHeader(wire, peer, info) || !peerHasHeader(wire, peer, parent)) continue;
      log.debug(
        'net',
        `PeerManager::NewPoWValidBlock sending header-and-ids ${block.hash} to peer=${peer.id}`,
      );
      peer.sendRaw('cmpctblock', this.#compact(block));
      peer.blocks.bestHeaderSent = info;
    }
  }

  /** False when they cannot be announced by headers: they would not connect to what the peer has. */
  #announceHeaders(peer: Peer, pending: readonly BlockHash[]): boolean {
    const wire = this.#wire;
    const { chain, log } = wire;
    const fresh: BlockInfo[] = [];
    let last: BlockInfo | undefined;
    for (const hash of pending) {
      const info = chain.info(hash);
      if (!info || !chain.isActive(hash)) return false;
      if (last && info.header.prevHash !== last.ref.hash) return false;
      last = info;
      if (fresh.length > 0) {
        fresh.push(info);
        continue;
      }
      if (peerHasHeader(wire, peer, info)) continue;
      const parent = chain.info(info.header.prevHash);
      if (parent && !peerHasHeader(wire, peer, parent)) return false;
      fresh.push(info);
    }
    const [first] = fresh;
    if (!first || !last) return true;
    if (fresh.length === 1 && peer.blocks.wantsCompact) {
      const recent = this.recentBlock(first.ref.hash);
      if (recent) {
        log.debug(
          'net',
          `SendMessages sending header-and-ids ${first.ref.hash} to peer=${peer.id}`,
        );
        peer.sendRaw('cmpctblock', this.#compact(recent));
        peer.blocks.bestHeaderSent = last;
        return true;
      }
    }
    if (!peer.headers.prefersHeaders) return false;
    const range =
      fresh.length > 1
        ? `${fresh.length} headers, range (${first.ref.hash}, ${last.ref.hash}), to peer=${peer.id}`
        : `sending header ${first.ref.hash} to peer=${peer.id}`;
    log.debug('net', `SendMessages: ${range}`);
    peer.send(
      'headers',
      fresh.map(({ header }) => header),
    );
    peer.blocks.bestHeaderSent = last;
    return true;
  }
}

/** Sends a transaction, with its witness or without. */
function sendTx(peer: Peer, tx: Tx, witness: boolean): void {
  peer.sendRaw('tx', witness ? tx.encode() : tx.encodeStripped());
}

/** A block as peers before segwit know it. */
function encodeStripped(block: Block): Uint8Array {
  const writer = block.header.write(new Writer(block.strippedSize)).compactSize(block.txs.length);
  for (const tx of block.txs) writer.bytes(tx.encodeStripped());
  return writer.finish();
}
