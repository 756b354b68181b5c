/**
 * Compact blocks (BIP152) between peers: a block that is announced or asked for by short ids is put
 * together from the pool, what is missing is asked for, and nobody is blamed for a block that turns out
 * to be invalid, because compact blocks may be passed on before they are validated.
 */
import type { BlockInfo } from '@coind/chain';
import { Block, type BlockHash, workOf } from '@coind/primitives';
import { type BlockDownload, MAX_IN_FLIGHT_PER_PEER } from './block-download.ts';
import type { BlockRelay } from './block-relay.ts';
import {
  type CompactBlock,
  decodeBlockTxn,
  decodeBlockTxnRequest,
  decodeCompactBlock,
  encodeBlockTxn,
  encodeBlockTxnRequest,
  PartialBlock,
} from './compact-blocks.ts';
import type { HeaderSync } from './header-sync.ts';
import { inventoryTypes } from './messages.ts';
import type { Peer, RequestedBlock } from './peer.ts';
import type { TxRelay } from './tx-relay.ts';
import {
  antiDosWork,
  canDirectFetch,
  locatorOf,
  noteAnnounced,
  requestHeaders,
  type Wire,
} from './wire.ts';

/** Peers that one block may be fetched from at a time by way of compact blocks. */
const MAX_PARALLEL = 3;
const MAX_BLOCKTXN_DEPTH = 10;

/** Modules of the relay of compact blocks. */
export interface CompactRelayModules {
  readonly wire: Wire;
  readonly download: BlockDownload;
  readonly headers: HeaderSync;
  readonly blocks: BlockRelay;
  readonly txs: TxRelay;
}

/** What is kept with a request whose compact block has been used up. */
const USED_UP = {};

/** Compact blocks from peers, and the transactions of them that peers ask for. */
export class CompactRelay {
  readonly #modules: CompactRelayModules;

  constructor(modules: CompactRelayModules) {
    this.#modules = modules;
  }

  /** A compact block came. */
  async receive(peer: Peer, payload: Uint8Array): Promise<void> {
    const { wire, download, headers } = this.#modules;
    const { chain, log, clock, options } = wire;
    if (options.blocksOnly) {
      log.debug(
        'cmpctblock',
        `peer=${peer.id} sent us a compact block even though we are blocksonly!`,
      );
      return;
    }
    if (!peer.blocks.providesCompact) {
      log.debug(
        'cmpctblock',
        `peer=${peer.id} sent us a compact block despite never having sent us a SENDCMPCT!`,
      );
      return;
    }
    const compact = decodeCompactBlock(payload);
    const { header } = compact;
    const parent = chain.info(header.prevHash);
    if (!parent) {
      if (!chain.initialDownload) requestHeaders(wire, peer, locatorOf(chain, chain.bestHeader));
      return;
    }
    if (parent.chainwork + workOf(header.bits) < antiDosWork(wire)) {
      log.debug('net', `Ignoring low-work compact block from peer ${peer.id}`);
      return;
    }
    const isNew = chain.info(header.hash) === undefined;
    const outcome = await chain.submitHeader(header);
    if (peer.disconnecting) return;
    if (outcome.status === 'invalid') {
      download.punishForBlock(peer, outcome.error, true, 'invalid header via cmpctblock');
      return;
    }
    const info = chain.info(header.hash) as BlockInfo;
    if (isNew) headers.logNewHeader(peer, info, true);
    noteAnnounced(wire, peer, header.hash);
    if (isNew && info.chainwork > chain.tip.chainwork) {
      peer.blocks.lastAnnouncement = clock.nowMs();
    }
    if (!info.hasBody) await this.#fetch(peer, info, compact);
  }

  /** The transactions that a compact block lacked came. */
  async receiveTransactions(peer: Peer, payload: Uint8Array): Promise<void> {
    const { blockHash, txs } = decodeBlockTxn(payload);
    await this.#complete(peer, blockHash, txs);
  }

  /** A peer asks for transactions of a compact block of ours. */
  async receiveRequest(peer: Peer, payload: Uint8Array): Promise<void> {
    const { wire, blocks } = this.#modules;
    const { chain, log } = wire;
    const { blockHash, indexes } = decodeBlockTxnRequest(payload);
    if (indexes.length === 0) {
      wire.disconnect(peer, 'getblocktxn received with no transaction indexes');
      return;
    }
    const recent = blocks.recentBlock(blockHash);
    const info = chain.info(blockHash);
    if (!recent && !info?.hasBody) {
      log.debug('net', `Peer ${peer.id} sent us a getblocktxn for a block we don't have`);
      return;
    }
    if (!recent && info && info.ref.height < chain.tip.ref.height - MAX_BLOCKTXN_DEPTH) {
      log.debug(
        'net',
        `Peer ${peer.id} sent us a getblocktxn for a block > ${MAX_BLOCKTXN_DEPTH} deep`,
      );
      // A whole block costs whoever asks for such more than it costs us.
      peer.getdata.push({ type: inventoryTypes.WITNESS_BLOCK, hash: blockHash });
      return;
    }
    const block = recent ?? (await chain.block(blockHash));
    if (!block) return;
    const txs = indexes.map((index) => block.txs[index]);
    if (txs.includes(undefined)) {
      wire.misbehaving(peer, 'getblocktxn with out-of-bounds tx indices');
      return;
    }
    const found = txs.filter((tx) => tx !== undefined);
    const size = found.reduce((sum, tx) => sum + tx.size, 0);
    log.debug(
      'cmpctblock',
      `peer=${peer.id} sent us a GETBLOCKTXN for block ${blockHash}, sending a BLOCKTXN with ${found.length} txns. (${size} bytes)`,
    );
    peer.sendRaw('blocktxn', encodeBlockTxn({ blockHash, txs: found }));
  }

  /** Whether to use the compact block, ask for the whole one, or wait for somebody else's. */
  async #fetch(peer: Peer, info: BlockInfo, compact: CompactBlock): Promise<void> {
    const { wire, download, headers } = this.#modules;
    const { chain, log } = wire;
    const { hash, height } = info.ref;
    const asked = download.requestsOf(hash);
    const mine = asked.includes(peer);
    if (!mine && !peer.blocks.compactTo) {
      log.debug(
        'cmpctblock',
        `peer=${peer.id}, not marked as high-bandwidth, sent us an unsolicited compact block!`,
      );
      return;
    }
    const askWhole = () => peer.send('getdata', [download.inventoryOf(peer, hash)]);
    if (info.chainwork <= chain.tip.chainwork || info.txCount > 0) {
      // It was asked for some reason, but our pool will be of little use.
      if (mine) askWhole();
      return;
    }
    if (asked.length === 0 && !canDirectFetch(wire)) return;
    if (height > chain.tip.ref.height + 2) {
      if (mine) askWhole();
      else await headers.receive(peer, [compact.header], { viaCompact: true });
      return;
    }
    const room =
      asked.length < MAX_PARALLEL && peer.blocks.inFlight.length < MAX_IN_FLIGHT_PER_PEER;
    if (room || mine) await this.#begin(peer, info, compact);
    else await this.#tryAtOnce(peer, compact);
  }

  async #begin(peer: Peer, info: BlockInfo, compact: CompactBlock): Promise<void> {
    const { wire, download } = this.#modules;
    const { hash } = info.ref;
    const before = download.requestsOf(hash).length;
    const first = before === 0 || download.requestsOf(hash)[0] === peer;
    const request = download.requested(peer, info);
    if (request.partial) {
      wire.log.debug('net', 'Peer sent us compact block we were already syncing!');
      return;
    }
    const partial = this.#reconstruct(compact);
    if (partial === 'invalid') {
      download.forget(hash, peer);
      wire.misbehaving(peer, 'invalid compact block');
      return;
    }
    if (partial === 'failed') {
      request.partial = USED_UP;
      if (first) peer.send('getdata', [download.inventoryOf(peer, hash)]);
      else download.forget(hash, peer);
      return;
    }
    request.partial = partial;
    const indexes = partial.missing();
    if (indexes.length === 0) {
      await this.#complete(peer, hash, []);
      return;
    }
    const others = download.requestsOf(hash);
    const mayAsk =
      first ||
      (peer.blocks.compactTo &&
        (!peer.inbound || others.some((other) => !other.inbound) || before < MAX_PARALLEL - 1));
    if (mayAsk) {
      peer.sendRaw('getblocktxn', encodeBlockTxnRequest({ blockHash: hash, indexes }));
    } else {
      download.forget(hash, peer);
    }
  }

  /** The block is on its way from others, but perhaps nothing is missing. */
  async #tryAtOnce(peer: Peer, compact: CompactBlock): Promise<void> {
    const { download } = this.#modules;
    const partial = this.#reconstruct(compact);
    if (typeof partial === 'string') return;
    const block = partial.complete([], this.#segwit(compact.header.prevHash));
    if (!(block instanceof Block)) return;
    download.noteSource(block.hash, peer, false);
    await download.submit(peer, block, { requested: true, worked: true });
    if (this.#modules.wire.chain.info(block.hash)?.hasBody) download.forget(block.hash);
  }

  #reconstruct(compact: CompactBlock): PartialBlock | 'invalid' | 'failed' {
    const { wire, txs } = this.#modules;
    const { mempool, log } = wire;
    function* pool() {
      for (const { tx } of mempool.entries()) yield tx;
    }
    const partial = PartialBlock.begin(compact, pool(), txs.extraTxs());
    if (typeof partial !== 'string') {
      log.debug(
        'cmpctblock',
        `Initialized PartiallyDownloadedBlock for block ${compact.header.hash} using a cmpctblock of ${partial.txCount} txs`,
      );
    }
    return partial;
  }

  async #complete(
    peer: Peer,
    hash: BlockHash,
    txs: Parameters<PartialBlock['complete']>[0],
  ): Promise<void> {
    const { wire, download } = this.#modules;
    const { log } = wire;
    const request: RequestedBlock | undefined = download.requestOf(peer, hash);
    if (!request?.partial) {
      log.debug('net', `Peer ${peer.id} sent us block transactions for block we weren't expecting`);
      return;
    }
    const { partial } = request;
    if (!(partial instanceof PartialBlock)) {
      download.forget(hash, peer);
      wire.misbehaving(peer, 'previous compact block reconstruction attempt failed');
      log.debug('net', `Peer ${peer.id} sent compact block transactions multiple times`);
      return;
    }
    const block = partial.complete(txs, this.#segwit(partial.header.prevHash));
    if (block === 'invalid') {
      download.forget(hash, peer);
      wire.misbehaving(peer, 'invalid compact block/non-matching block transactions');
      return;
    }
    if (block === 'failed') {
      request.partial = USED_UP;
      if (download.requestsOf(hash)[0] === peer) {
        // Perhaps two short ids were alike: the whole block tells.
        peer.send('getdata', [download.inventoryOf(peer, hash)]);
        return;
      }
      download.forget(hash, peer);
      log.debug(
        'net',
        `Peer ${peer.id} sent us a compact block but it failed to reconstruct, waiting on first download to complete`,
      );
      return;
    }
    const { prefilled, known, extra } = partial.counts;
    log.debug(
      'cmpctblock',
      `Successfully reconstructed block ${hash} with ${prefilled} txn prefilled, ${known} txn from mempool (incl at least ${extra} from extra pool) and ${txs.length} txn requested`,
    );
    download.forget(hash, peer);
    download.noteSource(hash, peer, false);
    await download.submit(peer, block, { requested: true, worked: true });
  }

  #segwit(parent: BlockHash): { readonly segwitActive: boolean } {
    const { chain } = this.#modules.wire;
    const height = (chain.info(parent)?.ref.height ?? 0) + 1;
    return { segwitActive: height >= chain.params.buried.segwit };
  }
}
